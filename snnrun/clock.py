"""How long each phase of a run took.

Runs that are computed together share some of them.
"""

import time
from typing import Any

from snnrun.engine.xla import Compiled
from snnrun.experiment import Experiment
from snnrun.memory import peak_mb
from snnrun.network import Network
from snnrun.trial import Trial


class Clock:
    """Seconds of each phase, also of earlier parts of the same run.

    `cpu_from`: the process's CPU seconds at the beginning; None: they are counted elsewhere.
    """

    def __init__(self, spent: dict[str, float], cpu_from: float | None = None) -> None:
        self._spent, self._cpu_from = dict(spent), cpu_from
        self._running: dict[str, float] = {}

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
        if self._cpu_from is not None:
            found["cpu_s"] = found.get("cpu_s", 0.0) + time.process_time() - self._cpu_from
        return found

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


def timings(
    s: dict[str, float],
    e: Experiment,
    network: Network,
    trials: list[Trial],
    compiled: Compiled | None,
) -> dict[str, Any]:
    """Return what /timings holds, from the seconds of each phase.

    `updates_per_s`: synapses x steps, whether a spike passes or not; `neuron_updates_per_s`:
    neurons x steps.
    """
    compiled = compiled or Compiled(0.0, 0.0, "off")
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
        "cpu_s": s["cpu_s"],
        "steps_per_s": steps / simulate_s,
        "updates_per_s": steps * sum(network.contacts.values()) / simulate_s,
        "neuron_updates_per_s": steps * network.size / simulate_s,
        "realtime_factor": simulate_s / (steps * e.dt / 1000),
        "peak_memory_mb": peak_mb(),
    }
