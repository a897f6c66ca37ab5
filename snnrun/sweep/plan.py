"""The plan of a sweep, on disk before its first point: plan.json.

It holds every point's complete config, as what differs from the first one's, so that processes on
any machine compute the same points whatever becomes of the configuration's files.
"""

import copy
import dataclasses
import functools
import hashlib
import json
import os
import re
import secrets
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from snnrun import __version__
from snnrun.config.build import build
from snnrun.config.compose import Composed, Composer
from snnrun.config.how import what_of
from snnrun.config.points import Grid
from snnrun.config.points import Point as Chosen
from snnrun.config.reader import plain
from snnrun.edges import Least
from snnrun.errors import ConfigError, FileError
from snnrun.experiment import Experiment
from snnrun.store.disk import cause, discard, path_kept_in, temporary_name
from snnrun.store.folder import now
from snnrun.sweep.alike import Group, Grouping, program_of

NAME = "plan.json"
FORMAT, FORMAT_VERSION = "snnrun sweep", 1
_MOST_BYTES = 2**31
_SHOWN = 3  # warnings of one key, which a sweep may have of each of its points


@dataclasses.dataclass(frozen=True)
class Point:
    """A point: overrides, values of the swept keys, and `changes` [path, value] to the base.

    `group`: which points it can be computed with; `error`: why it can't be computed.
    """

    index: int
    overrides: list[str]
    values: dict[str, Any]
    changes: list[list[Any]]
    hash: str
    group: int
    error: str | None = None


@dataclasses.dataclass(frozen=True)
class Plan:
    """All points of a sweep; `base`: the config of the first one that is valid.

    `about`: what it was made from: overrides, config_dirs, config, name, command, created.
    """

    about: dict[str, Any]
    swept: list[str]
    base: dict[str, Any]
    groups: list[Group]
    points: list[Point]

    def composed(self, point: Point) -> Composed:
        """Return a point's config; FileError if the plan was changed."""
        tree = copy.deepcopy(self.base)
        try:
            for path, value in point.changes:
                if not path:
                    tree = copy.deepcopy(value)
                    continue
                node = tree
                for name in path[:-1]:
                    node = node[name]
                node[path[-1]] = copy.deepcopy(value)
            if hash_of(tree) == point.hash:
                return Composed(tree, [], list, [])
        except (LookupError, TypeError, ValueError, AttributeError):
            pass
        raise FileError(f"{NAME}: point {point.index} was changed; make a new sweep")

    def compilations(self, groups: Iterable[int]) -> int:
        """Return how many programs some groups compile: durations share one."""
        wanted = {*groups}
        if len({self.groups[number].steps for number in wanted}) <= 1:
            return len(wanted)
        first = {p.group: p for p in reversed(self.points) if p.group in wanted}
        return len(
            {program_of(build(self.composed(p))[0], self.groups[n]) for n, p in first.items()}
        )


def make(
    overrides: list[str],
    config_dirs: list[Path],
    config: Path | None,
    grid: Grid,
    composer: Composer,
    tell: Callable[[int], None] = lambda done: None,
) -> tuple[Plan, list[str]]:
    """Return the plan of a grid, and warnings; ConfigError if none of its points is valid."""
    grouping = Grouping()
    points: list[Point] = []
    base: dict[str, Any] | None = None
    first_error: ConfigError | None = None
    warnings: dict[str, None] = {}
    for index, chosen in enumerate(grid.points()):
        tell(index)
        try:
            composed, e, found = _built(composer, chosen, grid.axes)
        except ConfigError as error:
            first_error = first_error or error
            text = "; ".join(error.problems)
            points.append(Point(index, chosen.overrides, chosen.values, [], "", -1, text))
            continue
        warnings |= dict.fromkeys(found)
        base = base or composed.tree
        changes = list(_changes(base, composed.tree, []))
        key = hash_of(composed.tree)
        group = grouping.add(e)
        points.append(Point(index, chosen.overrides, chosen.values, changes, key, group))
    if base is None:
        assert first_error is not None
        raise first_error
    about = {"overrides": overrides, **about_files(config_dirs, config), "name": base["name"]}
    about |= {"command": shlex.join(sys.argv), "created": now()}
    swept = [swept.path for swept in grid.swept]
    return Plan(about, swept, base, grouping.groups, points), _few(warnings)


def _few(warnings: Iterable[str]) -> list[str]:
    """Return the first warnings of each key, and how many more there are, as of a swept delay."""
    by_key: dict[str, list[str]] = {}
    for text in warnings:
        by_key.setdefault(text.partition(":")[0], []).append(text)
    return [
        line
        for key, texts in by_key.items()
        for line in (
            *texts[:_SHOWN],
            *([f"{key}: {len(texts) - _SHOWN} more such warnings"] if texts[_SHOWN:] else []),
        )
    ]


def about_files(
    config_dirs: list[Path], config: Path | None, folder: Path | None = None
) -> dict[str, Any]:
    """Return where a sweep's configuration comes from: absolute, or as a file of `folder` does."""
    named = functools.partial(path_kept_in, folder) if folder else lambda path: str(path.resolve())
    return {
        "config_dirs": [named(place) for place in config_dirs],
        "config": None if config is None else named(config),
    }


def files_of(about: dict[str, Any]) -> tuple[list[Path], Path | None]:
    """Return where a sweep's configuration comes from, as paths."""
    config = about["config"]
    return [Path(place) for place in about["config_dirs"]], None if config is None else Path(config)


def _built(
    composer: Composer, chosen: Chosen, axes: dict[str, Any]
) -> tuple[Composed, Experiment, list[str]]:
    """Return config, experiment and warnings of a point, whose config has the sweep's axes."""
    composed = composer.compose(chosen.overrides)
    if composed.axes != axes:
        raise ConfigError("sweep: this point's config has other axes; sweep it by itself")
    composed = dataclasses.replace(composed, axes={})
    with_spikes_if_asked(composed.tree, chosen.overrides)
    return composed, *build(composed)


