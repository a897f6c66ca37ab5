"""How and what: which values of a config only say how it is computed.

That is written on the fields (`param(..., how=True)`); here it is read, for all commands.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any

from snnrun.component import Parameter
from snnrun.config.compose import Composed, adjusted
from snnrun.errors import ConfigError
from snnrun.experiment import CheckpointOptions, EngineOptions

_GROUPS = {"engine": EngineOptions, "checkpoint": CheckpointOptions}


def what_of(tree: dict[str, Any]) -> dict[str, Any]:
    """Return a tree that is the same for all configs that differ in how they are computed alone.

    Of choices that all give the same results, the first stands for the others.
    """
    found = dict(tree)
    for group, fields in _fields():
        if isinstance(node := tree.get(group), dict):
            found[group] = {
                key: _first(fields[key], value) if key in fields else value
                for key, value in node.items()
                if key not in fields or fields[key].how is not True
            }
            if not found[group]:
                del found[group]
    return found


def _first(field: Parameter, value: Any) -> Any:
    alike = field.how if isinstance(field.how, tuple) else ()
    return alike[0] if value in alike else value


def _fields() -> Iterator[tuple[str, dict[str, Parameter]]]:
    for group, options in _GROUPS.items():
        yield group, {f.name: f.metadata["parameter"] for f in dataclasses.fields(options)}


def about_how(override: str) -> bool:
    """Return whether an override is one of the groups in which something says how."""
    return override.lstrip("+~").partition(".")[0] in _GROUPS


def says_how(composed: Composed, override: str) -> bool:
    """Return whether an override changes how a complete config is computed, and no more."""
    return about_how(override) and what_of(adjusted(composed, [override]).tree) == what_of(
        composed.tree
    )


def refuse_what(composed: Composed, overrides: Sequence[str], going_on: str) -> None:
    """Complain of the first override that changes what is computed: ConfigError.

    `going_on`: what goes on, such as `a run`.
    """
    for override in overrides:
        if not says_how(composed, override):
            raise ConfigError(
                f"override '{override}': {going_on} goes on with its own config; only how it is"
                f" computed can be changed: {_names()}"
            )


def _names() -> str:
    """Return the paths that say how, with their choices where only some do."""
    names = []
    for group, fields in _fields():
        for name, field in fields.items():
            if isinstance(field.how, tuple):
                names.append(f"{group}.{name} ({', '.join(field.how)})")
            elif field.how:
                names.append(f"{group}.{name}")
    return ", ".join(names)
