"""SNOPS: the published procedure to fit spiking networks (Wu et al. 2024, Nat Comput Sci 4:690).

Uniform random candidates first. Then each one maximises P_feasible x EI under two exact
Gaussian processes (ARD Matérn 5/2, constant mean): of the logarithm of the cost at feasible
candidates, and of the labels 0 and 1 at all; the standard deviations include the noise. The
maximum is the best of many uniform samples, the first few refined by 10 steps of Nelder-Mead.

Intensification: a candidate whose mean cost is below that of the best one plus two of its
standard errors is simulated again with other networks, min_repeats times at least, then until
its standard error is at most tolerance or max_repeats is reached. Its mean is its cost.

Left open there, and done here: the search is sequential, in a batch candidates that are being
simulated are pretended to have come out average; choices and whole numbers are not searched
there; until one candidate is feasible the next ones are uniform; where all are feasible,
P_feasible is 1; of more than 200 observations, 200 decide on lengths and noise, and 128 on which
2000 of the samples are looked at given all. Its recycling of concurrent searches is that of
workers on one study; its test for low costs never ends a search.

    name         unit  meaning
    candidates         candidates in all
    batch              candidates asked at once
    seed               seed of the choices
    prune              share of the worst in the short run that end there
    startup            uniform random candidates before there is a model
    samples            random places at which the acquisition is looked at
    refined            how many of them start a local search
    epsilon            improvement that counts, in standard deviations of the costs
    log_cost           the logarithm of the cost is modelled
    min_repeats        networks of a promising candidate, at least
    max_repeats        networks of a promising candidate, at most
    tolerance          standard error of the cost at which a promising one is settled
"""

import math
from collections.abc import Sequence

from optuna.samplers import BaseSampler

from snnrun.component import component, param
from snnrun.optimizer._acquisition import Model, Search
from snnrun.optimizer._base import Incumbent, Optimizer, Space, standard_error
from snnrun.optimizer._model import ModelSampler, Procedure, uniform


@component
class Snops(Optimizer):
    """Spiking network optimisation using population statistics."""

    startup: int = param("", "uniform random candidates before there is a model", at_least=1)
    samples: int = param("", "random places at which the acquisition is looked at", at_least=1)
    refined: int = param("", "how many of them start a local search", at_least=0)
    epsilon: float = param("", "improvement that counts, in SD of the costs", at_least=0)
    log_cost: bool = param("", "whether the logarithm of the cost is modelled")
    min_repeats: int = param("", "networks of a promising candidate, at least", at_least=1)
    max_repeats: int = param("", "networks of a promising candidate, at most", at_least=1)
    tolerance: float = param("", "standard error at which a promising one is settled", at_least=0)

    def check(self, dt: float) -> list[str]:
        del dt
        few = self.max_repeats < self.min_repeats
        return [f"max_repeats: must be at least min_repeats ({self.min_repeats})"] if few else []

    def sampler(self, seed: int, space: Space) -> BaseSampler:
        model = Model(
            kernel="matern52",
            log_cost=self.log_cost,
            response=True,
            epsilon=self.epsilon,
            lowest_noise=1e-2,
        )
        search = Search(samples=self.samples, near=0, refined=self.refined, iterations=10)
        return ModelSampler(seed, space, Procedure(self.startup, uniform, model, search))

    def again(self, costs: Sequence[float], best: Incumbent | None) -> bool:
        mean = sum(costs) / len(costs)
        if best is not None:
            error = best.se if math.isfinite(best.se) else 0.0  # of one network it is not known
            if not mean < best.cost + 2 * error:
                return False
        if len(costs) < self.min_repeats:
            return True
        return len(costs) < self.max_repeats and standard_error(costs) > self.tolerance
