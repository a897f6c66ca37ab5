"""Where a worker takes candidates of a study and hands them back."""

import contextlib
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import optuna
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, Trial, TrialState

from snnrun.optimizer._base import Space
from snnrun.optimizer._space import draw
from snnrun.optimizer._storage import Place
from snnrun.optimizer._trials import DEATHS, WORKER, Trials
from snnrun.optimizer._worker import BEAT_S, beat_key, this_worker

MOST_DEATHS = 3
_CHUNK_S = 1.0  # of draws that are written together


class Candidate(NamedTuple):
    """What is to be simulated: values by axis; `tries`: workers that died with it before."""

    number: int
    values: dict[str, Any]
    tries: int = 0


class Desk:
    """A worker's place in a study; one thread at a time."""

    def __init__(self, place: Place, name: str, sampler: BaseSampler, space: Space) -> None:
        self.name, self.space = name, space
        self.trials = Trials(place.base, name)
        self.worker = this_worker()
        self._place, self._sampler = place, sampler
        self._beat = -math.inf
        self._alone = threading.RLock()

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Keep other threads out; FileError if the storage can't be reached."""
        with self._alone, self._place.reached():
            yield

    def turn(self) -> AbstractContextManager[None]:
        """Keep other workers out; to be short."""
        return self._place.turn(self.name)

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Write what is told inside at once; to be short, as other workers wait."""
        with self.entered(), self._place.together():
            yield

    def study(self) -> optuna.Study:
        """Return the study; a new object, as each remembers the candidates it saw first."""
        base = self._place.base
        return optuna.load_study(study_name=self.name, storage=base, sampler=self._sampler)

    def is_mine(self, trial: FrozenTrial) -> bool:
        """Return whether this worker simulates a candidate."""
        return trial.state == TrialState.RUNNING and trial.user_attrs.get(WORKER) == self.worker

    def drawn(self, numbers: Sequence[int]) -> list[Candidate]:
        """Return candidates with their values; where that fails, nobody has them."""
        candidates: list[Candidate] = []
        try:
            while len(candidates) < len(numbers):
                self.alive()
                until = time.monotonic() + _CHUNK_S
                with self._place.later():
                    while len(candidates) < len(numbers) and time.monotonic() < until:
                        candidates.append(self._candidate(numbers[len(candidates)]))
        except BaseException:
            self.release(numbers)
            raise
        return candidates

    def _candidate(self, number: int) -> Candidate:
        trial = self.trials.get(number)
        values = trial.params
        if not self.space.keys() <= values.keys():
            values = draw(Trial(self.study(), self.trials.id_of(number)), self.space)
        values = {name: values[name] for name in self.space}
        return Candidate(number, values, trial.user_attrs.get(DEATHS, 0))

    def finish(
        self,
        number: int,
        state: TrialState,
        told: Mapping[str, Any],
        costs: Sequence[float] | None = None,
        violations: Mapping[str, float] | None = None,
    ) -> None:
        """End a candidate, unless whoever took it over has.

        Optuna's hook for samplers is left out: they do nothing in it but warn and call what
        `set_constraint` replaced, and on a database it costs three queries.
        """
        with self.together():
            if violations:
                directions = self._place.base.get_study_directions(self.trials.study_id)
                costs = [math.inf] * len(directions)
            values = None if costs is None else [float(cost) for cost in costs]
            self.trials.finish(number, state, values, told, violations)

    def release(self, numbers: Sequence[int]) -> None:
        """Let those of the candidates that are this worker's wait."""
        with self.entered(), self.turn():
            for number in numbers:
                if self.is_mine(self.trials.get(number)):
                    self.trials.put_back(number, {})

    def bury(self, trial: FrozenTrial) -> str:
        """Let a dead worker's candidate wait `again`, or give it up; return which."""
        deaths = trial.user_attrs.get(DEATHS, 0) + 1
        told: dict[str, Any] = {DEATHS: deaths}
        if deaths < MOST_DEATHS:
            return "again" if self.trials.put_back(trial.number, told) else "over"
        told["reason"] = f"{deaths} processes that simulated it were killed or died"
        over = self.trials.finish(trial.number, TrialState.FAIL, None, told)
        return "given up" if over else "over"

    def alive(self) -> None:
        """Say that this worker is alive, every 20 s."""
        if time.monotonic() - self._beat < BEAT_S:
            return
        with self.entered(), self._place.together():
            key, beat = beat_key(self.worker), round(time.time(), 3)
            self._place.base.set_study_user_attr(self.trials.study_id, key, beat)
            self._beat = time.monotonic()
