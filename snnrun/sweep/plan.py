"""The plan of a sweep, made before its first point.

It holds every point's complete config, as what differs from the first one's, so that processes on
any machine compute the same points whatever becomes of the configuration's files.
"""

import copy
import dataclasses
import functools
import hashlib
import json
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from snnrun.config.build import build
from snnrun.config.compose import Composed, Composer
from snnrun.config.how import what_of
from snnrun.config.points import Grid
from snnrun.config.points import Point as Chosen
from snnrun.errors import ConfigError, FileError
from snnrun.experiment import Experiment
from snnrun.store.disk import path_kept_in
from snnrun.store.folder import now
from snnrun.sweep.alike import Group, Grouping, program_of

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
        raise FileError(f"plan.json: point {point.index} was changed; make a new sweep")

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
