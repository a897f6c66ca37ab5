"""Where neurons are and who contacts whom: drawn from the seed and what a projection says.

Shapes: `N` neurons, `M` sources.
"""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from snnrun import random
from snnrun.connect._base import Contacts, Layer
from snnrun.distribution import Distribution
from snnrun.drive._base import Drive
from snnrun.edges import Row
from snnrun.synapse._base import Synapse

if TYPE_CHECKING:
    from snnrun.network import NetworkSpec, Projection


class Draws(NamedTuple):
    """What a network's draws follow from, besides what it is; `dt` (ms) rounds delays."""

    seed: int
    realisation: int
    dt: float

    def rng_of(self, name: str, role: str) -> np.random.Generator:
        """Return the generator of a component's draws."""
        return random.generator(self.seed, name, role, self.realisation)


def drawn_from(spec: "NetworkSpec", drives: dict[str, Drive], draws: Draws) -> tuple[Any, ...]:
    """Return all that positions, contacts, and what is drawn for each of them depend on."""
    layers = [(n, p.size, p.positions, p.neuron.model()) for n, p in spec.populations.items()]
    inputs = [(n, d.size, d.positions) for n, d in drives.items() if d.emits == "spikes"]
    projections = [
        (name, p.pre, p.post, p.synapse, p.connect, _drawn(p.weight), _drawn(p.delay))
        for name, p in spec.projections.items()
        if p.connect is not None
    ]
    names = tuple((name, s.kind) for name, s in spec.synapses.items())
    return *draws, *layers, *inputs, *projections, names


def _drawn(value: Any) -> Any:
    return value if isinstance(value, Distribution) else None


def receptor_order(synapses: dict[str, Synapse]) -> dict[str, int]:
    """Return the index of each synapse name: those of one kind side by side."""
    kinds = list(dict.fromkeys(s.kind for s in synapses.values()))
    ordered = sorted(synapses, key=lambda name: kinds.index(synapses[name].kind))
    return {name: i for i, name in enumerate(ordered)}


def grid(size: int) -> np.ndarray:
    """Return `[size, 2]` positions of a square grid on (0, 1]: x grows slowest."""
    side = math.isqrt(size)
    index = np.arange(size)
    return np.stack([index // side + 1, index % side + 1], axis=1) / side


def positions_of(
    spec: "NetworkSpec", drives: dict[str, Drive], draws: Draws
) -> dict[str, np.ndarray | None]:
    """Return `[size, 2]` positions of populations and drives, None where there are none."""
    layers = dict[str, Any](spec.populations)
    layers |= {n: d for n, d in drives.items() if d.emits == "spikes"}
    found: dict[str, np.ndarray | None] = {}
    for name, layer in layers.items():
        layout = layer.positions
        if layout == "grid":
            found[name] = grid(layer.size)
        elif layout == "uniform":
            rng = draws.rng_of(name, "positions")
            found[name] = rng.uniform(size=(layer.size, 2))
        else:
            found[name] = None
    return found


def _layers(
    projection: "Projection", sources: dict[str, slice], positions: dict[str, np.ndarray | None]
) -> tuple[Layer, Layer]:
    pre, post = (
        Layer(sources[side].stop - sources[side].start, positions[side])
        for side in (projection.pre, projection.post)
    )
    return pre, post


def contacts_of(
    spec: "NetworkSpec",
    sources: dict[str, slice],
    positions: dict[str, np.ndarray | None],
    draws: Draws,
) -> Iterator[tuple[str, Contacts]]:
    """Yield the contacts of each projection, drawn."""
    for name, projection in spec.projections.items():
        if projection.connect is not None:
            rng = draws.rng_of(name, "contacts")
            layers = _layers(projection, sources, positions)
            same = projection.pre == projection.post
            yield name, projection.connect.draw(*layers, same, rng)


def rows_of(
    spec: "NetworkSpec",
    sources: dict[str, slice],
    neurons: dict[str, slice],
    positions: dict[str, np.ndarray | None],
) -> Iterator[Row]:
    """Yield what `edges.merge` needs to know of each projection with contacts."""
    order = receptor_order(spec.synapses)
    size = spec.size
    for name, projection in spec.projections.items():
        if projection.connect is None:
            continue
        assert projection.synapse is not None
        layers = _layers(projection, sources, positions)
        yield Row(
            name=name,
            sources=sources[projection.pre],
            first_slot=order[projection.synapse] * size + neurons[projection.post].start,
            weight=projection.weight,
            factor=spec.weight_factor,
            delay=projection.delay,
            expected=projection.connect.expected(*layers, projection.pre == projection.post),
            conductance="conductance" in spec.synapses[projection.synapse].delivers,
        )
