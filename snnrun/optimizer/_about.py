"""What a study is about, kept in its attributes, so that it goes on as what it was.

The texts are JSON: the search space, the objective, whatever decides what a cost means. Another
version of snnrun may go on with a study, and says so.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from optuna.storages import BaseStorage
from optuna.study import Study

from snnrun import __version__
from snnrun.errors import ConfigError

VERSION = "snnrun"
OBJECTIVES = "objectives"
_MOST_CHANGES = 20  # lines of a difference


def settle(study: Study, about: Mapping[str, str]) -> tuple[str, ...]:
    """Say in a new study what it is about; compare in another one: ConfigError if they differ.

    Return what the user should know.
    """
    before = study.user_attrs
    if VERSION not in before:
        if study.get_trials(deepcopy=False):
            refuse_foreign(study.study_name, before)
        for key, text in (*about.items(), (VERSION, __version__)):  # the version says: all there
            study.set_user_attr(key, text)
        return ()
    known = {**about, **before}  # what an earlier version did not keep can't be compared
    changes = [line for key in about for line in _changes(key, known[key], about[key])]
    if len(changes) > _MOST_CHANGES:
        changes[_MOST_CHANGES:] = [f"  … and {len(changes) - _MOST_CHANGES} more lines"]
    if changes:
        raise ConfigError(
            f"study {study.study_name!r} was begun with another configuration (- then, + now);"
            " take a new --out or --study, or go back to what it was:\n" + "\n".join(changes)
        )
    if before[VERSION] == __version__:
        return ()
    return (
        f"study {study.study_name!r} was begun by snnrun {before[VERSION]}, this is"
        f" {__version__}: costs may differ",
    )


def refuse_foreign(name: str, attributes: Mapping[str, Any]) -> None:
    """Complain of a study that was not made here: ConfigError."""
    if VERSION not in attributes:
        raise ConfigError(f"study {name!r} was not made by snnrun; choose another --study")


def names_in(base: BaseStorage) -> list[str]:
    """Return the names of the studies that snnrun made in a storage."""
    return sorted(s.study_name for s in base.get_all_studies() if VERSION in s.user_attrs)


def _changes(key: str, before: str, now: str) -> list[str]:
    if before == now:
        return []
    old = dict(_leaves(key, _parsed(before)))
    new = dict(_leaves(key, _parsed(now)))
    lines = []
    for path in [*old, *(path for path in new if path not in old)]:
        if old.get(path) != new.get(path):
            lines += [f"  - {path}: {old[path]}"] if path in old else []
            lines += [f"  + {path}: {new[path]}"] if path in new else []
    return lines


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield what a JSON value holds: paths with dots, and their values as text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}", inner)
    else:
        yield path, json.dumps(value)
