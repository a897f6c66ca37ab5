"""Spikes become arrivals: every spike adds its row of contacts to the input ring.

Portable event-driven delivery: flags are packed into words (bit b of word k is source
b * words + k), and a loop visits the set bits in the order of the sources, `row` contacts
at a time. Its cost follows the spikes, not the sources.

Shapes: `B` lanes, `D` delay slots, `F` flags (a multiple of 32, all lanes), `K` = F / 32 words.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import lax

from snnrun.engine.constants import Constants, EdgeArrays
from snnrun.engine.plan import Plan
from snnrun.engine.state import Now, Spikes, State
from snnrun.neuron._base import computed_once


def finish(plan: Plan, c: Constants, s: State, spikes: Spikes, now: Now) -> tuple[State, Any]:
    """Let the neurons at their threshold spike, and send all spikes of this step.

    Returns the state at the end of the step and the neurons' words with it. A contact of
    delay d is due in the step that is 1 + d later.
    """
    n = now.step
    neurons, fired = [], []
    for (cls, _, _), state, k in zip(plan.models, s.neurons, c.models, strict=True):
        state, spiked = cls.spike(state._replace(v=computed_once(state.v, c.one)), k, jnp)
        neurons.append(state)
        fired.append(spiked)
    spiking = jnp.concatenate(fired, axis=1)
    bit = n.astype(jnp.uint32) & 31
    send = multiply if plan.dense else deliver
    flags = _flags(plan, spiking, spikes.drives >> bit & 1)
    arrivals, ring = _due(plan, send(plan, c.edges, _empty(plan, s.ring), flags, n), n, c.one)
    train = spikes.neurons | spiking.astype(jnp.uint32) << bit
    return State(arrivals, ring, tuple(neurons), s.synapses), train


def _empty(plan: Plan, ring: Any) -> Any:
    """Return what contacts are added to: without delays, nothing is waiting."""
    return ring if plan.depth > 1 else jnp.zeros(plan.lanes * plan.slots, plan.dtype)


def _due(plan: Plan, ring: Any, n: Any, one: Any) -> tuple[Any, Any]:
    """Take the input of step n + 1 out of the ring: `[B, slots]`, and the rest.

    What is written where it was depends on what was read (`one` is a 1, but XLA does not know):
    so the ring is read before it is changed, and needs no copy.
    """
    if plan.depth == 1:
        return ring.reshape(plan.lanes, plan.slots), jnp.zeros(0, plan.dtype)
    size = plan.lanes * plan.slots
    at = ((n + 1) % plan.depth * size,)
    due = computed_once(lax.dynamic_slice(ring, at, (size,)), one)
    ring = lax.dynamic_update_slice(ring, jnp.where(one > 0, 0, due), at)
    return due.reshape(plan.lanes, plan.slots), ring


def _flags(plan: Plan, spiking: Any, drives: Any) -> Any:
    """Return who spiked, `[F]` uint8: neurons, drives and padding, lane by lane."""
    rest = jnp.zeros((plan.lanes, plan.padded_sources - plan.sources), jnp.uint8)
    return jnp.concatenate(
        [spiking.astype(jnp.uint8), drives.astype(jnp.uint8), rest], axis=1
    ).reshape(-1)


def deliver(plan: Plan, e: EdgeArrays, ring: Any, flags: Any, n: Any) -> Any:
    """Return the ring `[D * B * slots]` with the contacts of all spikes of step n added.

    `flags` `[F]` uint8: who spiked, lane by lane.
    """
    words = _pack(flags)
    column = np.arange(plan.row, dtype=np.int32)

    def body(carry: Any) -> Any:
        source, part, words, ring = carry
        lane, row = source // plan.padded_sources, source % plan.padded_sources
        bounds = _of_lane(e.start, lane, row * plan.segments, plan.segments + 1)
        first = bounds[0] + part * plan.row
        ring = _add(plan, e, ring, (lane, row, n), bounds, first, first + column)
        done = first + plan.row >= bounds[plan.segments]
        words = _clear(words, source, done)
        return _first(words), jnp.where(done, 0, part + 1), words, ring

    start = (_first(words), jnp.int32(0), words, ring)
    return lax.while_loop(lambda carry: carry[0] < flags.size, body, start)[3]


def multiply(plan: Plan, e: EdgeArrays, ring: Any, flags: Any, n: Any) -> Any:
    """Do what `deliver` does, by a matrix product (in another order of summation)."""
    rows = flags.reshape(plan.lanes, -1)[:, : max(1, plan.sources)].astype(plan.dtype)
    if e.matrix.shape[0] == 1:
        added = jnp.dot(rows, e.matrix[0], precision="highest")
    else:
        added = jnp.einsum("bm,bms->bs", rows, e.matrix, precision="highest")
    added = added.reshape(plan.lanes, plan.depth, plan.slots).swapaxes(0, 1)
    due = (n + 1 + np.arange(plan.depth, dtype=np.int32)) % plan.depth
    return ring.reshape(added.shape).at[due].add(added).reshape(-1)


def _of_lane(array: Any, lane: Any, first: Any, size: int) -> Any:
    """Return `size` elements of a lane's row of an array, from `first` on."""
    row = lane if array.shape[0] > 1 else jnp.int32(0)
    return lax.dynamic_slice(array, (row, first), (1, size))[0]


