"""Progress on stderr: a bar in a terminal, plain lines elsewhere."""

import contextlib
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from snnrun.observe import Nobody, Observer
from snnrun.report.points import clock
from snnrun.store.beat import regularly

_LINE_S = 5.0


def observer(quiet: bool, log_every_ms: float | None) -> "Observer":
    """Return the observer that fits: nobody, a bar, or lines."""
    if quiet:
        return Nobody()
    console = Console(stderr=True)
    if console.is_terminal and not console.is_dumb_terminal and log_every_ms is None:
        return Bar(console)
    return Lines(log_every_ms)


@contextlib.contextmanager
def saying(what: str, quiet: bool) -> Iterator[None]:
    """Say every few seconds meanwhile what goes on, and for how long."""
    begun = time.perf_counter()

    def say() -> None:
        _say(f"{what} … {time.perf_counter() - begun:.0f} s")

    with contextlib.nullcontext() if quiet else regularly(_LINE_S, say):
        yield


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Pace:
    """How fast a simulation goes, by the wall time of its stages."""

    def __init__(self) -> None:
        self._spent_s = 0.0
        self._begun: float | None = None  # of the stage, while it is the simulation

    def stage(self, name: str) -> None:
        """A stage begins."""
        self._spent_s = self._spent()
        self._begun = time.perf_counter() if name == "simulate" else None

    def look(self, done_ms: float, total_ms: float, before_ms: float) -> tuple[float, float] | None:
        """Return wall time over simulated time and the seconds left, None before the first step.

        `before_ms`: what was simulated earlier, in other time.
        """
        new_ms = done_ms - before_ms
        if new_ms <= 0:
            return None
        spent_s = self._spent()
        return spent_s / (new_ms / 1000), spent_s * (total_ms - done_ms) / new_ms

    def _spent(self) -> float:
        now = time.perf_counter()
        return self._spent_s + now - (now if self._begun is None else self._begun)


class Bar:
    """A live bar: simulated time, real-time factor, rate so far, time left."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._pace = Pace()

    def stage(self, name: str) -> None:
        """Show a stage; the simulation gets the bar."""
        self._pace.stage(name)
        if name == "simulate":
            if self._progress is None:
                self._progress = self._bar()
                self._progress.start()
            return
        if name != "compile":
            self.close()
        if name in ("build", "compile") and self._progress is None:
            self._console.print(f"[dim]{name} …[/dim]")

    def progress(
        self, done_ms: float, total_ms: float, rate: float, before_ms: float = 0.0
    ) -> None:
        """Move the bar."""
        if self._progress is not None:
            factor, left_s = self._pace.look(done_ms, total_ms, before_ms) or (None, None)
            self._progress.update(
                self._task,
                total=total_ms,
                completed=done_ms,
                time=f"{done_ms / 1000:.2f}/{total_ms / 1000:g} s",
                factor="" if factor is None else f"{factor:.2f} x real time",
                rate=f"{rate:.2f} sp/s",
                left=f"{clock(left_s)} left",
            )

    def still(self) -> None:
        """Nothing: a bar moves by itself, and a line stays in sight."""

    def warn(self, text: str) -> None:
        """Say it above the bar."""
        self._console.print(f"warning: {text}", markup=False, highlight=False)

    def close(self) -> None:
        """Leave the bar as it is and give the cursor back."""
        if self._progress is not None:
            self._progress.stop()

    def _bar(self) -> Progress:
        progress = Progress(
            TextColumn("simulate"),
            BarColumn(),
            TextColumn("{task.fields[time]}"),
            TextColumn("{task.fields[factor]}"),
            TextColumn("{task.fields[rate]}"),
            TextColumn("{task.fields[left]}"),
            console=self._console,
        )
        self._task = progress.add_task("", time="", factor="", rate="", left="")
        return progress


class Lines:
    """Plain lines: one every few seconds, or every so many simulated ms."""

    def __init__(self, every_ms: float | None = None) -> None:
        self._every_ms = every_ms
        self._next_ms = every_ms or 0.0
        self._pace = Pace()
        self._stage, self._place = "", ""
        self._begun = self._said = time.perf_counter()

    def stage(self, name: str) -> None:
        """Say that a stage begins."""
        self._pace.stage(name)
        self._stage, self._begun = name, time.perf_counter()
        self._say(f"{name} …")

    def progress(
        self, done_ms: float, total_ms: float, rate: float, before_ms: float = 0.0
    ) -> None:
        """Say how far it is, when it is time to."""
        self._place = f", {done_ms:.0f}/{total_ms:.0f} ms"
        now = time.perf_counter()
        due = self._every_ms is not None and done_ms >= self._next_ms
        if not due and now - self._said < _LINE_S and done_ms < total_ms:
            return
        if self._every_ms:
            self._next_ms = (done_ms // self._every_ms + 1) * self._every_ms
        found = self._pace.look(done_ms, total_ms, before_ms)
        factor, left = (
            ("", "")
            if found is None
            else (f" {found[0]:.2f} x real time,", f", {found[1]:.0f} s left")
        )
        self._say(f"{done_ms:.0f}/{total_ms:.0f} ms,{factor} {rate:.2f} sp/s{left}")

    def still(self) -> None:
        """Say for how long the stage has gone on, where nothing was said for a while."""
        now = time.perf_counter()
        if self._stage and now - self._said >= _LINE_S:
            place = self._place if self._stage == "simulate" else ""
            self._say(f"{self._stage} … {now - self._begun:.0f} s{place}")

    def warn(self, text: str) -> None:
        """Say it."""
        self._say(f"warning: {text}")

    def _say(self, text: str) -> None:
        self._said = time.perf_counter()
        _say(text)

    def close(self) -> None:
        """Nothing is left open."""
