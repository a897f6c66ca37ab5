"""What the processes of a sweep tell becomes what the user sees."""

from snnrun.report.points import Course
from snnrun.sweep.orders import Begun, Ended, Event, Orders, Over, Progress


class Watch:
    """Follows the points of a sweep that are computed here."""

    def __init__(self, orders: Orders, quiet: bool, every: float | None = None) -> None:
        self._course = Course(len(orders.scope), quiet, every=every)
        self._points: dict[object, int] = {}  # of the batch of each process, not over yet

    @property
    def failed(self) -> int:
        """Points that failed."""
        return self._course.failed

    def hear(self, event: Event, who: object = None) -> None:
        """Hear of an event in a process."""
        if isinstance(event, Begun):
            self._points[who] = len(event.points)
        elif isinstance(event, Progress):
            self._course.batch(who, self._points.get(who, 0), event.share)
        elif isinstance(event, Over):
            self._points[who] = max(0, self._points.get(who, 0) - 1)
            self._course.over(event.point, event.state, event.reason, who)
        elif isinstance(event, Ended):
            self._course.ended(who)

    def still(self) -> None:
        """Nothing is new; said every few seconds, from another thread."""
        self._course.still()

    def close(self) -> None:
        """Show no more."""
        self._course.close()
