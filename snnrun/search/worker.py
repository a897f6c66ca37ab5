"""A worker of a search: ask candidates, simulate them, tell what they cost; until all are over.

    forbidden by a constraint  ->  short run infeasible  ->  run  ->  more networks if promising

Each step takes all candidates of a batch together. A candidate's networks are the trials of one
seed, each with a connectivity of its own, so that one run with as many trials repeats it.
"""

import contextlib
import dataclasses
import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from snnrun import random
from snnrun.config.values import assignment
from snnrun.errors import SnnrunError
from snnrun.health import sentence
from snnrun.interruption import Interruption
from snnrun.objective._cost import Scored
from snnrun.optimizer._base import Incumbent, Optimizer, standard_error
from snnrun.optimizer._desk import Candidate
from snnrun.optimizer._found import Found, best_of
from snnrun.optimizer._study import Study
from snnrun.search.pool import Pool
from snnrun.search.record import Axis, Record
from snnrun.search.simulate import Simulated, Wanted
from snnrun.search.spec import Search

_LOOK_S = 1.0  # between looks at candidates of other workers
_BEAT_S = 10.0  # between words that this worker is alive
_LEAN = ("record.spikes=[]", "record.counts.bin_ms=null")  # nothing is kept of them


class Sizes(NamedTuple):
    """How many candidates are asked at once, and how many networks each has at least."""

    batch: int
    networks: int


@dataclasses.dataclass
class _Open:
    """A candidate that is not over: the networks it had, and what they cost."""

    candidate: Candidate
    changes: tuple[str, ...]
    runs: list[Simulated] = dataclasses.field(default_factory=list)
    scores: list[Scored] = dataclasses.field(default_factory=list)

    @property
    def costs(self) -> list[float]:
        """The first objective's cost of each network."""
        return [score.costs[0] for score in self.scores]


