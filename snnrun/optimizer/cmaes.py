"""Covariance matrix adaptation evolution strategy (Hansen 2016, arXiv:1604.00772), Optuna's.

Each generation is drawn from a normal distribution that its better half then moves and shapes.
Infeasible candidates are the worst of theirs, how far they are does not matter.

    name        unit  meaning
    candidates        candidates in all
    batch             candidates asked at once
    seed              seed of the choices
    prune             share of the worst in the short run that end there
    population        candidates of a generation; none: 4 + 3 ln(parameters), at least the batch
"""

import importlib.util
import math
from typing import ClassVar

from optuna.samplers import BaseSampler, CmaEsSampler, RandomSampler

from snnrun.component import component, param
from snnrun.optimizer._base import Optimizer, Space
from snnrun.optimizer._seeded import Seeded, candidate_seed


@component
class Cmaes(Optimizer):
    """Covariance matrix adaptation."""

    constrained: ClassVar[bool] = False
    choices: ClassVar[bool] = False

    population: int = param("", "candidates of a generation", at_least=3, optional=True)

    def missing(self) -> list[str]:
        if importlib.util.find_spec("cmaes") is None:
            return ["cmaes needs the package cmaes: pip install cmaes"]
        return []

    def most_at_once(self, parameters: int) -> int | None:
        return self._population(parameters)  # it learns nothing of what a generation has too many

    def _population(self, parameters: int) -> int:
        usual = 4 + math.floor(3 * math.log(max(1, parameters)))
        return self.population or max(usual, self.batch or 1)

    def sampler(self, seed: int, space: Space) -> BaseSampler:
        population = self._population(len(space))
        common = candidate_seed(seed, -1)

        def make(own: int) -> BaseSampler:
            # It adds the number to one of 65535 random seeds: drawn anew for each candidate,
            # two of a large batch would now and then be the same.
            first = RandomSampler(seed=own)
            return CmaEsSampler(popsize=population, seed=common, independent_sampler=first)

        return Seeded(seed, space, make)