def _add(plan: Plan, e: EdgeArrays, ring: Any, where: Any, bounds: Any, first: Any, at: Any) -> Any:
    """Add `row` contacts from `first` on; those beyond the end of the row add zero."""
    lane, row, n = where
    target = _of_lane(e.target, lane, first, plan.row).astype(jnp.int32)
    weight = _by_segment(plan, e.scale, lane, row, bounds, at)
    if e.weight is not None:
        weight = weight * _of_lane(e.weight, lane, first, plan.row)
    weight = jnp.where(at < bounds[plan.segments], weight, jnp.zeros((), weight.dtype))
    index = lane * plan.slots + target
    if plan.depth > 1:
        due = n + 1 + _by_segment(plan, e.delay, lane, row, bounds, at)
        if e.extra is not None:
            due = due + _of_lane(e.extra, lane, first, plan.row)
        index = index + due % plan.depth * (plan.lanes * plan.slots)
    return ring.at[index].add(weight, mode="promise_in_bounds")


def _by_segment(plan: Plan, table: Any, lane: Any, row: Any, bounds: Any, at: Any) -> Any:
    """Return the table's value for each contact of a row: one value a segment."""
    values = _of_lane(table, lane, row * plan.segments, plan.segments)
    found = values[plan.segments - 1]
    for q in reversed(range(plan.segments - 1)):
        found = jnp.where(at < bounds[q + 1], values[q], found)
    return found


def _pack(flags: Any) -> Any:
    """Return `[K]` uint32 words of the `[F]` flags; explicit so that it stays one fused pass."""
    k = flags.size // 32
    words = flags[:k].astype(jnp.uint32)
    for bit in range(1, 32):
        words = words | flags[bit * k : (bit + 1) * k].astype(jnp.uint32) << bit
    return words


def _first(words: Any) -> Any:
    """Return the lowest flagged source, or the number of flags when none is left."""
    k = words.size
    lowest = 31 - lax.clz(words & (~words + np.uint32(1))).astype(jnp.int32)
    source = lowest * k + np.arange(k, dtype=np.int32)
    return jnp.min(jnp.where(words != 0, source, np.int32(32 * k)))


def _clear(words: Any, source: Any, done: Any) -> Any:
    """Return the words without the source's bit, if its row is done."""
    k = words.size
    bit = jnp.uint32(1) << (source // k).astype(jnp.uint32)
    word = lax.dynamic_slice(words, (source % k,), (1,))
    return lax.dynamic_update_slice(words, jnp.where(done, word & ~bit, word), (source % k,))
