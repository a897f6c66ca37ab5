"""What became of the points of a sweep, from their folders."""

import math
from pathlib import Path
from typing import Any

from snnrun.component import find
from snnrun.store.lock import is_dead, read_status
from snnrun.sweep.claim import folder_of
from snnrun.sweep.plan import Plan
from snnrun.sweep.table import Row, Table

STATES = ("done", "unhealthy", "failed", "interrupted", "running", "queued")


def table(plan: Plan, sweep: Path) -> Table:
    """Return a row a point, as it is now."""
    rows = [_row(plan, sweep, index) for index in range(len(plan.points))]
    units: dict[tuple[str, str], str] = {}
    kinds = plan.base.get("statistics", {})
    for row in rows:
        for population, name in row.statistics:
            kind = kinds.get(name, {}).get("kind", name)
            units.setdefault((population, name), _unit(str(kind)))
    return Table(plan.swept, units, rows)


def _unit(kind: str) -> str:
    try:
        return str(find("statistics", kind).units)
    except (KeyError, AttributeError):
        return ""


def _row(plan: Plan, sweep: Path, index: int) -> Row:
    point, status = plan.points[index], read_status(folder_of(sweep, index))
    found = status.get("statistics")
    statistics = {
        (str(population), str(name)): _pair(value)
        for population, each in (found if isinstance(found, dict) else {}).items()
        if isinstance(each, dict)
        for name, value in each.items()
    }
    state, reason = status.get("state"), str(status.get("reason") or point.error or "")
    if is_dead(status):
        state, reason = "interrupted", "its process is gone"
    return Row(
        index=index,
        state=str(state) if state in STATES else "queued",
        reason=reason,
        values=point.values,
        statistics=statistics,
        fingerprint=status.get("fingerprint"),
    )


def _pair(value: Any) -> tuple[float, float]:
    pair = value if isinstance(value, list) and len(value) == 2 else [None, None]
    mean, se = (float(x) if isinstance(x, int | float) else math.nan for x in pair)
    return mean, se
