"""Current of one time step.

A spike of weight J brings the charge J (fC = pA ms; with c_m = 1, mV) as a constant current
J / dt over the step it arrives in. With dt 1 ms and Izhikevich neurons this is the published
network, whose weights are added to the input of one millisecond (Izhikevich 2003, IEEE Trans
Neural Netw 14:1569).
"""

from typing import Any, NamedTuple

import numpy as np

from snnrun.component import component
from snnrun.synapse._base import Synapse


class Coefficients(NamedTuple):
    """One over dt."""

    per_dt: Any


class State(NamedTuple):
    """Nothing to remember."""


@component
class Impulse(Synapse):
    """Charge delivered within one step."""

    state = State

    def charge(self) -> float:
        return 1.0

    def prepare(self, dt: float, membrane_tau: np.ndarray) -> Coefficients:
        del membrane_tau
        return Coefficients(per_dt=1 / dt)

    @staticmethod
    def init(shape: tuple[int, ...], dtype: Any, xp: Any) -> State:
        del shape, dtype, xp
        return State()

    @staticmethod
    def step(s: State, arrivals: Any, c: Coefficients) -> tuple[State, tuple[Any]]:
        return s, (c.per_dt * arrivals,)
