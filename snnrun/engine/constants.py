"""The numbers of a run as arrays: what may differ between runs of one compiled program.

Shapes: `B` lanes, `N` neurons, `n` of them drawn together, `R` receptors of a kind.
"""

from typing import Any, NamedTuple

import jax
import numpy as np

from snnrun import random
from snnrun.drive._base import Drive
from snnrun.edges import Edges
from snnrun.engine.plan import Limits, Plan, Sample, watched
from snnrun.engine.together import drive_of, reached, targets
from snnrun.network import Network


class Private(NamedTuple):
    """A drive whose draws are its targets' own, to neighbouring populations.

    `key`: pair of `[B, n]`; `index` `[1, n]`: numbers of the neurons in their populations;
    `weight` `[1, n]`.
    """

    drive: Any
    key: Any
    index: Any
    weight: Any


class EdgeArrays(NamedTuple):
    """Contacts as in `edges.Edges`, each with a first axis of lanes: 1 where all share them.

    `matrix` `[1 or B, M, D * slots]`, of dense delivery: all that a source's spike adds to what
    is due d steps later than the next one.
    """

    start: Any
    target: Any
    scale: Any
    delay: Any
    weight: Any
    extra: Any
    matrix: Any = None


class Constants(NamedTuple):
    """The numbers of a run, on the device; `limits` `[A]`: those of `plan.watched`."""

    models: tuple[Any, ...]
    receptors: tuple[Any, ...]
    drives: tuple[Any, ...]
    drive_keys: tuple[Any, ...]
    counts: tuple[Private, ...]
    currents: tuple[Private, ...]
    edges: EdgeArrays
    sampled: tuple[Any, ...]
    limits: Any
    one: Any


def make_constants(
    network: Network, plan: Plan, seed: int, trials: list[int], edges: EdgeArrays | None = None
) -> Constants:
    """Return the arrays of a run whose lanes are `trials`, as NumPy, in the plan's precision.

    `edges`: those of an earlier call for the same network.
    """
    real = np.dtype(plan.dtype)
    spiking = {n: d for n, d in network.drives.items() if d.emits == "spikes"}
    run = seed, trials, real
    return Constants(
        models=tuple(type(c)(*(_cast(x, real)[None] for x in c)) for _, _, c in network.models),
        receptors=tuple(_stack(c, real) for _, _, c in network.receptors),
        drives=tuple(_prepared(d, network.dt, real) for d in spiking.values()),
        drive_keys=tuple(_keys(seed, name, trials) for name in spiking),
        counts=tuple(_private(network, n, run) for _, n in reached(network, "counts")),
        currents=tuple(_private(network, n, run) for _, n in reached(network, "current")),
        edges=edges or _edge_arrays(network.edges, plan, real),
        sampled=tuple(_indices(s) for s in plan.recording.samples),
        limits=limits_of(plan, Limits()),
        one=np.ones((), real),
    )


def join(lanes: list[Constants], own_contacts: bool | None = None) -> Constants:
    """Return the constants of lanes whose networks were drawn apart, each given as one lane.

    What is equal in all of them is shared. Where they are some of many runs, that does not
    depend on which ones they are: the contacts are shared, or (`own_contacts`) nothing is.
    """
    first, share = lanes[0], own_contacts is None

    def joined(*parts: Any) -> Any:
        return np.concatenate(parts)

    def private(parts: tuple[Private, ...]) -> Private:
        keys = zip(*(p.key for p in parts), strict=True)
        return Private(
            drive=_side_by_side(tuple(p.drive for p in parts), share),
            key=tuple(np.concatenate(words) for words in keys),
            index=parts[0].index,
            weight=_of_lanes([p.weight for p in parts], share),
        )

    alike: dict[str, Any] = dict.fromkeys(("counts", "currents", "drives", "sampled"), ())
    alike |= dict.fromkeys(("edges", "limits", "one"))
    same = (c._replace(**alike) for c in lanes)
    apart: Constants = jax.tree.map(joined, *same)
    shared = ("start", "target", "weight", "extra") if own_contacts is False else ()
    each = (c.edges._replace(**dict.fromkeys(shared)) for c in lanes)
    edges: EdgeArrays = jax.tree.map(joined, *each)
    edges = edges._replace(**{name: getattr(first.edges, name) for name in shared})
    return apart._replace(
        counts=tuple(map(private, zip(*(c.counts for c in lanes), strict=True))),
        currents=tuple(map(private, zip(*(c.currents for c in lanes), strict=True))),
        drives=tuple(_side_by_side(d, share) for d in zip(*(c.drives for c in lanes), strict=True)),
        edges=edges,
        sampled=first.sampled,
        limits=first.limits,
        one=first.one,
    )


def _side_by_side(parts: tuple[Any, ...], share: bool) -> Any:
    """Return the coefficients of a drive in each lane."""
    return type(parts[0])(*(_of_lanes(list(x), share) for x in zip(*parts, strict=True)))


