"""Poisson input of every neuron's own, as if from many independent sources.

In each step a target neuron gets K events, K Poisson with mean number * rate * dt, each with
the weight of the projection: thousands of inputs at the cost of one draw. K is drawn from a
table of 256 values by the alias method (Walker 1977, ACM Trans Math Softw 3:253), whose first
value is chosen so that what it leaves out has a probability below 1e-13. NEST's
`poisson_generator`, which also sends every target a train of its own, has rate number * rate.

    name    unit  meaning
    number        independent sources of a neuron
    rate    sp/s  rate of each of them
"""

from typing import Any, NamedTuple

import numpy as np

from snnrun.component import component, param
from snnrun.drive._base import Drive
from snnrun.random import threefry2x32

_VALUES = 256
_MOST = 256.0  # events a step: eight standard deviations either side fit into the table


class Coefficients(NamedTuple):
    """Alias table `[256]` (24 bits: threshold, 8 bits: alias), its first value, and a 1."""

    table: Any
    first: Any
    one: Any


@component
class PrivatePoisson(Drive):
    """Poisson events for every target neuron by itself."""

    emits = "counts"

    number: int = param("", "independent sources of a neuron", above=0)
    rate: float = param("sp/s", "rate of each of them", at_least=0)

    def check(self, dt: float) -> list[str]:
        if self._mean(dt) <= _MOST:
            return []
        most = _MOST * 1000 / dt / self.number
        return [f"rate: at most {_MOST:g} events a step, so at most {most:g} sp/s"]

    def mean_rate(self) -> float:
        return self.number * self.rate

    def _mean(self, dt: float) -> float:
        return self.number * self.rate * dt / 1000

    def prepare(self, dt: float) -> Coefficients:
        mean = self._mean(dt)
        first = max(0, round(mean - _VALUES / 2))
        return Coefficients(
            table=_alias(_probabilities(mean, first)),
            first=np.int32(first),
            one=np.float64(1),
        )

    @staticmethod
    def step(key: Any, step: Any, size: int, c: Coefficients, xp: Any) -> Any:
        half = (size + 1) // 2
        index = xp.arange(half, dtype=np.uint32)[None]
        drawn = []
        for word in threefry2x32(key, index, step):
            column = word >> 24
            entry = xp.asarray(c.table)[column]
            kept = (word & 0xFFFFFF) < entry >> 8
            drawn.append(c.first + xp.where(kept, column, entry & 0xFF).astype(np.int32))
        return [drawn[0], drawn[1][:, : size - half]]


def _probabilities(mean: float, first: int) -> np.ndarray:
    """Return the probabilities of `first`, `first` + 1, … of a Poisson variable, `[256]`."""
    k = first + np.arange(_VALUES)
    if mean == 0:
        return (k == 0).astype(float)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, k[-1] + 1)))])
    p = np.exp(k * np.log(mean) - mean - log_factorial[k])
    return p / p.sum()


def _alias(p: np.ndarray) -> np.ndarray:
    """Return the alias table of probabilities `[256]`, packed into uint32."""
    share, alias = p * _VALUES, np.arange(_VALUES)
    small = [i for i in range(_VALUES) if share[i] < 1]
    large = [i for i in range(_VALUES) if share[i] >= 1]
    threshold = np.ones(_VALUES)
    while small and large:
        low, high = small.pop(), large[-1]
        threshold[low], alias[low] = share[low], high
        share[high] -= 1 - share[low]
        if share[high] < 1:
            small.append(large.pop())
    packed = np.minimum(np.rint(threshold * 2**24), 2**24 - 1).astype(np.uint32) << np.uint32(8)
    return packed | alias.astype(np.uint32)
