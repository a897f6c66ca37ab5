"""Watches a run: when its stages begin, and the memory of the process as time goes on."""

import time
from typing import NamedTuple

from snnrun.memory import resident_mb
from snnrun.observe import Observer


class Mark(NamedTuple):
    """The beginning of a stage: seconds of the wall clock, and of all cores together."""

    stage: str
    wall: float
    cpu: float


class Stopwatch:
    """An observer that takes times and passes on what it hears.

    `memory`: [simulated ms, resident MB] at the end of each chunk.
    """

    def __init__(self, watcher: Observer) -> None:
        self._watcher = watcher
        self._marks: list[Mark] = []
        self.memory: list[list[float]] = []

    def stage(self, name: str) -> None:
        """Take the time at which a stage begins."""
        self._marks.append(Mark(name, time.perf_counter(), time.process_time()))
        self._watcher.stage(name)

    def progress(
        self, done_ms: float, total_ms: float, rate: float, before_ms: float = 0.0
    ) -> None:
        """Take the memory at the end of a chunk."""
        self.memory.append([round(done_ms, 6), round(resident_mb(), 1)])
        self._watcher.progress(done_ms, total_ms, rate, before_ms)

    def still(self) -> None:
        """Pass it on."""
        self._watcher.still()

    def warn(self, text: str) -> None:
        """Pass it on."""
        self._watcher.warn(text)

    def close(self) -> None:
        """Pass it on."""
        self._watcher.close()

    def spent(self, stage: str) -> tuple[float, float]:
        """Return the seconds of wall clock and of all cores from a stage to the next one."""
        pairs = zip(self._marks, self._marks[1:], strict=False)
        mine = [(b.wall - a.wall, b.cpu - a.cpu) for a, b in pairs if a.stage == stage]
        return sum(wall for wall, _ in mine), sum(cpu for _, cpu in mine)
