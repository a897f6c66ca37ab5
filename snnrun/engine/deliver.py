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

from snnrun.engine.plan import Constants, Plan


def deliver(plan: Plan, c: Constants, ring: Any, flags: Any, step: Any) -> Any:
    """Return the ring `[D * B * slots]` with the contacts of all spikes of `step` added.

    `flags` `[F]` uint8: who spiked, lane by lane. A contact of delay d is added to the slot
    that is due in step + 1 + d.
    """
    words = _pack(flags)
    column = np.arange(plan.row, dtype=np.int32)

    def body(carry: Any) -> Any:
        source, part, words, ring = carry
        lane, row = source // plan.padded_sources, source % plan.padded_sources
        bounds = lax.dynamic_slice(c.start, (row * plan.segments,), (plan.segments + 1,))
        first = bounds[0] + part * plan.row
        ring = _add(plan, c, ring, (lane, row, step), bounds, first, first + column)
        done = first + plan.row >= bounds[plan.segments]
        words = _clear(words, source, done)
        return _first(words), jnp.where(done, 0, part + 1), words, ring

    start = (_first(words), jnp.int32(0), words, ring)
    return lax.while_loop(lambda carry: carry[0] < flags.size, body, start)[3]


def _add(plan: Plan, c: Constants, ring: Any, where: Any, bounds: Any, first: Any, at: Any) -> Any:
    """Add `row` contacts from `first` on; those beyond the end of the row add zero."""
    lane, row, step = where
    target = lax.dynamic_slice(c.target, (first,), (plan.row,))
    weight = _by_segment(plan, c.scale, row, bounds, at)
    if c.weight is not None:
        weight = weight * lax.dynamic_slice(c.weight, (first,), (plan.row,))
    weight = jnp.where(at < bounds[plan.segments], weight, jnp.zeros((), weight.dtype))
    index = lane * plan.slots + target
    if plan.depth > 1:
        due = step + 1 + _by_segment(plan, c.delay, row, bounds, at)
        if c.extra is not None:
            due = due + lax.dynamic_slice(c.extra, (first,), (plan.row,))
        index = index + due % plan.depth * (plan.lanes * plan.slots)
    return ring.at[index].add(weight, mode="promise_in_bounds")


def _by_segment(plan: Plan, table: Any, row: Any, bounds: Any, at: Any) -> Any:
    """Return the table's value for each contact of a row: one value a segment."""
    values = lax.dynamic_slice(table, (row * plan.segments,), (plan.segments,))
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
