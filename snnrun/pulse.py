"""How far runs are, that they are alive, and how fast they go."""

import time

import numpy as np

from snnrun.course import Course
from snnrun.observe import Observer

_WINDOW_S = 20.0  # over which the pace is measured


class Pulse:
    """Tells observers where runs are and whether they slow down."""

    def __init__(self, courses: list[Course], observer: Observer) -> None:
        self._courses, self._observer = courses, observer
        self._slowdown = Slowdown(courses[0].e.engine.min_pace)
        self._done_before = self._steps()

    def stage(self, name: str) -> None:
        """A stage begins."""
        self._observer.stage(name)
        for course in self._courses:
            with course.isolated():
                course.files.alive()

    def progress(self) -> None:
        """A chunk is done."""
        e = self._courses[0].e
        trials = [trial for course in self._courses for trial in course.trials]
        steps = self._steps()
        rates = [
            t.total.mean() / ((t.end - e.start) * e.dt / 1000) for t in trials if t.end > e.start
        ]
        number = sum(len(course.numbers) for course in self._courses)
        total = number * (e.steps - e.start) * e.dt
        before = self._done_before * e.dt
        self._observer.progress(steps * e.dt, total, float(np.mean(rates or [0.0])), before)
        if warning := self._slowdown.look(steps, time.monotonic()):
            for course in self._courses:
                with course.isolated():
                    course.files.log(f"warning: {warning}")
            self._observer.warn(warning)

    def _steps(self) -> int:
        """Return how many steps are done, of all trials together, also in earlier parts."""
        return sum(map(_steps_of, self._courses))


def _steps_of(course: Course) -> int:
    """Return how many steps of a run are done: what was saved, until a trial is taken up."""
    ends = {number: course.saved.step(number) for number in course.numbers}
    ends |= {trial.number: trial.end for trial in course.trials}
    return sum(end - course.e.start for end in ends.values() if end is not None)


class Slowdown:
    """Compares the pace of a run with the best it had, over windows of some seconds."""

    def __init__(self, share: float | None) -> None:
        self._share, self._best = share, 0.0
        self._begun: tuple[int, float] | None = None
        self._warned = False

    def look(self, steps: int, now: float) -> str | None:
        """Return a warning when the pace over the last window has fallen, once each time."""
        if self._begun is None:
            self._begun = steps, now
        if self._share is None or now - self._begun[1] < _WINDOW_S:
            return None
        pace = (steps - self._begun[0]) / (now - self._begun[1])
        self._begun, self._best = (steps, now), max(self._best, pace)
        slow, before = pace < self._share * self._best, self._warned
        self._warned = slow
        if not slow or before:
            return None
        return (
            f"slower than before: {pace:.0f} steps/s over the last {_WINDOW_S:.0f} s, up to"
            f" {self._best:.0f} earlier; look for other work on this machine, or for activity that"
            " grows (engine.min_pace sets when this is said)"
        )
