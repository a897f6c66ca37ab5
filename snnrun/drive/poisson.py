"""Independent Poisson neurons that project: one spike reaches all targets of its source alike.

In each step a source spikes with probability rate * dt, so the mean rate is exact.
Source: the input layer of Huang et al. 2019, Neuron 101:337 (rate 10 sp/s).

    name       unit  meaning
    size             number of sources
    rate       sp/s  rate of each source
    positions        none, or grid / uniform on the unit square
"""

from typing import Any, NamedTuple

import numpy as np

from snnrun.component import component, param
from snnrun.drive._base import Drive
from snnrun.random import threefry2x32


class Coefficients(NamedTuple):
    """A source spikes when its random word is below the threshold; and a 1 (see `step`)."""

    threshold: Any
    one: Any


@component
class Poisson(Drive):
    """Population of independent Poisson sources."""

    size: int = param("", "number of sources", above=0)
    rate: float = param("sp/s", "rate of each source", at_least=0)
    positions: str = param(
        "", "layout on the unit square", choices=("none", "grid", "uniform"), optional=True
    )

    def check(self, dt: float) -> list[str]:
        if self.rate * dt / 1000 <= 1:
            return []
        return [f"rate: at most one spike a step, so at most 1000 / dt = {1000 / dt:g} sp/s"]

    def mean_rate(self) -> float:
        return self.rate

    def prepare(self, dt: float) -> Coefficients:
        threshold = min(round(self.rate * dt / 1000 * 2**32), 2**32 - 1)
        return Coefficients(threshold=np.uint32(threshold), one=np.float64(1))

    @staticmethod
    def step(key: Any, step: Any, size: int, c: Coefficients, xp: Any) -> Any:
        # Both words of a counter are used: the first half of the sources takes word 0.
        half = (size + 1) // 2
        index = xp.arange(half, dtype=np.uint32)[None]
        low, high = threefry2x32(key, index, step)
        both = (low < c.threshold) + 2 * (high < c.threshold).astype(np.float32)
        # A division by a number the compiler does not know keeps it from drawing twice.
        both = (both / c.one).astype(np.uint8)
        return [both & 1 != 0, both[:, : size - half] & 2 != 0]
