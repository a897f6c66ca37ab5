"""What every neuron model is.

Shapes: `B` lanes (independent simulations computed together), `N` neurons.
"""

from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from snnrun.component import Component

N = TypeVar("N", bound=tuple)


class Inputs(NamedTuple):
    """What a neuron gets in a step, `[B, N]` each; None where nothing of the kind is delivered.

    `current` (pA): constant over the step; `conductance` (nS) and `reversal_current` (pA): sums
    of g and of g times the reversal potential; `jump` (mV): added to V at the start of the
    step; `one`: a 1 unknown to the compiler.
    """

    current: Any
    conductance: Any = None
    reversal_current: Any = None
    jump: Any = None
    one: Any = 1.0

    def part(self, start: int, stop: int) -> "Inputs":
        """Return the inputs of neurons [start, stop)."""
        cut = (x if x is None else x[..., start:stop] for x in self[:-1])
        return Inputs._make((*cut, self.one))


def computed_once(x: Any, one: Any) -> Any:
    """Return x, so that it is computed once although several results use it.

    XLA copies a cheap producer into each of its consumers; a division by a number that is
    only known at run time (`one`, a 1) is not cheap, so its result is stored and read.
    """
    return x / one


def jumped(v: Any, inputs: Inputs) -> Any:
    """Return the potential (mV) once what arrived at the start of the step has moved it."""
    return v if inputs.jump is None else v + inputs.jump


def synaptic_current(v: Any, inputs: Inputs) -> Any:
    """Return the current (pA) into a membrane at potential `v`."""
    if inputs.conductance is None:
        return inputs.current
    return inputs.current + (inputs.reversal_current - inputs.conductance * v)


def unless_held(s: Any, v: Any, xp: Any) -> Any:
    """Return `v` of those that are not refractory, and the potential as it was of the others."""
    return xp.where(s.refractory == 0, v, s.v)


class Neuron(Component):
    """A point neuron. Parameters are numbers, or `[N]` arrays once drawn.

    In a time step `advance` moves the membrane, then `spike` resets those whose V is at or
    above the coefficient `threshold`: V becomes `reset`, where a state with `refractory` holds it
    for the coefficient `refractory` steps, and `jump` is added to the state variable `second`.
    `xp` is `jax.numpy` or `numpy`.
    """

    receives: ClassVar[tuple[str, ...]] = ("current", "conductance", "reversal_current", "jump")
    state: ClassVar[type]
    units: ClassVar[dict[str, str]] = {"v": "mV", "refractory": "steps"}
    capacitance: ClassVar[float | None] = None  # pF, of a model without a parameter c_m
    second: ClassVar[str | None] = None

    @classmethod
    def state_variables(cls) -> tuple[str, ...]:
        """Return the names of the state variables, for recording."""
        fields: tuple[str, ...] = cls.state._fields  # type: ignore[attr-defined]
        return fields

    @classmethod
    def inherited(cls, old: dict[str, Any]) -> dict[str, Any]:
        """Keep the membrane's time constant: tau_m = c_m / g_l."""
        c_m, tau_m, g_l = (old.get(name) for name in ("c_m", "tau_m", "g_l"))
        for name, top, bottom in (("g_l", c_m, tau_m), ("tau_m", c_m, g_l)):
            numbers = isinstance(top, (int, float)) and isinstance(bottom, (int, float))
            if name in cls.parameters() and name not in old and numbers and bottom:
                return {name: top / bottom}
        return {}

    def model(self) -> type[Any]:
        """Return the class whose methods are compiled: this one, or a variant of it."""
        return type(self)

    def membrane_tau(self) -> Any:
        """Return the time constant (ms) of a linear membrane, or None.

        A model that returns one gets, as `current`, the constant current that moves its
        membrane over the step exactly as the synapses' time course does.
        """
        return None

    def resting_potential(self) -> Any:
        """Return where the potential starts unless the configuration says (mV)."""
        raise NotImplementedError

    def time_constants(self) -> dict[str, Any]:
        """Return the time constants (ms) that dt has to resolve, by parameter name."""
        return {}

    def refractory_ms(self) -> Any:
        """Return the absolute refractory period (ms)."""
        return 0.0

    def prepare(self, dt: float) -> NamedTuple:
        """Return the coefficients of a time step of `dt` ms, in float64."""
        raise NotImplementedError

    @staticmethod
    def init(v: Any, c: Any, xp: Any) -> NamedTuple:
        """Return the state for membrane potentials `v` `[B, N]`."""
        raise NotImplementedError

    @staticmethod
    def advance(s: Any, inputs: Inputs, c: Any, xp: Any) -> Any:
        """Return the state at the end of a step, before those at the threshold are reset."""
        raise NotImplementedError

    @classmethod
    def spike(cls, s: Any, c: Any, xp: Any) -> tuple[Any, Any]:
        """Return the state with those at the threshold reset, and who they are, `[B, N]`."""
        spiked = s.v >= c.threshold
        changed = {"v": xp.where(spiked, c.reset, s.v)}
        if "refractory" in s._fields:
            left = xp.maximum(s.refractory - 1, 0)
            changed["refractory"] = xp.where(spiked, c.refractory, left)
        if cls.second:
            second = getattr(s, cls.second)
            changed[cls.second] = xp.where(spiked, second + c.jump, second)
        return s._replace(**changed), spiked

    @classmethod
    def step(cls, s: Any, inputs: Inputs, c: Any, xp: Any) -> tuple[Any, Any]:
        """Return the state one step later and who spiked."""
        return cls.spike(cls.advance(s, inputs, c, xp), c, xp)


def resets_itself(model: Any) -> bool:
    """Return whether a model has a `spike` of its own, which the native kernel does not know."""
    return getattr(model.spike, "__func__", model.spike) is not vars(Neuron)["spike"].__func__


def ordered(neuron: Neuron, low: str, high: str) -> list[str]:
    """Complain unless parameter low < high; distributions are looked at once drawn."""
    a, b = getattr(neuron, low), getattr(neuron, high)
    if not all(isinstance(x, (int, float, np.ndarray)) for x in (a, b)):
        return []
    wrong = np.ravel(np.greater_equal(a, b))
    if not wrong.any():
        return []
    limit = np.broadcast_to(b, wrong.shape)[np.argmax(wrong)]
    return [f"{low}: must be below {high} ({limit:g})"]


def refractory_steps(t_ref: Any, dt: float) -> np.ndarray:
    """Return the refractory period in steps, rounded, int32."""
    return np.minimum(np.round(np.asarray(t_ref) / dt), 2**31 - 1).astype(np.int32)
