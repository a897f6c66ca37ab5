"""Memory and disk that a run will need, from the configuration alone.

Memory is the peak of the process on a CPU, where host and device share it: the program, and
whichever is larger, drawing the network or running it. A contact needs 4 bytes (2 in
rows of few targets) in each of the
drawn list, the merged rows, their padded copy and the copy of the device (weights and delays
that are drawn come on top), and 24 bytes of scratch while its projection is laid out.

Shapes: `N` neurons, `S` contacts, `W` windows.
"""

import dataclasses
from typing import Any

import numpy as np

from snnrun.balance import layers
from snnrun.distribution import Distribution, Value, mean
from snnrun.edges import size_class
from snnrun.experiment import Experiment
from snnrun.memory import MB, resident_mb
from snnrun.network import NetworkSpec
from snnrun.tally import Windows
from snnrun.trial import Counting, span

_SCRATCH = 24  # bytes a contact of the projection that is being laid out
_CHUNK_STEPS, _CHUNK_WORDS = 8192, 4 << 20  # of the engine's output, see engine.plan
_COMPILER_MB = 80  # compiling; measured with jaxlib 0.10 on x86: 50 … 120 for shipped networks
_SPIKE = 16  # bytes on disk: float64 time, uint64 neuron
_FIGURE, _TRIAL = 0.3 * MB, 0.03 * MB  # the overview; statistics, attributes, empty datasets
_CHUNK_ROWS = 16384  # rows HDF5 allocates together, see store.results


@dataclasses.dataclass(frozen=True)
class Count:
    """Expected contacts of a projection, their SD, and contacts a source, target and pair."""

    contacts: float
    sd: float
    out_degree: float
    in_degree: float
    density: float


def counts(e: Experiment) -> dict[str, Count]:
    """Return the expected contacts of each projection that makes any."""
    found = {}
    for name, p in e.network.projections.items():
        if p.connect is not None:
            pre, post, same = layers(e, p)
            n, sd = p.connect.expected(pre, post, same)
            found[name] = Count(n, sd, n / pre.size, n / post.size, n / pre.size / post.size)
    return found


def memory(e: Experiment, lanes: int, groups: int = 1) -> dict[str, float]:
    """Return the parts of the peak memory, in MB, of so many groups of trials at once."""
    real = 8 if e.engine.precision == "float64" or e.engine.backend == "reference" else 4
    drawing, running = _contact_bytes(e, real)
    networks = lanes * groups if e.network.per_trial else 1
    coefficients = _coefficient_bytes(e, real) * (lanes if e.network.per_trial else 1)
    parts = {
        "contacts": running * networks,
        "ring": groups * 2 * e.depth * lanes * _slots(e.network) * real,
        "state": groups * (2 * lanes * _state_bytes(e, real) + 3 * coefficients),
        "output": groups * 3 * _output_bytes(e, lanes, real),
        "counts": _tally_bytes(e),
    }
    parts["building"] = max(0.0, drawing - sum(parts.values()))
    return {"program": resident_mb() + _COMPILER_MB, **{name: n / MB for name, n in parts.items()}}


def disk(e: Experiment, rates: dict[str, float]) -> dict[str, float]:
    """Return the parts of the run folder, in MB, without compression; `rates` in sp/s."""
    seconds, trials = e.steps * e.dt / 1000, e.trials
    spikes = 0.0
    for name in e.recorded:
        size = (e.network.populations.get(name) or e.drives[name]).size
        spikes += _allocated(rates[name] * size * seconds, _SPIKE)
    states = 0.0
    for name, wanted in e.record.state.items():
        first, last = span(e, wanted)
        rows = max(0, last - first) // e.steps_in(wanted.every_ms)
        chosen = wanted.neurons
        n = e.network.populations[name].size if chosen is None else len(chosen)
        states += len(wanted.variables) * rows * n * 4
    record, windows = Counting.of(e).record, 0.0
    if record is not None:
        names = e.record.counts.populations or list(e.network.populations)
        neurons = sum(e.network.populations[str(n)].size for n in names)
        windows = float(record.number * neurons * _count_bytes(e, record))
    edges = _edge_bytes(e) if e.record.edges else 0.0
    parts = {"spikes": trials * spikes, "states": trials * states, "counts": trials * windows}
    rest = _FIGURE + (trials + 1) * _TRIAL + 16.0 * sum(_placed(e))
    return {name: n / MB for name, n in {**parts, "edges": edges, "rest": rest}.items()}


