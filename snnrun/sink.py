"""What goes from a running experiment into its results file.

Shapes: `E` spikes, `T` samples, `N` neurons.
"""

import functools
import platform
import shlex
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import numpy as np

from snnrun import __version__
from snnrun.engine.decode import Spikes
from snnrun.engine.run import Chunk
from snnrun.experiment import Experiment
from snnrun.network import Network, contact_arrays
from snnrun.store.folder import RunFolder, now
from snnrun.store.layout import Layout, Report, SpikeTrains
from snnrun.store.results import ResultsWriter
from snnrun.store.written import Written
from snnrun.trial import span


class Sink:
    """Writes spikes and samples of each trial as they come."""

    def __init__(
        self,
        e: Experiment,
        network: Network,
        folder: RunFolder,
        config: str,
        device: str,
        before: Written | None = None,
    ) -> None:
        self._e, self._network = e, network
        self._spiking = [(name, network.sources[name]) for name in e.recorded]
        self._samples = list(_samples(e, network))
        edges = _edges(e, network)
        projections = {name: _projection(e, network, name) for name in e.network.projections}
        own = e.network.per_trial and e.trials > 1
        layout = Layout(
            trials=e.trials,
            edges={n: _kinds(arrays) for n, arrays in edges.items()} if own else {},
            t_start_ms=e.start * e.dt,
            t_stop_ms=e.steps * e.dt,
            spikes=tuple(SpikeTrains(n, s.stop - s.start) for n, s in self._spiking),
            reports=tuple(report for report, *_ in self._samples),
            compression=e.record.compression,
            compression_level=e.record.compression_level,
        )
        self.writer = ResultsWriter(folder.results, layout)
        self.writer.describe(
            config,
            _provenance(e, device),
            _nodes(e, network),
            {name: about | edges.get(name, {}) for name, about in projections.items()},
            before,
        )

    def close(self) -> None:
        """Close the file as it is."""
        self.writer.close()

    def sync(self) -> Written:
        """Put all that was written onto the disk; returns what that is."""
        return self.writer.sync()

    def edges(self, trial: int, network: Network) -> None:
        """Write the contacts of a trial that has its own, once."""
        if trial > 0 and self.writer.layout.edges:  # those of trial 0 are in /network
            for name, arrays in _edges(self._e, network).items():
                self.writer.append_edges(trial, name, arrays)

    def spikes(self, trial: int, spikes: Spikes) -> None:
        """Append the spikes of a chunk, population by population."""
        for name, part in self._spiking:
            mine = (spikes.source >= part.start) & (spikes.source < part.stop)
            ids = (spikes.source[mine] - part.start).astype(np.uint64)
            self.writer.append_spikes(trial, name, self._ms(spikes.step[mine] + 1), ids)

    def samples(self, trial: int, lane: int, chunk: Chunk) -> None:
        """Append the recorded state variables of a chunk."""
        for (report, every, first, last), buffer in zip(
            self._samples, chunk.output.samples, strict=True
        ):
            begin = chunk.first // every + 1
            number = (chunk.first + chunk.steps) // every - chunk.first // every
            at = (begin + np.arange(number)) * every
            rows = buffer[:number, lane][(at > first) & (at <= last)]
            self.writer.append_report(trial, report.population, report.variable, rows)

    def _ms(self, steps: np.ndarray) -> np.ndarray:
        """Return times; rounded so that 3 x 0.1 is 0.3."""
        return np.round(steps * self._e.dt, 9)


def _samples(e: Experiment, network: Network) -> Any:
    """Yield (report, steps between samples, first step, last step) in the order recorded."""
    for name, wanted in e.record.state.items():
        every = e.steps_in(wanted.every_ms)
        first, last = span(e, wanted)
        size = network.spec.populations[name].size
        neurons = np.arange(size) if wanted.neurons is None else np.asarray(wanted.neurons)
        for variable in wanted.variables:
            begin, stop = ((at // every + 1) * every * e.dt for at in (first, last))
            units = e.network.recordable(name)[str(variable)]
            report = Report(name, str(variable), units, neurons, every * e.dt, begin, stop)
            yield report, every, first, last


def _kinds(arrays: dict[str, np.ndarray]) -> dict[str, str]:
    return {name: x.dtype.str for name, x in arrays.items()}


def _provenance(e: Experiment, device: str) -> dict[str, Any]:
    return {
        "snnrun": __version__,
        "jax": version("jax"),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": device,
        "seed": e.seed,
        "command": shlex.join(sys.argv),
        "started": now(),
        "finished": "",
        "git": _git(),
    }


@functools.cache
def _git() -> str:
    """Return the commit of the working directory's repository, or an empty string."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _nodes(e: Experiment, network: Network) -> dict[str, dict[str, Any]]:
    nodes: dict[str, dict[str, Any]] = {
        name: {"size": p.size, "type": p.type, "kind": p.neuron.kind}
        for name, p in e.network.populations.items()
    }
    for name, drive in e.drives.items():
        part = network.sources.get(name, slice(0, 0))  # no sources: input of every neuron's own
        nodes[name] = {"size": part.stop - part.start, "type": "drive", "kind": drive.kind}
    for name, node in nodes.items():
        position = network.positions.get(name)
        if position is not None:
            node |= {"x": position[:, 0], "y": position[:, 1]}
    return nodes


def _projection(e: Experiment, network: Network, name: str) -> dict[str, Any]:
    projection = e.network.projections[name]
    ends = {"pre": projection.pre, "post": projection.post}
    if projection.connect is None:  # every neuron of post has its own input
        return {**ends, "contacts": 0, "kind": "private"}
    described: dict[str, Any] = {
        **ends,
        "contacts": network.contacts[name],
        "kind": projection.connect.kind,
    }
    return described


def _edges(e: Experiment, network: Network) -> dict[str, dict[str, np.ndarray]]:
    """Return the contacts of each projection, where they are recorded."""
    return contact_arrays(network) if e.record.edges else {}
