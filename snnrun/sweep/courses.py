"""Points of a sweep are made ready to be computed, and are computed together."""

import dataclasses
import time
from collections import Counter

from snnrun.batch import Batch, choose
from snnrun.checkpoints import latest
from snnrun.clock import Clock
from snnrun.config.build import build
from snnrun.config.compose import adjusted
from snnrun.course import Course
from snnrun.errors import ConfigError, InterruptedRunError
from snnrun.experiment import Experiment
from snnrun.files import Files
from snnrun.interruption import Interruption
from snnrun.network import Network
from snnrun.runner import Outcome, together
from snnrun.store.folder import RunFolder
from snnrun.sweep.needed import take_over
from snnrun.sweep.orders import Orders, Progress, Tell
from snnrun.sweep.plan import Plan, Point

_MOST_TOGETHER = 256  # points: each says every few seconds that it is alive
_FILES = 4  # of a point that may be open, and somewhat more
_TELL_S = 0.5  # between words on how much is done

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]


class Courses:
    """Makes points ready, each like the one before as far as they are alike."""

    def __init__(self, plan: Plan, orders: Orders) -> None:
        self._plan, self._orders = plan, orders
        self._batches: dict[int, Batch] = {}
        self._like: Network | None = None
        self._in_scope = Counter(plan.points[index].group for index in orders.scope)

    def width(self, point: Point) -> int:
        """Return how many points like this one are computed together."""
        if point.error is not None:
            return 1
        try:
            batch, trials = self._batch(point), self._plan.groups[point.group].trials
        except Exception:  # it will say so itself
            return 1
        return max(1, min(batch.lanes * len(batch.devices) // trials, most_together()))

    def begun(self, point: Point, folder: RunFolder) -> Course | None:
        """Return a point ready to be computed; None where a finished run is taken instead."""
        if point.error is not None:
            raise ConfigError(point.error)
        if self._orders.needed and take_over(self._orders.needed.get(point.hash), folder):
            return None
        begun = time.perf_counter()
        config, e = self.built(point)
        found = latest(folder, config, folder.log)
        if found is not None:
            about = found.about
            e = dataclasses.replace(e, start=about["start"], network_seed=about["network_seed"])
        folder.write("config.yaml", config)
        files = Files(folder, config, found, time.perf_counter() - begun)
        least = self._plan.groups[point.group].least
        course = Course(e, files, self._batch(point).backend, self._like, least)
        self._like = course.network
        return course

    def built(self, point: Point) -> tuple[str, Experiment]:
        """Return a point's config and experiment."""
        composed = self._plan.composed(point)
        e, _ = build(adjusted(composed, list(self._orders.how)))
        engine = dataclasses.replace(e.engine, threads=self._orders.threads)
        return composed.yaml, dataclasses.replace(e, engine=engine)

    def outcomes(
        self, courses: list[Course], tell: Tell, interruption: Interruption
    ) -> list[Outcome]:
        """Compute those last made ready; where that fails as a whole, each fails."""
        if not courses:
            return []
        clock = Clock({}, cpu_from=time.process_time())
        (batch,) = self._batches.values()
        try:
            return together(courses, batch, clock, _Share(tell), interruption)
        except (InterruptedRunError, KeyboardInterrupt):
            raise
        except Exception as error:
            return [error] * len(courses)

    def _batch(self, point: Point) -> Batch:
        """Return what computes the points of a group."""
        number, processes = point.group, self._orders.processes
        if number not in self._batches:
            group, (_, e) = self._plan.groups[number], self.built(point)
            in_scope = self._in_scope[number]
            if in_scope > 1:
                e = dataclasses.replace(
                    e,
                    trials=min(-(-in_scope // processes), most_together()) * e.trials,
                    network=dataclasses.replace(e.network, per_trial=group.own_contacts),
                )
            batch = choose(e, group.own_contacts if in_scope > 1 else None, processes)
            self._batches = {number: batch}  # the last one's arrays can go
        return self._batches[number]


def most_together() -> int:
    """Return how many points may be computed together: each has files that are open."""
    if resource is None:
        return _MOST_TOGETHER
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    few = max(1, limit // _FILES)
    return _MOST_TOGETHER if limit < 0 else min(_MOST_TOGETHER, few)


class _Share:
    """Tells how much of a batch is done."""

    def __init__(self, tell: Tell) -> None:
        self._tell, self._told = tell, 0.0

    def stage(self, name: str) -> None:
        """Ignore it."""

    def still(self) -> None:
        """Ignore it: who watches the sweep says so."""

    def progress(
        self, done_ms: float, total_ms: float, rate: float, before_ms: float = 0.0
    ) -> None:
        """Tell it, now and then."""
        if time.monotonic() - self._told > _TELL_S:
            self._told = time.monotonic()
            self._tell(Progress(done_ms / total_ms))

    def warn(self, text: str) -> None:
        """Ignore it: it is in run.log."""

    def close(self) -> None:
        """Nothing is left open."""
