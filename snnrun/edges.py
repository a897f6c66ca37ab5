"""Contacts of all projections, merged into one row of targets a source.

A row holds the projections of its source one after another ("segments"). A contact's target
is a slot (receptor * N + neuron), so one delivery a step serves the whole network. Weight and
delay of a constant projection are stored once a segment, not once a contact.

Shapes: `M` sources, `Q` most segments a row, `S` contacts, padded to a size class so that
networks that differ by seed or a little in p have arrays of one shape.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from snnrun.connect._base import Contacts
from snnrun.distribution import BOUNDED, Distribution, Value, draw, share

Streams = Callable[[str, str], np.random.Generator]

LONGEST_DELAY = 20_000  # steps of the input ring
_CLOSE = 1e-6  # of a step


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """A projection's share of the rows of its sources.

    `expected`: mean and SD of contacts; `conductance`: the weight is one, and never negative.
    """

    name: str
    sources: slice
    first_slot: int
    weight: Value
    factor: float
    delay: Value
    expected: tuple[float, float]
    conductance: bool = False


@dataclasses.dataclass(frozen=True)
class Edges:
    """All contacts, by source.

    `start` `[M * Q + 1]`: where each segment begins; `target` `[S]`: slots; `scale` `[M * Q]`:
    weight of a segment; `delay` `[M * Q]`: its delay in steps; `weight`, `extra` `[S]`: factor
    and additional delay of a contact, None where no projection needs them. `depth`: slots of
    the input ring (longest delay + 1); `typical_row`: expected length of a row.
    """

    start: np.ndarray
    target: np.ndarray
    scale: np.ndarray
    delay: np.ndarray
    weight: np.ndarray | None
    extra: np.ndarray | None
    segments: int
    depth: int
    typical_row: int


_NONE = np.zeros(0, np.int32)
NO_EDGES = Edges(_NONE, _NONE, np.zeros(0), _NONE, None, None, 1, 1, 0)


class Least(NamedTuple):
    """Sizes that arrays have at least, so that other networks' have the same shapes.

    `contacts`: how many they hold; `row`: expected contacts of a source; `depth`: slots of the
    input ring.
    """

    contacts: int = 0
    row: int = 0
    depth: int = 1

    def both(self, other: "Least") -> "Least":
        """Return what is enough for both."""
        return Least(*map(max, self, other))


class Shape(NamedTuple):
    """Sources, targets (slots), and the sizes that arrays have at least."""

    sources: int
    slots: int
    least: Least = Least()


def merge(
    rows: list[Row], contacts: dict[str, Contacts], shape: Shape, rng_of: Streams, dt: float
) -> Edges:
    """Lay out the contacts of all projections; `rng_of(projection, role)` draws the rest.

    Up to 65 536 slots are stored in 16 bits. ValueError where a drawn weight or delay is beyond the
    limits of constant ones.
    """
    places = _places(rows)
    segments = max([1, *(q + 1 for q in places)])
    m = max(1, shape.sources)
    lengths = np.zeros((m, segments), np.int64)
    for row, q in zip(rows, places, strict=True):
        lengths[row.sources, q] = np.diff(contacts[row.name].start)
    scale, delay = _of_segments(rows, m, segments, dt)
    start = np.zeros(m * segments + 1, np.int64)
    np.cumsum(lengths.reshape(-1), out=start[1:])
    capacity = max(shape.least.contacts, _capacity(rows, int(start[-1])))
    target = np.zeros(capacity, np.uint16 if shape.slots <= 2**16 else np.int32)
    weight = np.ones(capacity) if any(_varies(r.weight) for r in rows) else None
    extra = np.zeros(capacity, np.int32) if any(_varies(r.delay) for r in rows) else None
    for row, q in zip(rows, places, strict=True):
        drawn = contacts[row.name]
        place = _place(start, row, q, segments, drawn)
        target[place] = drawn.target + np.int32(row.first_slot)
        if weight is not None and _varies(row.weight):
            weight[place] = _weights(row, rng_of(row.name, "weight"), place.size)
        if extra is not None and _varies(row.delay):
            extra[place] = _delays(row, rng_of(row.name, "delay"), place.size, dt)
    return Edges(
        start=start.astype(np.int32),
        target=target,
        scale=scale,
        delay=delay,
        weight=weight,
        extra=extra,
        segments=segments,
        depth=max(shape.least.depth, _depth(delay, extra)),
        typical_row=max(shape.least.row, _typical_row(rows, m)),
    )


def _weights(row: Row, rng: np.random.Generator, size: int) -> np.ndarray:
    """Return `[size]` drawn weights."""
    drawn = draw(row.weight, rng, size)
    if row.conductance and drawn.min(initial=0) < 0:
        raise ValueError(
            f"projections.{row.name}.weight must not be negative, it is a conductance in nS;"
            f" {share(drawn < 0)} are, down to {drawn.min():.6g}: {_way_out(row.weight, 'low: 0')}"
        )
    return drawn


def _delays(row: Row, rng: np.random.Generator, size: int, dt: float) -> np.ndarray:
    """Return `[size]` drawn delays in steps."""
    late = draw(row.delay, rng, size)
    least, most = dt * (1 - _CLOSE), dt * (LONGEST_DELAY + _CLOSE)
    path = f"projections.{row.name}.delay"
    if late.min(initial=most) < least and (early := (late < least) & (late != 0)).any():
        raise ValueError(
            f"{path} must be 0 or at least dt ({dt:g} ms); {share(early)} are below, down to"
            f" {late.min():.6g} ms: {_way_out(row.delay, f'low: {dt:g}')}"
        )
    if late.max(initial=0) > most:
        raise ValueError(
            f"{path} must be at most {LONGEST_DELAY * dt:g} ms ({LONGEST_DELAY} steps);"
            f" {share(late > most)} are above, up to {late.max():.6g} ms:"
            f" {_way_out(row.delay, f'high: {LONGEST_DELAY * dt:g}')}"
        )
    return delay_steps(late, dt)


def _way_out(value: Value, bound: str) -> str:
    """Say how draws from a distribution stay within their limit."""
    dist = getattr(value, "dist", "")
    if dist not in BOUNDED:
        return "choose other bounds"
    other = ", or take a lognormal" if dist == "normal" and bound == "low: 0" else ""
    return f"give the {dist} '{bound}'{other}"


def drawn_values(
    edges: Edges, rows: list[Row], contacts: dict[str, Contacts], dt: float
) -> dict[str, dict[str, np.ndarray]]:
    """Return `weight` and `delay` (ms) of each contact `[S]`, projection by projection, as drawn.

    Those that are the same for a whole projection are left out.
    """
    found: dict[str, dict[str, np.ndarray]] = {}
    for row, q in zip(rows, _places(rows), strict=True):
        place = _place(edges.start, row, q, edges.segments, contacts[row.name])
        found[row.name] = {}
        if edges.weight is not None and _varies(row.weight):
            found[row.name]["weight"] = edges.weight[place]
        if edges.extra is not None and _varies(row.delay):
            found[row.name]["delay"] = np.round(edges.extra[place] * dt, 9)
    return found


def _place(start: np.ndarray, row: Row, q: int, segments: int, drawn: Contacts) -> np.ndarray:
    """Return where the contacts of a projection are among all, `[S]`; it is segment `q`."""
    begin = start[:-1].reshape(-1, segments)[row.sources, q] - drawn.start[:-1]
    place = np.repeat(begin, np.diff(drawn.start))
    place += np.arange(place.size)
    return place


def needed(rows: list[Row], sources: int, dt: float) -> Least:
    """Return the sizes of arrays for some projections; drawn delays may need more."""
    m = max(1, sources)
    segments = max([1, *(q + 1 for q in _places(rows))])
    _, delay = _of_segments(rows, m, segments, dt)
    return Least(_capacity(rows), _typical_row(rows, m), _depth(delay, None))


def rescaled(edges: Edges, rows: list[Row], dt: float, least: Least) -> Edges:
    """Return the same contacts with other weights and delays of whole projections."""
    scale, delay = _of_segments(rows, edges.delay.size // edges.segments, edges.segments, dt)
    depth = max(least.depth, _depth(delay, edges.extra))
    return dataclasses.replace(edges, scale=scale, delay=delay, depth=depth)


def _of_segments(
    rows: list[Row], sources: int, segments: int, dt: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return weight and delay (steps) of each segment, `[M * Q]`."""
    scale, delay = np.zeros((sources, segments)), np.zeros((sources, segments), np.int32)
    for row, q in zip(rows, _places(rows), strict=True):
        scale[row.sources, q] = row.factor * _constant(row.weight, 1.0)
        delay[row.sources, q] = round(_constant(row.delay, 0.0) / dt)
    return scale.reshape(-1), delay.reshape(-1)


