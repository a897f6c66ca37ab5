"""Bayesian optimisation with Gaussian processes (Jones et al. 1998; Gardner et al. 2014).

After some points of a Sobol' sequence, each candidate maximises the expected improvement of
the cost times the probability of being feasible. Others that are being simulated are pretended
to have come out average, so that a batch spreads.

    name        unit  meaning
    candidates        candidates in all
    batch             candidates asked at once
    seed              seed of the choices
    prune             share of the worst in the short run that end there
    startup           candidates of a Sobol' sequence before there is a model
    kernel            matern52 or squared_exponential: how smooth the cost is
    log_cost          its logarithm is modelled, unless a cost is below 0
    samples           random places at which the acquisition is looked at
"""

from optuna.samplers import BaseSampler

from snnrun.component import component, param
from snnrun.optimizer._acquisition import Model, Search
from snnrun.optimizer._base import Optimizer, Space
from snnrun.optimizer._model import ModelSampler, Procedure, sobol


@component
class Gp(Optimizer):
    """Expected improvement under Gaussian processes."""

    startup: int = param("", "candidates of a Sobol' sequence before there is a model", at_least=2)
    kernel: str = param("", "how smooth the cost is", choices=("matern52", "squared_exponential"))
    log_cost: bool = param("", "whether the logarithm of the cost is modelled")
    samples: int = param("", "random places at which the acquisition is looked at", at_least=1)

    def sampler(self, seed: int, space: Space) -> BaseSampler:
        model = Model(
            kernel=self.kernel,
            log_cost=self.log_cost,
            response=False,
            epsilon=0.0,
            lowest_noise=1e-3,
        )
        search = Search(samples=self.samples, near=self.samples // 4, refined=3, iterations=30)
        return ModelSampler(seed, space, Procedure(self.startup, sobol, model, search))
