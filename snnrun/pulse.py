"""How far a run is, that it is alive, how fast it goes, and how long each of its phases took."""

import time
from typing import Any

import numpy as np

from snnrun.engine.run import Backend
from snnrun.engine.xla import Compiled
from snnrun.experiment import Experiment
from snnrun.memory import peak_mb
from snnrun.network import Network
from snnrun.observe import Observer
from snnrun.store.folder import RunFolder
from snnrun.trial import Trial

_WINDOW_S = 20.0  # over which the pace is measured


class Pulse:
    """Tells observers where a run is and whether it slows down."""

    def __init__(self, e: Experiment, folder: RunFolder, observer: Observer) -> None:
        self._e, self._folder, self._observer = e, folder, observer
        self._slowdown = Slowdown(e.engine.min_pace)
        self._done_before: int | None = None

    def stage(self, name: str) -> None:
        """A stage begins."""
        self._observer.stage(name)
        self._folder.status("running")

    def progress(self, trials: list[Trial]) -> None:
        """A chunk of the trials begun so far is done."""
        e = self._e
        steps = sum(t.end - e.start for t in trials)
        if self._done_before is None:
            self._done_before = steps
        rates = [
            t.total.mean() / ((t.end - e.start) * e.dt / 1000) for t in trials if t.end > e.start
        ]
        total = e.trials * (e.steps - e.start) * e.dt
        before = self._done_before * e.dt
        self._observer.progress(steps * e.dt, total, float(np.mean(rates)), before)
        if warning := self._slowdown.look(steps, time.monotonic()):
            self._folder.log(f"warning: {warning}")
            self._observer.warn(warning)


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


class Clock:
    """Seconds of each phase, also of earlier parts of the same run, and what follows from them."""

    def __init__(self, compose_s: float) -> None:
        self._spent = {"compose_s": compose_s}
        self._running: dict[str, float] = {}
        self.events = 0.0

    def timed(self, phase: str) -> "_Phase":
        """Return a context whose time is added to a phase."""
        return _Phase(self, phase)

    def add(self, seconds: dict[str, float]) -> None:
        """Add the phases of an earlier part of the run."""
        for phase, spent in seconds.items():
            self._spent[phase] = self._spent.get(phase, 0.0) + spent

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each phase so far."""
        found, now = dict(self._spent), time.perf_counter()
        for phase, begun in self._running.items():
            found[phase] = found.get(phase, 0.0) + now - begun
        return {**found, "cpu_s": found.get("cpu_s", 0.0) + time.process_time()}

    def timings(
        self, e: Experiment, network: Network, trials: list[Trial], backend: Backend, write_s: float
    ) -> dict[str, Any]:
        """Return what /timings holds."""
        s, compiled = self.seconds, backend.compiled or Compiled(0.0, 0.0, "off")
        simulate_s = max(s["loop_s"] - s.get("prepare_s", 0.0), 1e-9)
        steps = max(1, sum(trial.end - e.start for trial in trials))
        return {
            "compose_s": s["compose_s"],
            "build_s": s["build_s"],
            "trace_s": compiled.trace_s,
            "compile_s": compiled.compile_s,
            "cache": compiled.cache,
            "simulate_s": simulate_s,
            "statistics_s": s["statistics_s"],
            "write_s": write_s,
            "cpu_s": s["cpu_s"],
            "steps_per_s": steps / simulate_s,
            "updates_per_s": steps * network.size / simulate_s,
            "synaptic_events_per_s": self.events / simulate_s,
            "realtime_factor": simulate_s / (steps * e.dt / 1000),
            "peak_memory_mb": peak_mb(),
        }

    def begin(self, phase: str) -> None:
        """Start a phase."""
        self._running[phase] = time.perf_counter()

    def end(self, phase: str) -> None:
        """End a phase."""
        self.add({phase: time.perf_counter() - self._running.pop(phase)})


class _Phase:
    """Adds the time spent inside to a phase."""

    def __init__(self, clock: Clock, phase: str) -> None:
        self._clock, self._phase = clock, phase

    def __enter__(self) -> None:
        self._clock.begin(self._phase)

    def __exit__(self, *_: object) -> None:
        self._clock.end(self._phase)
