"""Izhikevich neuron.

    dV/dt = 0.04 V^2 + 5 V + 140 - u + i_e + I(t)        du/dt = a (b V - u)

(V in mV, t in ms; the membrane has c_m = 1 pF, so a current of 1 pA is 1 mV/ms.) When
V >= v_peak at the end of a step, that step's end is the spike time: V becomes c, u grows by d.
`half_steps: true` is the convention of the published network (dt 1 ms): two half steps of V,
then one of u with the new V; `false` is plain Euler, V first, then u with the new V.

    name        unit   meaning                         source (Izhikevich 2003, RS)
    a           1/ms   rate of recovery                0.02
    b           1/ms   sensitivity of recovery         0.2
    c           mV     potential after a spike         -65
    d           mV/ms  recovery that a spike adds      8
    v_peak      mV     where a spike is declared       30
    i_e         pA     constant external current       0
    half_steps         two half steps of V in a step   true

Source: Izhikevich 2003, IEEE Trans Neural Netw 14:1569.
"""

from typing import Any, NamedTuple

import numpy as np

from snnrun.component import component, param
from snnrun.neuron._base import Inputs, Neuron, computed_once, jumped, ordered, synaptic_current


class Coefficients(NamedTuple):
    """Constants of one step; Euler's `second` piece of V has length 0."""

    first: Any
    second: Any
    a_dt: Any
    b: Any
    threshold: Any
    reset: Any
    jump: Any
    i_e: Any


class State(NamedTuple):
    """Membrane potential (mV) and recovery variable (mV/ms)."""

    v: Any
    u: Any


@component
class Izhikevich(Neuron):
    """Izhikevich's simple model."""

    state = State
    second = "u"
    capacitance = 1.0
    units = {"v": "mV", "u": "mV/ms"}  # noqa: RUF012 - a ClassVar of the base

    a: float = param("1/ms", "rate of recovery", above=0)
    b: float = param("1/ms", "sensitivity of recovery to the potential")
    c: float = param("mV", "potential after a spike")
    d: float = param("mV/ms", "recovery that a spike adds")
    v_peak: float = param("mV", "potential at which a spike is declared")
    i_e: float = param("pA", "constant external current")
    half_steps: bool = param("", "two half steps of V in a step, as in the published network")

    def check(self, dt: float) -> list[str]:
        far = [f"a: the model is made for steps of at most 1 ms, not {dt:g}"] if dt > 1 else []
        return far + ordered(self, "c", "v_peak")

    def resting_potential(self) -> Any:
        return self.c

    def prepare(self, dt: float) -> Coefficients:
        return Coefficients(
            first=dt / 2 if self.half_steps else dt,
            second=dt / 2 if self.half_steps else 0.0,
            a_dt=dt * np.asarray(self.a),
            b=self.b,
            threshold=self.v_peak,
            reset=self.c,
            jump=self.d,
            i_e=self.i_e,
        )

    @staticmethod
    def init(v: Any, c: Coefficients, xp: Any) -> State:
        return State(v=v, u=xp.asarray(c.b * v, v.dtype))

    @staticmethod
    def advance(s: State, inputs: Inputs, c: Coefficients, xp: Any) -> State:
        v = jumped(s.v, inputs)
        for piece in (c.first, c.second):
            current = c.i_e + synaptic_current(v, inputs)
            v = v + piece * (0.04 * v * v + 5 * v + 140 - s.u + current)
        v = computed_once(v, inputs.one)
        return State(v=v, u=s.u + c.a_dt * (c.b * v - s.u))
