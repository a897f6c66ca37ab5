"""Exponential integrate-and-fire neuron.

    c_m dV/dt = -g_l (V - e_l) + g_l slope_factor exp((V - v_th) / slope_factor) + i_e + I(t)

with g_l = c_m / tau_m; V is bounded below by v_min. When V reaches v_peak a spike is
declared and V is held at v_reset for t_ref; the earliest next spike is one step after that.
Forward Euler, as published for the spatial balanced network (Huang et al. 2019, Neuron
101:337; Wu et al. 2024, Nat Comput Sci 4:690), where c_m = 1 and currents are in mV/ms.

    name          unit  meaning                            source
    c_m           pF    membrane capacitance               Huang 2019: 1 (normalised)
    tau_m         ms    membrane time constant             15 (E), 10 (I)
    e_l           mV    leak reversal potential            -60
    v_th          mV    threshold of the upstroke V_T      -50
    slope_factor  mV    sharpness of the upstroke Delta_T  2 (E), 0.5 (I)
    v_peak        mV    where a spike is declared          -10
    v_reset       mV    potential after a spike            -65
    v_min         mV    lower bound                        -100
    t_ref         ms    absolute refractory period         1.5 (E), 0.5 (I)
    i_e           pA    constant external current          0
"""

from typing import Any, NamedTuple

import numpy as np

from snnrun.component import component, param
from snnrun.neuron._base import (
    Inputs,
    Neuron,
    jumped,
    ordered,
    refractory_steps,
    synaptic_current,
    unless_held,
)


class Coefficients(NamedTuple):
    """Constants of one Euler step."""

    leak: Any
    rest: Any
    gain: Any
    v_th: Any
    inv_slope: Any
    dt_per_c: Any
    v_min: Any
    threshold: Any
    reset: Any
    refractory: Any


class State(NamedTuple):
    """Membrane potential (mV) and remaining refractory steps."""

    v: Any
    refractory: Any


@component
class EIF(Neuron):
    """Exponential integrate-and-fire neuron, forward Euler."""

    state = State

    c_m: float = param("pF", "membrane capacitance", above=0)
    tau_m: float = param("ms", "membrane time constant", above=0)
    e_l: float = param("mV", "leak reversal potential")
    v_th: float = param("mV", "threshold of the exponential upstroke (V_T)")
    slope_factor: float = param("mV", "sharpness of the upstroke (Delta_T)", above=0)
    v_peak: float = param("mV", "potential at which a spike is declared")
    v_reset: float = param("mV", "potential after a spike")
    v_min: float = param("mV", "lower bound of the potential")
    t_ref: float = param("ms", "absolute refractory period", at_least=0, in_steps="rounded")
    i_e: float = param("pA", "constant external current")

    def check(self, dt: float) -> list[str]:
        del dt
        return ordered(self, "v_min", "v_reset") + ordered(self, "v_reset", "v_peak")

    def resting_potential(self) -> Any:
        return self.e_l

    def time_constants(self) -> dict[str, Any]:
        return {"tau_m": self.tau_m}

    def refractory_ms(self) -> Any:
        return self.t_ref

    def prepare(self, dt: float) -> Coefficients:
        leak = dt / np.asarray(self.tau_m)
        return Coefficients(
            leak=leak,
            rest=leak * self.e_l + dt * np.asarray(self.i_e) / self.c_m,
            gain=leak * self.slope_factor,
            v_th=self.v_th,
            inv_slope=1 / np.asarray(self.slope_factor),
            dt_per_c=dt / np.asarray(self.c_m),
            v_min=self.v_min,
            threshold=self.v_peak,
            reset=self.v_reset,
            refractory=refractory_steps(self.t_ref, dt),
        )

    @staticmethod
    def init(v: Any, c: Coefficients, xp: Any) -> State:
        del c
        return State(v=v, refractory=xp.zeros(v.shape, np.int32))

    @staticmethod
    def advance(s: State, inputs: Inputs, c: Coefficients, xp: Any) -> State:
        v = jumped(s.v, inputs)
        upstroke = c.gain * xp.exp((v - c.v_th) * c.inv_slope)
        dv = c.rest - c.leak * v + upstroke + c.dt_per_c * synaptic_current(v, inputs)
        return s._replace(v=unless_held(s, xp.maximum(v + dv, c.v_min), xp))
