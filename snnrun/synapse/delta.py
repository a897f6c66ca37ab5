"""Voltage jump.

A spike of weight J moves the potential of its target by J (mV) when it arrives, at the start of
a step; the threshold is tested at that step's end. What arrives at a refractory neuron is lost.
Source: Brunel 2000, J Comput Neurosci 8:183; NEST's `iaf_psc_delta`.
"""

from typing import Any, NamedTuple

import numpy as np

from snnrun.component import component
from snnrun.synapse._base import Synapse


class Coefficients(NamedTuple):
    """Nothing to know."""


class State(NamedTuple):
    """Nothing to remember."""


@component
class Delta(Synapse):
    """Jump of the membrane potential."""

    weight_units = "mV"
    delivers = ("jump",)
    state = State

    def prepare(self, dt: float, membrane_tau: np.ndarray) -> Coefficients:
        del dt, membrane_tau
        return Coefficients()

    @staticmethod
    def init(shape: tuple[int, ...], dtype: Any, xp: Any) -> State:
        del shape, dtype, xp
        return State()

    @staticmethod
    def step(s: State, arrivals: Any, c: Coefficients) -> tuple[State, tuple[Any]]:
        del c
        return s, (arrivals,)
