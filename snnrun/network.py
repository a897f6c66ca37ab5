"""Populations and projections become concatenated arrays.

All neurons lie on one axis (populations of one model side by side), all sources on another
(neurons, then drives), and a synapse's target is a slot: receptor * N + neuron. How
contacts are laid out is in `edges`.

Shapes: `N` neurons, `M` sources, `R` receptors.
"""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from snnrun import random
from snnrun.connect._base import Connect, Contacts
from snnrun.distribution import Distribution, Value, share
from snnrun.drive._base import Drive
from snnrun.edges import (
    NO_EDGES,
    Edges,
    Least,
    Row,
    Shape,
    drawn_values,
    merge,
    needed,
    rescaled,
)
from snnrun.graph import Draws, contacts_of, drawn_from, positions_of, receptor_order, rows_of
from snnrun.neuron._base import Neuron
from snnrun.synapse._base import Synapse


@dataclasses.dataclass(frozen=True, kw_only=True)
class Population:
    """A population of neurons of one model."""

    size: int
    type: str
    neuron: Neuron
    positions: str | None
    v_init: Value


@dataclasses.dataclass(frozen=True, kw_only=True)
class Projection:
    """Contacts from a population or drive to a population."""

    pre: str
    post: str
    connect: Connect | None
    synapse: str | None
    weight: Value
    delay: Value


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkSpec:
    """A network as the configuration describes it."""

    populations: dict[str, Population]
    synapses: dict[str, Synapse]
    projections: dict[str, Projection]
    weight_scaling: str
    per_trial: bool

    @property
    def size(self) -> int:
        """Number of neurons."""
        return sum(p.size for p in self.populations.values())

    @property
    def weight_factor(self) -> float:
        """Factor on all weights: 1, or 1 / sqrt(all neurons)."""
        return 1 / math.sqrt(self.size) if self.weight_scaling == "inv_sqrt_n" else 1.0

    def recordable(self, population: str) -> dict[str, str]:
        """Return the variables of a population and their units: neuron's, then synapses'."""
        neuron = self.populations[population].neuron
        return {name: neuron.units.get(name, "") for name in neuron.state_variables()} | {
            f"{variable}_{name}": synapse.units.get(variable, "")
            for name, synapse in self.synapses.items()
            for variable in synapse.state_variables()
        }


@dataclasses.dataclass(frozen=True)
class Network:
    """A drawn network. Coefficients are float64 and cast by the engine.

    `graph`: what its contacts were drawn from; equal ones have the same.
    """

    spec: NetworkSpec
    drives: dict[str, Drive]
    seed: int
    realisation: int
    dt: float
    neurons: dict[str, slice]
    sources: dict[str, slice]
    models: tuple[tuple[type[Any], slice, tuple], ...]
    receptors: tuple[tuple[type[Synapse], tuple[str, ...], tuple[tuple, ...]], ...]
    edges: Edges
    contacts: dict[str, int]
    contact_lists: dict[str, Contacts] | None
    positions: dict[str, np.ndarray | None]
    graph: tuple[Any, ...]

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self.spec.size

    @property
    def receptor_index(self) -> dict[str, int]:
        """Index of each synapse name on the receptor axis."""
        return receptor_order(self.spec.synapses)


def contact_arrays(network: Network) -> dict[str, dict[str, np.ndarray]]:
    """Return the contacts of each projection, `[S]`: ends, and what was drawn for each.

    `source_node_id`, `target_node_id` (uint64), `weight` (as in the config) and `delay` (ms)
    where they were drawn. The network must have been built to keep its contacts.
    """
    lists = network.contact_lists
    assert lists is not None
    rows = list(rows_of(network.spec, network.sources, network.neurons, network.positions))
    drawn = drawn_values(network.edges, rows, lists, network.dt)
    found = {}
    for name, contacts in lists.items():
        sources = np.arange(contacts.start.size - 1, dtype=np.uint64)
        ends = np.repeat(sources, np.diff(contacts.start)), contacts.target.astype(np.uint64)
        found[name] = dict(zip(("source_node_id", "target_node_id"), ends, strict=True))
        found[name] |= drawn[name]
    return found


def build(
    spec: NetworkSpec,
    drives: dict[str, Drive],
    seed: int,
    dt: float,
    realisation: int = 0,
    keep_contacts: bool = False,
    like: Network | None = None,
    least: Least = Least(),  # noqa: B008 (immutable)
) -> Network:
    """Draw a network: neuron parameters, positions, contacts, weights and delays.

    `realisation` numbers independent draws (trials with their own connectivity); `like`: a
    network whose contacts are taken where they would be the same, kept in the same way; `least`:
    sizes that the arrays have at least.
    """
    neurons, sources = _axes(spec, drives)
    drawn = {p: _drawn(spec.populations[p], p, seed, realisation, dt) for p in neurons}
    draws = Draws(seed, realisation, dt)
    graph = drawn_from(spec, drives, draws)
    known = like if like is not None and like.graph == graph else None
    positions = known.positions if known else positions_of(spec, drives, draws)
    rows = list(rows_of(spec, sources, neurons, positions))
    network = Network(
        spec=spec,
        drives=drives,
        seed=seed,
        realisation=realisation,
        dt=dt,
        neurons=neurons,
        sources=sources,
        models=tuple(_models(drawn, neurons, dt)),
        receptors=tuple(_receptors(spec, drawn, neurons, dt)),
        edges=rescaled(known.edges, rows, dt, least) if known else NO_EDGES,
        contacts=known.contacts if known else {},
        contact_lists=known.contact_lists if known else None,
        positions=positions,
        graph=graph,
    )
    return network if known else _connected(network, rows, draws, keep_contacts, least)


