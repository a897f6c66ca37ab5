"""What is gathered of one trial while it runs, and what follows from it.

Shapes: `N` neurons, `W` windows.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from snnrun.engine.chunk import Output
from snnrun.engine.plan import BLOCK, Plan
from snnrun.experiment import Experiment
from snnrun.fault import locate
from snnrun.health import WINDOW_MS, Evidence, Health, ceiling, judge, rounded
from snnrun.intervals import IntervalTally
from snnrun.network import Network
from snnrun.statistics._base import (
    CountStatistic,
    Estimate,
    Intervals,
    IntervalStatistic,
    Statistic,
    Subjects,
    missing,
)
from snnrun.tally import Tally, Windows, base_of

GUARD_MS, GUARD_STEPS = 200.0, 4000  # over which running activity is judged, at least


@dataclasses.dataclass
class Trial:
    """Spikes, counts and intervals of a trial, up to step `end`, and where its neurons are.

    `total`, `judged` `[N]`: spikes so far, and when the guard last looked; `fault`: what it found.
    """

    number: int
    tally: Tally
    intervals: IntervalTally | None
    positions: dict[str, np.ndarray | None]
    total: np.ndarray
    judged: np.ndarray
    fingerprint: np.ndarray
    end: int = 0
    fault: dict[str, Any] | None = None
    runaway: dict[str, Any] | None = None
    stopped: bool = False

    def over(self, e: Experiment) -> bool:
        """Return whether nothing more will be simulated."""
        return self.stopped or self.end >= e.steps

    def about(self) -> dict[str, Any]:
        """Return the plain values of a trial."""
        return {name: getattr(self, name) for name in ("end", "fault", "runaway", "stopped")}

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays of what was gathered so far, by name."""
        found = {name: getattr(self, name) for name in ("total", "judged", "fingerprint")}
        parts = {"tally": self.tally, "intervals": self.intervals}
        for part, tally in parts.items():
            found |= {f"{part}/{k}": x for k, x in (tally.arrays() if tally else {}).items()}
        return found

    def load(self, about: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Go on from what `about` and `arrays` returned; ValueError if that was another trial's."""
        for name, mine in self.arrays().items():
            found = arrays.get(name)
            if found is None or (found.shape, found.dtype.kind) != (mine.shape, mine.dtype.kind):
                raise ValueError(f"{name} of trial {self.number} is missing or of another kind")
        for name in self.about():
            setattr(self, name, about[name])
        for name in ("total", "judged", "fingerprint"):
            setattr(self, name, arrays[name])
        for part, tally in (("tally/", self.tally), ("intervals/", self.intervals)):
            if tally:
                names = [name for name in arrays if name.startswith(part)]
                tally.load({name.removeprefix(part): arrays[name] for name in names})

    @classmethod
    def begin(cls, e: Experiment, network: Network, number: int, device: bool) -> "Trial":
        """Return a trial before its first step; `device`: windows are counted there."""
        counting, neurons = Counting.of(e), network.size
        tally = IntervalTally(neurons, e.warmup_steps, e.steps) if counting.intervals else None
        return cls(
            number=number,
            tally=Tally(counting.requests, neurons, counting.base if device else None),
            intervals=tally,
            positions=network.positions,
            total=np.zeros(neurons, np.int64),
            judged=np.zeros(neurons, np.int64),
            fingerprint=np.zeros((neurons, 2), np.uint32),
            end=e.start,
        )

    def add_spikes(self, step: np.ndarray, source: np.ndarray) -> None:
        """Take the neurons' spikes of a chunk, in order of time."""
        self.tally.add_spikes(step, source)
        if self.intervals is not None:
            self.intervals.add_spikes(step, source)


@dataclasses.dataclass(frozen=True)
class Counting:
    """Which windows are counted: for statistics, health and the record of counts.

    `intervals`: whether a statistic needs those between spikes as well.
    """

    requests: list[Windows]
    record: Windows | None
    intervals: bool

    @classmethod
    def of(cls, e: Experiment) -> "Counting":
        """Return what an experiment needs counted."""
        warm = e.warmup_steps
        kinds = list(e.statistics.values())
        sizes = {e.steps_in(s.window_ms) for s in kinds if isinstance(s, CountStatistic)}
        sizes.add(max(1, e.steps_in(WINDOW_MS)))
        requests = [Windows(warm, size, e.steps) for size in sorted(sizes)]
        record = _recorded_windows(e)
        intervals = any(isinstance(s, IntervalStatistic) for s in kinds)
        return cls(requests + ([record] if record else []), record, intervals)

    @property
    def base(self) -> tuple[int, int]:
        """Origin and size of the windows from which all can be summed."""
        return base_of(self.requests)


def span(e: Experiment, record: Any) -> tuple[int, int]:
    """Return the steps [from, to) that a record node asks for."""
    first = e.steps_in(record.from_ms or 0.0)
    first = max(first, e.start)
    last = e.steps if record.to_ms is None else min(e.steps, e.steps_in(record.to_ms))
    if record.last_ms is not None:
        first = max(first, e.steps - e.steps_in(record.last_ms))
    return first, last


def _recorded_windows(e: Experiment) -> Windows | None:
    if e.record.counts.bin_ms is None:
        return None
    first, last = span(e, e.record.counts)
    return Windows(first, max(1, e.steps_in(e.record.counts.bin_ms)), last)


def statistics(e: Experiment, network: Network, trial: Trial) -> dict[tuple[str, str], Estimate]:
    """Return (population, name) → estimate, from the windows the trial has whole."""
    found, subjects = {}, _subjects(e, network, trial)
    for name, statistic in e.statistics.items():
        parts = _populations(statistic, network)
        if isinstance(statistic, CountStatistic):
            windows = Windows(e.warmup_steps, e.steps_in(statistic.window_ms), trial.end)
            counts = trial.tally.counts(windows)
            for population, part in parts.items():
                data = counts[:, part], subjects[population]
                found[population, name] = _estimated(statistic.estimate, *data)
        elif isinstance(statistic, IntervalStatistic) and trial.intervals is not None:
            sums = trial.intervals.sums(trial.end)
            for population, part in parts.items():
                each = Intervals(*(s[:, part] for s in sums))
                found[population, name] = _estimated(statistic.estimate, each)
    return found


def _estimated(estimate: Callable[..., Estimate], *data: Any) -> Estimate:
    """Return an estimate; none, with the reason, where it fails: what was simulated is kept.

    MemoryError, as there may be more of it when the run goes on.
    """
    try:
        return estimate(*data)
    except MemoryError:
        raise
    except Exception as error:
        return missing(f"{type(error).__name__}: {error}")


def _subjects(e: Experiment, network: Network, trial: Trial) -> dict[str, Subjects]:
    """Return who is measured, for each population and all neurons together."""
    order = sorted(network.neurons, key=lambda name: network.neurons[name].start)
    each = [trial.positions[name] for name in order]
    known = [p for p in each if p is not None]
    together = np.concatenate(known) if len(known) == len(each) else None
    positions = {**dict(zip(order, each, strict=True)), "all": together}
    return {name: Subjects(e.seed, name, trial.number, p) for name, p in positions.items()}


def _populations(statistic: Statistic, network: Network) -> dict[str, slice]:
    if statistic.population == "all":
        return {"all": slice(0, network.size)}
    if statistic.population is not None:
        return {statistic.population: network.neurons[statistic.population]}
    return {name: network.neurons[name] for name in network.spec.populations}


def rates(network: Network, total: np.ndarray, seconds: float) -> dict[str, float]:
    """Return the mean rate (sp/s) of each population, from spikes `[N]` in some time."""
    return {
        name: float(total[network.neurons[name]].mean() / seconds)
        for name in network.spec.populations
    }


def ceilings(e: Experiment, network: Network) -> dict[str, float]:
    """Return the rate (sp/s) at which each population counts as runaway."""
    return {
        name: ceiling(e.engine.max_rate, _typical(population.neuron.refractory_ms()))
        for name, population in network.spec.populations.items()
    }


def _typical(t_ref: Any) -> float:
    """Return a number as it is, a distribution by its mean."""
    return float(getattr(t_ref, "mean", t_ref))


def verdict(e: Experiment, network: Network, trial: Trial) -> Health:
    """Return the health of a trial."""
    windows = Windows(e.warmup_steps, max(1, e.steps_in(WINDOW_MS)), trial.end)
    counts = trial.tally.counts(windows)
    seconds = (trial.end - e.start) * e.dt / 1000
    window_ms = windows.size * e.dt  # WINDOW_MS, in whole steps
    late = counts.mean(axis=0) if windows.number else trial.total * window_ms / 1000 / seconds
    mean = rates(network, late, window_ms / 1000)
    if trial.runaway and not trial.fault:  # seen while running; the mean may be below
        return Health("runaway", {"rates": rounded(mean), **trial.runaway})
    return judge(
        Evidence(
            fault=trial.fault,
            rates=mean,
            ceilings=ceilings(e, network),
            counts={name: counts[:, network.neurons[name]] for name in network.spec.populations},
            fingerprint=trial.fingerprint,
            total=trial.total,
            window_ms=window_ms,
        )
    )


class Guard:
    """Watches a trial while it runs; one that is not finite or runs away is stopped.

    Judged at every multiple of `pause` steps, over the steps since the last one, so that a
    trial stops at the same step however the run is split into chunks.
    """

    def __init__(self, e: Experiment, network: Network, plan: Plan) -> None:
        self._e, self._network, self._plan = e, network, plan
        self._ceilings = ceilings(e, network)
        self.pause = round(max(GUARD_STEPS, GUARD_MS / e.dt) / BLOCK) * BLOCK

    def look(self, trial: Trial, step: int, output: Output, lane: int) -> None:
        """Judge a trial if a pause is due at `step`, to which `output` leads, or the end."""
        due = step % self.pause == 0
        if not (due or step == self._e.steps):
            return
        self._find_fault(trial, output.faults[lane], output.values[lane], step)
        if due:
            self._judge(trial, trial.total - trial.judged, step)
            trial.judged = trial.total

    def _find_fault(self, trial: Trial, places: np.ndarray, values: np.ndarray, step: int) -> None:
        trial.fault = locate(self._network, self._plan, places, values)
        if trial.fault is not None:
            trial.stopped = True
            before = (step - 1) // self.pause * self.pause
            trial.fault |= {"from_ms": self._ms(before), "until_ms": self._ms(step)}

    def _ms(self, step: int) -> float:
        return round(step * self._e.dt, 6)

    def _judge(self, trial: Trial, spikes: np.ndarray, step: int) -> None:
        seconds = self.pause * self._e.dt / 1000
        for name, rate in rates(self._network, spikes, seconds).items():
            if rate > self._ceilings[name]:
                trial.stopped = True
                trial.runaway = {
                    "population": name,
                    "rate": round(rate, 2),
                    "above": self._ceilings[name],
                    "until_ms": self._ms(step),
                }
