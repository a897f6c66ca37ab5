"""Non-dominated sorting genetic algorithm II (Deb et al. 2002, IEEE TEC 6:182), Optuna's.

For several objectives: the best of a generation that no other one beats in all of them, and of
those the ones that stand apart, are the parents of the next. Infeasible candidates come last.
A child is drawn from a box around two parents (BLX-alpha, Eshelman & Schaffer 1993): Optuna's
default, each number from one of them, asks the same candidates again and again.

    name        unit  meaning
    candidates        candidates in all
    batch             candidates asked at once
    seed              seed of the choices
    prune             share of the worst in the short run that end there
    population        candidates of a generation
"""

import warnings
from typing import ClassVar

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, NSGAIISampler
from optuna.samplers.nsgaii import BLXAlphaCrossover

from snnrun.component import component, param
from snnrun.optimizer._base import Optimizer, Space
from snnrun.optimizer._seeded import Seeded


@component
class Nsga2(Optimizer):
    """Genetic algorithm for a Pareto front."""

    several_objectives: ClassVar[bool] = True

    population: int = param("", "candidates of a generation", at_least=2)

    def sampler(self, seed: int, space: Space) -> BaseSampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # it is since Optuna 3.0
            crossover = BLXAlphaCrossover()

        def make(own: int) -> BaseSampler:
            return NSGAIISampler(
                population_size=self.population, crossover=crossover, crossover_prob=1.0, seed=own
            )

        return Seeded(seed, space, make)
