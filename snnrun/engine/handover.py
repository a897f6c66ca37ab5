"""The state of one network becomes that of another by the names of populations and synapses.

The arrays of a snapshot are in the order in which its network lists its parts; the other network
may list them in another one.

Shapes: `N` neurons, `R` synapses, `D` delay slots.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from snnrun.engine.snapshot import Snapshot
from snnrun.graph import receptor_order
from snnrun.network import NetworkSpec, neuron_axis

_OF_NEURONS = ("total", "word", "fingerprint")


def misfits(before: NetworkSpec, after: NetworkSpec) -> list[str]:
    """Return why a state of the network `before` can't be one of `after`; nothing where it can.

    A synapse that only `after` has is at rest: no spike came through it yet.
    """
    found = []
    for name in {**before.populations, **after.populations}:
        old, new = before.populations.get(name), after.populations.get(name)
        if old is None or new is None:
            found.append(f"population {name} is {_only(old)}")
        elif old.size != new.size:
            found.append(f"{name} has {old.size} neurons in the checkpoint, {new.size} here")
        elif old.neuron.kind != new.neuron.kind:
            found.append(f"{name} is {old.neuron.kind} in the checkpoint, {new.neuron.kind} here")
    for name, synapse in before.synapses.items():
        now = after.synapses.get(name)
        if now is None:
            found.append(f"synapse {name} is {_only(synapse)}; keep it, with weights of 0")
        elif now.kind != synapse.kind:
            found.append(f"synapse {name} is {synapse.kind} in the checkpoint, {now.kind} here")
    return found


def handed_over(state: Snapshot, before: NetworkSpec, after: NetworkSpec) -> Snapshot:
    """Return the state of `before` in the order of `after`, which has no `misfits`.

    ValueError where the arrays are not those of such a network.
    """
    axis = neuron_axis(before)
    order = np.concatenate([np.arange(axis[p].start, axis[p].stop) for p in neuron_axis(after)])
    _check(state, before)
    found = {name: state[name][order] for name in _OF_NEURONS}
    for name in ("arrivals", "ring"):
        found[name] = _slots(state[name], before, after, order)
    values = dict(_of_populations(state, before))
    for i, members in enumerate(_models(after)):
        for field in after.populations[members[0]].neuron.state_variables():
            found[f"neurons/{i}/{field}"] = np.concatenate([values[p, field] for p in members])
    inputs = dict(_of_synapses(state, before))
    for i, members in enumerate(_kinds(after)):
        rest = after.synapses[members[0]].init((order.size,), state["arrivals"].dtype, np)
        for field, nothing in rest._asdict().items():
            rows = [inputs[s, field][order] if (s, field) in inputs else nothing for s in members]
            found[f"synapses/{i}/{field}"] = np.stack(rows)
    return found


def _only(old: Any) -> str:
    return "not in the checkpoint" if old is None else "only in the checkpoint"


def _check(state: Snapshot, of: NetworkSpec) -> None:
    """Complain unless all arrays of a state are there, with as many values as the network needs."""
    each = dict.fromkeys(_OF_NEURONS, of.size)
    each |= {name: of.size * len(of.synapses) for name in ("arrivals", "ring")}
    for i, members in enumerate(_models(of)):
        size = sum(of.populations[p].size for p in members)
        fields = of.populations[members[0]].neuron.state_variables()
        each |= {f"neurons/{i}/{field}": size for field in fields}
    for i, names in enumerate(_kinds(of)):
        fields = of.synapses[names[0]].state_variables()
        each |= {f"synapses/{i}/{field}": of.size for field in fields}
    for name, size in each.items():
        axis = 0 if name in _OF_NEURONS else -1
        if name not in state or state[name].ndim == 0 or state[name].shape[axis] != size:
            raise ValueError(f"its {name} is not that of {size} values which its config describes")


def _slots(x: np.ndarray, before: NetworkSpec, after: NetworkSpec, order: np.ndarray) -> np.ndarray:
    """Return what is due, `[..., R * N]`, for the synapses and neurons of `after`."""
    old = x.reshape(*x.shape[:-1], len(before.synapses), order.size)
    new = np.zeros((*x.shape[:-1], len(after.synapses), order.size), x.dtype)
    places = receptor_order(before.synapses)
    for name, place in receptor_order(after.synapses).items():
        if name in places:
            new[..., place, :] = old[..., places[name], order]
    return new.reshape(*x.shape[:-1], len(after.synapses) * order.size)


def _of_populations(
    state: Snapshot, spec: NetworkSpec
) -> Iterator[tuple[tuple[str, str], np.ndarray]]:
    """Yield (population, state variable) and its values."""
    axis = neuron_axis(spec)
    for i, members in enumerate(_models(spec)):
        first = axis[members[0]].start
        for field in spec.populations[members[0]].neuron.state_variables():
            for name in members:
                part = slice(axis[name].start - first, axis[name].stop - first)
                yield (name, field), state[f"neurons/{i}/{field}"][part]


def _of_synapses(
    state: Snapshot, spec: NetworkSpec
) -> Iterator[tuple[tuple[str, str], np.ndarray]]:
    """Yield (synapse, state variable) and its values `[N]`."""
    for i, members in enumerate(_kinds(spec)):
        for field in spec.synapses[members[0]].state_variables():
            rows = zip(members, state[f"synapses/{i}/{field}"], strict=True)
            yield from (((name, field), row) for name, row in rows)


def _models(spec: NetworkSpec) -> list[list[str]]:
    """Return the populations of each neuron model, in the order of a snapshot's."""
    found: dict[Any, list[str]] = {}
    for name in neuron_axis(spec):
        found.setdefault(spec.populations[name].neuron.model(), []).append(name)
    return list(found.values())


def _kinds(spec: NetworkSpec) -> list[list[str]]:
    """Return the synapses of each kind, in the order of a snapshot's."""
    found: dict[str, list[str]] = {}
    for name in receptor_order(spec.synapses):
        found.setdefault(spec.synapses[name].kind, []).append(name)
    return list(found.values())
