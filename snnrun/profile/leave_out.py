"""A step without one of its parts: the one place that knows what a plan and constants look like.

Each part is replaced by the least that keeps the rest as it is: synapses hand on what arrives,
neurons add up their input and never spike, drives are silent, no contact is made, nothing is
kept. What is left of each is told apart by compiling and timing the step with and without it.

Shapes: `B` lanes, `N` neurons, `R` receptors of a kind.
"""

import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from snnrun.engine.constants import Constants
from snnrun.engine.plan import Plan, Recording
from snnrun.neuron._base import Inputs, resets_itself

Compilable = tuple[Plan, Constants]


class Traffic(NamedTuple):
    """Bytes of all lanes that a step touches at least, and of one synaptic event."""

    state: float
    ring: float
    coefficients: float
    event: float


def no_contacts(plan: Plan, c: Constants) -> Compilable:
    """Every row of contacts is empty; spikes are still looked for."""
    return plan, c._replace(edges=c.edges._replace(start=np.zeros_like(c.edges.start)))


def no_neurons(plan: Plan, c: Constants) -> Compilable:
    """The potential of a neuron is the sum of its inputs; no threshold can be reached."""
    each: Any = plan.models
    models = tuple((_idle(cls), start, stop) for cls, start, stop in each)
    never = tuple(
        k._replace(threshold=np.full_like(k.threshold, np.inf)) if "threshold" in k._fields else k
        for k in c.models
    )
    return dataclasses.replace(plan, models=models), c._replace(models=never)


def no_synapses(plan: Plan, c: Constants) -> Compilable:
    """What arrives in a step is what the neurons get in it."""
    each: Any = plan.receptors
    receptors = tuple((_relay(cls), count) for cls, count in each)
    return dataclasses.replace(plan, receptors=receptors), c


def no_drives(plan: Plan, c: Constants) -> Compilable:
    """Nothing is drawn."""
    drives: Any = tuple((_Silent, start, size) for _, start, size in plan.drives)
    silent = dataclasses.replace(plan, drives=drives, counts=(), currents=())
    return silent, c._replace(counts=(), currents=())


def no_recording(plan: Plan, c: Constants) -> Compilable:
    """Neither spikes, counts nor state variables are stored."""
    nothing = Recording(spikes=False)
    return dataclasses.replace(plan, recording=nothing, sampled=()), c._replace(sampled=())


PARTS: dict[str, Callable[[Plan, Constants], Compilable]] = {
    "neurons": no_neurons,
    "synapses": no_synapses,
    "drive": no_drives,
    "recording": no_recording,
}


def parts(plan: Plan) -> Iterator[str]:
    """Yield the names of the parts that a plan has."""
    yield "neurons"
    if plan.receptors:
        yield "synapses"
    if plan.drives or plan.counts or plan.currents:
        yield "drive"
    if plan.recording != Recording(spikes=False):
        yield "recording"


def traffic(plan: Plan, c: Constants, state: Any) -> Traffic:
    """Return what a step has to move: state read and written once, coefficients read once."""
    ring = float(state.ring.nbytes)
    real = np.dtype(plan.dtype).itemsize
    contact = (c.edges.target, c.edges.weight, c.edges.extra)
    per_contact = sum(x.dtype.itemsize for x in contact if x is not None)
    return Traffic(
        state=2 * (_bytes(state) - ring),
        ring=2 * ring / plan.depth,
        coefficients=_bytes((c.models, c.receptors)),
        event=2.0 * real + per_contact,
    )


def _bytes(tree: Any) -> float:
    if isinstance(tree, tuple):
        return sum(map(_bytes, tree), 0.0)
    return 0.0 if tree is None else float(tree.nbytes)


@functools.cache  # one class a model, so that what was compiled for it is found again
def _idle(model: Any) -> Any:
    """Return a model with the same state whose potential is the sum of the inputs."""

    class Idle(model):  # type: ignore[misc]  # known only when it runs
        @staticmethod
        def advance(s: Any, inputs: Inputs, c: Any, xp: Any) -> Any:
            del c, xp
            return s._replace(v=sum(x for x in inputs[:-1] if x is not None))

    class Silent(Idle):
        @classmethod
        def spike(cls, s: Any, c: Any, xp: Any) -> Any:
            del c
            return s, xp.zeros(s.v.shape, bool)

    return Silent if resets_itself(model) else Idle


class _Silent:
    """A drive whose sources never spike."""

    @staticmethod
    def words(key: Any, block: Any, index: Any, c: Any, xp: Any) -> Any:
        del key, block, c
        return xp.zeros(index.shape, np.uint32)


@functools.cache
def _relay(synapse: Any) -> Any:
    """Return a synapse with the same state, never touched, that hands on what arrives."""

    class Relay:
        delivers = synapse.delivers
        state_variables = synapse.state_variables
        init = staticmethod(synapse.init)

        @staticmethod
        def step(s: Any, arrivals: Any, c: Any) -> tuple[Any, tuple[Any, ...]]:
            del c
            return s, (arrivals,) * len(synapse.delivers)

    return Relay
