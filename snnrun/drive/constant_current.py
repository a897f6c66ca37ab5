"""Constant current between two times, into every neuron of the population it projects to.

The weight of the projection multiplies it. It acts in the steps that start in
[start_ms, stop_ms).

    name       unit  meaning
    amplitude  pA    current
    start_ms   ms    first step that gets it
    stop_ms    ms    first step that no longer gets it (none: never ends)
"""

from typing import Any, NamedTuple

import numpy as np

from snnrun.component import component, param
from snnrun.drive._base import Drive

_FOREVER = 2**31 - 1


class Coefficients(NamedTuple):
    """Current and the steps between which it acts."""

    amplitude: Any
    start: Any
    stop: Any


@component
class ConstantCurrent(Drive):
    """Direct current."""

    emits = "current"

    amplitude: float = param("pA", "current")
    start_ms: float = param(
        "ms", "first step that gets it starts here", at_least=0, in_steps="rounded"
    )
    stop_ms: float = param(
        "ms", "no step that starts here or later gets it", optional=True, in_steps="rounded"
    )

    def check(self, dt: float) -> list[str]:
        del dt
        if self.stop_ms is not None and self.stop_ms <= self.start_ms:
            return [f"stop_ms: must be above start_ms ({self.start_ms:g})"]
        return []

    def prepare(self, dt: float) -> Coefficients:
        stop = np.inf if self.stop_ms is None else self.stop_ms
        return Coefficients(
            amplitude=np.float64(self.amplitude),
            start=np.uint32(round(min(self.start_ms / dt, _FOREVER))),
            stop=np.uint32(round(min(stop / dt, _FOREVER))),
        )

    @staticmethod
    def pair(key: Any, half: Any, index: Any, c: Coefficients, xp: Any) -> tuple[Any, Any]:
        del key, index
        even, odd = (
            xp.where((step >= c.start) & (step < c.stop), c.amplitude, 0 * c.amplitude)
            for step in (2 * half, 2 * half + 1)
        )
        return even[None, None], odd[None, None]
