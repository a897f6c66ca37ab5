"""What every optimizer is: settings from which an Optuna sampler is made.

A candidate is one set of parameters (Optuna's trial); they are asked in batches and simulated
together. The draws of a candidate follow from the seed and its number, so what is asked next
depends on the study alone: a search that is resumed goes on as if it had not stopped.

What the caller tells, for all kinds:
    done            its cost, a finite number
    infeasible      `set_constraint(name, > 0)`, then the cost `math.inf` for each objective
    pruned          state PRUNED, what it cost in a short run as its cost
    failed          state FAIL: no optimizer learns from it, so a network that can't run at
                    these parameters is to be told as infeasible
"""

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler

from snnrun.component import Component, component, param
from snnrun.errors import ConfigError

Space = Mapping[str, BaseDistribution]


class Incumbent(NamedTuple):
    """The best of the other candidates: its mean cost over networks and that mean's error.

    `se`: NaN or infinite where it had one network; it then counts as none.
    """

    cost: float
    se: float


@component
class Optimizer(Component):
    """A way to choose candidates.

    `several_objectives`: it can search for a Pareto front; `constrained`: infeasible candidates
    steer it (to the others they are merely bad); `choices`: it can search values without order.
    """

    several_objectives: ClassVar[bool] = False
    constrained: ClassVar[bool] = True
    choices: ClassVar[bool] = True

    candidates: int = param("", "candidates in all, those of earlier runs included", at_least=1)
    batch: int = param("", "candidates asked at once; none: as fit", at_least=1, optional=True)
    seed: int = param("", "seed of the choices; none: that of the run", at_least=0, optional=True)
    prune: float = param(
        "",
        "share of the worst in the short run that end there",
        above=0,
        at_most=0.9,
        optional=True,
    )

    def missing(self) -> list[str]:
        """Return what has to be installed for this kind, as messages."""
        return []

    def ready(self, space: Space, objectives: int = 1) -> None:
        """Complain before anything is simulated: ConfigError with all problems."""
        problems = [f"optimizer.kind: {text}" for text in self.missing()]
        if objectives > 1 and not self.several_objectives:
            wanted = f"{self.kind} searches one objective, not {objectives}"
            problems.append(f"optimizer.kind: {wanted}; use tpe or nsga2")
        if objectives > 1 and self.prune is not None:
            problems.append(f"optimizer.prune: must be null with {objectives} objectives")
        for name, distribution in space.items():
            if isinstance(distribution, CategoricalDistribution) and not self.choices:
                problems.append(f"search.{name}: {self.kind} can't search choices; use tpe or gp")
        if not space:
            problems.append("search: there is no parameter to search")
        if problems:
            raise ConfigError(*problems)

    def most_at_once(self, parameters: int) -> int | None:
        """Return how many candidates to ask at once where `batch` says nothing; None: any number.

        `parameters`: how many are searched.
        """
        del parameters
        return None

    def sampler(self, seed: int, space: Space) -> BaseSampler:
        """Return the sampler for a study whose candidates are asked with `ask(space)`."""
        raise NotImplementedError

    def again(self, costs: Sequence[float], best: Incumbent | None) -> bool:
        """Return whether a candidate has to be simulated once more, with another network.

        `costs`: those it has had so far, all of them feasible.
        """
        del costs, best
        return False


def standard_error(costs: Sequence[float]) -> float:
    """Return the standard error of the mean of several costs; infinite for a single one."""
    n = len(costs)
    if n < 2:
        return math.inf
    mean = math.fsum(costs) / n
    return math.sqrt(math.fsum((c - mean) ** 2 for c in costs) / (n - 1) / n)
