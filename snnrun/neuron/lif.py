"""Leaky integrate-and-fire neuron, integrated exactly.

    c_m dV/dt = -(c_m / tau_m) (V - e_l) + i_e + I(t)

When V >= v_th at the end of a step, that step's end is the spike time; V is held at v_reset
for t_ref. Conventions, names and default numbers are those of NEST's `iaf_psc_exp`. For
currents whose synapses are linear the update is exact (Rotter & Diesmann 1999, Biol Cybern
81:381): the synapse hands over the constant current with the same effect over the step.
With conductances the equation is solved as if they were constant over the step (exponential
Euler).

    name     unit  meaning                     source (NEST iaf_psc_exp)
    c_m      pF    membrane capacitance        250
    tau_m    ms    membrane time constant      10
    e_l      mV    resting potential           -70
    v_th     mV    spike threshold             -55
    v_reset  mV    potential after a spike     -70
    t_ref    ms    absolute refractory period  2
    i_e      pA    constant external current   0
"""

from typing import Any, NamedTuple

import numpy as np

from snnrun.component import component, param
from snnrun.neuron._base import Inputs, Neuron, jumped, ordered, refractory_steps, unless_held


class Coefficients(NamedTuple):
    """Constants of one step; `relaxed`: share of the way to `v_inf` that V goes in it."""

    relaxed: Any
    v_inf: Any
    resistance: Any
    g_l: Any
    i_rest: Any
    dt_per_c: Any
    threshold: Any
    reset: Any
    refractory: Any


class State(NamedTuple):
    """Membrane potential (mV) and remaining refractory steps."""

    v: Any
    refractory: Any


@component
class LIF(Neuron):
    """Leaky integrate-and-fire neuron, exact integration."""

    state = State

    c_m: float = param("pF", "membrane capacitance", above=0)
    tau_m: float = param("ms", "membrane time constant", above=0)
    e_l: float = param("mV", "resting potential")
    v_th: float = param("mV", "spike threshold")
    v_reset: float = param("mV", "potential after a spike")
    t_ref: float = param("ms", "absolute refractory period", at_least=0, in_steps="rounded")
    i_e: float = param("pA", "constant external current")

    def check(self, dt: float) -> list[str]:
        del dt
        return ordered(self, "v_reset", "v_th")

    def membrane_tau(self) -> Any:
        return self.tau_m

    def resting_potential(self) -> Any:
        return self.e_l

    def time_constants(self) -> dict[str, Any]:
        return {"tau_m": self.tau_m}

    def refractory_ms(self) -> Any:
        return self.t_ref

    def prepare(self, dt: float) -> Coefficients:
        resistance = np.asarray(self.tau_m) / self.c_m
        return Coefficients(
            relaxed=-np.expm1(-dt / np.asarray(self.tau_m)),
            v_inf=self.e_l + resistance * self.i_e,
            resistance=resistance,
            g_l=self.c_m / np.asarray(self.tau_m),
            i_rest=self.c_m / np.asarray(self.tau_m) * self.e_l + self.i_e,
            dt_per_c=dt / np.asarray(self.c_m),
            threshold=self.v_th,
            reset=self.v_reset,
            refractory=refractory_steps(self.t_ref, dt),
        )

    @staticmethod
    def init(v: Any, c: Coefficients, xp: Any) -> State:
        del c
        return State(v=v, refractory=xp.zeros(v.shape, np.int32))

    @staticmethod
    def advance(s: State, inputs: Inputs, c: Coefficients, xp: Any) -> State:
        before = jumped(s.v, inputs)
        if inputs.conductance is None:
            # a decay near 1, rounded, would move the potential V rests at
            v = before + c.relaxed * (c.v_inf - before + c.resistance * inputs.current)
        else:
            v = _with_conductances(before, inputs, c, xp)
        return s._replace(v=unless_held(s, v, xp))


def _with_conductances(v: Any, inputs: Inputs, c: Coefficients, xp: Any) -> Any:
    """Return the potential after a step in which conductances and currents are constant."""
    total = c.g_l + inputs.conductance
    target = (c.i_rest + inputs.current + inputs.reversal_current) / total
    return target + (v - target) * xp.exp(-c.dt_per_c * total)
