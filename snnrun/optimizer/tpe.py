"""Tree-structured Parzen estimator (Bergstra et al. 2011; Watanabe 2023), Optuna's.

Candidates are drawn where the density of the good ones so far exceeds that of the others the
most; infeasible ones count as worse than all feasible ones, by how far they are.

    name           unit  meaning
    candidates           candidates in all
    batch                candidates asked at once
    seed                 seed of the choices
    prune                share of the worst in the short run that end there
    startup              random candidates before there is a model
    multivariate         one density of all parameters together, or one for each
    constant_liar        candidates that are being simulated count as bad ones
"""

from typing import ClassVar

from optuna.samplers import BaseSampler, TPESampler

from snnrun.component import component, param
from snnrun.optimizer._base import Optimizer, Space
from snnrun.optimizer._seeded import Seeded


@component
class Tpe(Optimizer):
    """Tree-structured Parzen estimator."""

    several_objectives: ClassVar[bool] = True

    startup: int = param("", "random candidates before there is a model", at_least=1)
    multivariate: bool = param("", "whether one density describes all parameters together")
    constant_liar: bool = param("", "whether candidates being simulated count as bad ones")

    def sampler(self, seed: int, space: Space) -> BaseSampler:
        together = space if self.multivariate else {}
        return Seeded(
            seed,
            together,
            lambda own: TPESampler(
                n_startup_trials=self.startup,
                multivariate=self.multivariate,
                constant_liar=self.constant_liar,
                seed=own,
            ),
        )
