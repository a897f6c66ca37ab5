"""What single precision does not resolve, because steps are so small.

In a step of dt a state variable x moves by about dt / tau of its distance from where it is
heading. Where that is less than half the spacing of float32 at x, it does not move at all:
x stops short of its target by up to

    spacing(x) / 2 / (dt / tau),

and a decay rounded near 1 is off by as much. dt / tau is taken from a step of the model itself,
from rest and from a little beside it, so that models of every kind are covered.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from snnrun.distribution import Distribution, mean
from snnrun.experiment import Experiment
from snnrun.neuron._base import Inputs, Neuron
from snnrun.synapse._base import Synapse

_MOST_MV = 0.01  # of a potential
_MOST = 1e-3  # of all else, relative
_BESIDE = 1e-3  # how far beside rest


def unresolved(e: Experiment) -> Iterator[str]:
    """Warn where single precision leaves state variables too far from their targets."""
    if e.engine.precision != "float32" or e.engine.backend == "reference":
        return
    found = []
    for name, population in e.network.populations.items():
        off = of_neuron(_typical(population.neuron), e.dt)
        found += [f"{text} ({x} of network.populations.{name}.neuron)" for x, text in off]
    for name, synapse in e.network.synapses.items():
        off = of_synapse(synapse, e.dt)
        found += [f"{text} ({x} of network.synapses.{name})" for x, text in off]
    if found:
        yield (
            f"dt: steps of {e.dt:g} ms are too small for single precision, with errors of up to"
            f" {', '.join(found)}; choose engine.precision=float64 or a larger dt"
        )


def of_neuron(neuron: Neuron, dt: float) -> Iterator[tuple[str, str]]:
    """Yield the variables of a neuron that are off by too much, and by how much."""
    cls, c = neuron.model(), neuron.prepare(dt)
    rest = cls.init(np.full((1, 1), float(neuron.resting_potential())), c, np)
    nothing = Inputs(np.zeros((1, 1)))
    for name, x, moved in _moved(rest, lambda s: cls.advance(s, nothing, c, np)):
        if neuron.units.get(name) == "mV":
            largest = max(abs(x), abs(getattr(neuron, "v_th", 0.0)))
            off = np.spacing(np.float32(largest)) / 2 / moved
            if off > _MOST_MV:
                yield name, f"{off:.2g} mV"
        else:
            yield from _relative(name, moved)


def of_synapse(synapse: Synapse, dt: float) -> Iterator[tuple[str, str]]:
    """Yield the variables of a synapse that are off by too much, and by how much."""
    c = synapse.prepare(dt, np.array([np.inf]))
    rest = synapse.init((1, 1, 1), np.dtype(float), np)
    for name, _, moved in _moved(rest, lambda s: synapse.step(s, np.zeros((1, 1, 1)), c)[0]):
        yield from _relative(name, moved)


def _relative(name: str, moved: float) -> Iterator[tuple[str, str]]:
    off = np.finfo(np.float32).eps / 2 / moved
    if off > _MOST:
        yield name, f"{100 * off:.2g} %"


def _moved(rest: Any, step: Any) -> Iterator[tuple[str, float, float]]:
    """Yield name and value of each real variable, and its share of the way that a step goes."""
    after = step(rest)
    for name, x in rest._asdict().items():
        if x.dtype.kind == "f":
            beside = step(rest._replace(**{name: x + _BESIDE}))
            left = float(np.ravel(getattr(beside, name) - getattr(after, name))[0]) / _BESIDE
            if left < 1:
                yield name, float(np.ravel(x)[0]), 1 - left


def _typical(neuron: Any) -> Any:
    """Return a neuron whose drawn parameters have their means."""
    fields = {name: getattr(neuron, name) for name in neuron.parameters()}
    return neuron.replace(**{n: mean(v) for n, v in fields.items() if isinstance(v, Distribution)})
