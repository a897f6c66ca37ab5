"""Where a run keeps what it finds: the files of its folder, or nowhere."""

import dataclasses
from typing import Any, NamedTuple

from snnrun.checkpoints import Checkpoints, Saved
from snnrun.engine.decode import Spikes
from snnrun.engine.run import Chunk
from snnrun.engine.snapshot import Snapshot
from snnrun.experiment import Experiment
from snnrun.network import Network
from snnrun.sink import Sink
from snnrun.store.checkpoint import Checkpoint
from snnrun.store.folder import RunFolder
from snnrun.summary import Summary, attributes, entries
from snnrun.trial import Trial


class Nowhere:
    """Keeps nothing: what a run finds is told to its caller only."""

    found: Checkpoint | None = None
    compose_s = 0.0

    def alive(self) -> None:
        """Say that the run goes on."""

    def log(self, line: str) -> None:
        """Note something."""

    def open(self, e: Experiment, network: Network, device: str, saved: Saved) -> None:
        """Begin, or go on where the state was saved."""

    def begin(self, trial: int, network: Network) -> None:
        """Keep what is known of a trial before its first step."""

    def take(self, trial: int, lane: int, chunk: Chunk, spikes: Spikes | None) -> None:
        """Keep what a chunk found of a trial."""

    def save(
        self,
        trials: list[Trial],
        states: dict[int, Snapshot],
        seconds: dict[str, float],
        kept: bool,
    ) -> None:
        """Save the state of the run."""

    def finish(self, e: Experiment, network: Network, summary: Summary) -> None:
        """Add what follows from all of it."""

    def close(self) -> None:
        """Leave it as it is."""


@dataclasses.dataclass
class Files(Nowhere):
    """The files of a run with a composed `config`, gone on with from `found`."""

    folder: RunFolder
    config: str
    found: Checkpoint | None = None
    compose_s: float = 0.0
    _sink: Any = dataclasses.field(default=None, init=False)

    def alive(self) -> None:
        self.folder.is_running()

    def log(self, line: str) -> None:
        self.folder.log(line)

    def open(self, e: Experiment, network: Network, device: str, saved: Saved) -> None:
        self._sink = Sink(e, network, self.folder, self.config, device, saved.written)
        self._checkpoints = Checkpoints(e, self.config, self.folder, saved)

    def begin(self, trial: int, network: Network) -> None:
        self._sink.edges(trial, network)

    def take(self, trial: int, lane: int, chunk: Chunk, spikes: Spikes | None) -> None:
        if spikes is not None:
            self._sink.spikes(trial, spikes)
        self._sink.samples(trial, lane, chunk)
        self._sink.writer.flush()

    def save(
        self,
        trials: list[Trial],
        states: dict[int, Snapshot],
        seconds: dict[str, float],
        kept: bool,
    ) -> None:
        self._checkpoints.write(trials, states, self._sink.sync(), seconds, kept)

    def finish(self, e: Experiment, network: Network, summary: Summary) -> None:
        summary.timings["write_s"] = self._sink.writer.seconds
        self._sink.writer.finish(entries(e, network, summary), attributes(e, summary))

    def close(self) -> None:
        if self._sink is not None:  # else it could not be opened
            self._sink.close()


class Job(NamedTuple):
    """What is to be run, and the files it gets."""

    experiment: Experiment
    files: Files
