"""What became of the points of a sweep, from their folders."""

import math
import re
from pathlib import Path
from typing import Any

from snnrun.component import find
from snnrun.config.describe import units_of
from snnrun.errors import FileError
from snnrun.store.lock import standing
from snnrun.sweep.claim import folder_of
from snnrun.sweep.plan import Plan, Point
from snnrun.sweep.table import Row, Table

_OF_WEIGHTS = ("c_m", "normalization")  # decide the unit of a weight
_NAME = re.compile(r"[\w-]{1,100}")
STATES = ("done", "unhealthy", "failed", "interrupted", "running", "queued")


def table(plan: Plan, sweep: Path) -> Table:
    """Return a row a point, as it is now."""
    rows = [_row(plan, sweep, index) for index in range(len(plan.points))]
    units: dict[tuple[str, str], str] = {}
    kinds = plan.base.get("statistics") or {}
    for row in rows:
        for population, name in row.statistics:
            node = kinds.get(name)
            kind = node.get("kind", name) if isinstance(node, dict) else name
            units.setdefault((population, name), _unit(str(kind)))
    return Table(plan.swept, units, rows, swept_units(plan))


def swept_units(plan: Plan) -> dict[str, str]:
    """Return the units of the swept values; those that differ between points are left out."""
    alike = {point.group: point for point in plan.points if point.error is None}
    each = [_units(plan, point) for point in alike.values()] or [{}]
    found = {path: {units.get(path, "") for units in each} for path in plan.swept}
    varies = any(path.rpartition(".")[2] in _OF_WEIGHTS for path in plan.swept)
    return {
        path: one
        for path, (one, *more) in found.items()
        if one and not more and not (varies and ".weight" in path)
    }


def _units(plan: Plan, point: Point) -> dict[str, str]:
    """Return the units in a point's config; none where that is no config any more."""
    try:
        return units_of(plan.composed(point).tree)
    except (FileError, LookupError, TypeError, ValueError, AttributeError):
        return {}


def _unit(kind: str) -> str:
    try:
        return str(find("statistics", kind).units)
    except (KeyError, AttributeError):
        return ""


def _row(plan: Plan, sweep: Path, index: int) -> Row:
    point, status = plan.points[index], standing(folder_of(sweep, index))
    found = status.get("statistics")
    statistics = {
        (population, name): _pair(value)
        for population, each in (found if isinstance(found, dict) else {}).items()
        if isinstance(each, dict) and _NAME.fullmatch(population)
        for name, value in each.items()
        if _NAME.fullmatch(name)
    }
    fingerprint, health = status.get("fingerprint"), status.get("health")
    state, reason = status.get("state"), str(status.get("reason") or point.error or "")
    return Row(
        index=index,
        state=str(state) if state in STATES else "queued",
        reason=reason,
        values=point.values,
        statistics=statistics,
        fingerprint=fingerprint if isinstance(fingerprint, str) else None,
        health=health if isinstance(health, dict) else None,
    )


def _pair(value: Any) -> tuple[float, float]:
    pair = value if isinstance(value, list) and len(value) == 2 else [None, None]
    mean, se = (x if isinstance(x, float) else _float(x) for x in pair)
    return mean, se


def _float(value: Any) -> float:
    try:
        return float(value) if isinstance(value, int) else math.nan
    except OverflowError:
        return math.nan
