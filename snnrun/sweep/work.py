"""A process that computes points of a sweep: claim some, compute them together, conclude each."""

import contextlib
import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Iterator

from snnrun.batch import Batch, choose
from snnrun.checkpoints import latest
from snnrun.clock import Clock
from snnrun.config.build import build
from snnrun.config.compose import adjusted
from snnrun.course import Course, Job
from snnrun.errors import ConfigError, FileError, InterruptedRunError, SnnrunError
from snnrun.experiment import Experiment
from snnrun.interruption import Interruption
from snnrun.network import Network
from snnrun.runner import Outcome, together
from snnrun.store.folder import RunFolder, alive
from snnrun.store.lock import read_status
from snnrun.summary import conclude
from snnrun.sweep.claim import Claims
from snnrun.sweep.needed import take_over
from snnrun.sweep.orders import Begun, Orders, Over, Progress, Tell
from snnrun.sweep.plan import Plan, Point

_LOOK_S = 0.5  # between looks at points that other processes compute
_MOST_TOGETHER = 256  # points: each says every few seconds that it is alive
_FILES = 4  # of a point that may be open, and somewhat more
_MOST_FILE_ERRORS = 3  # points one after another, after which others would fail as well

try:
    import resource
except ImportError:  # not on Windows
    resource = None  # type: ignore[assignment]

Claimed = tuple[Point, RunFolder]


