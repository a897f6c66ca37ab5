"""Optuna's own samplers, without a memory of their own: each candidate gets a fresh one."""

from collections.abc import Callable
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from snnrun import random
from snnrun.optimizer._base import Space


def candidate_seed(seed: int, number: int) -> int:
    """Return the seed, below 2³², of all draws for one candidate."""
    return int(random.stream_key(seed, "optimizer", "candidate", number)[0])


class Seeded(BaseSampler):
    """A sampler made anew for every candidate, seeded by its number.

    All that Optuna's samplers learn they read from the study, so that nothing is lost, and
    workers and resumed searches need no common state; at the end of a candidate they do nothing.
    The space is known: to find it out from all candidates takes as long as the rest.
    """

    def __init__(self, seed: int, space: Space, make: Callable[[int], BaseSampler]) -> None:
        self._seed = seed
        self._space = {name: d for name, d in space.items() if not d.single()}
        self._make = make
        self._number = -1
        self._current = make(candidate_seed(seed, -1))

    def _of(self, trial: FrozenTrial) -> BaseSampler:
        if trial.number != self._number:
            self._number = trial.number
            self._current = self._make(candidate_seed(self._seed, trial.number))
        return self._current

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Optuna's hook at the start of a candidate."""
        self._of(trial).before_trial(study, trial)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return all parameters that there is something to choose of."""
        return self._space

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the parameters that are chosen together."""
        return self._of(trial).sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return a parameter chosen alone."""
        return self._of(trial).sample_independent(study, trial, param_name, param_distribution)
