"""Exponential current.

    dI/dt = -I / tau,    a spike of weight J adds J / tau (area) or J (peak) to I

`normalization: area` makes the weight the charge of one spike (fC = pA ms; with c_m = 1, mV),
`peak` makes it the peak current (pA), as in NEST's `iaf_psc_exp`. Integrated exactly.

    name           unit  meaning
    tau            ms    decay time constant
    normalization        what a weight is: area (charge) or peak (current)
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from snnrun.component import component, param
from snnrun.synapse._base import Synapse, effective, scaled


class Coefficients(NamedTuple):
    """Propagators of one step."""

    jump: Any
    decay: Any
    mean: Any


class State(NamedTuple):
    """Current (pA)."""

    i: Any


@component
class Exponential(Synapse):
    """Exponentially decaying current."""

    weight_units = "fC (area) or pA (peak)"
    state = State
    units = {"i": "pA"}  # noqa: RUF012 - a ClassVar of the base

    tau: float = param("ms", "decay time constant", above=0)
    normalization: str = param(
        "", "what a weight is: charge (area) or peak current (peak)", choices=("area", "peak")
    )

    @classmethod
    def weight_unit(cls, values: Mapping[str, Any]) -> str:
        return {"area": "fC", "peak": "pA"}.get(str(values.get("normalization")), "")

    def time_constants(self) -> dict[str, Any]:
        return {"tau": self.tau}

    def charge(self) -> float:
        return 1.0 if self.normalization == "area" else self.tau

    def prepare(self, dt: float, membrane_tau: np.ndarray) -> Coefficients:
        return Coefficients(
            jump=1 / self.tau if self.normalization == "area" else 1.0,
            decay=np.exp(-dt / self.tau),
            mean=effective(lambda t: np.exp(-t / self.tau), dt, membrane_tau),
        )

    @staticmethod
    def init(shape: tuple[int, ...], dtype: Any, xp: Any) -> State:
        return State(i=xp.zeros(shape, dtype))

    @staticmethod
    def step(s: State, arrivals: Any, c: Coefficients) -> tuple[State, tuple[Any]]:
        i = s.i + c.jump * arrivals
        return State(i=c.decay * i), (scaled(c.mean, i),)
