"""What every synapse model is.

Shapes: `B` lanes, `R` receptors of this kind (synapse names), `N` neurons.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

import numpy as np

from snnrun.component import Component

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


class Synapse(Component):
    """A postsynaptic response, shared by the projections that name it.

    `step` is called once a time step, before the neurons: it adds what arrived at the start
    of the step (`arrivals`, sum of weights, `[B, R, N]`) and returns the state at its end and
    what the neurons get during it: one `[B, R, N]` for each name in `delivers`, which are
    inputs of a neuron (`current`, `conductance`, `reversal_current`, `jump`).
    """

    delivers: ClassVar[tuple[str, ...]] = ("current",)
    state: ClassVar[type]
    units: ClassVar[dict[str, str]] = {}

    weight_units: ClassVar[str] = "fC"  # of the weights of its projections

    @classmethod
    def weight_unit(cls, values: Mapping[str, Any]) -> str:
        """Return the unit of the weights of a synapse with these parameters; '' if unknown."""
        del values
        return cls.weight_units

    def reversal(self) -> float | None:
        """Return the reversal potential (mV) of a conductance, None of all else."""
        return None

    @classmethod
    def state_variables(cls) -> tuple[str, ...]:
        """Return the names of the state variables; `<variable>_<synapse>` records them."""
        fields: tuple[str, ...] = cls.state._fields  # type: ignore[attr-defined]
        return fields

    def time_constants(self) -> dict[str, Any]:
        """Return the time constants (ms) that dt has to resolve, by parameter name."""
        return {}

    def charge(self) -> float | None:
        """Return the charge (pA ms) one spike of weight 1 delivers, None if V decides it."""
        return None

    def prepare(self, dt: float, membrane_tau: np.ndarray) -> NamedTuple:
        """Return the coefficients of `step`, in float64: numbers or `[N]` arrays.

        `membrane_tau` `[N]`: time constants (ms) of linear membranes; infinite where the
        neuron wants the current at the start of the step.
        """
        raise NotImplementedError

    @staticmethod
    def init(shape: tuple[int, ...], dtype: Any, xp: Any) -> NamedTuple:
        """Return the state at rest."""
        raise NotImplementedError

    @staticmethod
    def step(s: Any, arrivals: Any, c: Any) -> tuple[Any, tuple[Any, ...]]:
        """Return the state one step later and what `delivers` names, `[B, R, N]` each."""
        raise NotImplementedError


def scaled(mean: Any, current: Any) -> Any:
    """Return `current` times what `effective` said, which is None for 1."""
    return current if mean is None else mean * current


def effective(course: Any, dt: float, membrane_tau: np.ndarray) -> np.ndarray | None:
    """Return the constant input with the effect of `course(t)` over one step, `[N]`.

    A linear membrane filters its input with exp(-(dt - t) / tau); this is the mean of
    `course` under that weight. Where tau is infinite (no exact membrane), the value at the
    start of the step is used: forward Euler. None where all membranes are such, since the
    course is then known.
    """
    if not np.isfinite(membrane_tau).any():
        return None
    tau = np.atleast_1d(np.asarray(membrane_tau, float))[:, None]
    exact = np.isfinite(tau)
    t = (dt * (_NODES + 1) / 2)[None]
    weight = np.exp(np.where(exact, -(dt - t) / np.where(exact, tau, 1), 0)) * _WEIGHTS
    mean = (course(t) * weight).sum(1) / weight.sum(1)
    return np.where(exact[:, 0], mean, course(np.zeros(1)))
