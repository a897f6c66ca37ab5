"""A run: build, compile, simulate chunk by chunk, statistics, close.

Shapes: `N` neurons.
"""

from collections.abc import Iterator

from snnrun.batch import Batch, choose, groups
from snnrun.checkpoints import Checkpoints, Saved
from snnrun.engine.run import Chunk, abreast
from snnrun.engine.snapshot import Snapshot
from snnrun.engine.xla import Compiled
from snnrun.experiment import Experiment
from snnrun.group import Group, draw_network, make_ready, networks_of, synaptic_events
from snnrun.interruption import Interruption
from snnrun.network import Network
from snnrun.observe import Observer
from snnrun.pulse import Clock, Pulse
from snnrun.sink import Sink
from snnrun.store.checkpoint import Checkpoint
from snnrun.store.folder import RunFolder
from snnrun.summary import Summary, attributes, entries, summarise
from snnrun.trial import Trial


def run(
    e: Experiment,
    config: str,
    folder: RunFolder,
    observer: Observer,
    compose_s: float = 0.0,
    found: Checkpoint | None = None,
    interruption: Interruption | None = None,
) -> Summary:
    """Run an experiment into a folder; `config` is its composed YAML.

    `found`: where it goes on from. InterruptedRunError: it was asked to end and is saved.
    """
    clock, saved = Clock(compose_s), Saved(e, found)
    clock.add(saved.seconds)
    interruption = interruption or Interruption()
    pulse = Pulse(e, folder, observer)
    pulse.stage("build")
    batch = choose(e)
    with clock.timed("build_s"):
        network = draw_network(e, 0)
    if batch.backend.note:
        folder.log(batch.backend.note)
    with Sink(e, network, folder, config, batch.backend.device, saved.written) as sink:
        course = _Course(e, network, batch, saved, pulse, clock)
        checkpoints = Checkpoints(e, config, folder, saved, interruption)
        trials = _simulate(course, sink, checkpoints, interruption)
        pulse.stage("statistics")
        with clock.timed("statistics_s"):
            summary = summarise(e, network, trials)
        summary.timings = clock.timings(e, network, trials, batch.backend, sink.writer.seconds)
        sink.writer.finish(entries(e, network, summary), attributes(e, summary))
    return summary


def compile_only(e: Experiment) -> Compiled | None:
    """Compile what a run would, and return how long it took; None where nothing is compiled."""
    batch = choose(e)
    numbers = next(groups(e, batch.lanes))
    batch.backend.prepare(networks_of(e, draw_network(e, 0), numbers), e.seed, numbers)
    return batch.backend.compiled


def _simulate(
    course: "_Course", sink: Sink, checkpoints: Checkpoints, interruption: Interruption
) -> list[Trial]:
    """Simulate all trials, group by group, several groups at once; returns them in order."""
    clock = course.clock
    with clock.timed("loop_s"):
        for group, chunk in abreast(lambda n: course.begin(n, checkpoints), course.workers):
            if group is None:
                checkpoints.save(course.running, course.trials, course.ended, sink, clock)
            elif chunk is None:
                course.finish(group)
            else:
                interruption.savable = True
                group.take(chunk, sink)
                course.pulse.progress(course.trials)
    if course.e.checkpoint.final:
        checkpoints.write(course.trials, course.ended, sink.sync(), clock.seconds, kept=True)
    return course.trials


class _Course:
    """The trials of a run: which wait, which are computed now, and what was gathered of each.

    `ended`: the states at the end, where they are to be kept.
    """

    def __init__(
        self,
        e: Experiment,
        network: Network,
        batch: Batch,
        saved: Saved,
        pulse: Pulse,
        clock: Clock,
    ) -> None:
        self.e, self._network, self._batch, self._saved = e, network, batch, saved
        self.pulse, self.clock = pulse, clock
        self.running: list[Group] = []
        self.ended: dict[int, Snapshot] = {}
        self._trials: dict[int, Trial] = {}
        self._waiting = groups(e, batch.lanes, saved.step)
        self._take_up()

    @property
    def workers(self) -> int:
        """Groups that are computed at once."""
        return len(self._batch.devices)

    @property
    def trials(self) -> list[Trial]:
        """Those begun so far, in order."""
        return [self._trials[number] for number in sorted(self._trials)]

    def begin(self, worker: int, checkpoints: Checkpoints) -> tuple[Group, Iterator[Chunk]] | None:
        """Make the next group ready; None where there is none."""
        numbers = next(self._waiting, None)
        if numbers is None:
            return None
        first = not self.running
        if first:
            self.pulse.stage("compile")
        alone = first or self.workers == 1  # else other groups go on meanwhile
        phase = "prepare_s" if alone else "meanwhile_s"
        with self.clock.timed(phase):
            group = self._prepared(numbers, worker)
        if first:
            self.pulse.stage("simulate")
        self.running.append(group)
        self._trials |= {trial.number: trial for trial in group.trials}
        return group, group.course(checkpoints)

    def finish(self, group: Group) -> None:
        """A group is over."""
        self.running.remove(group)
        if self.e.checkpoint.final:
            self.ended |= group.snapshots()
        self.clock.events += group.events()

    def _prepared(self, numbers: list[int], worker: int) -> Group:
        e, step = self.e, self._saved.step(numbers[0])
        assert step is not None
        with self.clock.timed("build_s"):
            networks = networks_of(e, self._network, numbers)
        states = [state for n in numbers if (state := self._saved.state(n))]
        device = self._batch.devices[worker]
        ready = make_ready(e, networks, self._batch.backend, numbers, device, states, step)
        group = Group(e, networks, ready, numbers, step)
        for trial in group.trials:
            self._saved.load(trial)
        return group

    def _take_up(self) -> None:
        """Take up the trials that were over when the state was saved."""
        for number in range(self.e.trials):
            if self._saved.step(number) is None:
                (network,) = networks_of(self.e, self._network, [number])
                on_device = not self._batch.backend.recording.spikes
                trial = Trial.begin(self.e, network, number, on_device)
                self._saved.load(trial)
                self._trials[number] = trial
                if state := self._saved.state(number):
                    self.ended[number] = state
                self.clock.events += synaptic_events(
                    self.e, network, trial.total, trial.end - self.e.start
                )
