"""The table of a sweep: a row a point; means over seeds; swept values that change nothing."""

import csv
import io
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from snnrun.store.disk import write_atomically

FINISHED = ("done", "unhealthy")
Key = tuple[str, str]  # (population, name) of a statistic


@dataclass(frozen=True)
class Row:
    """A point of a sweep.

    `state`: queued, running, done, failed, interrupted or unhealthy; `reason`: '' where there is
    none; `values`: swept path → number, text, list or dict; `statistics`: (population, name) →
    (value, standard error), NaN where there is none; `fingerprint`: equal where the activity is;
    `health`: verdict and details, None where it is not known.
    """

    index: int
    state: str
    reason: str
    values: dict[str, Any]
    statistics: dict[Key, tuple[float, float]]
    fingerprint: str | None
    health: dict[str, Any] | None = None


@dataclass(frozen=True)
class Table:
    """The points of a sweep; `swept` and `units` (of each statistic) give the order of columns.

    `swept_units`: of the swept values that have one.
    """

    swept: list[str]
    units: dict[Key, str]
    rows: list[Row]
    swept_units: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mean:
    """Points that differ only in what was averaged over.

    `n`: how many have statistics; `statistics`: (mean, standard error) over them; `of`: all of
    them, also those without.
    """

    values: dict[str, Any]
    n: int
    statistics: dict[Key, tuple[float, float]]
    of: list[Row]


@dataclass(frozen=True)
class Means:
    """A table averaged over some of its swept paths; `over`: which, `swept`: the others."""

    swept: list[str]
    units: dict[Key, str]
    rows: list[Mean]
    over: list[str]


def means(table: Table, over: Sequence[str] = ("seed",)) -> Means:
    """Average over swept paths: one row a combination of the others, in order of appearance.

    Mean and standard error (SD with ddof 1 over sqrt(n), NaN for n < 2) of each statistic are
    over the points that finished and where it has a value, each as much as any other; `n` counts
    the points where any has one.
    """
    swept = [path for path in table.swept if path not in over]
    rows = [_mean(swept, table.units, of) for of in _groups(table.rows, swept)]
    return Means(swept, table.units, rows, [path for path in table.swept if path in over])


def _mean(swept: list[str], units: dict[Key, str], of: list[Row]) -> Mean:
    found = [row.statistics for row in of if row.state in FINISHED]
    values = {key: [s[key][0] for s in found if key in s] for key in units}
    n = sum(any(math.isfinite(value) for value, _ in s.values()) for s in found)
    return Mean(
        {path: of[0].values[path] for path in swept if path in of[0].values},
        n,
        {key: _mean_and_se(each) for key, each in values.items()},
        of,
    )


def _mean_and_se(values: list[float]) -> tuple[float, float]:
    there = np.array([value for value in values if math.isfinite(value)])
    if there.size < 2:
        return (float(there[0]) if there.size else math.nan), math.nan
    return float(there.mean()), float(there.std(ddof=1) / math.sqrt(there.size))


def dead(table: Table) -> list[str]:
    """Return the swept paths that changed no result.

    Of such a path, points that differ in nothing else have equal fingerprints, and there are
    some.
    """
    rows = [row for row in table.rows if row.state in FINISHED and row.fingerprint is not None]
    return [path for path in table.swept if _is_dead(path, rows, table.swept)]


def _is_dead(path: str, rows: list[Row], swept: list[str]) -> bool:
    groups = list(_groups(rows, [other for other in swept if other != path]))
    varied = any(len({token(row.values.get(path)) for row in group}) > 1 for group in groups)
    return varied and all(len({row.fingerprint for row in group}) == 1 for group in groups)


def _groups(rows: list[Row], by: list[str]) -> Iterable[list[Row]]:
    """Return the rows that agree in some swept values, by order of appearance."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(token(row.values.get(path)) for path in by), []).append(row)
    return groups.values()


def token(value: Any) -> str:
    """Return what equal values share: 1 and 1.0 are equal, but neither to true nor to "1"."""
    if is_number(value):
        return repr(int(value)) if value == value // 1 else repr(float(value))
    return json.dumps(value, sort_keys=True, default=repr)


def is_number(value: Any) -> bool:
    """Return whether a swept value is a number; true and false are none."""
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def text(value: Any) -> str:
    """Return a value as a cell of the table shows it: a text as it is, a number in full."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, str):
        return value
    if is_number(value):
        return repr(value)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=repr)


def write_csv(table: Table, path: Path) -> None:
    """Write a table: a line a point; what has no value is empty."""
    head = ["index", "state", "reason", *table.swept, *_columns(table.units)]
    lines = (
        [str(row.index), row.state, row.reason, *_cells(table.swept, table.units, row)]
        for row in table.rows
    )
    write_rows(path, head, lines)


def write_means_csv(table: Means, path: Path) -> None:
    """Write averages: a line a combination of what was not averaged over; `n`: of how many."""
    head = [*table.swept, "n", *_columns(table.units)]
    k = len(table.swept)
    lines = []
    for row in table.rows:
        cells = _cells(table.swept, table.units, row)
        lines.append([*cells[:k], str(row.n), *cells[k:]])
    write_rows(path, head, lines)


def _columns(units: dict[Key, str]) -> list[str]:
    return [f"{p}.{name}{tail}" for p, name in units for tail in ("", ".se")]


def _cells(swept: list[str], units: dict[Key, str], row: Row | Mean) -> list[str]:
    values = [text(row.values[path]) if path in row.values else "" for path in swept]
    numbers = [x for key in units for x in row.statistics.get(key, (math.nan, math.nan))]
    return values + ["" if math.isnan(x) else text(float(x)) for x in numbers]


def write_rows(path: Path, head: list[str], lines: Iterable[list[str]]) -> None:
    """Write a CSV file, whole or not at all; FileError if it can't be."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(lines)
    write_atomically(path, file.getvalue().encode("utf-8", "backslashreplace"))