class Worker:
    """Works on a study until all its candidates are over; `tell` hears when some are."""

    def __init__(
        self,
        search: Search,
        study: Study,
        pool: Pool,
        seed: int,
        sizes: Sizes,
        interruption: Interruption,
        tell: Callable[[], None],
    ) -> None:
        self._search, self._study, self._pool, self._seed = search, study, pool, seed
        self._sizes, self._interruption, self._tell = sizes, interruption, tell
        self._open: dict[int, _Open] = {}

    def work(self) -> None:
        """Work; InterruptedRunError if asked to end, after which its candidates wait again."""
        try:
            with _beating(self._study):
                self._work()
        finally:
            if self._open:
                self._study.release(list(self._open))

    def _work(self) -> None:
        while True:
            self._interruption.check()
            reaped = self._study.reap()
            candidates = self._study.ask(self._sizes.batch)
            if candidates:
                self._open = {c.number: self._opened(c) for c in candidates}
                self._batch()
                self._tell()
            elif reaped.elsewhere:
                time.sleep(_LOOK_S)
            else:
                return

    def _opened(self, candidate: Candidate) -> _Open:
        return _Open(candidate, changes(self._search.axes, candidate, self._seed))

    def _batch(self) -> None:
        """Take a batch through all steps."""
        self._forbid()
        if self._search.objective.feasible is not None:
            self._look_first(self._search.objective.feasible.ms)
        for trial in range(self._sizes.networks):
            self._run([(one, trial) for one in self._open.values()])
        if type(self._search.optimizer).again is not Optimizer.again:
            self._repeat(self._incumbent())
        for number in list(self._open):
            self._close(number)

    def _forbid(self) -> None:
        """Refuse those that violate a constraint."""
        for number, one in list(self._open.items()):
            amounts = self._search.violations(one.candidate.values)
            if bad := {text: x for text, x in amounts.items() if x > 0}:
                self._refuse(number, bad, f"violates {', '.join(bad)}")

    def _look_first(self, ms: float) -> None:
        """Refuse those that a short run shows to be infeasible."""
        ones = list(self._open.values())
        short = (f"duration.ms={ms!r}",)
        wanted = [Wanted((*one.changes, *short)) for one in ones]
        for one, run in zip(ones, self._simulate(wanted), strict=True):
            self._is_sound(one, run)

    def _run(self, pairs: Sequence[tuple[_Open, int]]) -> None:
        """Simulate networks of candidates, and score them."""
        wanted = [Wanted(one.changes, trial) for one, trial in pairs]
        for (one, _), run in zip(pairs, self._simulate(wanted), strict=True):
            if one.candidate.number in self._open and self._is_sound(one, run):
                self._score(one, run)

    def _score(self, one: _Open, run: Simulated) -> None:
        score = self._search.objective.score(run.estimates)
        if score.costs:
            one.runs.append(run)
            one.scores.append(score)
        else:
            self._refuse(one.candidate.number, {"no_statistics": 1.0}, score.reason)

    def _repeat(self, best: Incumbent | None) -> None:
        """Simulate promising candidates with more networks.

        As many at once as there are cores for; what comes after the optimizer has seen enough is
        dropped, so that the result is that of one after the other.
        """
        again = self._search.optimizer.again
        while promising := [one for one in self._open.values() if again(one.costs, best)]:
            ahead = max(1, self._pool.processes // len(promising))
            pairs = [(one, len(one.runs) + k) for k in range(ahead) for one in promising]
            known = {id(one): len(one.runs) for one in promising}
            self._run(pairs)
            for one in promising:
                enough = (
                    n
                    for n in range(known[id(one)] + 1, len(one.runs))
                    if not again(one.costs[:n], best)
                )
                number = next(enough, len(one.runs))
                del one.runs[number:], one.scores[number:]

    def _incumbent(self) -> Incumbent | None:
        """Return the best candidate before this batch."""
        records = {record.number: record for record in self._study.records()}
        best = [records[number] for number in best_of(list(records.values()))]
        return Incumbent(best[0].costs[0], _or_zero(best[0].se[0])) if best else None

    def _simulate(self, wanted: list[Wanted]) -> list[Simulated]:
        if not wanted:
            return []
        return self._pool.simulate(wanted, self._interruption)

    def _is_sound(self, one: _Open, run: Simulated) -> bool:
        """Return whether a run can be used; a candidate whose can't is over."""
        number, judged = one.candidate.number, run.judged
        if run.health is not None and run.health.verdict in ("nan", "runaway"):
            self._refuse(number, {"unhealthy": 1.0}, sentence(run.health), run)
        elif run.error:
            self._refuse(number, {"impossible": 1.0}, run.error)
        elif bad := {name: x for name, x in judged.amounts.items() if x > 0}:
            self._refuse(number, bad, judged.reason, run)
        else:
            return True
        return False

    def _refuse(
        self,
        number: int,
        amounts: Mapping[str, float],
        reason: str,
        run: Simulated | None = None,
    ) -> None:
        if number in self._open:
            found = _found([run] if run else [], [], {})
            self._study.infeasible(number, amounts, reason, found)
            del self._open[number]

    def _close(self, number: int) -> None:
        one = self._open[number]
        mean = self._search.objective.mean(one.scores)
        self._study.told(number, mean.costs, _found(one.runs, one.scores, mean.terms))
        del self._open[number]


def changes(axes: Mapping[str, Axis], candidate: Candidate, seed: int) -> tuple[str, ...]:
    """Return the overrides that make a candidate of what all have in common."""
    values = [assignment(axes[name].path, value) for name, value in candidate.values.items()]
    own = f"seed={seed_of(seed, candidate.number)}"
    return (*values, own, "network.per_trial=true", *_LEAN)


def seed_of(seed: int, number: int) -> int:
    """Return the seed of a candidate's networks."""
    low, high = (int(word) for word in random.stream_key(seed, "search", "candidate", number))
    return (low | high << 32) >> 1


def reproducing(record: Record, axes: Mapping[str, Axis], seed: int) -> list[str]:
    """Return the overrides with which `simulate` repeats a candidate that is done."""
    candidate = Candidate(record.number, record.values)
    kept = changes(axes, candidate, seed)[: -len(_LEAN)]
    return [*kept, f"trials={record.repeats}"]


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
    seconds = math.fsum(run.seconds for run in runs)
    return Found(se, terms, statistics, len(scores), seconds)


def _or_zero(se: float) -> float:
    """Return a standard error, 0 where there was one network only."""
    return se if math.isfinite(se) else 0.0


@contextlib.contextmanager
def _beating(study: Study) -> Iterator[None]:
    """Say now and then that this worker is alive, however long it simulates."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(_BEAT_S):
            with contextlib.suppress(SnnrunError):  # a storage that is gone is met elsewhere
                study.alive()

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _mean(values: list[Any]) -> float | tuple[float, ...]:
    mean = np.mean(np.array(np.broadcast_arrays(*values), np.float64), axis=0)
    return float(mean) if mean.ndim == 0 else tuple(mean.tolist())
