"""A search in words: how far it is, and what it found."""

import math
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from snnrun.report import points
from snnrun.report.columns import console, show_table
from snnrun.report.goals import is_vector, wanted
from snnrun.report.points import short
from snnrun.search.advice import idle_terms
from snnrun.search.importance import unit_place
from snnrun.search.record import OVER, Findings, Record
from snnrun.sweep.table import is_number, text

_MOST_ROWS, _MOST_PARAMETERS = 20, 6  # of a table of a front
_MOST_REASONS = 5
_ELEMENTS = 5  # of a vector
_NEAR = 0.01  # to a bound, of the range


class Course(points.Course):
    """Progress over candidates, on stderr: how many of all, feasible ones, the best, time left.

    `before`: candidates of earlier runs; `every`: candidates between plain lines. `batch` tells
    of those under way, and has to be called at least every few seconds, as nothing is shown
    between calls.
    """

    def __init__(
        self,
        total: int,
        objectives: tuple[str, ...],
        quiet: bool,
        before: Iterable[Record] = (),
        every: float | None = None,
    ) -> None:
        self._objectives = objectives
        self._states: dict[int, str] = {}
        self._front: list[tuple[float, ...]] = []
        for record in before:
            self._take(record)
        super().__init__(total, quiet, len(self._states), "candidate", every)
        self.failed = list(self._states.values()).count("failed")

    def told(self, record: Record, who: object = None) -> None:
        """Take note of a candidate that is over; one that is known already changes nothing."""
        if self._take(record):
            self.over(record.number, record.state, record.reason, who)

    def _take(self, record: Record) -> bool:
        new = record.state in OVER and record.number not in self._states
        if new:
            self._states[record.number] = record.state
            if record.state == "done":
                self._front = _front([*self._front, record.costs])
        return new

    def _note(self) -> str:
        counts = Counter(self._states.values())
        feasible = counts["done"] + counts["pruned"]
        tried = feasible + counts["infeasible"]
        words = [f"{100 * feasible / tried:.0f} % feasible"] if tried else []
        words += [f"{counts['pruned']} pruned"] if counts["pruned"] else []
        words += [f"{counts['failed']} failed"] if counts["failed"] else []
        if self._front and len(self._objectives) == 1:
            words.append(f"best {self._objectives[0]} {_number(self._front[0][0])}")
        elif self._front:
            words.append(f"{len(self._front)} on the front")
        return ", ".join(words)


