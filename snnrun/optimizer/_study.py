"""A search as an Optuna study that several workers may share.

    ask -> simulate -> told | infeasible | pruned | failed | release

A candidate is RUNNING from `ask` on and names its worker. Where that is dead, `reap` lets it wait
to be simulated again, with the same number and values; after a few deaths it has failed.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import optuna
from optuna.storages import BaseStorage
from optuna.study import StudyDirection
from optuna.trial import TrialState

from snnrun.optimizer._about import OBJECTIVES, settle
from snnrun.optimizer._base import Optimizer, Space
from snnrun.optimizer._desk import Candidate, Desk
from snnrun.optimizer._found import Found, attributes, best_of, record_of
from snnrun.optimizer._pruning import is_hopeless
from snnrun.optimizer._space import refuse_points
from snnrun.optimizer._storage import Place
from snnrun.optimizer._trials import START_POINT, WORKER, reserve
from snnrun.optimizer._worker import Watch
from snnrun.search.record import Axis, Findings, Goal, Record


class Reaped(NamedTuple):
    """Candidates of dead workers: those that wait `again`, those `given_up` for good.

    `elsewhere`: how many are being simulated by other workers, which may die yet.
    """

    again: tuple[int, ...]
    given_up: tuple[int, ...]
    elsewhere: int


class Study:
    """A search; `notes`: what the user should know of it. Threads may share it.

    `together()`: what is told inside is written at once; to be short. `release(numbers)`: this
    worker's candidates wait, with the same values, for whoever goes on. `alive()`: says that this
    worker is; cheap, to be called at least every 20 s.
    """

    def __init__(self, desk: Desk, optimizer: Optimizer, notes: tuple[str, ...] = ()) -> None:
        self._desk, self._total, self.notes = desk, optimizer.candidates, notes
        self._prune = optimizer.prune
        self.together, self.release, self.alive = desk.together, desk.release, desk.alive
        self._watch = Watch()

    @classmethod
    def open(
        cls,
        storage: Place,
        name: str,
        optimizer: Optimizer,
        seed: int,
        space: Space,
        objectives: tuple[str, ...],
        about: Mapping[str, str],
    ) -> "Study":
        """Create a study, or go on with it.

        `about`: JSON texts of all that decides what a cost means. ConfigError with the difference
        where it was begun with others, or if it is not snnrun's; FileError if the storage can't
        be reached.
        """
        sampler = optimizer.sampler(seed, space)
        with storage.reached(), storage.turn(name):
            study = _opened(storage.base, name, len(objectives))
            notes = settle(study, {OBJECTIVES: json.dumps(objectives), **about})
            return cls(Desk(storage, name, sampler, space), optimizer, notes)

    def ask(self, count: int) -> list[Candidate]:
        """Return at most `count` candidates, waiting ones first; none if all are taken.

        Candidates that were begun before come without new ones: then fewer than `count`.
        """
        desk = self._desk
        self.alive()
        with desk.entered():
            with desk.turn():
                numbers = reserve(desk.trials, desk.worker, count, self._total)
            return desk.drawn(numbers)

    def told(self, number: int, costs: Sequence[float], found: Found | Record) -> None:
        """Tell what a candidate costs, one finite number for each objective."""
        if not all(map(math.isfinite, costs)):
            raise ValueError(f"candidate {number}: costs must be finite, not {costs}")
        self._desk.finish(number, TrialState.COMPLETE, attributes(found), costs=costs)

    def infeasible(
        self, number: int, violations: Mapping[str, float], reason: str, found: Found | Record
    ) -> None:
        """Tell that a candidate is infeasible; `violations`: constraints, by how much (> 0)."""
        if not any(value > 0 for value in violations.values()):
            raise ValueError(f"candidate {number}: no constraint is violated: {violations}")
        told = attributes(found, reason)
        self._desk.finish(number, TrialState.COMPLETE, told, violations=violations)

    def is_hopeless(self, number: int, ms: float, cost: float) -> bool:
        """Keep what a candidate costs in a short run; return whether it is among the worst."""
        trials = self._desk.trials
        with self._desk.together():
            trials.report(number, round(ms), cost)
            return bool(self._prune) and is_hopeless(trials.get(number), trials.all(), self._prune)

    def pruned(self, number: int, cost: float, reason: str, found: Found | Record) -> None:
        """Tell that a candidate was given up after a short run, and what it cost there."""
        self._desk.finish(number, TrialState.PRUNED, attributes(found, reason), costs=[cost])

    def failed(self, number: int, reason: str) -> None:
        """Tell that a candidate could not be simulated; no optimizer learns from it."""
        self._desk.finish(number, TrialState.FAIL, {"reason": reason})

    def start(self, points: Sequence[Mapping[str, Any]]) -> None:
        """Let start points be asked first, each of them once; names they lack are drawn.

        ConfigError with all that is wrong with them.
        """
        refuse_points(points, self._desk.space)
        with self._desk.entered(), self._desk.turn():
            known = self._desk.trials.all()
            there = {trial.user_attrs.get(START_POINT) for trial in known}
            new = [i for i in range(len(points)) if i not in there]
            for i in new[: max(0, self._total - len(known))]:
                self._desk.study().enqueue_trial(dict(points[i]), user_attrs={START_POINT: i})

    def reap(self) -> Reaped:
        """Let candidates of dead workers wait again, or fail where too many died with them.

        Whether a worker on another host is dead shows by calling this again for a minute.
        """
        desk = self._desk
        found: dict[str, list[int]] = {"again": [], "given up": [], "over": [], "elsewhere": []}
        with desk.entered(), desk.turn():
            running = [t for t in desk.trials.all(TrialState.RUNNING) if not desk.is_mine(t)]
            beats = desk.trials.attributes() if running else {}
            for trial in running:
                dead = self._watch.dead(trial.user_attrs.get(WORKER, ""), beats)
                found[desk.bury(trial) if dead else "elsewhere"].append(trial.number)
        return Reaped(tuple(found["again"]), tuple(found["given up"]), len(found["elsewhere"]))

    def records(self) -> list[Record]:
        """Return all candidates, by number."""
        desk = self._desk
        with desk.entered():
            return [record_of(trial, list(desk.space)) for trial in desk.trials.all()]

    def findings(self, axes: Mapping[str, Axis], goals: Mapping[str, Goal]) -> Findings:
        """Return the search so far; what its axes and goals are is the caller's to say."""
        with self._desk.entered():
            attributes = self._desk.trials.attributes()
        records = self.records()
        return Findings(
            name=self._desk.name,
            axes=dict(axes),
            objectives=tuple(json.loads(attributes[OBJECTIVES])),
            goals=dict(goals),
            records=records,
            best=best_of(records),
        )


def _opened(base: BaseStorage, name: str, objectives: int) -> optuna.Study:
    """Return the study of that name, made now if there is none; nobody else makes one now."""
    if name in optuna.get_all_study_names(storage=base):
        return optuna.load_study(study_name=name, storage=base)
    directions = [StudyDirection.MINIMIZE] * objectives
    return optuna.create_study(study_name=name, storage=base, directions=directions)
