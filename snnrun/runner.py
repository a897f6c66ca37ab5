"""Runs: build, compile, simulate chunk by chunk, statistics, close; one, or several together."""

import contextlib
from collections.abc import Iterator

from snnrun.batch import Batch, choose, groups
from snnrun.checkpoints import Rests
from snnrun.clock import Clock
from snnrun.course import Course, Lane, draw_network
from snnrun.engine.run import Chunk, abreast
from snnrun.engine.snapshot import Snapshot
from snnrun.engine.xla import Compiled
from snnrun.experiment import Experiment
from snnrun.files import Files
from snnrun.group import Group, first_ready, make_ready
from snnrun.interruption import Interruption
from snnrun.neuron._base import resets_itself
from snnrun.observe import Observer
from snnrun.pulse import Pulse
from snnrun.summary import Summary

Outcome = Summary | Exception


def run(
    e: Experiment, files: Files, observer: Observer, interruption: Interruption | None = None
) -> Summary:
    """Run an experiment into its folder.

    InterruptedRunError: it was asked to end and is saved.
    """
    observer.stage("build")
    batch = choose(e)
    for note in _notes(e, batch):
        files.log(note)
    course = Course(e, files, batch.backend)
    with contextlib.closing(files):
        clock = Clock({}, cpu_from=0.0)
        (outcome,) = together([course], batch, clock, observer, interruption or Interruption())
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def together(
    courses: list[Course],
    batch: Batch,
    clock: Clock,
    observer: Observer,
    interruption: Interruption,
) -> list[Outcome]:
    """Compute runs that share a program; one that fails does not stop the others.

    `clock`: takes the time that they spend together. InterruptedRunError: all are saved.
    """
    batch.backend.compiled = None  # by an earlier call
    for course in courses:
        course.with_others(clock, len(courses))
    pulse, rests = Pulse(courses, observer), Rests(courses[0].e, interruption)
    line = _Line(courses, batch, pulse, clock)
    with clock.timed("loop_s"):
        for group, chunk in abreast(lambda worker: line.begin(worker, rests), line.workers):
            if group is None:
                line.save(rests)
            elif chunk is None:
                line.finish(group)
            else:
                interruption.savable = True
                group.take(chunk)
                pulse.progress()
    pulse.stage("statistics")
    return [_ended(course) for course in courses]


def compile_only(e: Experiment) -> Compiled | None:
    """Compile what a run would, and return how long it took; None where nothing is compiled."""
    batch = choose(e)
    first_ready(e, batch, draw_network(e, 0))
    return batch.backend.compiled


def _notes(e: Experiment, batch: Batch) -> Iterator[str]:
    """Yield what the user should know of how it is computed."""
    if batch.backend.note:
        yield batch.backend.note
    populations = e.network.populations.items()
    own = [name for name, p in populations if resets_itself(p.neuron.model())]
    if own and batch.backend.native:
        yield f"{', '.join(own)}: reset by XLA, not by the native kernel, which delivers the spikes"


def _ended(course: Course) -> Outcome:
    """Return what a run found, or why it failed."""
    if course.error is None:
        with course.isolated():
            if course.e.checkpoint.final:
                course.save({}, kept=True)
            return course.finish()
    assert course.error is not None
    return course.error


class _Line:
    """The trials of runs: which wait, and which are computed now."""

    def __init__(self, courses: list[Course], batch: Batch, pulse: Pulse, clock: Clock) -> None:
        self._courses, self._batch, self._pulse, self._clock = courses, batch, pulse, clock
        self._trials = [(course, n) for course in courses for n in course.numbers]
        self._steps = [course.saved.step(number) for course, number in self._trials]
        self._waiting = groups(self._steps, batch.lanes)
        self._running: list[Group] = []

    @property
    def workers(self) -> int:
        """Groups that are computed at once."""
        return len(self._batch.devices)

    def begin(self, worker: int, rests: Rests) -> tuple[Group, Iterator[Chunk]] | None:
        """Make the next group ready; None where there is none."""
        for places in self._waiting:
            step = self._steps[places[0]]
            lanes = self._lanes(places)
            if lanes and step is not None:
                group = self._ready(lanes, worker, step)
                self._running.append(group)
                return group, group.course(rests)
        return None

    def finish(self, group: Group) -> None:
        """A group is over."""
        self._running.remove(group)
        if group.lanes[0].course.e.checkpoint.final:
            for lane, state in group.snapshots():
                lane.course.ended[lane.trial.number] = state
        for lane in group.lanes:
            lane.course.count(lane)

    def save(self, rests: Rests) -> None:
        """Save the state of all runs; InterruptedRunError if they were asked to end."""
        states: dict[int, dict[int, Snapshot]] = {id(course): {} for course in self._courses}
        for group in self._running:
            for lane, state in group.snapshots():
                states[id(lane.course)][lane.trial.number] = state
        kept = any(rests.marked(group.end) for group in self._running)
        for course in self._courses:
            if course.error is None:
                with course.isolated():
                    course.save(states[id(course)], kept)
        rests.over(ahead=not all(course.over for course in self._courses))

    def _lanes(self, places: list[int]) -> list[Lane]:
        """Take up trials, but for those of runs that failed."""
        lanes = []
        for course, number in (self._trials[place] for place in places):
            if course.error is None:
                with course.isolated():
                    lanes.append(course.lane(number))
        return lanes

    def _ready(self, lanes: list[Lane], worker: int, step: int) -> Group:
        first = not self._running
        if first:
            self._pulse.stage("compile")
        alone = first or self.workers == 1  # else other groups go on meanwhile
        with self._clock.timed("prepare_s" if alone else "meanwhile_s"):
            device = self._batch.devices[worker]
            group = Group(lanes, make_ready(lanes, self._batch.backend, device, step), step)
        if first:
            self._pulse.stage("simulate")
        return group
