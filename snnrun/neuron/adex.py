"""Adaptive exponential integrate-and-fire neuron.

    c_m dV/dt   = -g_l (V - e_l) + g_l slope_factor exp((V - v_th) / slope_factor) - w + i_e + I(t)
    tau_w dw/dt = a (V - e_l) - w

V is bounded below by v_min. When V reaches v_peak a spike is declared, w grows by b, and V is
held at v_reset for t_ref (w goes on). `substeps: 1` is forward Euler, w with the V before the
step, as in most published networks. With more, a time step is so many Heun steps, and a spike
resets V inside of it: spike times are then correct to about dt.

    name          unit  meaning                            source (Brette & Gerstner 2005)
    c_m           pF    membrane capacitance               281
    g_l           nS    leak conductance                   30
    e_l           mV    leak reversal potential            -70.6
    v_th          mV    threshold of the upstroke V_T      -50.4
    slope_factor  mV    sharpness of the upstroke Delta_T  2
    v_peak        mV    where a spike is declared          0 (NEST: aeif_cond_exp)
    v_reset       mV    potential after a spike            -70.6
    v_min         mV    lower bound                        -100
    t_ref         ms    absolute refractory period         0
    a             nS    subthreshold adaptation            4
    b             pA    spike-triggered adaptation         80.5
    tau_w         ms    adaptation time constant           144
    i_e           pA    constant external current          0
    substeps            Heun steps in a time step; 1: forward Euler

Source: Brette & Gerstner 2005, J Neurophysiol 94:3637.
"""

import functools
from typing import Any, NamedTuple

import numpy as np

from snnrun.component import component, param
from snnrun.neuron._base import (
    Inputs,
    Neuron,
    computed_once,
    jumped,
    ordered,
    refractory_steps,
    synaptic_current,
    unless_held,
)


class Coefficients(NamedTuple):
    """Constants of one step; `dt_per_c` and `dt_per_tau_w` are those of a whole one."""

    g_l: Any
    e_l: Any
    gain: Any
    v_th: Any
    inv_slope: Any
    a: Any
    i_e: Any
    dt_per_c: Any
    dt_per_tau_w: Any
    v_min: Any
    threshold: Any
    reset: Any
    refractory: Any
    jump: Any


class State(NamedTuple):
    """Membrane potential (mV), adaptation current (pA), remaining refractory steps."""

    v: Any
    w: Any
    refractory: Any


@component
class AdEx(Neuron):
    """Adaptive exponential integrate-and-fire neuron."""

    state = State
    second = "w"
    units = {**Neuron.units, "w": "pA"}  # noqa: RUF012 - a ClassVar of the base

    c_m: float = param("pF", "membrane capacitance", above=0)
    g_l: float = param("nS", "leak conductance", above=0)
    e_l: float = param("mV", "leak reversal potential")
    v_th: float = param("mV", "threshold of the exponential upstroke (V_T)")
    slope_factor: float = param("mV", "sharpness of the upstroke (Delta_T)", above=0)
    v_peak: float = param("mV", "potential at which a spike is declared")
    v_reset: float = param("mV", "potential after a spike")
    v_min: float = param("mV", "lower bound of the potential")
    t_ref: float = param("ms", "absolute refractory period", at_least=0, in_steps="rounded")
    a: float = param("nS", "subthreshold adaptation")
    b: float = param("pA", "adaptation that a spike adds")
    tau_w: float = param("ms", "adaptation time constant", above=0)
    i_e: float = param("pA", "constant external current")
    substeps: int = param("", "Heun steps in a time step; 1: forward Euler", at_least=1, at_most=32)

    def check(self, dt: float) -> list[str]:
        del dt
        return ordered(self, "v_min", "v_reset") + ordered(self, "v_reset", "v_peak")

    def model(self) -> type[Any]:
        return type(self) if self.substeps == 1 else substepped(self.substeps)

    def resting_potential(self) -> Any:
        return self.e_l

    def time_constants(self) -> dict[str, Any]:
        numbers = isinstance(self.c_m, float) and isinstance(self.g_l, float)
        return {"tau_w": self.tau_w} | ({"c_m / g_l": self.c_m / self.g_l} if numbers else {})

    def refractory_ms(self) -> Any:
        return self.t_ref

    def prepare(self, dt: float) -> Coefficients:
        return Coefficients(
            g_l=self.g_l,
            e_l=self.e_l,
            gain=np.asarray(self.g_l) * self.slope_factor,
            v_th=self.v_th,
            inv_slope=1 / np.asarray(self.slope_factor),
            a=self.a,
            i_e=self.i_e,
            dt_per_c=dt / np.asarray(self.c_m),
            dt_per_tau_w=dt / np.asarray(self.tau_w),
            v_min=self.v_min,
            threshold=self.v_peak,
            reset=self.v_reset,
            refractory=refractory_steps(self.t_ref, dt),
            jump=self.b,
        )

    @staticmethod
    def init(v: Any, c: Coefficients, xp: Any) -> State:
        del c
        return State(v=v, w=xp.zeros_like(v), refractory=xp.zeros(v.shape, np.int32))

    @staticmethod
    def advance(s: State, inputs: Inputs, c: Coefficients, xp: Any) -> State:
        v = unless_held(s, jumped(s.v, inputs), xp)
        dv, dw = _slopes(v, s.w, inputs, c, xp)
        after = unless_held(s, xp.maximum(v + c.dt_per_c * dv, c.v_min), xp)
        return s._replace(v=after, w=s.w + c.dt_per_tau_w * dw)


