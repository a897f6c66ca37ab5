"""Non-dominated sorting genetic algorithm II (Deb et al. 2002, IEEE TEC 6:182), Optuna's.

For several objectives: the best of a generation that no other one beats in all of them, and of
those the ones that stand apart, are recombined into the next. Infeasible candidates come last.

    name        unit  meaning
    candidates        candidates in all
    batch             candidates asked at once
    seed              seed of the choices
    population        candidates of a generation
"""

from typing import ClassVar

from optuna.samplers import BaseSampler, NSGAIISampler

from snnrun.component import component, param
from snnrun.optimizer._base import Optimizer, Space
from snnrun.optimizer._seeded import Seeded


@component
class Nsga2(Optimizer):
    """Genetic algorithm for a Pareto front."""

    several_objectives: ClassVar[bool] = True

    population: int = param("", "candidates of a generation", at_least=2)

    def sampler(self, seed: int, space: Space) -> BaseSampler:
        del space
        return Seeded(seed, lambda own: NSGAIISampler(population_size=self.population, seed=own))