class Worker:
    """Computes what it can claim of a sweep's points.

    `enough()`: whether no more points are to be begun; `broken`: HDF5 can't clean up any more, so
    the process must leave without trying.
    """

    def __init__(
        self,
        plan: Plan,
        orders: Orders,
        tell: Tell,
        interruption: Interruption,
        enough: Callable[[], bool] = lambda: False,
    ) -> None:
        self._plan, self._orders, self._tell = plan, orders, tell
        self._interruption, self._enough = interruption, enough
        self._claims = Claims(orders.folder, orders.again)
        self._batches: dict[int, Batch] = {}
        self._like: Network | None = None
        self._file_errors = 0
        self._in_scope = Counter(plan.points[index].group for index in orders.scope)
        self.broken = False

    def work(self, first: float = 0.0) -> None:
        """Compute until no point is left; `first`: where among them to begin, 0 … 1.

        InterruptedRunError when asked to end; FileError where no point can be written.
        """
        for points in self._by_group(first):
            while claimed := self._claimed(points):
                self._compute(claimed)
        self._wait()

    def _by_group(self, first: float) -> Iterator[list[Point]]:
        """Yield the points that can be computed together, in the order they are tried."""
        found: dict[int, list[Point]] = {}
        for index in self._orders.scope:
            point = self._plan.points[index]
            found.setdefault(point.group, []).append(point)
        for points in found.values():
            cut = int(first * len(points))
            yield [*reversed(points[cut:] + points[:cut])]

    def _claimed(self, points: list[Point]) -> list[Claimed]:
        """Claim the next points; those that are not free are left out."""
        claimed: list[Claimed] = []
        try:
            self._claim(points, claimed)
        except BaseException:
            self._interrupt(claimed, "interrupted before it began")
            for _, folder in claimed:
                folder.release()
            raise
        return claimed

    def _claim(self, points: list[Point], claimed: list[Claimed]) -> None:
        while points and not self._enough() and len(claimed) < self._width(points[-1]):
            self._check()
            if claimed and points[-1].index in self._orders.alone:
                break
            point = points.pop()
            folder = self._claims.claim(point.index)
            if folder is not None:
                claimed.append((point, folder))
                if point.index in self._orders.alone:
                    break

    def _width(self, point: Point) -> int:
        """Return how many points like this one are computed together."""
        if point.error is not None:
            return 1
        try:
            batch, trials = self._batch(point), self._plan.groups[point.group].trials
        except Exception:  # it will say so itself
            return 1
        return max(1, min(batch.lanes * len(batch.devices) // trials, most_together()))

    def _check(self) -> None:
        if reason := self._interruption.reason:
            raise InterruptedRunError(reason)

    def _compute(self, claimed: list[Claimed]) -> None:
        """Compute points; those that fail are tried again, alone."""
        self._tell(Begun(tuple(point.index for point, _ in claimed)))
        folders = [folder for _, folder in claimed]
        try:
            with alive(folders):
                left = self._together(claimed)
                for _ in range(self._orders.retries):
                    left = [one for each in left for one in self._together([each[:2]])]
                for point, folder, error in left:
                    self._fail(point, folder, error)
        except InterruptedRunError as error:
            self._interrupt(claimed, f"interrupted by {error}; its state is saved")
            raise
        except KeyboardInterrupt:
            self._interrupt(claimed, "interrupted before its state was saved")
            raise
        finally:
            for folder in folders:
                folder.release()

    def _together(self, claimed: list[Claimed]) -> list[tuple[Point, RunFolder, Exception]]:
        """Compute points together and conclude them; returns those that failed."""
        failed: list[tuple[Point, RunFolder, Exception]] = []
        ready: list[tuple[Point, Course]] = []
        try:
            for point, folder in claimed:
                try:
                    if course := self._begun(point, folder):
                        ready.append((point, course))
                except Exception as error:
                    failed.append((point, folder, error))
            for (point, course), outcome in zip(ready, self._outcomes(ready), strict=True):
                if problem := self._concluded(point, course, outcome):
                    failed.append((point, course.folder, problem))
        finally:
            self._interruption.savable = False  # until here the first signal waits
            for _, course in ready:
                with contextlib.suppress(SnnrunError):
                    course.sink.close()
        return failed

    def _begun(self, point: Point, folder: RunFolder) -> Course | None:
        """Return a point ready to be computed; None where a finished run is taken instead."""
        if point.error is not None:
            raise ConfigError(point.error)
        if self._orders.needed and take_over(self._orders.needed.get(point.hash), folder):
            self._over(point, folder)
            return None
        begun = time.perf_counter()
        config, e = self._built(point)
        found = latest(folder, config, folder.log)
        if found is not None:
            about = found.about
            e = dataclasses.replace(e, start=about["start"], network_seed=about["network_seed"])
        folder.write("config.yaml", config)
        job = Job(e, config, folder, found, time.perf_counter() - begun)
        least = self._plan.groups[point.group].least
        course = Course(job, self._batch(point).backend, self._like, least)
        self._like = course.network
        return course

    def _built(self, point: Point) -> tuple[str, Experiment]:
        """Return a point's config and experiment."""
        composed = self._plan.composed(point)
        e, _ = build(adjusted(composed, list(self._orders.how)))
        engine = dataclasses.replace(e.engine, threads=self._orders.threads)
        return composed.yaml, dataclasses.replace(e, engine=engine)

    def _batch(self, point: Point) -> Batch:
        """Return what computes the points of a group."""
        number, processes = point.group, self._orders.processes
        if number not in self._batches:
            group, (_, e) = self._plan.groups[number], self._built(point)
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

    def _outcomes(self, ready: list[tuple[Point, Course]]) -> list[Outcome]:
        """Compute all; where that fails as a whole, each fails."""
        if not ready:
            return []
        courses = [course for _, course in ready]
        clock = Clock({}, cpu_from=time.process_time())
        batch = self._batches[ready[0][0].group]
        try:
            return together(courses, batch, clock, _Share(self._tell), self._interruption)
        except (InterruptedRunError, KeyboardInterrupt):
            raise
        except Exception as error:
            return [error] * len(courses)

    def _concluded(self, point: Point, course: Course, outcome: Outcome) -> Exception | None:
        """Write what a point found, and say so; returns why that failed, if it did."""
        if isinstance(outcome, Exception):
            return outcome
        try:
            conclude(course.e, course.folder, outcome, self._orders.strict)
        except Exception as error:
            return error
        self._file_errors = 0
        self._over(point, course.folder)
        return None

    def _fail(self, point: Point, folder: RunFolder, error: Exception) -> None:
        """Write why a point failed; FileError if nothing can be written any more."""
        self.broken |= bool(getattr(error, "leave_at_once", False))
        code = error.exit_code if isinstance(error, SnnrunError) else 1
        text = str(error) if code != 1 else f"{type(error).__name__}: {error}"
        self._file_errors = self._file_errors + 1 if isinstance(error, FileError) else 0
        with contextlib.suppress(FileError):
            folder.status("failed", reason=text, exit_code=code)
            folder.log(f"failed: {text}")
        self._over(point, folder, text)
        if self._file_errors >= _MOST_FILE_ERRORS:
            raise FileError(f"the last {self._file_errors} points failed: {text}")

    def _interrupt(self, claimed: list[Claimed], reason: str) -> None:
        for _, folder in claimed:
            with contextlib.suppress(SnnrunError):
                if read_status(folder.path).get("state") == "running":
                    folder.status("interrupted", reason=reason, exit_code=75)
                    folder.log(reason)

    def _over(self, point: Point, folder: RunFolder, reason: str = "") -> None:
        status = read_status(folder.path)
        reason = str(status.get("reason") or reason)
        self._tell(Over(point.index, str(status.get("state") or "failed"), reason))

    def _wait(self) -> None:
        """Wait for points that other processes compute; take over from one that died."""
        left = [self._plan.points[index] for index in self._orders.scope]
        while not self._enough() and (left := [p for p in left if not self._claims.over(p.index)]):
            for point in left:
                self._check()
                if folder := self._claims.claim(point.index):
                    self._compute([(point, folder)])
            time.sleep(_LOOK_S)


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

    def progress(
        self, done_ms: float, total_ms: float, rate: float, before_ms: float = 0.0
    ) -> None:
        """Tell it, now and then."""
        if time.monotonic() - self._told > _LOOK_S:
            self._told = time.monotonic()
            self._tell(Progress(done_ms / total_ms))

    def warn(self, text: str) -> None:
        """Ignore it: it is in run.log."""

    def close(self) -> None:
        """Nothing is left open."""
