"""Progress over points or candidates, on stderr: a bar in a terminal, plain lines elsewhere."""

import math
import sys
import time
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

_LINE_S = 5.0
_LONGEST = 100  # letters of a reason
_MOST_SHOWN = 20  # failures, while it runs


class Watcher(Protocol):
    """Shows how far a sweep is."""

    def show(self, done: float, total: int, note: str) -> None:
        """Show so many points, and a word on how they went."""

    def still(self) -> None:
        """Show the same again, where nothing was shown for a while."""

    def say(self, text: str) -> None:
        """Say a line."""

    def close(self) -> None:
        """Leave the screen as it is."""


class Course:
    """Counts the points that are over, and shows them; `failed`: those that failed.

    `begun`: how many were over before; `one`: what a point is called; `every`: points between
    plain lines, which are printed in a terminal too where it is given.
    """

    def __init__(
        self,
        total: int,
        quiet: bool,
        begun: int = 0,
        one: str = "point",
        every: float | None = None,
    ) -> None:
        self._total, self._over, self._one = total, begun, one
        self._shares: dict[object, tuple[int, float]] = {}
        self.failed = 0
        self._watcher: Watcher = _Silent() if quiet else _watcher(f"{one}s", every)
        if total:
            self._show()

    def over(self, index: int, state: str, reason: str, who: object = None) -> None:
        """A point is over, of those that a process has under way."""
        self._over += 1
        points, share = self._shares.get(who, (0, 0.0))
        self._shares[who] = max(0, points - 1), share
        if state in ("failed", "unhealthy"):
            self.failed += 1
            if self.failed <= _MOST_SHOWN:
                self._watcher.say(f"{self._one} {index} {state}: {short(reason)}")
            elif self.failed == _MOST_SHOWN + 1:
                self._watcher.say("… further ones are in the table")
        self._show()

    def batch(self, who: object, points: int, share: float) -> None:
        """A process has done a share of some points."""
        self._shares[who] = points, share
        self._show()

    def still(self) -> None:
        """Nothing is new, but the points are still computed; from another thread."""
        self._watcher.still()

    def ended(self, who: object) -> None:
        """A process has no points under way."""
        self._shares.pop(who, None)

    def close(self) -> None:
        """Show no more."""
        self._watcher.close()

    def _show(self) -> None:
        self._watcher.show(self._done, self._total, self._note())

    def _note(self) -> str:
        """Return a word on how the points went."""
        return f"{self.failed} failed" if self.failed else ""

    @property
    def _done(self) -> float:
        under_way = sum(points * share for points, share in self._shares.values())
        return min(self._over + under_way, self._total)


def short(reason: str) -> str:
    """Return the first words of a reason."""
    return reason if len(reason) <= _LONGEST else f"{reason[:_LONGEST]}…"


def left_s(done: float, before: float, total: int, spent_s: float) -> float | None:
    """Return the seconds until all points are over, if they go on as now."""
    return None if done <= before else spent_s * (total - done) / (done - before)


def clock(seconds: float | None) -> str:
    """Return a time such as 1:02:03."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _watcher(many: str, every: float | None) -> Watcher:
    console = Console(stderr=True)
    drawn = console.is_terminal and not console.is_dumb_terminal and every is None
    return _Bar(console, many) if drawn else _Lines(many, every)


class _Silent:
    def show(self, done: float, total: int, note: str) -> None:
        pass

    def still(self) -> None:
        pass

    def say(self, text: str) -> None:
        pass

    def close(self) -> None:
        pass


class _Timed:
    """Knows when it began, and with how much done."""

    def __init__(self) -> None:
        self._begun, self._first = time.perf_counter(), -1.0

    def _left(self, done: float, total: int) -> str:
        if self._first < 0:
            self._first = done
        spent = time.perf_counter() - self._begun
        return f"{clock(left_s(done, self._first, total, spent))} left"


class _Bar(_Timed):
    def __init__(self, console: Console, many: str) -> None:
        super().__init__()
        columns = (many, "{task.fields[count]}", "{task.fields[note]}", "{task.fields[left]}")
        texts = [TextColumn(text) for text in columns]
        self._progress = Progress(texts[0], BarColumn(), *texts[1:], console=console)
        self._task: TaskID = self._progress.add_task("", count="", note="", left="")
        self._progress.start()

    def show(self, done: float, total: int, note: str) -> None:
        self._progress.update(
            self._task,
            total=total,
            completed=done,
            count=f"{int(done)}/{total}",
            note=note,
            left=self._left(done, total),
        )

    def still(self) -> None:
        pass  # a bar stays in sight

    def say(self, text: str) -> None:
        self._progress.console.print(text, markup=False, highlight=False)

    def close(self) -> None:
        self._progress.stop()


class _Lines(_Timed):
    def __init__(self, many: str, every: float | None) -> None:
        super().__init__()
        self._many, self._every = many, every
        self._said, self._done = -math.inf, -math.inf
        self._last = 0.0, 0, ""

    def show(self, done: float, total: int, note: str) -> None:
        self._last = done, total, note
        now = time.perf_counter()
        early = (
            now - self._said < _LINE_S if self._every is None else done - self._done < self._every
        )
        if early and done < total:
            return
        self._say_last()

    def still(self) -> None:
        if time.perf_counter() - self._said >= _LINE_S:
            self._say_last()

    def _say_last(self) -> None:
        done, total, note = self._last
        self._said, self._done = time.perf_counter(), done
        between = f", {note}" if note else ""
        left = self._left(done, total)
        self.say(f"{int(done)}/{total} {self._many}{between}, {left}")

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        pass
