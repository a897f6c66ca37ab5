"""Terms of a cost: what each wants of one statistic."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from snnrun.component import param
from snnrun.search.record import Goal
from snnrun.statistics._base import Estimate

Estimates = Mapping[tuple[str, str], Estimate]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Term:
    """What is wanted of a statistic: its value, a range, or as little as possible of it."""

    statistic: str = param("", "name of a statistic that is computed")
    population: str = param("", "its population; none: the only one it has", optional=True)
    target: float | list = param("", "value to reach; that of a vector is a list", optional=True)
    low: float = param("", "lowest value that costs nothing", optional=True)
    high: float = param("", "highest value that costs nothing", optional=True)
    minimise: bool = param("", "the less, the better", optional=True)
    weight: float = param("", "of this term in the cost; none: 1", at_least=0, optional=True)
    scale: float = param(
        "", "variance that counts as 1; none: over the recordings, or 1", above=0, optional=True
    )

    @property
    def key(self) -> tuple[str, str]:
        """The population and the statistic."""
        return self.population, self.statistic

    @property
    def share(self) -> float:
        """The weight."""
        return 1.0 if self.weight is None else self.weight

    @property
    def variance(self) -> float:
        """The scale."""
        return 1.0 if self.scale is None else self.scale

    @property
    def goal(self) -> Goal:
        """What is wanted, for pictures."""
        wanted = None if self.target is None else tuple(np.atleast_1d(self.target).tolist())
        return Goal(".".join(self.key), wanted, self.low, self.high, self.variance)

    def replace(self, **values: Any) -> "Term":
        """Return a copy with other values."""
        return dataclasses.replace(self, **values)

    def difference(self, value: np.ndarray) -> np.ndarray:
        """Return how far a statistic `[]` or `[n]` is from what is wanted, element by element.

        The shorter one of a vector and its target is padded with zeros; in a range it is 0, outside
        the distance to the nearest bound; what is to be minimised is as far from 0 as it is.
        """
        if self.target is not None:
            target = np.asarray(self.target, np.float64)
            if value.ndim == 0 and target.ndim == 0:
                return value - target
            n = max(value.size, target.size)
            return _padded(value, n) - _padded(target, n)
        below = 0.0 if self.low is None else np.minimum(value - self.low, 0)
        above = 0.0 if self.high is None else np.maximum(value - self.high, 0)
        return value if self.minimise else np.asarray(below + above)


def value_of(estimates: Estimates, term: Term) -> np.ndarray | str:
    """Return the statistic of a term, or why it has no value."""
    name = ".".join(term.key)
    if term.key not in estimates:
        return f"{name}: was not computed"
    estimate = estimates[term.key]
    if not np.isfinite(estimate.value).all():
        return f"{name}: {estimate.reason or 'is not finite'}"
    return np.asarray(estimate.value, np.float64)


def _padded(x: np.ndarray, n: int) -> np.ndarray:
    return np.pad(np.atleast_1d(x), (0, n - x.size))
