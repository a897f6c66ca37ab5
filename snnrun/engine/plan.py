"""What is compiled: everything that changes the program is here, or in the shapes of the arrays.

Every number that may differ between runs is in the arrays (`constants`).
"""

import dataclasses
import math
from typing import Any, NamedTuple

from snnrun.drive._base import Drive
from snnrun.engine.together import pieces
from snnrun.network import Network
from snnrun.synapse._base import Synapse

BLOCK = 32  # steps packed into one word
_MAX_STEPS = 8192
_MAX_WORDS = 4 << 20  # words of output a chunk: 16 MB


class Sample(NamedTuple):
    """A state variable recorded every so many steps: of `population`, `size` neurons."""

    population: str
    variable: str
    every: int
    neurons: tuple[int, ...] | None


class Located(NamedTuple):
    """Where a sample is found: field of a model's state, or of a receptor `(kind, row)`'s."""

    model: int | None
    receptor: tuple[int, int] | None
    field: str
    start: int
    stop: int


class Watched(NamedTuple):
    """An array of real numbers in the state: field of a part (models, then synapse kinds)."""

    part: int
    field: str
    quantity: str


class Limits(NamedTuple):
    """The largest absolute value that each quantity may have: mV, nS, and all others."""

    voltage: float = math.inf
    conductance: float = math.inf
    other: float = math.inf


@dataclasses.dataclass(frozen=True, kw_only=True)
class Recording:
    """What a run keeps: packed spikes of neurons (and drives), counts, state variables.

    `window_steps`: counts are kept on the device in such windows; 0 (none), or at least 32.
    """

    spikes: bool = True
    drives: bool = False
    window_steps: int = 0
    samples: tuple[Sample, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Plan:
    """The static half of a compiled chunk."""

    models: tuple[tuple[type[Any], int, int], ...]
    receptors: tuple[tuple[type[Synapse], int], ...]
    drives: tuple[tuple[type[Drive], int, int], ...]
    counts: tuple[tuple[type[Drive], int, int], ...]
    currents: tuple[tuple[type[Drive], int, int], ...]
    neurons: int
    sources: int
    segments: int
    depth: int
    row: int
    lanes: int
    blocks: int
    dtype: str
    recording: Recording
    sampled: tuple[Located, ...]
    native: bool = False
    dense: bool = False

    @property
    def slots(self) -> int:
        """Targets a contact can have: receptors times neurons."""
        return self.neurons * sum(n for _, n in self.receptors)

    @property
    def together(self) -> int:
        """Steps of a loop's body, even: one draw serves two, and each turn of a loop costs."""
        return 4 if self.native else 2

    @property
    def ring(self) -> int:
        """Entries of the delay ring: none where everything arrives in the next step."""
        return self.depth * self.lanes * self.slots if self.depth > 1 else 0

    @property
    def padded_sources(self) -> int:
        """Sources of a lane, padded so that whole words hold them."""
        return -(-max(1, self.sources) // 32) * 32

    @property
    def recorded(self) -> int:
        """Sources whose spikes are packed."""
        return self.sources if self.recording.drives else self.neurons

    @property
    def windows(self) -> int:
        """Counting windows that one chunk can touch."""
        steps = self.recording.window_steps
        return self.blocks * BLOCK // steps + 2 if steps else 0


def make_plan(
    network: Network,
    lanes: int,
    dtype: str,
    recording: Recording,
    native: bool = False,
    dense: bool = False,
) -> Plan:
    """Return the plan that runs `lanes` trials of a network together.

    `native`: steps are finished by the C++ kernel; `dense`: spikes are multiplied by a matrix.
    """
    assert recording.window_steps == 0 or recording.window_steps >= BLOCK
    sources = max((s.stop for s in network.sources.values()), default=0)
    recorded = sources if recording.drives else network.size
    blocks = _MAX_STEPS // BLOCK
    if recording.spikes:
        blocks = max(1, min(blocks, _MAX_WORDS // max(1, recorded * lanes)))
    return Plan(
        models=tuple((cls, part.start, part.stop) for cls, part, _ in network.models),
        receptors=tuple((cls, len(names)) for cls, names, _ in network.receptors),
        drives=tuple(
            (type(drive), network.sources[name].start, drive.size)
            for name, drive in network.drives.items()
            if drive.emits == "spikes"
        ),
        counts=pieces(network, "counts"),
        currents=pieces(network, "current"),
        neurons=network.size,
        sources=sources,
        segments=network.edges.segments,
        depth=network.edges.depth,
        row=_row_width(network.edges.typical_row),
        lanes=lanes,
        blocks=blocks,
        dtype=dtype,
        recording=recording,
        sampled=tuple(_locate(network, s) for s in recording.samples),
        dense=dense,
        native=native and not dense,
    )


def watched(plan: Plan) -> list[Watched]:
    """Return the arrays of the state that can stop being finite, or grow too large."""
    found = [
        Watched(part, field, "voltage" if field == "v" else "other")
        for part, (cls, _, _) in enumerate(plan.models)
        for field in cls.state_variables()
        if field != "refractory"
    ]
    for part, (cls, _) in enumerate(plan.receptors, len(plan.models)):
        quantity = "conductance" if "conductance" in cls.delivers else "other"
        found += [Watched(part, field, quantity) for field in cls.state_variables()]
    return found


def _row_width(typical: int) -> int:
    """Return how many contacts are delivered at once: a power of two near a row's length."""
    return int(min(512, max(32, 1 << max(0, typical - 1).bit_length())))


def _locate(network: Network, sample: Sample) -> Located:
    """Find a recorded variable: of the neuron, or `<variable>_<synapse>` of a synapse."""
    part = network.neurons[sample.population]
    for kind, (cls, names, _) in enumerate(network.receptors):
        for row, name in enumerate(names):
            for field in cls.state_variables():
                if sample.variable == f"{field}_{name}":
                    return Located(None, (kind, row), field, part.start, part.stop)
    model, group = next(
        (i, group)
        for i, (_, group, _) in enumerate(network.models)
        if group.start <= part.start < group.stop
    )
    first = part.start - group.start
    return Located(model, None, sample.variable, first, first + part.stop - part.start)
