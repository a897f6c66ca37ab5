"""The candidates of a study as Optuna's storage has them: its trials.

A candidate keeps its number, its values and its trial from the first try to the last: where it is
interrupted, or its worker dies, its state goes back from RUNNING to WAITING. So numbers follow
each other without gaps, and what is drawn for a number does not depend on who died before.
"""

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState, create_trial

WORKER = "worker"  # who simulates it, or did last
DEATHS = "deaths"  # workers that died of it, or with it
BATCH_END = "batch_end"  # what was asked with it ends before this number
START_POINT = "start_point"  # which of the config's it is


class Trials:
    """The candidates of one study."""

    def __init__(self, base: BaseStorage, name: str) -> None:
        self.base = base
        self.study_id = base.get_study_id_from_name(name)

    def all(self, *states: TrialState) -> list[FrozenTrial]:
        """Return candidates by number, all or those in some states; not to be changed."""
        return self.base.get_all_trials(self.study_id, deepcopy=False, states=states or None)

    def get(self, number: int) -> FrozenTrial:
        """Return a candidate; not to be changed."""
        return self.base.get_trial(self.id_of(number))

    def id_of(self, number: int) -> int:
        """Return what the storage calls a candidate."""
        return self.base.get_trial_id_from_study_id_trial_number(self.study_id, number)

    def attributes(self) -> dict[str, Any]:
        """Return the attributes of the study."""
        return self.base.get_study_user_attrs(self.study_id)

    def create(self, attributes: Mapping[str, Any]) -> int:
        """Add a candidate that is being simulated, its values to be drawn; return its number."""
        made = create_trial(state=TrialState.RUNNING, user_attrs=dict(attributes))
        return self.base.get_trial(self.base.create_new_trial(self.study_id, made)).number

    def begin(self, number: int, attributes: Mapping[str, Any]) -> bool:
        """Take a waiting candidate; False where somebody else did."""
        try:
            self._set(self.id_of(number), attributes)
            return self.base.set_trial_state_values(self.id_of(number), TrialState.RUNNING)
        except UpdateFinishedTrialError:
            return False

    def put_back(self, number: int, attributes: Mapping[str, Any]) -> bool:
        """Let a candidate wait to be simulated again; False where it is over."""
        try:
            self._set(self.id_of(number), attributes)
            return self.base.set_trial_state_values(self.id_of(number), TrialState.WAITING)
        except UpdateFinishedTrialError:
            return False

    def report(self, number: int, step: int, value: float) -> None:
        """Keep what a candidate costs after so many ms, unless it is over."""
        with contextlib.suppress(UpdateFinishedTrialError):
            self.base.set_trial_intermediate_value(self.id_of(number), step, value)

    def finish(
        self,
        number: int,
        state: TrialState,
        values: Sequence[float] | None,
        attributes: Mapping[str, Any],
        violations: Mapping[str, float] | None = None,
    ) -> bool:
        """End a candidate; False where that was done before, by whoever took it over."""
        trial_id = self.id_of(number)
        try:
            self._set(trial_id, attributes)
            for key, value in _constraints(violations or {}).items():
                self.base.set_trial_system_attr(trial_id, key, value)
            self.base.set_trial_state_values(trial_id, state, values)
        except UpdateFinishedTrialError:
            return False
        return True

    def _set(self, trial_id: int, attributes: Mapping[str, Any]) -> None:
        for key, value in attributes.items():
            self.base.set_trial_user_attr(trial_id, key, value)


def _constraints(violations: Mapping[str, float]) -> dict[str, Any]:
    """Return constraints as Optuna stores them; `Trial.set_constraint` can't set one again."""
    trial = create_trial(state=TrialState.FAIL)
    for name, value in violations.items():
        trial.set_constraint(name, value)
    return trial.system_attrs


def reserve(trials: Trials, worker: str, count: int, total: int) -> list[int]:
    """Take up to `count` candidates, waiting ones first; return their numbers.

    Those that were begun before are taken without new ones, as they would otherwise be drawn
    before what they are drawn from is told: a search that is resumed would take another way.
    """
    known = trials.all()
    waiting = [t for t in known if t.state == TrialState.WAITING and t.number < total]
    begun = [t for t in waiting if WORKER in t.user_attrs]
    taken = (begun or waiting)[: max(0, count)]
    more = min(count - len(taken), total - len(known))
    if begun:  # and what of their batch was not created in time
        more = min(more, max(t.user_attrs.get(BATCH_END, 0) for t in begun) - len(known))
    end = len(known) + max(0, more)
    mine = {WORKER: worker, BATCH_END: end}
    numbers = [t.number for t in taken if trials.begin(t.number, _again(t, mine))]
    return numbers + [trials.create(mine) for _ in range(more)]


def _again(trial: FrozenTrial, mine: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a candidate that is taken: its batch stays that of the first try."""
    return mine if BATCH_END not in trial.user_attrs else {WORKER: mine[WORKER]}


def is_infeasible(trial: FrozenTrial) -> bool:
    """Return whether a candidate violates a constraint."""
    return any(value > 0 for value in trial.constraints.values())
