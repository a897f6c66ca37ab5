"""Progress on stderr: a bar in a terminal, plain lines elsewhere."""

import sys
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from snnrun.observe import Nobody, Observer

_LINE_S = 5.0


def observer(quiet: bool, log_every_ms: float | None) -> "Observer":
    """Return the observer that fits: nobody, a bar, or lines."""
    if quiet:
        return Nobody()
    console = Console(stderr=True)
    if console.is_terminal and not console.is_dumb_terminal and log_every_ms is None:
        return Bar(console)
    return Lines(log_every_ms)


class Bar:
    """A live bar: simulated time, real-time factor, rate so far, time left."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._begun = 0.0

    def stage(self, name: str) -> None:
        """Show a stage; the simulation gets the bar."""
        if name == "simulate":
            if self._progress is None:
                self._begun = time.perf_counter()
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
            new_s = max(done_ms - before_ms, 1e-9) / 1000
            factor = (time.perf_counter() - self._begun) / new_s
            self._progress.update(
                self._task,
                total=total_ms,
                completed=done_ms,
                time=f"{done_ms / 1000:.2f}/{total_ms / 1000:g} s",
                factor=f"{factor:.2f} x real time",
                rate=f"{rate:.2f} sp/s",
            )

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
            TimeRemainingColumn(),
            console=self._console,
        )
        self._task = progress.add_task("", time="", factor="", rate="")
        return progress


class Lines:
    """Plain lines: one every few seconds, or every so many simulated ms."""

    def __init__(self, every_ms: float | None = None) -> None:
        self._every_ms = every_ms
        self._begun = self._said = time.perf_counter()
        self._next_ms = every_ms or 0.0
        self._simulating = False

    def stage(self, name: str) -> None:
        """Say that a stage begins."""
        if name == "simulate" and not self._simulating:  # trials may come in several groups
            self._begun = self._said = time.perf_counter()
            self._simulating = True
        print(f"{name} …", file=sys.stderr, flush=True)

    def progress(
        self, done_ms: float, total_ms: float, rate: float, before_ms: float = 0.0
    ) -> None:
        """Say how far it is, when it is time to."""
        now = time.perf_counter()
        due = self._every_ms is not None and done_ms >= self._next_ms
        if not due and now - self._said < _LINE_S and done_ms < total_ms:
            return
        if self._every_ms:
            self._next_ms = (done_ms // self._every_ms + 1) * self._every_ms
        self._said, spent = now, now - self._begun
        new_ms = max(done_ms - before_ms, 1e-6)
        left = spent * (total_ms - done_ms) / new_ms
        print(
            f"{done_ms:.0f}/{total_ms:.0f} ms, {spent / (new_ms / 1000):.2f} x real time,"
            f" {rate:.2f} sp/s, {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )

    def warn(self, text: str) -> None:
        """Say it."""
        print(f"warning: {text}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing is left open."""