def _capacity(rows: list[Row], actual: int = 0) -> int:
    """Return how many contacts arrays hold, so that nearly every draw of them fits."""
    return size_class(sum(r.expected[0] + 6 * r.expected[1] for r in rows), actual)


def _typical_row(rows: list[Row], sources: int) -> int:
    return round(sum(row.expected[0] for row in rows) / sources)


def delay_steps(drawn: np.ndarray, dt: float) -> np.ndarray:
    """Return drawn delays in steps."""
    return np.rint(drawn / dt).astype(np.int32)


def size_class(expected: float, actual: int = 0) -> int:
    """Return the next size of the form k * 2^n, 8 <= k < 16, at or above both numbers."""
    size = max(16, int(np.ceil(expected)), int(actual))
    if size >= 2**31:
        raise OverflowError(f"{size} contacts: at most {2**31 - 1} fit into one network")
    unit = 1 << max(0, (size - 1).bit_length() - 4)
    return -(-size // unit) * unit


def _places(rows: list[Row]) -> list[int]:
    """Return which segment of its sources' rows each projection is."""
    used: dict[int, int] = {}
    places = []
    for row in rows:
        places.append(used.get(row.sources.start, 0))
        used[row.sources.start] = places[-1] + 1
    return places


def _depth(delay: np.ndarray, extra: np.ndarray | None) -> int:
    longest = int(delay.max(initial=0))
    if extra is not None:  # drawn delays: a power of two, so that seeds share one shape
        longest = max(longest, 1 << int(extra.max(initial=1)).bit_length())
    return longest + 1


def _varies(value: Value) -> bool:
    return isinstance(value, Distribution)


def _constant(value: Value, otherwise: float) -> float:
    return otherwise if isinstance(value, Distribution) else float(value)
