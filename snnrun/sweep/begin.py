"""A sweep begins, or goes on: its plan, its folder, and which points are to be computed."""

import difflib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from snnrun.config.compose import Composed, Composer
from snnrun.config.fields import Problems
from snnrun.config.how import about_how, refuse_what, says_how
from snnrun.config.points import Grid
from snnrun.config.sweep import check_axes
from snnrun.errors import ConfigError, FileError
from snnrun.store.folder import refuse_if_taken, unique_name
from snnrun.store.lock import read_status
from snnrun.sweep.claim import OVER, died, folder_of
from snnrun.sweep.plan import Plan, about_files, files_of, hash_of, with_spikes_if_asked
from snnrun.sweep.plan_file import NAME, read, write
from snnrun.sweep.shard import Shard

MANY = 10_000  # points that nobody wants by accident
_MOST_SHOWN = 8


def grid_of(
    overrides: list[str], config_dirs: list[Path], config: Path | None
) -> tuple[Grid, Composer]:
    """Return the points of some overrides and of the axes in their config, not made yet.

    ConfigError where there are none.
    """
    composer = Composer(config_dirs, config)
    grid = Grid(composer.app, overrides)
    axes = _axes(composer, grid.first)
    return Grid(composer.app, overrides, axes), composer


def _axes(composer: Composer, overrides: list[str]) -> dict[str, Any]:
    """Return the axes in the config of a point; ConfigError where they are wrong."""
    problems = Problems()
    try:
        composed = composer.compose(overrides)
    except ConfigError:  # the point will say why
        return {}
    check_axes(composed.tree, composed.axes, problems)
    if problems.found:
        raise ConfigError(*(composed.located(*problem) for problem in problems.found))
    return composed.axes


def opened(
    out: Path | None,
    overrides: list[str],
    config_dirs: list[Path],
    config: Path | None,
    shard: Shard | None,
    planned: Callable[[], Plan],
) -> tuple[Plan, Path]:
    """Return the plan and the folder of a new sweep, or of one that other shards have begun.

    `planned()` makes the plan.
    """
    try:
        if out is not None:
            refuse_if_taken(out)
    except ConfigError:
        if out is None or not (out / NAME).exists():
            raise
        return _joined(out, overrides, config_dirs, config, shard), out
    plan = planned()
    folder = out or Path("outputs") / str(plan.about["name"]) / unique_name()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise ConfigError(f"{folder}: is in the way; give another --out") from None
    except OSError as error:
        raise ConfigError(f"{folder}: can't be written: {os.strerror(error.errno or 0)}") from error
    if not write(plan, folder):  # meanwhile
        return _joined(folder, overrides, config_dirs, config, shard), folder
    return plan, folder


def refuse_without_points(plan: Plan, shard: Shard | None) -> None:
    """Complain of a task of a job array that would make a sweep of its own, and compute nothing."""
    number = len(plan.points)
    if shard is not None and not any(map(shard.holds, range(number))):
        raise ConfigError(
            f"this task of a job array has none of the {number} point{'s' * (number > 1)} of its"
            f" sweep: {shard.text} (give all tasks the same --out for a sweep that they share)"
        )


def _joined(
    folder: Path,
    overrides: list[str],
    config_dirs: list[Path],
    config: Path | None,
    shard: Shard | None,
) -> Plan:
    """Return the plan that another shard has made of the same overrides."""
    plan = read(folder)
    if shard is None:
        raise ConfigError(
            f"{folder}: already holds a sweep; go on with --resume {folder}, give another --out, or"
            " leave it out for a new folder"
        )
    _refuse_other(folder, plan, overrides)
    if not about_files(config_dirs, config).items() <= plan.about.items():
        raise ConfigError(f"{folder}: its sweep was planned from other --config-dir or --config")
    return plan