def _of_lanes(arrays: list[np.ndarray], share: bool) -> np.ndarray:
    """Return what all lanes share as it is, or `[B, n]`: one row (or number) of each."""
    first = arrays[0]
    if share and all(np.array_equal(x, first) for x in arrays[1:]):
        return first
    return np.concatenate([x.reshape(1, -1) for x in arrays])


def limits_of(plan: Plan, limits: Limits) -> np.ndarray:
    """Return the limit of each watched array `[A]`; infinity itself is beyond every one."""
    real = np.dtype(plan.dtype)
    wanted = np.array([getattr(limits, each.quantity) for each in watched(plan)])
    return np.minimum(wanted, np.finfo(real).max).astype(real)


def _prepared(drive: Drive, dt: float, real: np.dtype) -> Any:
    c: Any = drive.prepare(dt)
    return type(c)(*(_cast(x, real) for x in c))


def _edge_arrays(edges: Edges, plan: Plan, real: np.dtype) -> EdgeArrays:
    """Return the contacts for one lane or all; the portable delivery reads `row` at a time."""
    if plan.dense:
        none = np.zeros((1, 0), np.int32)
        matrix = _matrix(edges, plan, real)[None]
        return EdgeArrays(none, none, none, none, None, None, matrix)
    after = 0 if plan.native else plan.row

    def padded(x: np.ndarray | None) -> Any:
        return None if x is None else np.pad(x, (0, after))[None] if after else x[None]

    return EdgeArrays(
        start=edges.start[None],
        target=padded(edges.target),
        scale=_cast(edges.scale, real)[None],
        delay=edges.delay[None],
        weight=padded(None if edges.weight is None else _cast(edges.weight, real)),
        extra=padded(edges.extra),
    )


def _matrix(edges: Edges, plan: Plan, real: np.dtype) -> np.ndarray:
    """Return the contacts as `[M, D * slots]`."""
    used = np.diff(edges.start)
    row = np.repeat(np.arange(used.size), used)
    contacts = slice(0, row.size)
    late, value = edges.delay[row], edges.scale[row]
    if edges.extra is not None:
        late = late + edges.extra[contacts]
    if edges.weight is not None:
        value = value * edges.weight[contacts]
    matrix = np.zeros((max(1, plan.sources), plan.depth, plan.slots), real)
    np.add.at(matrix, (row // edges.segments, late, edges.target[contacts]), value)
    return matrix.reshape(matrix.shape[0], -1)


def _private(network: Network, names: list[str], run: tuple[int, list[int], np.dtype]) -> Private:
    """Return what is emitted along projections that are drawn together."""
    seed, trials, real = run
    sizes = targets(network, names)
    projections: list[Any] = [network.spec.projections[name] for name in names]
    words = zip(*(_keys(seed, name, trials) for name in names), strict=True)
    weights = [
        np.full(n, p.weight * (network.spec.weight_factor if p.synapse else 1.0))
        for p, n in zip(projections, sizes, strict=True)
    ]
    drives: list[Any] = [drive_of(network, name).prepare(network.dt) for name in names]
    merged = drives[0]
    if any(drive_of(network, name) is not drive_of(network, names[0]) for name in names):
        merged = type(merged)(*(np.repeat(x, sizes)[None] for x in zip(*drives, strict=True)))
    return Private(
        drive=type(merged)(*(_cast(x, real) for x in merged)),
        key=tuple(_each(w, sizes) for w in words),
        index=np.concatenate([np.arange(n, dtype=np.uint32) for n in sizes])[None],
        weight=_cast(np.concatenate(weights), real)[None],
    )


def _each(values: tuple[np.ndarray, ...], sizes: list[int]) -> np.ndarray:
    """Return `[B, n]` of one `[B, 1]` a projection, or the only one."""
    return values[0] if len(sizes) == 1 else np.repeat(np.concatenate(values, 1), sizes, axis=1)


def _keys(seed: int, name: str, trials: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return the two words of a stream's key for each lane, `[B, 1]` each."""
    words = np.stack([random.stream_key(seed, name, "noise", trial) for trial in trials])
    return words[:, :1], words[:, 1:]


def _cast(x: Any, real: np.dtype) -> np.ndarray:
    """Return reals in the run's precision (too large ones as infinite), int32 as it is."""
    x = np.asarray(x)
    if x.dtype.kind != "f" and x.dtype != np.int64:
        return x
    with np.errstate(over="ignore"):  # the run's guard finds what is not finite
        return x.astype(real)


def _stack(coefficients: tuple[tuple, ...], real: np.dtype) -> Any:
    """Return one named tuple of `[1, R, 1 or N]` arrays (or None) for the receptors of a kind."""
    columns: list[Any] = []
    for column in zip(*coefficients, strict=True):
        if column[0] is None:
            columns.append(None)
            continue
        arrays = np.broadcast_arrays(*(np.atleast_1d(x) for x in column))
        columns.append(_cast(np.stack(arrays)[None], real))
    return type(coefficients[0])(*columns)


def _indices(sample: Sample) -> Any:
    return None if sample.neurons is None else np.asarray(sample.neurons, np.int32)
