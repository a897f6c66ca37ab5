"""Trials that are computed together: built, compiled, and followed chunk by chunk."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from snnrun.batch import Batch, first_group
from snnrun.course import Lane, draw_network, v_init
from snnrun.engine.decode import decode
from snnrun.engine.plan import BLOCK
from snnrun.engine.run import Backend, Breaks, Chunk, Seat, chunks
from snnrun.engine.snapshot import Snapshot
from snnrun.errors import ConfigError
from snnrun.experiment import Experiment
from snnrun.network import Network
from snnrun.trial import Counting, Guard


def make_ready(lanes: list[Lane], backend: Backend, device: Any = None, step: int = 0) -> Any:
    """Return the compiled network with the trials' state before step `step` in it.

    ConfigError if a saved state does not fit.
    """
    ready = backend.prepare(
        [Seat(lane.network, lane.course.e.seed, lane.trial.number) for lane in lanes], device
    )
    states = [lane.course.saved.state(lane.trial.number) for lane in lanes]
    if all(states):
        try:
            ready.restart([state for state in states if state], step)
        except ValueError as error:
            raise ConfigError(f"the checkpoint does not fit the network: {error}") from error
    else:
        each = [v_init(lane.course.e, lane.network, lane.trial.number) for lane in lanes]
        ready.start(np.stack(each))
    return ready


def first_ready(e: Experiment, batch: Batch, network: Network) -> Any:
    """Return the first trials of an experiment, ready before the first step.

    `network`: that of the first one.
    """
    numbers = first_group(e, batch.lanes)
    own = e.network.per_trial
    networks = [draw_network(e, n) if own and n else network for n in numbers]
    ready = batch.backend.prepare(list(map(Seat, networks, [e.seed] * len(numbers), numbers)))
    ready.start(np.stack([v_init(e, network, number) for number in numbers]))
    return ready


class Group:
    """Trials that are computed together, and what is gathered of them."""

    def __init__(self, lanes: list[Lane], ready: Any, step: int) -> None:
        self._e, self._ready, self.lanes = lanes[0].course.e, ready, lanes
        self.end = self._begin = step
        self._counting = Counting.of(self._e)
        self._on_device = not ready.plan.recording.spikes
        self._guards = [Guard(lane.course.e, lane.network, ready.plan) for lane in lanes]

    def course(self, breaks: Breaks) -> Iterator[Chunk]:
        """Yield the chunks until time is up, or the guard stops the trials."""
        e = self._e
        both = _Both(self.pause, breaks)
        origin = self._counting.base[0] if self._on_device else 0
        longest = e.steps_in(e.engine.chunk_ms) if e.engine.chunk_ms else None
        span = self._begin, e.steps
        return chunks(self._ready, span, origin, longest, both, lambda: self.stopped)

    def take(self, chunk: Chunk) -> None:
        """Count a chunk and write it; trials that were stopped are left as they are."""
        self.end = chunk.first + chunk.steps
        for number, lane in enumerate(self.lanes):
            if not lane.trial.stopped:
                with lane.course.isolated():
                    self._take(lane, number, chunk)
                    self._guards[number].look(lane.trial, self.end, chunk.output, number)

    def _take(self, lane: Lane, number: int, chunk: Chunk) -> None:
        course, network, trial = lane
        output = chunk.output
        if self._on_device:
            origin, size = self._counting.base
            begin = chunk.first // BLOCK * BLOCK
            trial.tally.add_counts((begin - origin) // size, output.counts[:, number])
            spikes = None
        else:
            spikes = decode(output.words[:, number], chunk.first, chunk.steps)
            own = spikes.source < network.size
            trial.add_spikes(spikes.step[own], spikes.source[own])
        course.files.take(trial.number, number, chunk, spikes)
        trial.total = output.total[number].astype(np.int64)
        trial.fingerprint = output.fingerprint[number]
        trial.end = self.end

    def snapshots(self) -> list[tuple[Lane, Snapshot]]:
        """Return the state of each trial that was not stopped, while the group is at rest."""
        states = zip(self.lanes, self._ready.snapshots(self.end), strict=False)
        return [(lane, state) for lane, state in states if not lane.trial.stopped]

    @property
    def pause(self) -> int:
        """Steps between two looks of the guard: a chunk ends at each multiple of it."""
        return self._guards[0].pause

    @property
    def stopped(self) -> bool:
        """Whether all trials were stopped before their end."""
        return all(lane.trial.stopped for lane in self.lanes)


class _Both(NamedTuple):
    """Breaks at every multiple of `pause` steps as well; there is nothing to rest for."""

    pause: int
    others: Breaks

    def after(self, step: int) -> int:
        return min((step // self.pause + 1) * self.pause, self.others.after(step))

    def due(self, step: int) -> bool:
        return self.others.due(step)
