"""A run among those that are computed together: its trials, its files, its seconds.

Shapes: `N` neurons.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from snnrun import random
from snnrun.checkpoints import Saved
from snnrun.clock import Clock, timings
from snnrun.distribution import draw
from snnrun.edges import Least
from snnrun.engine.run import Backend
from snnrun.engine.snapshot import Snapshot
from snnrun.engine.xla import Compiled
from snnrun.errors import ConfigError, SnnrunError
from snnrun.experiment import Experiment
from snnrun.files import Nowhere
from snnrun.network import Network, build
from snnrun.summary import Summary, summarise
from snnrun.trial import Trial


class Lane(NamedTuple):
    """A trial that is computed together with others, and whose it is."""

    course: "Course"
    network: Network
    trial: Trial


class Course:
    """A run: which of its trials wait, which are computed now, and what was gathered of each.

    `numbers`: its trials, all of the experiment's where none are given; `ended`: the states at the
    end, where they are to be kept; `error`: why it failed, while others go on.
    """

    def __init__(
        self,
        e: Experiment,
        files: Nowhere,
        backend: Backend,
        like: Network | None = None,
        least: Least = Least(),  # noqa: B008 (immutable)
        numbers: Sequence[int] | None = None,
    ) -> None:
        self.e, self.files = e, files
        self.numbers = range(e.trials) if numbers is None else numbers
        self._backend, self._least = backend, least
        self.saved = Saved(e, files.found)
        files.alive()
        self.clock = Clock({"compose_s": files.compose_s})
        self.clock.add(self.saved.seconds)
        self._shared, self._share = Clock({}), 1.0
        with self.clock.timed("build_s"):
            self.network = draw_network(e, _realisation(e, self.numbers[0]), like, least)
        self.error: Exception | None = None
        self.ended: dict[int, Snapshot] = {}
        self._trials: dict[int, Trial] = {}
        self._events = 0.0
        with contextlib.ExitStack() as unless_ready:
            unless_ready.callback(files.close)
            files.open(e, self.network, backend.device, self.saved)
            self._take_up()
            unless_ready.pop_all()

    def with_others(self, shared: Clock, number: int) -> None:
        """Count a share of the time that so many runs spend together."""
        self._shared, self._share = shared, 1 / number

    @property
    def trials(self) -> list[Trial]:
        """Those begun so far, in order."""
        return [self._trials[number] for number in sorted(self._trials)]

    @property
    def over(self) -> bool:
        """Whether nothing more will be simulated."""
        all_begun = len(self._trials) == len(self.numbers)
        return bool(self.error) or (all_begun and all(t.over(self.e) for t in self.trials))

    def lane(self, number: int) -> Lane:
        """Take up a trial."""
        with self.clock.timed("build_s"):
            network = self._network_of(number)
        self.files.begin(number, network)
        trial = Trial.begin(self.e, network, number, not self._backend.recording.spikes)
        self.saved.load(trial)
        self._trials[number] = trial
        return Lane(self, network, trial)

    @contextlib.contextmanager
    def isolated(self) -> Iterator[None]:
        """Give up where something fails inside; the runs that are computed with this one go on."""
        try:
            yield
        except Exception as error:
            self.error = self.error or error
            for trial in self._trials.values():
                trial.stopped = True

    def count(self, lane: Lane) -> None:
        """Count the synaptic events of a trial that is over."""
        steps = lane.trial.end - self.e.start
        self._events += synaptic_events(self.e, lane.network, lane.trial.total, steps)

    def save(self, states: dict[int, Snapshot], kept: bool) -> None:
        """Write a checkpoint of trials at rest, and of those that ended."""
        self.files.save(self.trials, states | self.ended, self._seconds, kept)

    def finish(self) -> Summary:
        """Compute the statistics and close the file.

        Where they fail, the state is saved: a run that goes on needs nothing else.
        """
        try:
            with self.clock.timed("statistics_s"):
                summary = summarise(self.e, self.network, self.trials)
        except Exception:
            with contextlib.suppress(SnnrunError):
                self.save({}, kept=False)
            raise
        summary.timings = timings(
            self._seconds,
            self.e,
            self.network,
            self.trials,
            _part(self._backend.compiled, self._share),
        )
        summary.timings["synaptic_events_per_s"] = self._events / summary.timings["simulate_s"]
        self.files.finish(self.e, self.network, summary)
        return summary

    @property
    def _seconds(self) -> dict[str, float]:
        found = self.clock.seconds
        for phase, spent in self._shared.seconds.items():
            found[phase] = found.get(phase, 0.0) + self._share * spent
        return found

    def _network_of(self, trial: int) -> Network:
        realisation = _realisation(self.e, trial)
        if realisation == self.network.realisation:
            return self.network
        return draw_network(self.e, realisation, None, self._least)

    def _take_up(self) -> None:
        """Take up the trials that were over when the state was saved."""
        for number in self.numbers:
            if self.saved.step(number) is None:
                self.count(self.lane(number))
                if state := self.saved.state(number):
                    self.ended[number] = state


def _realisation(e: Experiment, trial: int) -> int:
    """Return which connectivity a trial has."""
    return trial if e.network.per_trial else 0


def _part(compiled: Compiled | None, share: float) -> Compiled | None:
    """Return a run's share of what was compiled for all that are computed together."""
    if compiled is None:
        return None
    return compiled._replace(trace_s=share * compiled.trace_s, compile_s=share * compiled.compile_s)


def draw_network(
    e: Experiment,
    realisation: int,
    like: Network | None = None,
    least: Least = Least(),  # noqa: B008 (immutable)
) -> Network:
    """Build the network of an experiment; ConfigError where what is drawn does not fit."""
    lists = e.engine.backend == "reference" or e.record.edges
    try:
        seed = e.seed if e.network_seed is None else e.network_seed
        return build(e.network, e.drives, seed, e.dt, realisation, lists, like, least)
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"network: {error}") from error


def v_init(e: Experiment, network: Network, trial: int) -> np.ndarray:
    """Return the membrane potentials at t = 0, `[N]`."""
    v = np.zeros(network.size)
    for name, population in e.network.populations.items():
        rng = random.generator(e.seed, name, "v_init", trial)
        v[network.neurons[name]] = draw(population.v_init, rng, population.size)
    return v


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