def needs(spec: NetworkSpec, drives: dict[str, Drive], seed: int, dt: float) -> Least:
    """Return the sizes of the arrays that the contacts of a network will have."""
    neurons, sources = _axes(spec, drives)
    positions = positions_of(spec, drives, Draws(seed, 0, dt))
    rows = list(rows_of(spec, sources, neurons, positions))
    return needed(rows, _total(sources), dt)


def neuron_axis(spec: NetworkSpec) -> dict[str, slice]:
    """Return where populations are on the axis of neurons, in its order."""
    return _axes(spec, {})[0]


def _axes(spec: NetworkSpec, drives: dict[str, Drive]) -> tuple[dict[str, slice], dict[str, slice]]:
    """Return where populations are on the axis of neurons, and they and drives on that of sources.

    Populations of one model are side by side.
    """
    by_model = sorted(spec.populations, key=lambda p: _first_of_model(spec, p))
    sizes = {p: spec.populations[p].size for p in by_model}
    spiking = {name: d.size for name, d in drives.items() if d.emits == "spikes"}
    return _slices(sizes), _slices(sizes | spiking)


def _total(sources: dict[str, slice]) -> int:
    return max((s.stop for s in sources.values()), default=0)


def _connected(
    network: Network, rows: list[Row], draws: Draws, keep_contacts: bool, least: Least
) -> Network:
    """Return a network with its contacts drawn."""
    sources = network.sources
    lists = dict(contacts_of(network.spec, sources, network.positions, draws))
    shape = Shape(_total(sources), network.size * len(network.spec.synapses), least)
    return dataclasses.replace(
        network,
        edges=merge(rows, lists, shape, draws.rng_of, draws.dt),
        contacts={name: int(c.start[-1]) for name, c in lists.items()},
        contact_lists=lists if keep_contacts else None,
    )


def _first_of_model(spec: NetworkSpec, name: str) -> int:
    models = [p.neuron.model() for p in spec.populations.values()]
    return models.index(spec.populations[name].neuron.model())


def _slices(sizes: dict[str, int]) -> dict[str, slice]:
    ends = np.cumsum([0, *sizes.values()]).tolist()
    return {name: slice(ends[i], ends[i + 1]) for i, name in enumerate(sizes)}


def _drawn(population: Population, name: str, seed: int, realisation: int, dt: float) -> Neuron:
    """Return the neuron model with its distributed parameters drawn, `[size]` each."""
    values = {}
    for field, parameter in population.neuron.parameters().items():
        value = getattr(population.neuron, field)
        if isinstance(value, Distribution):
            stream = value.stream or field
            rng = random.generator(seed, name, f"neuron.{stream}", realisation)
            values[field] = value.draw(rng, population.size)
            for edge in (values[field].min(), values[field].max()):
                wrong = parameter.problem(float(edge))
                if wrong:
                    outside = np.array([bool(parameter.problem(float(x))) for x in values[field]])
                    raise ValueError(
                        f"populations.{name}.neuron.{field} {wrong}; drew {edge:g}"
                        f" ({share(outside)} are outside)"
                    )
    drawn = population.neuron.replace(**values)
    for problem in drawn.check(dt) if values else []:
        raise ValueError(f"populations.{name}.neuron.{problem}, in a cell that was drawn")
    return drawn


def _models(
    drawn: dict[str, Neuron], neurons: dict[str, slice], dt: float
) -> Iterator[tuple[type[Any], slice, tuple]]:
    """Yield model class, its part of the neuron axis and coefficients, `[1]` or `[n]` each."""
    for cls in dict.fromkeys(n.model() for n in drawn.values()):
        members = [p for p in drawn if drawn[p].model() is cls]
        parts = [drawn[p].prepare(dt) for p in members]
        sizes = [neurons[p].stop - neurons[p].start for p in members]
        kind: Any = type(parts[0])
        joined = kind(*(_joined(values, sizes) for values in zip(*parts, strict=True)))
        yield cls, slice(neurons[members[0]].start, neurons[members[-1]].stop), joined


def _joined(values: tuple[Any, ...], sizes: list[int]) -> np.ndarray:
    """Return a coefficient `[n]` of the neurons of several populations, `[1]` of a single one."""
    if len(sizes) == 1:
        return np.atleast_1d(values[0])
    return np.concatenate([np.broadcast_to(x, n) for x, n in zip(values, sizes, strict=True)])


def _receptors(
    spec: NetworkSpec, drawn: dict[str, Neuron], neurons: dict[str, slice], dt: float
) -> Iterator[tuple[type[Synapse], tuple[str, ...], tuple[tuple, ...]]]:
    """Yield synapse class, names and coefficients of each name, kind by kind."""
    sizes = [neurons[p].stop - neurons[p].start for p in drawn]
    found = [neuron.membrane_tau() for neuron in drawn.values()]
    tau = _joined(tuple(np.inf if x is None else x for x in found), sizes)
    if not np.isfinite(tau).any():
        tau = tau[:1]
    order = receptor_order(spec.synapses)
    for cls in dict.fromkeys(type(spec.synapses[name]) for name in order):
        members = tuple(name for name in order if type(spec.synapses[name]) is cls)
        yield cls, members, tuple(spec.synapses[m].prepare(dt, tau) for m in members)
