"""Leaky integrate-and-fire neuron, integrated exactly.

    c_m dV/dt = -(c_m / tau_m) (V - e_l) + i_e + I(t)

When V >= v_th at the end of a step, that step's end is the spike time; V is held at v_reset
for t_ref. Conventions, names and default numbers are those of NEST's `iaf_psc_exp`. For
currents whose synapses are linear the update is exact (Rotter & Diesmann 1999, Biol Cybern
81:381): the synapse hands over the constant current with the same effect over the step.

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
from snnrun.neuron._base import Inputs, Neuron, computed_once, refractory_steps


class Coefficients(NamedTuple):
    """Propagators of one step."""

    decay: Any
    rest: Any
    resistance: Any
    v_th: Any
    v_reset: Any
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
    t_ref: float = param("ms", "absolute refractory period", at_least=0)
    i_e: float = param("pA", "constant external current")

    def check(self, dt: float) -> list[str]:
        del dt
        numbers = all(isinstance(x, (int, float)) for x in (self.v_reset, self.v_th))
        if numbers and not self.v_reset < self.v_th:
            return [f"v_reset: must be below v_th ({self.v_th:g})"]
        return []

    def membrane_tau(self) -> Any:
        return self.tau_m

    def resting_potential(self) -> Any:
        return self.e_l

    def time_constants(self) -> dict[str, Any]:
        return {"tau_m": self.tau_m}

    def refractory_ms(self) -> Any:
        return self.t_ref

    def prepare(self, dt: float) -> Coefficients:
        decay = np.exp(-dt / np.asarray(self.tau_m))
        resistance = -np.expm1(-dt / np.asarray(self.tau_m)) * self.tau_m / self.c_m
        return Coefficients(
            decay=decay,
            rest=(1 - decay) * self.e_l + resistance * self.i_e,
            resistance=resistance,
            v_th=self.v_th,
            v_reset=self.v_reset,
            refractory=refractory_steps(self.t_ref, dt),
        )

    @staticmethod
    def init(v: Any, c: Coefficients, xp: Any) -> State:
        del c
        return State(v=v, refractory=xp.zeros(v.shape, np.int32))

    @staticmethod
    def step(s: State, inputs: Inputs, c: Coefficients, xp: Any) -> tuple[State, Any]:
        v = computed_once(c.rest + c.decay * s.v + c.resistance * inputs.current, inputs)
        active = s.refractory == 0
        spiked = active & (v >= c.v_th)
        v = xp.where(active & ~spiked, v, c.v_reset)
        left = xp.where(spiked, c.refractory, xp.maximum(s.refractory - 1, 0))
        return State(v=v, refractory=left), spiked
