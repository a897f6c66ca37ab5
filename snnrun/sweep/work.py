"""A process that computes points of a sweep: claim some, compute them together, conclude each."""

import contextlib
import time
from collections.abc import Callable, Iterator

from snnrun.course import Course
from snnrun.errors import FileError, InterruptedRunError, SnnrunError
from snnrun.experiment import Experiment
from snnrun.interruption import Interruption
from snnrun.runner import Outcome
from snnrun.store.folder import RunFolder, alive
from snnrun.store.lock import read_status
from snnrun.summary import conclude
from snnrun.sweep.claim import Claims
from snnrun.sweep.courses import Courses
from snnrun.sweep.orders import Begun, Orders, Over, Tell
from snnrun.sweep.plan import Plan, Point

_LOOK_S = 0.5  # between looks at points that other processes compute
_MOST_FILE_ERRORS = 3  # points one after another, after which others would fail as well

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
        self._courses = Courses(plan, orders)
        self._file_errors = 0
        self.broken = False

    def work(self, first: float = 0.0) -> None:
        """Compute until no point is left; `first`: where among them to begin, 0 … 1.

        InterruptedRunError when asked to end; FileError where no point can be written.
        """
        for points in _by_group(self._plan, self._orders.scope, first):
            while claimed := self._claimed(points):
                self._compute(claimed)
        self._wait()

    def _claimed(self, points: list[Point]) -> list[Claimed]:
        """Claim the next points; those that are not free are left out."""
        claimed: list[Claimed] = []
        try:
            self._claim(points, claimed)
        except BaseException:
            _interrupt(claimed, "interrupted before it began")
            for _, folder in claimed:
                folder.release()
            raise
        return claimed

    def _claim(self, points: list[Point], claimed: list[Claimed]) -> None:
        while points and not self._enough() and len(claimed) < self._courses.width(points[-1]):
            self._interruption.check()
            if claimed and points[-1].index in self._orders.alone:
                break
            point = points.pop()
            folder = self._claims.claim(point.index)
            if folder is not None:
                claimed.append((point, folder))
                if point.index in self._orders.alone:
                    break

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
            _interrupt(claimed, f"interrupted by {error}; its state is saved")
            raise
        except KeyboardInterrupt:
            _interrupt(claimed, "interrupted before its state was saved")
            raise
        finally:
            for folder in folders:
                folder.release()

    def _together(self, claimed: list[Claimed]) -> list[tuple[Point, RunFolder, Exception]]:
        """Compute points together and conclude them; returns those that failed."""
        failed: list[tuple[Point, RunFolder, Exception]] = []
        ready: list[tuple[Point, RunFolder, Course]] = []
        try:
            for point, folder in claimed:
                try:
                    course = self._courses.begun(point, folder)
                except Exception as error:
                    failed.append((point, folder, error))
                    continue
                if course is None:
                    self._over(point, folder)
                else:
                    ready.append((point, folder, course))
            courses = [course for *_, course in ready]
            outcomes = self._courses.outcomes(courses, self._tell, self._interruption)
            for (point, folder, course), outcome in zip(ready, outcomes, strict=True):
                if problem := self._concluded(point, folder, course.e, outcome):
                    failed.append((point, folder, problem))
        finally:
            self._interruption.savable = False  # until here the first signal waits
            for *_, course in ready:
                with contextlib.suppress(SnnrunError):
                    course.files.close()
        return failed

    def _concluded(
        self, point: Point, folder: RunFolder, e: Experiment, outcome: Outcome
    ) -> Exception | None:
        """Write what a point found, and say so; returns why that failed, if it did."""
        if isinstance(outcome, Exception):
            return outcome
        try:
            conclude(e, folder, outcome, self._orders.strict)
        except Exception as error:
            return error
        self._file_errors = 0
        self._over(point, folder)
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

    def _over(self, point: Point, folder: RunFolder, reason: str = "") -> None:
        status = read_status(folder.path)
        reason = str(status.get("reason") or reason)
        self._tell(Over(point.index, str(status.get("state") or "failed"), reason))

    def _wait(self) -> None:
        """Wait for points that other processes compute; take over from one that died."""
        left = [self._plan.points[index] for index in self._orders.scope]
        while not self._enough() and (left := [p for p in left if not self._claims.over(p.index)]):
            for point in left:
                self._interruption.check()
                if folder := self._claims.claim(point.index):
                    self._compute([(point, folder)])
            time.sleep(_LOOK_S)


def _by_group(plan: Plan, scope: tuple[int, ...], first: float) -> Iterator[list[Point]]:
    """Yield the points that can be computed together, in the order they are tried."""
    found: dict[int, list[Point]] = {}
    for index in scope:
        point = plan.points[index]
        found.setdefault(point.group, []).append(point)
    for points in found.values():
        cut = int(first * len(points))
        yield [*reversed(points[cut:] + points[:cut])]


def _interrupt(claimed: list[Claimed], reason: str) -> None:
    """Say that points were interrupted; those that are over stay so."""
    for _, folder in claimed:
        with contextlib.suppress(SnnrunError):
            if read_status(folder.path).get("state") == "running":
                folder.status("interrupted", reason=reason, exit_code=75)
                folder.log(reason)
