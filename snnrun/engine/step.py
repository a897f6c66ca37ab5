"""One time step of all lanes: reads as the physics.

Step n goes from n dt to (n + 1) dt; its spikes are stamped (n + 1) dt and act in step n + 1
(a delay of k dt: k steps later).

Shapes: `B` lanes, `N` neurons, `M` sources (padded), `R` receptors of a kind, `D` delay slots.
"""

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from snnrun.engine import native
from snnrun.engine.deliver import deliver
from snnrun.engine.plan import Constants, Plan
from snnrun.neuron._base import Inputs


class State(NamedTuple):
    """Everything that is carried from step to step.

    `ring` `[D * B * slots]`: input that is still to arrive; `neurons`: state of each model,
    `[B, n]`; `synapses`: state of each synapse kind, `[B, R, N]`; `flags` `[B, M]` uint8: who
    spiked in the last step.
    """

    ring: Any
    neurons: tuple[Any, ...]
    synapses: tuple[Any, ...]
    flags: Any


def step(plan: Plan, c: Constants, s: State, n: Any) -> State:
    """Return the state one step later."""
    arrivals, ring = _due(plan, s.ring, n)
    arrivals = _add_counts(plan, c, arrivals, n)
    synapses, delivered = _respond(plan, c, s.synapses, arrivals)
    inputs = _inputs(plan, c, delivered, n)
    neurons, spiked = _update(plan, c, s.neurons, inputs)
    flags = _raise_flags(plan, c, s.flags, spiked, n)
    send = native.deliver if plan.native else deliver
    ring = send(plan, c, ring, flags.reshape(-1), n)
    return State(ring=ring, neurons=neurons, synapses=synapses, flags=flags)


def _due(plan: Plan, ring: Any, n: Any) -> tuple[Any, Any]:
    """Take what arrives at the start of step n out of the ring: `[B, slots]`.

    The native kernel empties its place in the ring by itself.
    """
    size = plan.lanes * plan.slots
    if plan.depth == 1:
        due = ring.reshape(plan.lanes, plan.slots)
        return due, ring if plan.native else jnp.zeros_like(ring)
    at = (n % plan.depth * size,)
    due = lax.dynamic_slice(ring, at, (size,)).reshape(plan.lanes, plan.slots)
    if plan.native:
        return due, ring
    return due, lax.dynamic_update_slice(ring, jnp.zeros(size, ring.dtype), at)


def _add_counts(plan: Plan, c: Constants, arrivals: Any, n: Any) -> Any:
    """Add the events of drives whose targets have their own, piece by piece."""
    for (cls, start, size), private in zip(plan.counts, c.counts, strict=True):
        pieces = cls.step(private.key, n.astype(jnp.uint32), size, private.drive, jnp)
        for piece in pieces:
            arrivals = _added(arrivals, start, private.weight * piece.astype(plan.dtype))
            start += piece.shape[1]
    return arrivals


def _added(array: Any, start: int, more: Any) -> Any:
    """Return `[B, n]` with `more` added from column `start` on."""
    stop = start + more.shape[1]
    return lax.dynamic_update_slice(array, array[:, start:stop] + more, (0, start))


def _respond(plan: Plan, c: Constants, states: Any, arrivals: Any) -> tuple[Any, list[Any]]:
    """Advance the synapses; those of one kind are one array. Returns (input, `[B, R, N]`)."""
    delivered: list[Any] = []
    after, first = [], 0
    for (cls, count), state, k in zip(plan.receptors, states, c.receptors, strict=True):
        size = count * plan.neurons
        part = arrivals[:, first : first + size].reshape(plan.lanes, count, plan.neurons)
        state, inputs = cls.step(state, part, k)
        after.append(state)
        delivered += zip(cls.delivers, inputs, strict=True)
        first += size
    return tuple(after), delivered


def _inputs(plan: Plan, c: Constants, delivered: list[Any], n: Any) -> Inputs:
    """Return what every neuron gets: sums over receptors, `[B, N]` each, and drives' currents."""
    total = {"current": jnp.zeros((plan.lanes, plan.neurons), plan.dtype)}
    for name, each in delivered:
        for receptor in range(each.shape[1]):  # explicit adds: a reduction is far slower
            part = each[:, receptor]
            total[name] = total[name] + part if name in total else part
    for (cls, start, size), private in zip(plan.currents, c.currents, strict=True):
        extra = cls.step(private.key, n.astype(jnp.uint32), size, private.drive, jnp)
        extra = jnp.broadcast_to(private.weight * extra, (plan.lanes, size))
        total["current"] = _added(total["current"], start, extra)
    return Inputs(**total, one=c.one)


def _update(plan: Plan, c: Constants, states: Any, inputs: Inputs) -> tuple[Any, list[Any]]:
    """Advance the neurons, model by model; returns who spiked, `[B, n]` each."""
    after, spiked = [], []
    for (cls, start, stop), state, k in zip(plan.models, states, c.models, strict=True):
        state, fired = cls.step(state, inputs.part(start, stop), k, jnp)
        after.append(state)
        spiked.append(fired)
    return tuple(after), spiked


def _raise_flags(plan: Plan, c: Constants, flags: Any, spiked: list[Any], n: Any) -> Any:
    """Write the spikes of neurons and drives into the flags (in place, piece by piece)."""
    for (_, start, _), fired in zip(plan.models, spiked, strict=True):
        flags = lax.dynamic_update_slice(flags, fired.astype(jnp.uint8), (0, start))
    for (cls, start, size), k, key in zip(plan.drives, c.drives, c.drive_keys, strict=True):
        for piece in cls.step(key, n.astype(jnp.uint32), size, k, jnp):
            piece = jnp.broadcast_to(piece, (plan.lanes, piece.shape[1])).astype(jnp.uint8)
            flags = lax.dynamic_update_slice(flags, piece, (0, start))
            start += piece.shape[1]
    return flags


def initial_state(plan: Plan, c: Constants, v: Any, xp: Any = np) -> State:
    """Return the state at t = 0 for membrane potentials `v` `[B, N]`."""
    with np.errstate(over="ignore"):  # the run's guard finds what is not finite
        v = v.astype(plan.dtype)
    return State(
        ring=xp.zeros(plan.depth * plan.lanes * plan.slots, plan.dtype),
        neurons=tuple(
            cls.init(v[:, start:stop], k, xp)
            for (cls, start, stop), k in zip(plan.models, c.models, strict=True)
        ),
        synapses=tuple(
            cls.init((plan.lanes, count, plan.neurons), plan.dtype, xp)
            for cls, count in plan.receptors
        ),
        flags=xp.zeros((plan.lanes, plan.padded_sources), np.uint8),
    )