def with_spikes_if_asked(tree: dict[str, Any], overrides: list[str]) -> None:
    """Let a point record the spikes of all populations only where that is written out."""
    record = tree.get("record")
    asked = any(line.lstrip("+~").startswith("record.spikes") for line in overrides)
    if isinstance(record, dict) and record.get("spikes", []) is None and not asked:
        record["spikes"] = []


def _changes(base: dict[str, Any], tree: dict[str, Any], path: list[str]) -> Iterator[list[Any]]:
    """Yield what makes `tree` of `base`: values, or whole nodes where keys differ."""
    if [*tree] != [*base]:
        yield [path, tree]
        return
    for name, value in tree.items():
        before, at = base[name], [*path, name]
        if isinstance(value, dict) and isinstance(before, dict):
            yield from _changes(before, value, at)
        elif repr(value) != repr(before):  # 1 is not 1.0 here, nor 0.0 what -0.0 is
            yield [at, value]


def hash_of(tree: dict[str, Any]) -> str:
    """Return what is the same for all configs that compute the same."""
    named = {key: node for key, node in what_of(tree).items() if key != "name"}
    return hashlib.sha256(json.dumps(named).encode()).hexdigest()


def write(plan: Plan, folder: Path) -> bool:
    """Write plan.json; False if another process has just written one."""
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "snnrun": __version__,
        **plan.about,
        **about_files(*files_of(plan.about), folder),
        "swept": plan.swept,
        "groups": [group._asdict() for group in plan.groups],
        "base": plan.base,
        "points": [dataclasses.asdict(point) for point in plan.points],
    }
    path = folder / NAME
    temporary = temporary_name(path).with_suffix(f".{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)  # fails where there is one
    except FileExistsError:
        return False
    except OSError as error:
        raise FileError(f"{path}: can't be written: {cause(error)}") from error
    finally:
        discard(temporary)
    return True


def read(folder: Path) -> Plan:
    """Return the plan of a sweep's folder; FileError where there is none that can be used."""
    path = folder / NAME
    if not path.is_file():
        raise FileError(f"{folder}: holds no {NAME}, so no sweep was begun there")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FileError(f"{path}: can't be read: it is above {_MOST_BYTES >> 30} GiB")
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise FileError(f"{path}: is no plan of a sweep")
        if content["format_version"] != FORMAT_VERSION:
            raise FileError(
                f"{path}: has format version {content['format_version']}, this snnrun reads"
                f" {FORMAT_VERSION}; finish the sweep with the version that planned it"
                f" (snnrun {content.get('snnrun')})"
            )
        return _located(_parsed(content), folder)
    except OSError as error:
        raise FileError(f"{path}: can't be read: {cause(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileError(f"{path}: is damaged ({type(error).__name__}: {error})"[:300]) from error


def _located(plan: Plan, folder: Path) -> Plan:
    """Return the plan with absolute paths."""
    places, config = files_of(plan.about)
    found = about_files([folder / place for place in places], config and folder / config)
    return dataclasses.replace(plan, about={**plan.about, **found})


def _parsed(content: dict[str, Any]) -> Plan:
    """Return the plan in a file that nobody has looked at; ValueError where it can't be one."""
    names = ("overrides", "config_dirs", "config", "name", "command", "created")
    about = {name: content[name] for name in names}
    _expect(all(map(_is_text, (about["name"], about["command"], about["created"]))), "about")
    _expect(about["config"] is None or _is_text(about["config"]), "config")
    _expect(_are_texts(about["overrides"]) and _are_texts(about["config_dirs"]), "overrides")
    swept = content["swept"]
    _expect(_are_texts(swept) and len({*swept}) == len(swept), "swept")
    _expect(all(re.search(r"\w", path) and path.isprintable() for path in swept), "swept")
    _expect(isinstance(content["base"], dict) and _is_plain(content["base"]), "base")
    groups = [_group(**group) for group in content["groups"]]
    points = [Point(**point) for point in content["points"]]
    for index, point in enumerate(points):
        _expect(type(point.index) is int and point.index == index, f"point {index}")
        _expect(_is_sound(point, swept, len(groups)), f"point {index}")
    _expect(any(point.error is None for point in points), "points")
    return Plan(about, swept, content["base"], groups, points)


def _group(least: Any, own_contacts: Any, **numbers: Any) -> Group:
    whole = [*numbers.values(), *least]
    _expect(all(type(n) is int and 0 <= n <= 2**62 for n in whole), "a group")
    group = Group(least=Least(*least), own_contacts=own_contacts, **numbers)
    _expect(type(own_contacts) is bool and min(group[:3]) > 0 and max(group.least) < 2**40, "group")
    return group


def _is_sound(point: Point, swept: list[str], groups: int) -> bool:
    """Return whether a point's parts are what they should be."""
    return (
        _are_texts(point.overrides)
        and isinstance(point.values, dict)
        and {*point.values} == {*swept}
        and all(_are_texts(path) and _is_plain(value) for path, value in point.changes)
        and _is_text(point.hash)
        and type(point.group) is int
        and (0 <= point.group < groups if point.error is None else point.group == -1)
        and (point.error is None or _is_text(point.error))
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _are_texts(values: Any) -> bool:
    return isinstance(values, list) and all(map(_is_text, values))


def _is_plain(value: Any) -> bool:
    """Return whether a configuration could hold a value."""
    problems: list[str] = []
    plain(value, "", problems)
    return not problems


def _expect(sound: Any, what: str) -> None:
    if not sound:
        raise ValueError(f"{what} is not what it should be")
