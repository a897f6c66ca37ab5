"""The table of a search: a row a candidate."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from snnrun.search.record import Findings, Record
from snnrun.sweep.table import text, write_rows


def write_table(findings: Findings, path: Path) -> None:
    """Write the candidates in order of their numbers; what has no value is empty.

    Columns: number, state, the cost of each objective, parameters by axis, `term.<NAME>`,
    statistics as `<P>.<name>` (a vector as a JSON list), `<objective>.se`, repeats, reason,
    seconds. An axis that is called like another column goes by its path in the config.
    FileError if it can't be written.
    """
    records = sorted(findings.records, key=lambda record: record.number)
    terms = _names((record.terms for record in records), list(findings.goals))
    goals = [goal.statistic for goal in findings.goals.values()]
    statistics = _names((record.statistics for record in records), goals)
    before = ["number", "state", *findings.objectives]
    after = [*(f"term.{name}" for name in terms), *statistics]
    after += [*(f"{name}.se" for name in findings.objectives), "repeats", "reason", "seconds"]
    taken = {*before, *after}
    axes = [axis.path if name in taken else name for name, axis in findings.axes.items()]
    lines = (_line(findings, record, terms, statistics) for record in records)
    write_rows(path, [*before, *axes, *after], lines)


def _names(found: Iterator[dict[str, Any]], first: list[str]) -> list[str]:
    """Return all names that occur, in the order of `first` and then of appearance."""
    names = dict.fromkeys(name for each in found for name in each)
    return [*dict.fromkeys(n for n in first if n in names), *(n for n in names if n not in first)]


def _line(findings: Findings, record: Record, terms: list[str], statistics: list[str]) -> list[str]:
    costs, se = (_padded(x, len(findings.objectives)) for x in (record.costs, record.se))
    cells: list[Any] = [record.number, record.state, *costs]
    cells += [record.values.get(name, "") for name in findings.axes]
    cells += [record.terms.get(name, math.nan) for name in terms]
    cells += [_element(record.statistics.get(name, math.nan)) for name in statistics]
    cells += [*se, record.repeats, record.reason, float(record.seconds)]
    return [_cell(cell) for cell in cells]


def _padded(numbers: Sequence[float], count: int) -> list[float]:
    return [*map(float, numbers), *[math.nan] * (count - len(numbers))]


def _element(value: Any) -> Any:
    """Return a statistic as a cell is made of it: JSON has no NaN."""
    if isinstance(value, tuple | list | np.ndarray):
        return [None if math.isnan(x) else x for x in map(float, value)]
    return float(value)


def _cell(value: Any) -> str:
    return "" if isinstance(value, float | np.floating) and math.isnan(value) else text(value)