def _edge_bytes(e: Experiment) -> float:
    """Return the bytes of contacts that are written: two ids, and what is drawn for each."""
    size = 0.0
    for name, found in counts(e).items():
        p = e.network.projections[name]
        drawn = sum(isinstance(value, Distribution) for value in (p.weight, p.delay))
        size += found.contacts * 8 * (2 + drawn)
    return size * (e.trials if e.network.per_trial else 1)


def _placed(e: Experiment) -> list[int]:
    """Return the sizes of populations and drives whose positions are written."""
    every: list[Any] = [*e.network.populations.values(), *e.drives.values()]
    return [x.size for x in every if getattr(x, "positions", None) in ("grid", "uniform")]


def _allocated(rows: float, row_bytes: int) -> float:
    """Return bytes of a growing dataset, which is allocated in chunks of rows."""
    return float(np.ceil(rows / _CHUNK_ROWS) * _CHUNK_ROWS * row_bytes)


def _contact_bytes(e: Experiment, real: int) -> tuple[float, float]:
    """Return the bytes that contacts need while they are drawn and while they are used."""
    found = counts(e)
    if not found:
        return 0.0, 0.0
    projections = [e.network.projections[name] for name in found]
    weights = any(isinstance(p.weight, Distribution) for p in projections)
    delays = any(isinstance(p.delay, Distribution) for p in projections)
    total = sum(c.contacts for c in found.values())
    if e.engine.delivery == "dense":
        drives = sum(d.size for d in e.drives.values() if d.emits == "spikes")
        matrix = (e.network.size + drives) * e.depth * _slots(e.network) * real
        return 4 * total, 2.0 * matrix
    capacity = size_class(sum(c.contacts + 6 * c.sd for c in found.values()))
    largest = max(c.contacts for c in found.values())
    target = 2 if e.network.size * len(e.network.synapses) <= 2**16 else 4
    merged = capacity * (target + 8 * weights + 4 * delays)
    copies = 2 * capacity * (target + real * weights + 4 * delays)
    kept = 4 * total if e.record.edges or e.engine.backend == "reference" else 0.0
    return 4 * total + merged + _SCRATCH * largest, kept + merged + copies


def _slots(spec: NetworkSpec) -> int:
    return len(spec.synapses) * spec.size


def _state_bytes(e: Experiment, real: int) -> float:
    """Return the bytes of a lane's state."""
    dtype = np.dtype(f"f{real}")
    neurons = sum(
        p.size * len(p.neuron.state_variables()) * real for p in e.network.populations.values()
    )
    synapses = sum(
        sum(x.nbytes for x in s.init((1, 1, 1), dtype, np)) for s in e.network.synapses.values()
    )
    return neurons + synapses * e.network.size + 16 * e.network.size


def _coefficient_bytes(e: Experiment, real: int) -> float:
    """Return the bytes of the coefficients of neurons and synapses."""
    neurons = sum(
        p.size * len(typical(p.neuron).prepare(e.dt)) for p in e.network.populations.values()
    )
    tau = np.full(1, np.inf)
    synapses = sum(len(s.prepare(e.dt, tau)) for s in e.network.synapses.values())
    return float(real * (neurons + synapses * e.network.size))


def typical(part: Any) -> Any:
    """Return a component whose drawn parameters have their means."""
    fields: dict[str, Value] = {name: getattr(part, name) for name in part.parameters()}
    drawn = {name: mean(v) for name, v in fields.items() if isinstance(v, Distribution)}
    return part.replace(**drawn)


def _output_bytes(e: Experiment, lanes: int, real: int) -> float:
    """Return the bytes of one chunk's output."""
    sources = e.network.size
    if any(name in e.drives for name in e.recorded):
        sources += sum(d.size for d in e.drives.values() if d.emits == "spikes")
    words = min(_CHUNK_STEPS // 32 * sources * lanes, max(_CHUNK_WORDS, sources * lanes))
    samples = 0
    for name, wanted in e.record.state.items():
        n = e.network.populations[name].size if wanted.neurons is None else len(wanted.neurons)
        rows = min(_CHUNK_STEPS, e.steps) // e.steps_in(wanted.every_ms) + 2
        samples += rows * n * lanes * len(wanted.variables)
    return 4.0 * words + real * samples


def _tally_bytes(e: Experiment) -> float:
    """Return the bytes of the windows counted, and of a statistic's copies of the largest."""
    sizes = [r.number * e.network.size * _count_bytes(e, r) for r in Counting.of(e).requests]
    return float(e.trials * sum(sizes) + 3 * max(sizes, default=0))


def _count_bytes(e: Experiment, windows: Windows) -> int:
    """Return the bytes of a count, at the highest rate that is no runaway."""
    return np.min_scalar_type(int(e.engine.max_rate * windows.size * e.dt / 1000)).itemsize
