"""A group of trials that are computed together: built, compiled, and followed chunk by chunk.

Shapes: `N` neurons.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from snnrun import random
from snnrun.distribution import draw
from snnrun.engine.decode import decode
from snnrun.engine.plan import BLOCK
from snnrun.engine.run import Backend, Breaks, Chunk, chunks
from snnrun.engine.snapshot import Snapshot
from snnrun.errors import ConfigError
from snnrun.experiment import Experiment
from snnrun.network import Network, build
from snnrun.sink import Sink
from snnrun.trial import Counting, Guard, Trial


def draw_network(e: Experiment, realisation: int) -> Network:
    """Build the network of an experiment; ConfigError where what is drawn does not fit."""
    lists = e.engine.backend == "reference" or e.record.edges
    try:
        seed = e.seed if e.network_seed is None else e.network_seed
        return build(e.network, e.drives, seed, e.dt, realisation, keep_contacts=lists)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"network: {error}") from error


def networks_of(e: Experiment, shared: Network, numbers: list[int]) -> list[Network]:
    """Return the network of each trial, or the one that all share (which is the first's)."""
    if not e.network.per_trial:
        return [shared]
    return [shared if number == 0 else draw_network(e, number) for number in numbers]


def make_ready(
    e: Experiment,
    networks: list[Network],
    backend: Backend,
    numbers: list[int],
    device: Any = None,
    states: list[Snapshot] | None = None,
    step: int = 0,
) -> Any:
    """Return the compiled network with the trials' initial state in it.

    `states`: those before step `step`, where the trials go on; ConfigError if they don't fit.
    """
    ready = backend.prepare(networks, e.seed, numbers, device)
    if states:
        try:
            ready.restart(states, step)
        except ValueError as error:
            raise ConfigError(f"the checkpoint does not fit the network: {error}") from error
    else:
        ready.start(np.stack([v_init(e, networks[0], number) for number in numbers]))
    return ready


def v_init(e: Experiment, network: Network, trial: int) -> np.ndarray:
    """Return the membrane potentials at t = 0, `[N]`."""
    v = np.zeros(network.size)
    for name, population in e.network.populations.items():
        rng = random.generator(e.seed, name, "v_init", trial)
        v[network.neurons[name]] = draw(population.v_init, rng, population.size)
    return v


class Group:
    """Trials that are computed together, and what is gathered of them."""

    def __init__(
        self, e: Experiment, networks: list[Network], ready: Any, numbers: list[int], step: int
    ) -> None:
        self._e, self._ready = e, ready
        self.end = self._begin = step
        self._networks = networks * (len(numbers) if len(networks) == 1 else 1)
        self._counting = Counting.of(e)
        self._on_device = not ready.plan.recording.spikes
        self.trials = [
            Trial.begin(e, network, number, self._on_device)
            for network, number in zip(self._networks, numbers, strict=True)
        ]
        self._guard = Guard(e, networks[0], ready.plan, self.trials)

    def course(self, breaks: Breaks) -> Iterator[Chunk]:
        """Yield the chunks until time is up, or the guard stops the trials."""
        e = self._e
        both = _Both(self._guard.pause, breaks)
        origin = self._counting.base[0] if self._on_device else 0
        longest = e.steps_in(e.engine.chunk_ms) if e.engine.chunk_ms else None
        span = self._begin, e.steps
        return chunks(self._ready, span, origin, longest, both, lambda: self._guard.tripped)

    def take(self, chunk: Chunk, sink: Sink) -> None:
        """Count a chunk and write it; trials that were stopped are left as they are."""
        for lane, trial in enumerate(self.trials):
            if not trial.stopped:
                self._take(trial, lane, chunk, sink)
        self.end = chunk.first + chunk.steps
        self._guard.look(self.end, chunk.output)
        sink.writer.flush()

    def _take(self, trial: Trial, lane: int, chunk: Chunk, sink: Sink) -> None:
        output = chunk.output
        if self._on_device:
            origin, size = self._counting.base
            begin = chunk.first // BLOCK * BLOCK
            trial.tally.add_counts((begin - origin) // size, output.counts[:, lane])
        else:
            spikes = decode(output.words[:, lane], chunk.first, chunk.steps)
            own = spikes.source < self._networks[lane].size
            trial.add_spikes(spikes.step[own], spikes.source[own])
            sink.spikes(trial.number, spikes)
        sink.samples(trial.number, lane, chunk)
        trial.total = output.total[lane].astype(np.int64)
        trial.fingerprint = output.fingerprint[lane]
        trial.end = chunk.first + chunk.steps

    def snapshots(self) -> dict[int, Snapshot]:
        """Return the state of each trial that was not stopped, while the group is at rest."""
        states = zip(self.trials, self._ready.snapshots(self.end), strict=False)
        return {trial.number: state for trial, state in states if not trial.stopped}

    def events(self) -> float:
        """Return the synaptic events so far (of drives: the expected number)."""
        each = zip(self._networks, self.trials, strict=True)
        return sum(synaptic_events(self._e, n, t.total, t.end - self._e.start) for n, t in each)


class _Both(NamedTuple):
    """Breaks at every multiple of `pause` steps as well; there is nothing to rest for."""

    pause: int
    others: Breaks

    def after(self, step: int) -> int:
        return min((step // self.pause + 1) * self.pause, self.others.after(step))

    def due(self, step: int) -> bool:
        return self.others.due(step)


def synaptic_events(e: Experiment, network: Network, total: np.ndarray, steps: int) -> float:
    """Return the synaptic events in so many steps (of drives: the expected number).

    `total` `[N]`: spikes of each neuron in them.
    """
    row = np.diff(network.edges.start[:: network.edges.segments]).astype(float)
    found = float(row[: network.size] @ total)
    for name, drive in e.drives.items():
        if drive.emits == "spikes":
            spikes = drive.mean_rate() * steps * e.dt / 1000
            found += spikes * float(row[network.sources[name]].sum())
    return found
