"""Independent uniform candidates: the search that others are compared with.

Numbers are uniform between their bounds, or their logarithms are.

    name        unit  meaning
    candidates        candidates in all
    batch             candidates asked at once
    seed              seed of the choices
    prune             share of the worst in the short run that end there
"""

from typing import ClassVar

from optuna.samplers import BaseSampler

from snnrun.component import component
from snnrun.optimizer._base import Optimizer, Space
from snnrun.optimizer._model import SpaceSampler, uniform


@component
class Random(Optimizer):
    """Uniform random search."""

    several_objectives: ClassVar[bool] = True
    constrained: ClassVar[bool] = False

    def sampler(self, seed: int, space: Space) -> BaseSampler:
        return SpaceSampler(seed, space, uniform)
