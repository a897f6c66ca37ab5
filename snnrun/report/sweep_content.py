"""What a picture of a sweep shows: which swept paths are its axes, and the arrays it draws.

Shapes: `V…` values of each axis.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from snnrun.errors import ConfigError
from snnrun.report.sweep_axis import Axis
from snnrun.sweep.table import FINISHED, Key, Mean, Means, Row, Table, means, text, token

_SEED = "seed"
_MOST_AXES = 3


@dataclass
class Content:
    """Arrays `[V…]` over the axes (x, y, column), of every statistic.

    `failed`: points failed; `pending`: none finished, and none failed; `verdicts`: name →
    where a point is unhealthy; `averaged`: swept paths; `notes`: what the reader must know.
    """

    axes: list[Axis]
    units: dict[Key, str]
    mean: dict[Key, np.ndarray]
    se: dict[Key, np.ndarray]
    failed: np.ndarray
    pending: np.ndarray
    verdicts: dict[str, np.ndarray]
    averaged: list[str]
    notes: list[str] = field(default_factory=list)

    @property
    def unhealthy(self) -> np.ndarray:
        """Return where a point is, whatever the verdict `[V…]`."""
        return np.any([np.zeros_like(self.failed), *self.verdicts.values()], axis=0)

    def healthy(self, key: Key) -> np.ndarray:
        """Return the values of the points that are well; of all, where these are too few."""
        finite = np.isfinite(self.mean[key])
        well = finite & ~self.unhealthy
        return self.mean[key][well if well.sum() > 1 else finite]


def content(table: Table) -> Content:
    """Return what to draw of a table; ConfigError where there is nothing."""
    _check(table)
    all_ = {path: Axis.of(table, path) for path in table.swept}
    shown = _shown(all_)
    averaged = [p for p, axis in all_.items() if axis not in shown and len(axis.values) > 1]
    found = means(table, [p for p, axis in all_.items() if axis not in shown])
    made = _arrays(found, shown, averaged)
    made.notes += _notes(all_, shown, averaged, found, made)
    return made


def _check(table: Table) -> None:
    if not table.swept:
        raise ConfigError("nothing was swept, so there is nothing to draw")
    finished = [row for row in table.rows if row.state in FINISHED]
    if not finished:
        counts = _counted([row.state for row in table.rows])
        raise ConfigError(f"no point of the sweep is finished, so there is nothing to draw{counts}")
    found = (row.statistics.get(key, (math.nan,)) for row in finished for key in table.units)
    if not any(math.isfinite(pair[0]) for pair in found):
        raise ConfigError("no statistic has a value at any point, so there is nothing to draw")


def _counted(states: list[str]) -> str:
    found = ", ".join(f"{states.count(s)} {s}" for s in dict.fromkeys(states))
    return f" ({found})" if found else ""


def _shown(all_: dict[str, Axis]) -> list[Axis]:
    """Return the axes, at most three: x, y, column; the seed only where nothing else varies."""
    varied = [axis for axis in all_.values() if len(axis.values) > 1]
    found = [axis for axis in varied if axis.path != _SEED] or varied or list(all_.values())[:1]
    found.sort(key=lambda axis: not axis.numeric)  # stable
    found = found[:_MOST_AXES]
    if len(found) == _MOST_AXES:
        order = list(all_)
        column = min(found, key=lambda a: (a.numeric, len(a.values), -order.index(a.path)))
        found = [axis for axis in found if axis is not column] + [column]
    return found


def _arrays(found: Means, axes: list[Axis], averaged: list[str]) -> Content:
    shape = tuple(len(axis.values) for axis in axes)
    mean, se = ({key: np.full(shape, np.nan) for key in found.units} for _ in range(2))
    failed, pending = np.zeros(shape, bool), np.ones(shape, bool)
    verdicts: dict[str, np.ndarray] = {}
    places = [(axis.path, axis.place()) for axis in axes]
    for row in found.rows:
        at = tuple(place[token(row.values.get(path))] for path, place in places)
        states = {point.state for point in row.of}
        failed[at] = "failed" in states
        pending[at] = not states & {"failed", *FINISHED}
        for verdict in _verdicts(row.of):
            verdicts.setdefault(verdict, np.zeros(shape, bool))[at] = True
        for key, pair in _statistics(row, bool(averaged)):
            mean[key][at], se[key][at] = pair
    return Content(axes, found.units, mean, se, failed, pending, verdicts, averaged)


def _verdicts(rows: list[Row]) -> Iterator[str]:
    for row in rows:
        if row.state == "unhealthy":
            word = re.match(r"\w+", row.reason)
            yield word[0] if word else "unhealthy"


def _statistics(row: Mean, is_mean: bool) -> Iterator[tuple[Key, tuple[float, float]]]:
    """Yield values and errors; a point that stands for itself has its own error."""
    (first, *more) = row.of
    own = first.statistics if not (is_mean or more) else {}
    for key, (value, se) in row.statistics.items():
        yield key, (value, own.get(key, (value, se))[1])


def _notes(
    all_: dict[str, Axis], shown: list[Axis], averaged: list[str], found: Means, made: Content
) -> list[str]:
    notes = []
    if averaged:
        what = ", ".join(f"{path} ({len(all_[path].values)} values)" for path in averaged)
        counts = [row.n for row in found.rows if row.n]
        n = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
        notes.append(f"mean over {what}, n = {n}")
    fixed = [a for p, a in all_.items() if a not in shown and p not in averaged]
    notes += [f"{axis.path} = {text(axis.values[0])} {axis.unit}".rstrip() for axis in fixed]
    if len(shown) == 1 and any(np.isfinite(se).any() for se in made.se.values()):
        notes.append(
            "bars: standard error"
            + (" of the mean" if averaged else " of each point, over time or its trials")
        )
    return notes


def quantity(key: Any, units: dict[Key, str]) -> str:
    """Return the name of a statistic with its unit."""
    return f"{key[1]} ({units[key]})" if units[key] else str(key[1])
