"""A batch of candidates is tried.

    forbidden by a constraint  ->  short run infeasible or hopeless  ->  run
        ->  more networks if promising

Each step takes all that are left together.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from snnrun.health import VERDICTS, sentence
from snnrun.interruption import Interruption
from snnrun.optimizer._base import Incumbent, Optimizer
from snnrun.optimizer._desk import Candidate
from snnrun.search.ledger import Ledger, Tried
from snnrun.search.pool import Pool
from snnrun.search.simulate import Changes, Simulated, Wanted
from snnrun.search.spec import Search

_LEAN: Changes = (("record.spikes", []), ("record.counts.bin_ms", None))  # nothing is kept of them
_UNHEALTHY = VERDICTS[:2]  # nan, runaway


class Trying:
    """Candidates of a batch; `left` are those that are not over."""

    def __init__(
        self,
        search: Search,
        ledger: Ledger,
        pool: Pool,
        interruption: Interruption,
        candidates: Sequence[Candidate],
    ) -> None:
        self._search, self._ledger, self._pool = search, ledger, pool
        self._interruption = interruption
        self._unhealthy = VERDICTS[:-1] if search.strict else _UNHEALTHY
        self._tried = {candidate.number: Tried(candidate) for candidate in candidates}

    @property
    def left(self) -> list[int]:
        """The numbers of those that are not over."""
        return list(self._tried)

    def all(self, networks: int, best: Incumbent | None) -> None:
        """Take them through all steps; `best`: the best of earlier batches."""
        self._forbid()
        if self._search.objective.feasible is not None:
            self._look_first(self._search.objective.feasible.ms)
        self._run([(one, trial) for trial in range(networks) for one in self._tried.values()])
        if type(self._search.optimizer).again is not Optimizer.again:
            self._repeat(best)
        with self._ledger.timed("tell"), self._ledger.study.together():
            for one in list(self._tried.values()):
                self._ledger.done(one)
                del self._tried[one.candidate.number]

    def _forbid(self) -> None:
        """Refuse those that violate a constraint."""
        for one in list(self._tried.values()):
            amounts = self._search.violations(one.candidate.values)
            if bad := {text: x for text, x in amounts.items() if x > 0}:
                self._refuse(one, bad, f"violates {', '.join(bad)}")

    def _look_first(self, ms: float) -> None:
        """Refuse those that a short run shows to be infeasible, or hopeless."""
        ones = list(self._tried.values())
        found = self._simulate([(one, 0) for one in ones], ("duration.ms", ms))
        for one, run in zip(ones, found, strict=True):
            if self._is_sound(one, run) and self._search.optimizer.prune is not None:
                self._compare(one, run, ms)

    def _compare(self, one: Tried, run: Simulated, ms: float) -> None:
        """Give a candidate up that costs more in a short run than others did."""
        score = self._search.objective.score(run.estimates)
        if score.costs and self._ledger.is_hopeless(one, ms, score.costs[0]):
            self._ledger.pruned(one, ms, score.costs[0], run)
            del self._tried[one.candidate.number]

    def _run(self, pairs: Sequence[tuple[Tried, int]]) -> None:
        """Simulate networks of candidates, and score them."""
        for (one, _), run in zip(pairs, self._simulate(pairs), strict=True):
            if one.candidate.number in self._tried:
                self._take(one, run)

    def _take(self, one: Tried, run: Simulated) -> None:
        """Score a candidate's next network."""
        if not self._is_sound(one, run):
            return
        score = self._search.objective.score(run.estimates)
        if score.costs:
            one.runs.append(run)
            one.scores.append(score)
        else:
            self._refuse(one, {"no_statistics": 1.0}, score.reason, run)

    def _repeat(self, best: Incumbent | None) -> None:
        """Simulate promising candidates with more networks.

        As many at once as there are cores for; what comes after the optimizer has seen enough is
        dropped, so that the result is that of one after the other.
        """
        again = self._search.optimizer.again
        while promising := [one for one in self._tried.values() if again(one.costs, best)]:
            ahead = max(1, self._pool.processes // len(promising))
            pairs = [(one, len(one.runs) + k) for k in range(ahead) for one in promising]
            for (one, _), run in zip(pairs, self._simulate(pairs), strict=True):
                if one.candidate.number in self._tried and again(one.costs, best):
                    self._take(one, run)

    def _simulate(
        self, pairs: Sequence[tuple[Tried, int]], *more: tuple[str, Any]
    ) -> list[Simulated]:
        wanted = [
            Wanted((*self._ledger.changes(one.candidate), *_LEAN, *more), trial)
            for one, trial in pairs
        ]
        runs = self._pool.simulate(wanted, self._interruption) if wanted else []
        for run in runs:
            self._ledger.count(run)
        return runs

    def _is_sound(self, one: Tried, run: Simulated) -> bool:
        """Return whether a run can be used; a candidate whose can't is over."""
        violated = {name: x for name, x in run.judged.amounts.items() if x > 0}
        if run.broken:
            self._ledger.failed(one, run.error)
            del self._tried[one.candidate.number]
        elif run.error:
            self._refuse(one, {"impossible": 1.0}, run.error)
        elif run.health is not None and run.health.verdict in self._unhealthy:
            self._refuse(one, {**violated, "unhealthy": 1.0}, sentence(run.health), run)
        elif violated:
            self._refuse(one, violated, run.judged.reason, run)
        else:
            return True
        return False

    def _refuse(
        self, one: Tried, amounts: Mapping[str, float], reason: str, run: Simulated | None = None
    ) -> None:
        self._ledger.infeasible(one, amounts, reason, run)
        del self._tried[one.candidate.number]
