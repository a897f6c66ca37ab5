"""The state of one trial between two steps, as named arrays: what a checkpoint holds of it.

It knows no lanes and no ring: `ring` `[D, slots]` is what is due 0, 1, ... steps after the next
step (`arrivals` is due in that one, so its first row is empty). So a trial can go on in another
batch, beside networks with longer delays, or in another backend.

Shapes: `B` lanes, `D` delay slots.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from snnrun.engine.chunk import Carry
from snnrun.engine.plan import Plan

Snapshot = dict[str, np.ndarray]


def take(plan: Plan, carry: Carry, step: int) -> list[Snapshot]:
    """Return the state of each lane before step `step`, from a carry on the host."""
    ring = np.asarray(carry.state.ring)
    ring = ring.reshape(plan.depth if ring.size else 0, plan.lanes, plan.slots)
    if len(ring):
        ring = np.roll(ring, -(step % plan.depth), axis=0)
    arrays = dict(_lane_arrays(carry))
    return [
        {name: x[lane].copy() for name, x in arrays.items()} | {"ring": ring[:, lane].copy()}
        for lane in range(plan.lanes)
    ]


def put(plan: Plan, empty: Carry, snapshots: list[Snapshot], step: int) -> Carry:
    """Return the carry of lanes that go on from `snapshots` before step `step`.

    `empty`: a carry of these shapes; ValueError says what does not fit.
    """
    lanes = [snapshots[min(lane, len(snapshots) - 1)] for lane in range(plan.lanes)]
    found = {name: _stacked(name, x, lanes) for name, x in _lane_arrays(empty)}
    ring = np.stack(
        [_fitted(s.get("ring", np.zeros(0)), plan.depth, plan.slots) for s in lanes], axis=1
    )
    ring = np.roll(ring, step % plan.depth, axis=0).ravel() if plan.ring else np.zeros(0)
    parts = (
        tuple(
            type(part)(*(found[f"{group}/{i}/{field}"] for field in part._fields))
            for i, part in enumerate(getattr(empty.state, group))
        )
        for group in ("neurons", "synapses")
    )
    state = type(empty.state)(found["arrivals"], ring.astype(plan.dtype), *parts)
    return Carry(state, *(found[name] for name in Carry._fields[1:]))


def _lane_arrays(carry: Carry) -> Iterable[tuple[str, Any]]:
    """Yield the name and `[B, ...]` array of all but the ring."""
    yield "arrivals", np.asarray(carry.state.arrivals)
    for group in ("neurons", "synapses"):
        for i, part in enumerate(getattr(carry.state, group)):
            for field, x in part._asdict().items():
                yield f"{group}/{i}/{field}", np.asarray(x)
    for name in Carry._fields[1:]:
        yield name, np.asarray(getattr(carry, name))


def _stacked(name: str, like: np.ndarray, lanes: list[Snapshot]) -> np.ndarray:
    """Return `[B, ...]` of one array of all lanes, in the type of `like`."""
    for snapshot in lanes:
        if name not in snapshot:
            raise ValueError(f"there is no {name}")
        if snapshot[name].dtype.kind != like.dtype.kind:
            raise ValueError(f"{name} has the type {snapshot[name].dtype}, not {like.dtype}")
        if snapshot[name].shape != like.shape[1:]:
            raise ValueError(f"{name} has shape {snapshot[name].shape}, not {like.shape[1:]}")
    return np.stack([snapshot[name] for snapshot in lanes]).astype(like.dtype)


def _fitted(ring: np.ndarray, depth: int, slots: int) -> np.ndarray:
    """Return what is due with so many delay slots."""
    if ring.ndim != 2 or ring.dtype.kind != "f":
        raise ValueError("ring is no table of numbers")
    if len(ring) and ring.shape[1] != slots:
        raise ValueError(f"ring has {ring.shape[1]} slots, not {slots}")
    if ring[depth:].any():
        raise ValueError(f"spikes are due {len(ring)} steps later, but delays end at {depth}")
    found = np.zeros((depth, slots), ring.dtype)
    found[: len(ring)] = ring[:depth]
    return found