def _slopes(v: Any, w: Any, inputs: Inputs, c: Coefficients, xp: Any) -> tuple[Any, Any]:
    """Return c_m dV/dt (pA) and tau_w dw/dt (pA)."""
    upstroke = c.gain * xp.exp((xp.minimum(v, c.threshold) - c.v_th) * c.inv_slope)
    current = c.i_e + synaptic_current(v, inputs)
    return c.g_l * (c.e_l - v) + upstroke - w + current, c.a * (v - c.e_l) - w


@functools.cache
def substepped(number: int) -> type[Any]:
    """Return the model with so many Heun steps in a time step; it resets within the step."""

    class Substepped(AdEx):
        @staticmethod
        def advance(s: State, inputs: Inputs, c: Coefficients, xp: Any) -> State:
            held = s.refractory > 0
            part = c._replace(dt_per_c=c.dt_per_c / number, dt_per_tau_w=c.dt_per_tau_w / number)
            v, w = unless_held(s, jumped(s.v, inputs), xp), s.w
            spiked = xp.zeros(v.shape, bool)
            for _ in range(number):
                holds = held | (spiked & (c.refractory > 0))
                v, w, fired = _heun(v, w, holds, inputs, part, xp)
                spiked = spiked | fired
            return State(v=v, w=w, refractory=xp.where(spiked, -1, s.refractory))

        @classmethod
        def spike(cls, s: State, c: Coefficients, xp: Any) -> tuple[State, Any]:
            spiked = s.refractory < 0
            left = xp.where(spiked, c.refractory, xp.maximum(s.refractory - 1, 0))
            return s._replace(refractory=left), spiked

    return Substepped


def _heun(
    v: Any, w: Any, holds: Any, inputs: Inputs, c: Coefficients, xp: Any
) -> tuple[Any, Any, Any]:
    """Return V and w a Heun step later, and who spiked; V of those it `holds` is the reset."""
    dv, dw = _slopes(v, w, inputs, c, xp)
    ahead = xp.minimum(v + c.dt_per_c * dv, c.threshold)  # an upstroke may overshoot by far
    dv2, dw2 = _slopes(ahead, w + c.dt_per_tau_w * dw, inputs, c, xp)
    v = computed_once(xp.maximum(v + c.dt_per_c * (dv + dv2) / 2, c.v_min), inputs.one)
    fired = ~holds & (v >= c.threshold)
    w = w + c.dt_per_tau_w * (dw + dw2) / 2 + xp.where(fired, c.jump, 0 * c.jump)
    return xp.where(holds | fired, c.reset, v), w, fired