def resumed(folder: Path, given: list[str]) -> tuple[Plan, list[str]]:
    """Return the plan of a sweep that goes on, and overrides that say how it is computed now.

    ConfigError if it is to compute something else. `given`: overrides of that kind, and those of
    the plan again, or none of them.
    """
    if not folder.is_dir():
        raise FileError(f"{folder}: there is no such folder")
    plan = read(folder)
    new = [] if given == plan.about["overrides"] else given
    how = [line for line in new if _says_how(plan, line)]
    if what := [line for line in new if line not in how]:
        of_engine = [
            line for line in what if line not in plan.about["overrides"] and about_how(line)
        ]
        refuse_what(Composed(plan.base, [], list, []), of_engine, "a sweep")
        _refuse_other(folder, plan, what)
    _refuse_changed(folder, plan)
    return plan, how


def _says_how(plan: Plan, override: str) -> bool:
    """Return whether an override changes at most how the points of a sweep are computed."""
    if override.lstrip("+~").partition("=")[0] in plan.swept:
        return False
    try:
        return says_how(Composed(plan.base, [], list, []), override)
    except ConfigError:
        return False  # such as several values


def _refuse_other(folder: Path, plan: Plan, overrides: list[str]) -> None:
    before = list(plan.about["overrides"])
    if before == overrides:
        return
    lines = difflib.ndiff(before, overrides)
    shown = [line for line in lines if line[0] in "+-"][:_MOST_SHOWN]
    raise ConfigError(
        f"{folder}: its sweep has other overrides (- planned, + given): {'  '.join(shown)};"
        " give none, or another --out for another sweep"
    )


def _refuse_changed(folder: Path, plan: Plan) -> None:
    """Complain if the configuration's files were changed since the sweep was planned."""
    places, config = files_of(plan.about)
    if not all(p.is_dir() for p in places) or (config is not None and not config.is_file()):
        return  # they are gone, or not on this machine; the plan has all that is needed
    point = next(point for point in plan.points if point.error is None)
    try:
        tree = Composer(places, config).compose(point.overrides).tree
    except ConfigError as error:
        raise ConfigError(
            f"{folder}: the configuration was changed since the sweep was planned: {error};"
            " change it back, or begin another sweep"
        ) from error
    with_spikes_if_asked(tree, point.overrides)
    if hash_of(tree) != point.hash:
        changes = _differences(plan.composed(point).tree, tree)
        raise ConfigError(
            f"{folder}: the configuration was changed since the sweep was planned (planned → now):"
            f" {'; '.join(changes[:_MOST_SHOWN])}; change it back, or begin another sweep"
        )


def _differences(before: Any, now: Any, path: str = "") -> list[str]:
    """Return what differs between two trees, a line a value."""
    if isinstance(before, dict) and isinstance(now, dict):
        found = []
        for name in dict.fromkeys([*before, *now]):
            at = f"{path}.{name}" if path else str(name)
            found += _differences(before.get(name, "—"), now.get(name, "—"), at)
        return found
    return [] if before == now else [f"{path}: {before} → {now}"[:200]]


def scope_of(
    plan: Plan, folder: Path, shard: Shard | None, resume: bool, only_failed: bool
) -> tuple[tuple[int, ...], dict[int, str]]:
    """Return the points that are not over, and those that are computed anew.

    The latter are the failed ones of a sweep that goes on, with the time of their status.
    """
    left: list[int] = []
    again: dict[int, str] = {}
    for point in plan.points:
        if shard is None or shard.holds(point.index):
            status = read_status(folder_of(folder, point.index))
            if resume and status.get("state") == "failed":
                again[point.index] = str(status.get("updated"))
            elif status.get("state") not in OVER:
                left.append(point.index)
    return tuple(again if only_failed else sorted([*left, *again])), again


def has_died(folder: Path, scope: tuple[int, ...]) -> bool:
    """Return whether a process on this host died while it computed some of these points."""
    return any(died(read_status(folder_of(folder, index))) for index in scope)


def summary_of(plan: Plan) -> Sequence[str]:
    """Return what a plan comes to, a line each."""
    invalid = sum(point.error is not None for point in plan.points)
    groups, points = len(plan.groups), len(plan.points)
    programs = plan.compilations(range(groups))
    compiled = f"{programs} compilation{'s' * (programs > 1)}"
    line = f"{points} point{'s' * (points > 1)} in {groups} group{'s' * (groups > 1)} ({compiled})"
    bad = f"{invalid} of them {'are' if invalid > 1 else 'is'} invalid and will fail"
    return [line, bad] if invalid else [line]
