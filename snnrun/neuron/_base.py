"""What every neuron model is.

Shapes: `B` lanes (independent simulations computed together), `N` neurons.
"""

from typing import Any, ClassVar, NamedTuple, TypeVar

import numpy as np

from snnrun.component import Component

N = TypeVar("N", bound=tuple)


class Inputs(NamedTuple):
    """What a neuron gets in a step: `current` `[B, N]` (pA), and a 1 unknown to the compiler."""

    current: Any
    one: Any = 1.0


def computed_once(x: Any, inputs: Inputs) -> Any:
    """Return x, so that it is computed once although several results use it.

    XLA copies a cheap producer into each of its consumers; a division by a number that is
    only known at run time is not cheap, so its result is stored and read.
    """
    return x / inputs.one


class Neuron(Component):
    """A point neuron. Parameters are numbers, or `[N]` arrays once drawn.

    `step` is called once a time step with the state at its start and returns the state and
    the spikes `[B, N]` at its end; `xp` is `jax.numpy` or `numpy`.
    """

    receives: ClassVar[tuple[str, ...]] = ("current",)
    state: ClassVar[type]

    @classmethod
    def state_variables(cls) -> tuple[str, ...]:
        """Return the names of the state variables, for recording."""
        fields: tuple[str, ...] = cls.state._fields  # type: ignore[attr-defined]
        return fields

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
        """Return the coefficients of `step` for a time step of `dt` ms, in float64."""
        raise NotImplementedError

    @staticmethod
    def init(v: Any, c: Any, xp: Any) -> NamedTuple:
        """Return the state for membrane potentials `v` `[B, N]`."""
        raise NotImplementedError

    @staticmethod
    def step(s: Any, inputs: Inputs, c: Any, xp: Any) -> tuple[Any, Any]:
        """Return the state one step later and who spiked."""
        raise NotImplementedError


def arrays(coefficients: N, size: int) -> N:
    """Return the named tuple with every field as a `[size]` array."""
    return type(coefficients)(*(np.broadcast_to(x, size) for x in coefficients))


def refractory_steps(t_ref: Any, dt: float) -> np.ndarray:
    """Return the refractory period in steps, rounded, int32."""
    return np.minimum(np.round(np.asarray(t_ref) / dt), 2**31 - 1).astype(np.int32)
