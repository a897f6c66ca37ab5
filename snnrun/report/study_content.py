"""What pictures of a search show: the arrays they draw.

Shapes: `C` candidates that are done, `K` objectives.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from snnrun.errors import ConfigError
from snnrun.report.study_axis import Cost, Parameter
from snnrun.report.sweep_marks import Legend
from snnrun.search.importance import importance
from snnrun.search.record import Findings, Record

BLUE, BEST, GREY, DARK = "#1f5fa8", "#d55e00", "0.6", "0.15"
COLOURS = "viridis"
Look = dict[str, Any]
DOT: Look = {"marker": "o", "lw": 0, "color": BLUE, "mew": 0, "alpha": 0.6}
STAR: Look = {"marker": "*", "lw": 0, "mfc": BEST, "mec": "black", "mew": 0.6, "ms": 11}
MARKS: dict[str, Look] = {
    "infeasible": {"marker": "|", "color": GREY, "lw": 0, "ms": 5, "mew": 0.8},
    "pruned": {"marker": "v", "color": GREY, "lw": 0, "ms": 3.5, "mew": 0.8, "mfc": "none"},
    "failed": {"marker": "x", "color": DARK, "lw": 0, "ms": 3.5, "mew": 0.9},
}


@dataclass
class Content:
    """A search as its pictures see it.

    `done`: in order of their numbers, as `others` are, by state of `MARKS`: those without a cost;
    `numbers` `[C]`, `costs` `[C, K]`; `positions`: axis → where they are on it `[C]`; `best`:
    indices into `done`; `important`: for each objective, axis → share; `notes` and `legend`: what
    the reader must know.
    """

    findings: Findings
    done: list[Record]
    others: dict[str, list[Record]]
    numbers: np.ndarray
    costs: np.ndarray
    axes: list[Cost]
    parameters: dict[str, Parameter]
    positions: dict[str, np.ndarray]
    best: list[int]
    important: list[dict[str, float]]
    notes: list[str] = field(default_factory=list)
    legend: Legend = field(default_factory=Legend)

    @property
    def over(self) -> list[Record]:
        """Return the candidates that are no longer under way."""
        return sum(self.others.values(), self.done)

    @property
    def ranked(self) -> list[str]:
        """Return the parameters, the most important (of all objectives together) first."""
        total = Counter(dict.fromkeys(self.parameters, 0.0))
        for shares in self.important:
            total.update(shares)
        return sorted(self.parameters, key=lambda name: -total[name])

    @property
    def chosen(self) -> int:
        """Return which candidate stands for the search: index into `done`.

        The best; of several, the one nearest to the best of each objective, where the range of
        each over these has length 1.
        """
        front = np.array([self.axes[k].even(self.costs[self.best, k]) for k in self._objectives])
        low, span = front.min(axis=1), np.ptp(front, axis=1)
        away = (front - low[:, None]) / np.where(span > 0, span, 1)[:, None]
        return self.best[int(np.argmin(np.hypot.reduce(away, axis=0)))]

    @property
    def _objectives(self) -> range:
        return range(len(self.axes))

    @staticmethod
    def mark(look: Look, count: int) -> Look:
        """Return how so many candidates without a cost are drawn: the more, the fainter."""
        size = float(np.clip(20 / max(1, count) ** 0.4, 1.5, look["ms"]))
        return look | {"ms": size, "mew": min(look["mew"], size / 4)}

    def places(self, name: str, records: list[Record]) -> np.ndarray:
        """Return where candidates are on an axis."""
        return self.parameters[name].positions([record.values.get(name) for record in records])

    @property
    def star(self) -> Look:
        """Return how the best are drawn."""
        size = float(np.clip(14 / len(self.best) ** 0.25, 6, 11))
        return STAR | {"ms": size, "mew": 0.6 * size / 11}

    @property
    def dot(self) -> float:
        """Return how large a candidate is drawn (points)."""
        return float(np.clip(40 / len(self.done) ** 0.4, 1.5, 5))

    def say(self, note: str) -> None:
        """Add a note, once."""
        if note not in self.notes:
            self.notes.append(note)


def content(findings: Findings) -> Content:
    """Return what to draw of a search; ConfigError where no candidate is done."""
    records = sorted(findings.records, key=lambda record: record.number)
    done = [record for record in records if _is_done(record, findings)]
    if not done:
        raise ConfigError(f"no candidate is done, so there is nothing to draw{_counted(records)}")
    costs = np.array([record.costs for record in done], float)
    axes = [Cost.of(name, costs[:, k]) for k, name in enumerate(findings.objectives)]
    parameters = {name: Parameter(name, axis) for name, axis in findings.axes.items()}
    place = {record.number: i for i, record in enumerate(done)}
    found = Content(
        findings,
        done,
        {state: [record for record in records if record.state == state] for state in MARKS},
        np.array([record.number for record in done]),
        costs,
        axes,
        parameters,
        {},
        [place[n] for n in findings.best if n in place] or [int(costs[:, 0].argmin())],
        [importance(findings, k) for k in range(len(axes))],
    )
    found.positions = {name: found.places(name, done) for name in parameters}
    return found


def _is_done(record: Record, findings: Findings) -> bool:
    whole = len(record.costs) == len(findings.objectives)
    return record.state == "done" and whole and all(map(math.isfinite, record.costs))


def _counted(records: list[Record]) -> str:
    counts = Counter(record.state for record in records)
    each = ", ".join(f"{n} {state}" for state, n in counts.items())
    return f" ({each})" if each else ""
