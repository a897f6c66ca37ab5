"""What candidates have found goes into the study, and into files of their own.

A candidate's networks are the trials of one seed, each with a connectivity of its own, so that one
run with as many trials repeats it.
"""

import contextlib
import dataclasses
import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from snnrun import random
from snnrun.config.values import assignment
from snnrun.errors import FileError
from snnrun.objective._cost import Cost, Scored
from snnrun.optimizer._base import standard_error
from snnrun.optimizer._desk import Candidate
from snnrun.optimizer._found import Found
from snnrun.optimizer._study import Study
from snnrun.search.record import Axis
from snnrun.search.simulate import Changes, Simulated
from snnrun.store.disk import cause
from snnrun.summary import plain


@dataclasses.dataclass
class Tried:
    """A candidate that is tried: the networks it had, and what they cost."""

    candidate: Candidate
    runs: list[Simulated] = dataclasses.field(default_factory=list)
    scores: list[Scored] = dataclasses.field(default_factory=list)

    @property
    def costs(self) -> list[float]:
        """The first objective's cost of each network."""
        return [score.costs[0] for score in self.scores]


@dataclasses.dataclass(frozen=True)
class Ledger:
    """Tells a study, and writes `candidates/<number>.json` into a folder.

    `seed`: of the search, from which those of the networks follow; `spent`: seconds of each part,
    those of processes that simulate at the same time added up.
    """

    study: Study
    cost: Cost
    axes: Mapping[str, Axis]
    seed: int
    folder: Path
    spent: dict[str, float] = dataclasses.field(default_factory=dict)

    def changes(self, candidate: Candidate) -> Changes:
        """Return the paths and values that make a candidate of what all have in common."""
        return changes(self.axes, candidate.values, self.seed, candidate.number)

    @contextlib.contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Count the seconds spent inside."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._add(part, time.perf_counter() - begun)

    def count(self, run: Simulated) -> None:
        """Count what a simulation took."""
        for part, seconds in run.spent.items():
            self._add(part, seconds)

    def done(self, tried: Tried) -> None:
        """A candidate has costs."""
        mean = self.cost.mean(tried.scores)
        number = tried.candidate.number
        costs = dict(zip(self.cost.objectives, mean.costs, strict=True))
        self._write(tried, {"state": "done", "costs": costs, "terms": mean.terms})
        self.study.told(number, mean.costs, _found(tried.runs, tried.scores, mean.terms))

    def infeasible(
        self, tried: Tried, amounts: Mapping[str, float], reason: str, run: Simulated | None
    ) -> None:
        """A candidate violates constraints, by some amounts (> 0)."""
        told = {"state": "infeasible", "reason": reason, "violations": dict(amounts)}
        self._write(tried, told, more=run is not None)
        found = _found([run] if run else [], [], {})
        self.study.infeasible(tried.candidate.number, amounts, reason, found)

    def is_hopeless(self, tried: Tried, ms: float, cost: float) -> bool:
        """Return whether what a candidate costs in a short run is among the worst."""
        return self.study.is_hopeless(tried.candidate.number, ms, cost)

    def pruned(self, tried: Tried, ms: float, cost: float, run: Simulated) -> None:
        """A candidate is given up after a short run."""
        reason = f"costs {cost:.4g} after {ms:g} ms, which is among the worst"
        self._write(tried, {"state": "pruned", "reason": reason}, more=True)
        self.study.pruned(tried.candidate.number, cost, reason, _found([run], [], {}))

    def failed(self, tried: Tried, reason: str) -> None:
        """A candidate could not be simulated."""
        self._write(tried, {"state": "failed", "reason": reason})
        self.study.failed(tried.candidate.number, reason)

    def _add(self, part: str, seconds: float) -> None:
        self.spent[part] = self.spent.get(part, 0.0) + seconds

    def _write(self, tried: Tried, told: dict[str, Any], more: bool = False) -> None:
        """Write a candidate's file, before the study says that it is over.

        `more`: it was over in one more network than it has results of.
        """
        number, values, _ = tried.candidate
        settings = repeating(self.axes, values, self.seed, number, len(tried.runs) + more)
        overrides = [str(assignment(path, value).input_line) for path, value in settings]
        content = {"number": number, **told, "values": values, "overrides": overrides}
        path = self.folder / "candidates" / f"{number}.json"
        try:
            path.write_text(json.dumps(content), encoding="utf-8")
        except OSError as error:
            raise FileError(f"{path}: can't be written: {cause(error)}") from error


def changes(axes: Mapping[str, Axis], values: Mapping[str, Any], seed: int, number: int) -> Changes:
    """Return the paths and values that make a candidate of what all have in common."""
    own = ((axes[name].path, value) for name, value in values.items())
    return (*own, ("seed", seed_of(seed, number)), ("network.per_trial", True))


def repeating(
    axes: Mapping[str, Axis], values: Mapping[str, Any], seed: int, number: int, networks: int
) -> Changes:
    """Return the settings with which `simulate` repeats a candidate that had some networks."""
    return (*changes(axes, values, seed, number), ("trials", max(1, networks)))


def seed_of(seed: int, number: int) -> int:
    """Return the seed of a candidate's networks."""
    low, high = (int(word) for word in random.stream_key(seed, "search", "candidate", number))
    return (low | high << 32) >> 1


def _found(
    runs: Sequence[Simulated], scores: Sequence[Scored], terms: Mapping[str, float]
) -> Found:
    """Return what a candidate's networks found, as their means."""
    statistics = {
        ".".join(key): _mean([run.estimates[key].value for run in runs])
        for key in (runs[0].estimates if runs else ())
    }
    costs = zip(*(score.costs for score in scores), strict=True)
    se = tuple(x if math.isfinite(x := standard_error(list(c))) else math.nan for c in costs)
    seconds = math.fsum(math.fsum(run.spent.values()) for run in runs)
    return Found(se, terms, statistics, len(scores), seconds, _worst(runs))


def _worst(runs: Sequence[Simulated]) -> dict[str, Any] | None:
    """Return the worst health of some networks as plain JSON values."""
    known = [run.health for run in runs if run.health is not None]
    worst = min(known, key=lambda health: health.rank, default=None)
    return None if worst is None else plain(dataclasses.asdict(worst))


def _mean(values: list[Any]) -> float | tuple[float, ...]:
    mean = np.mean(np.array(np.broadcast_arrays(*values), np.float64), axis=0)
    return float(mean) if mean.ndim == 0 else tuple(mean.tolist())
