"""The plan of a sweep, on disk before its first point: plan.json.

It holds every point's complete config, as what differs from the first one's, so that processes on
any machine compute the same points whatever becomes of the configuration's files.
"""

import copy
import dataclasses
import hashlib
import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from snnrun import __version__
from snnrun.config.build import build
from snnrun.config.compose import Composed, Composer
from snnrun.config.points import Grid
from snnrun.config.points import Point as Chosen
from snnrun.edges import Least
from snnrun.errors import ConfigError, FileError
from snnrun.experiment import Experiment
from snnrun.store.disk import cause, discard, temporary_name
from snnrun.store.folder import now
from snnrun.sweep.alike import Group, Grouping

NAME = "plan.json"
FORMAT, FORMAT_VERSION = "snnrun sweep", 1
_HOW = ("batch", "threads", "devices", "chunk_ms", "min_pace")  # never what is computed


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
                node = tree
                for name in path[:-1]:
                    node = node[name]
                node[path[-1]] = copy.deepcopy(value)
            if hash_of(tree) == point.hash:
                return Composed(tree, [], list, [])
        except (LookupError, TypeError, ValueError, AttributeError):
            pass
        raise FileError(f"{NAME}: point {point.index} was changed; make a new sweep")


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
            composed, e, found = _built(composer, chosen)
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
    about = {
        "overrides": overrides,
        "config_dirs": [str(folder.resolve()) for folder in config_dirs],
        "config": None if config is None else str(config.resolve()),
        "name": base["name"],
        "command": shlex.join(sys.argv),
        "created": now(),
    }
    swept = [swept.path for swept in grid.swept]
    return Plan(about, swept, base, grouping.groups, points), list(warnings)


def _built(composer: Composer, chosen: Chosen) -> tuple[Composed, Experiment, list[str]]:
    """Return config, experiment and warnings of a point."""
    composed = composer.compose(chosen.overrides)
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
    for name, value in tree.items():
        before, at = base[name], [*path, name]
        if isinstance(value, dict) and isinstance(before, dict) and [*value] == [*before]:
            yield from _changes(before, value, at)
        elif repr(value) != repr(before):  # 1 is not 1.0 here, nor 0.0 what -0.0 is
            yield [at, value]


def hash_of(tree: dict[str, Any]) -> str:
    """Return what is the same for all configs that compute the same."""
    engine = {k: v for k, v in tree.get("engine", {}).items() if k not in _HOW}
    what = {k: v for k, v in tree.items() if k not in ("name", "checkpoint")} | {"engine": engine}
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()


def write(plan: Plan, folder: Path) -> bool:
    """Write plan.json; False if another process has just written one."""
    content = {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "snnrun": __version__,
        **plan.about,
        "swept": plan.swept,
        "groups": [group._asdict() for group in plan.groups],
        "base": plan.base,
        "points": [dataclasses.asdict(point) for point in plan.points],
    }
    path = folder / NAME
    temporary = temporary_name(path).with_suffix(f".{os.getpid()}.tmp")
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
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise FileError(f"{path}: is no plan of a sweep")
        if content["format_version"] != FORMAT_VERSION:
            raise FileError(
                f"{path}: has format version {content['format_version']}, this snnrun reads"
                f" {FORMAT_VERSION}; finish the sweep with the version that planned it"
                f" (snnrun {content.get('snnrun')})"
            )
        return _parsed(content)
    except OSError as error:
        raise FileError(f"{path}: can't be read: {cause(error)}") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FileError(f"{path}: is damaged ({type(error).__name__}: {error})"[:300]) from error


def _parsed(content: dict[str, Any]) -> Plan:
    names = ("overrides", "config_dirs", "config", "name", "command", "created")
    groups = [Group(**{**g, "least": Least(*g["least"])}) for g in content["groups"]]
    points = [Point(**point) for point in content["points"]]
    for index, point in enumerate(points):
        if point.index != index or not (-1 if point.error else 0) <= point.group < len(groups):
            raise ValueError(f"point {index} is not what it should be")
    about = {name: content[name] for name in names}
    plan = Plan(about, content["swept"], content["base"], groups, points)
    texts = [*about["overrides"], *about["config_dirs"], *plan.swept, about["name"]]
    nodes = [plan.base, *(point.values for point in points)]
    texts += [] if about["config"] is None else [about["config"]]
    if not all(isinstance(x, str) for x in texts):
        raise TypeError("something is no text")
    if not all(isinstance(x, dict) for x in nodes):
        raise TypeError("something is no mapping")
    return plan
