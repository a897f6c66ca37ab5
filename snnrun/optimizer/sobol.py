"""Candidates that fill the space evenly: a scrambled Sobol' sequence (Owen 1998, J Complex 14:466).

Candidate n is point n of the sequence, whoever simulates it; powers of two fill it best. Optuna's
QMCSampler draws its first candidate at random and counts in the study, so the sequence is SciPy's.

    name        unit  meaning
    candidates        candidates in all
    batch             candidates asked at once
    seed              seed of the scrambling
    prune             share of the worst in the short run that end there
"""

from typing import ClassVar

from optuna.samplers import BaseSampler

from snnrun.component import component
from snnrun.optimizer._base import Optimizer, Space
from snnrun.optimizer._model import SpaceSampler, sobol


@component
class Sobol(Optimizer):
    """Quasi-random search."""

    several_objectives: ClassVar[bool] = True
    constrained: ClassVar[bool] = False

    def sampler(self, seed: int, space: Space) -> BaseSampler:
        return SpaceSampler(seed, space, sobol)
