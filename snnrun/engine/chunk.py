"""The compiled unit: up to `blocks` x 32 steps, with a traced number of valid ones.

The host calls it until time is up; noise is keyed by the absolute step, so any split into
chunks gives the same spikes. Blocks begin at multiples of 32 steps; a chunk may begin and end
inside one: at an even step, where it goes on, since the portable path rounds a pair of steps
otherwise than two single ones.

Shapes: `B` lanes, `N` neurons, `Z` recorded sources, `K` blocks, `W` windows of a chunk, `A`
arrays of real numbers in the state, in the order of `watched`.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from snnrun.engine.constants import Constants
from snnrun.engine.plan import BLOCK, Located, Plan, watched
from snnrun.engine.state import Now, Spikes, State
from snnrun.engine.step import Drawn, draw_inputs, draw_spikes, step


class Output(NamedTuple):
    """What a chunk hands to the host.

    `words` `[K, B, Z]` uint32: bit i of word k is a spike in step i of the k-th block;
    `counts` `[W, B, N]` int32: spikes of the windows the chunk touches; `samples`: recorded
    variables `[rows, B, n]`; `fingerprint` `[B, N, 2]` uint32: hash of each train so far;
    `total` `[B, N]` int32: spikes so far; `faults` `[B, A]` int32: where an array first holds
    what is not finite or beyond its limit, -1 where it does not; `values` `[B, A]`: what is there.
    """

    words: Any
    counts: Any
    samples: tuple[Any, ...]
    fingerprint: Any
    total: Any
    faults: Any
    values: Any


class Carry(NamedTuple):
    """State between chunks: the network's, and what is known of each spike train.

    `word` `[B, N]` uint32: its spikes in a block that is not over; `fingerprint` `[B, N, 2]`:
    hash of those before; `total` `[B, N]`: its length.
    """

    state: State
    word: Any
    fingerprint: Any
    total: Any


def chunk(plan: Plan, c: Constants, carry: Carry, first: Any, steps: Any, origin: Any) -> Any:
    """Run `steps` steps from step `first`; windows are counted from step `origin`."""
    output = _empty(plan, carry)
    begin = first // BLOCK * BLOCK

    def block(k: Any, both: tuple[Carry, Output]) -> tuple[Carry, Output]:
        carry, output = both
        start = begin + k * BLOCK
        part = jnp.maximum(first - start, 0), jnp.minimum(first + steps - start, BLOCK)
        state, train, drives, samples = _block(plan, c, carry, output.samples, start, part, first)
        inside = _low(part[1]) & ~_low(part[0])
        neurons = train & inside
        output = output._replace(
            words=_store(plan, output.words, neurons, drives & inside, k),
            counts=_count(plan, output.counts, neurons, start, begin, origin),
            samples=samples,
        )
        over = part[1] == BLOCK
        return Carry(
            state,
            jnp.where(over, jnp.uint32(0), train),
            jnp.where(over, _mix(carry.fingerprint, train), carry.fingerprint),
            carry.total + lax.population_count(neurons).astype(jnp.int32),
        ), output

    blocks = (first + steps - begin + BLOCK - 1) // BLOCK
    carry, output = lax.fori_loop(0, blocks, block, (carry, output))
    begun = (first + steps) % BLOCK > 0
    mark = jnp.where(begun, _mix(carry.fingerprint, carry.word), carry.fingerprint)
    faults, values = _faults(plan, c, carry.state)
    return carry, output._replace(fingerprint=mark, total=carry.total, faults=faults, values=values)


def _block(
    plan: Plan, c: Constants, carry: Carry, samples: Any, start: Any, part: Any, first: Any
) -> tuple[State, Any, Any, Any]:
    """Run the steps `part` = [from, to) of the block that begins at step `start`.

    Returns the state, the spikes of neurons `[B, N]` and drives `[B, X]` as words, and samples.
    """
    low, high = part
    drives = draw_spikes(plan, c, (start // BLOCK).astype(jnp.uint32))

    def one(carry: Any, drawn: Drawn, now: Now) -> Any:
        state, train, samples = carry
        state, spikes = step(plan, c, state, Spikes(train, drives), drawn, now)
        return state, spikes.neurons, _sample(plan, c, samples, state, now.step, first)

    def several(k: Any, carry: Any) -> Any:
        base = start + k * plan.together
        for offset in range(0, plan.together, 2):
            even, odd = draw_inputs(plan, c, ((base + offset) // 2).astype(jnp.uint32))
            carry = one(one(carry, even, Now(base, offset)), odd, Now(base, offset + 1))
        return carry

    def single(i: Any, carry: Any) -> Any:
        both = draw_inputs(plan, c, ((start + i) // 2).astype(jnp.uint32))
        drawn = jax.tree.map(lambda even, odd: jnp.where(i % 2 == 0, even, odd), *both)
        return one(carry, drawn, Now(start + i, 0))

    turns = jnp.where(low % plan.together == 0, high // plan.together, 0)
    now = (carry.state, carry.word, samples)
    now = lax.fori_loop(low // plan.together, turns, several, now)
    rest = jnp.maximum(low, turns * plan.together)
    state, train, samples = lax.fori_loop(rest, high, single, now)
    return state, train, drives, samples


def _low(bits: Any) -> Any:
    """Return a word with so many of its lowest bits set."""
    partial = (jnp.uint32(1) << bits.astype(jnp.uint32)) - 1
    return jnp.where(bits == BLOCK, jnp.uint32(0xFFFFFFFF), partial)


def _empty(plan: Plan, carry: Carry) -> Output:
    kept = plan.blocks if plan.recording.spikes else 0
    return Output(
        words=jnp.zeros((kept, plan.lanes, plan.recorded), jnp.uint32),
        counts=jnp.zeros((plan.windows, plan.lanes, plan.neurons), jnp.int32),
        samples=tuple(
            jnp.zeros((sample_rows(plan, every) + 1, plan.lanes, size), plan.dtype)
            for every, size in sample_shapes(plan)
        ),
        fingerprint=carry.fingerprint,
        total=carry.total,
        faults=None,
        values=None,
    )


def sample_shapes(plan: Plan) -> list[tuple[int, int]]:
    """Return (steps between samples, neurons) of each recorded variable."""
    return [
        (s.every, at.stop - at.start if s.neurons is None else len(s.neurons))
        for s, at in zip(plan.recording.samples, plan.sampled, strict=True)
    ]


def sample_rows(plan: Plan, every: int) -> int:
    """Return how many samples a chunk can hold."""
    return plan.blocks * BLOCK // every + 1


def _store(plan: Plan, words: Any, neurons: Any, drives: Any, k: Any) -> Any:
    """Keep the words of neurons and, where they are recorded, drives."""
    if not plan.recording.spikes:
        return words
    word = jnp.concatenate([neurons, drives], axis=1) if plan.recording.drives else neurons
    return lax.dynamic_update_index_in_dim(words, word, k, 0)


def _mix(fingerprint: Any, word: Any) -> Any:
    """Return the hash of each train with 32 more steps in it."""
    low, high = fingerprint[..., 0], fingerprint[..., 1]
    low = (low ^ word) * np.uint32(0x9E3779B1)
    low = low ^ low >> 15
    high = (high + word) * np.uint32(0x85EBCA77) + low
    high = high ^ high >> 13
    return jnp.stack([low, high], axis=-1)


def _count(plan: Plan, counts: Any, word: Any, start: Any, begin: Any, origin: Any) -> Any:
    """Add a block's spikes to the window it begins in and, past its edge, to the next.

    Row 0 is the window in which the chunk's first block begins, at step `begin`.
    """
    size = plan.recording.window_steps
    if not size:
        return counts
    offset = start - origin
    window = offset // size
    before = jnp.minimum((window + 1) * size - offset, BLOCK)
    mask = _low(before)
    row = window - (begin - origin) // size
    here, after = (lax.population_count(w).astype(jnp.int32) for w in (word & mask, word & ~mask))
    return counts.at[row].add(here).at[row + 1].add(after)


def _sample(plan: Plan, c: Constants, samples: Any, state: State, n: Any, first: Any) -> Any:
    """Write the recorded variables at the end of step n where they are due.

    Steps that are not due write into a spare last row, which costs less than a branch.
    """
    stored = []
    wanted = zip(plan.recording.samples, plan.sampled, c.sampled, samples, strict=True)
    for sample, at, index, buffer in wanted:
        value = _variable(state, at)
        if index is not None:
            value = value[:, index]
        row = (n + 1) // sample.every - first // sample.every - 1
        row = jnp.where((n + 1) % sample.every == 0, row, buffer.shape[0] - 1)
        stored.append(lax.dynamic_update_index_in_dim(buffer, value.astype(plan.dtype), row, 0))
    return tuple(stored)


def _variable(state: State, at: Located) -> Any:
    """Return a state variable of neurons or synapses at the end of the step, `[B, n]`."""
    if at.model is not None:
        return getattr(state.neurons[at.model], at.field)[:, at.start : at.stop]
    assert at.receptor is not None
    kind, row = at.receptor
    return getattr(state.synapses[kind], at.field)[:, row, at.start : at.stop]


def _faults(plan: Plan, c: Constants, state: State) -> tuple[Any, Any]:
    """Return where each array of the state first is out of its limit, and the value there."""
    parts = [part._asdict() for part in (*state.neurons, *state.synapses)]
    places, values = [], []
    for (part, name, _), limit in zip(watched(plan), c.limits, strict=True):
        x = parts[part][name].reshape(plan.lanes, -1)
        bad = ~(jnp.abs(x) <= limit)  # NaN is beyond every limit
        place = jnp.argmax(bad, axis=1)
        values.append(jnp.take_along_axis(x, place[:, None], axis=1)[:, 0])
        places.append(jnp.where(bad.any(axis=1), place.astype(jnp.int32), -1))
    return jnp.stack(places, axis=1), jnp.stack(values, axis=1)