def _front(costs: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Leave out costs that the last one beats; and the last one, if another does."""
    *others, last = costs
    if any(_no_worse(other, last) for other in others):
        return others
    return [*(other for other in others if not _no_worse(last, other)), last]


def _no_worse(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))


def show_outcome(
    findings: Findings, folder: Path, quiet: bool, timings: Mapping[str, float]
) -> None:
    """Print what a search found, and where it is; `timings`: seconds of its parts (`…_s`)."""
    if quiet:
        print(folder)
        return
    to = console()
    show_standing(findings)
    place = {record.number: record for record in findings.records}
    best = [place[number] for number in findings.best if number in place]
    if best:
        many = len(findings.objectives) > 1
        to.print(f"config:  {folder}/best/" + ("" if many else "config.yaml"))
    to.print(f"table:   {folder}/table.csv")
    to.print(_times(timings))
    if best:
        print(f"picture: snnrun plot {folder}", file=sys.stderr)


def _times(timings: Mapping[str, float]) -> str:
    """Return how long it took, and the seconds of each part, of all processes together."""
    parts = ", ".join(
        f"{part.removesuffix('_s')} {seconds:.1f}"
        for part, seconds in timings.items()
        if part != "wall_s"
    )
    return f"seconds: {timings['wall_s']:.1f}" + (f" (in all processes: {parts})" if parts else "")


def show_standing(findings: Findings) -> None:
    """Print the states of the candidates, and the best of them or the front."""
    to = console()
    to.print(states(findings.records))
    place = {record.number: record for record in findings.records}
    best = [place[number] for number in findings.best if number in place]
    for line in _reasons(findings.records, "failed"):
        to.print(line)
    if not best:
        for line in ["no candidate is done", *_reasons(findings.records, "infeasible")]:
            to.print(line)
    elif len(findings.objectives) > 1:
        _show_front(to, findings, best)
    else:
        _show_best(to, findings, best[0])


def states(records: list[Record]) -> str:
    """Return how many candidates are in each state."""
    counts = Counter(record.state for record in records)
    each = "".join(f", {n} {state}" for state, n in counts.most_common())
    return f"{len(records)} candidate{'s' * (len(records) != 1)}" + each.replace(",", ":", 1)


def _reasons(records: list[Record], state: str) -> list[str]:
    """Return why candidates are infeasible or failed, the most frequent first."""
    counts = Counter(short(r.reason) for r in records if r.state == state and r.reason)
    lines = [f"{n} {state}: {reason}" for reason, n in counts.most_common(_MOST_REASONS)]
    more = len(counts) - _MOST_REASONS
    return lines + ([f"… and {more} more reasons in the table"] if more > 0 else [])


def _show_best(to: Console, findings: Findings, best: Record) -> None:
    cost = f"{findings.objectives[0]} {_with_error(best, 0)}"
    networks = f" ({best.repeats} networks)" if best.repeats > 1 else ""
    to.print(f"best: candidate {best.number}, {cost}{networks}")
    _show_parameters(to, findings, best)
    if best.terms or findings.goals:
        to.print()
        _show_terms(to, findings, best)
    for line in _near_bounds(findings, best):
        to.print(line)
    for line in idle_terms(findings):
        to.print(f"note: {line}")


def _with_error(record: Record, k: int) -> str:
    se = record.se[k] if len(record.se) > k else math.nan
    error = f" ± {se:.2g}" if math.isfinite(se) and se > 0 else ""
    return _number(record.costs[k]) + error


def _show_parameters(to: Console, findings: Findings, best: Record) -> None:
    rows = [
        [name, _value(best.values.get(name)), axis.unit, axis.path]
        for name, axis in findings.axes.items()
    ]
    show_table(to, ("parameter", ">value", "unit", "where"), rows)


def _show_terms(to: Console, findings: Findings, best: Record) -> None:
    rows = []
    for name in dict.fromkeys([*findings.goals, *best.terms]):
        goal = findings.goals.get(name)
        found = best.statistics.get(goal.statistic) if goal else None
        cost = _number(best.terms[name]) if name in best.terms else ""
        words = ""
        if goal:
            words = _value(goal.target) if is_vector(goal) else wanted(goal)
        rows.append([name, goal.statistic if goal else "", _value(found), words, cost])
    show_table(to, ("term", "statistic", ">achieved", "wanted", ">cost"), rows)


def _near_bounds(findings: Findings, best: Record) -> list[str]:
    """Return which parameters are so near to a bound that better ones may lie beyond it."""
    lines = []
    for name, axis in findings.axes.items():
        value = best.values.get(name)
        if axis.choice or value is None:
            continue
        at = unit_place(axis, value)
        if at < _NEAR or at > 1 - _NEAR:
            bound = f"low={axis.low:g}" if at < 0.5 else f"high={axis.high:g}"
            lines.append(f"note: {name} is near its bound {bound}; better ones may lie beyond")
    return lines


def _show_front(to: Console, findings: Findings, front: list[Record]) -> None:
    to.print(f"front: {len(front)} candidates that none beats in all objectives")
    names = list(findings.axes)[:_MOST_PARAMETERS]
    table = []
    front = sorted(front, key=lambda record: record.costs)
    for record in front[:_MOST_ROWS]:
        costs = [_with_error(record, k) for k in range(len(record.costs))]
        values = (_value(record.values.get(n)) for n in names)
        table.append([str(record.number), *costs, *values])
    columns = (f">{name}" for name in ("candidate", *findings.objectives, *names))
    show_table(to, list(columns), table)
    rows, parameters = len(front) - _MOST_ROWS, len(findings.axes) - len(names)
    more = [f"{n} more {what}" for n, what in ((rows, "rows"), (parameters, "columns")) if n > 0]
    if more:
        to.print(f"… and {' and '.join(more)} in the table")


def _value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, tuple | np.ndarray):
        shown = " ".join(f"{x:.3g}" for x in value[:_ELEMENTS])
        return shown + (" …" if len(value) > _ELEMENTS else "")
    if is_number(value) and not isinstance(value, int | np.integer):
        return f"{value:.6g}"
    return text(value)


def _number(value: float) -> str:
    return f"{value:.4g}"
