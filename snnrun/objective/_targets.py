"""Targets from files: the statistics of runs and of recorded spikes.

A run gives what it found, each of its trials as a recording of its own. Recorded spikes are
measured as those of a network are: with the same statistics, settings, warm-up and draws.

Of several recordings the mean is the target, and their variance the scale of terms that have
none: of a number over n - 1, of a vector the mean squared distance from the mean vector.

Shapes: `N` neurons, `E` spikes.
"""

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from snnrun.component import param
from snnrun.errors import ConfigError, FileError
from snnrun.experiment import Experiment
from snnrun.intervals import IntervalTally
from snnrun.statistics._base import (
    CountStatistic,
    Estimate,
    IntervalStatistic,
    Statistic,
    Subjects,
    windows_of,
)
from snnrun.store import read
from snnrun.store.recording import Recorded, is_run, recorded
from snnrun.tally import Tally, Windows

Key = tuple[str, str]  # population, statistic
_LEAST_RATE, _MOST_RATE = 0.05, 500.0  # spikes/s: beyond them the unit of times is in doubt


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sources:
    """Where targets come from."""

    files: str | list = param("", "runs, or recordings of spikes")
    population: str = param("", "in the recordings; none: that of the term", optional=True)
    neurons: int = param("", "recorded; none: those that spike", at_least=1, optional=True)
    ms: float = param("ms", "length; none: until the last spike", above=0, optional=True)

    @property
    def paths(self) -> list[Path]:
        """The files."""
        names = [self.files] if isinstance(self.files, str) else self.files
        return [Path(name).expanduser() for name in names]


class Wanted(NamedTuple):
    """A target, and the variance over recordings where there are several."""

    target: float | list[float]
    variance: float | None


def targets(
    sources: Sources, e: Experiment, keys: list[Key]
) -> tuple[dict[Key, Wanted], list[str]]:
    """Return the targets of some statistics, and warnings.

    ConfigError: what is wrong with the files' content, all at once; FileError: one can't be read.
    """
    problems: list[str] = []
    notes: list[str] = []
    found: dict[Key, list[np.ndarray]] = {key: [] for key in keys}
    for path in sources.paths:
        file = path / "results.h5" if path.is_dir() else path
        try:
            each, more = _recordings(file, sources, e, keys)
            for key in keys:
                found[key] += [_value(key, estimates[key]) for estimates in each]
        except ConfigError as error:
            problems += [f"{file}: {problem}" for problem in error.problems]
            continue
        notes += [f"{file}: {note}" for note in more]
    if problems:
        raise ConfigError(*problems)
    return {key: _over(values) for key, values in found.items()}, notes


def _value(key: Key, estimate: Estimate) -> np.ndarray:
    if not np.isfinite(estimate.value).all():
        raise ConfigError(f"{'.'.join(key)}: {estimate.reason or 'is not finite'}")
    return np.asarray(estimate.value, np.float64)


def _over(values: list[np.ndarray]) -> Wanted:
    """Return mean and variance over recordings; shorter vectors are padded with zeros."""
    n = max(value.size for value in values)
    vector = any(value.ndim for value in values)
    each = np.array([np.pad(np.atleast_1d(value), (0, n - value.size)) for value in values])
    mean = each.mean(axis=0)
    over = len(each) if vector else len(each) - 1
    variance = float(((each - mean) ** 2).sum() / over) if len(each) > 1 else None
    return Wanted(mean.tolist() if vector else float(mean[0]), variance)


def _recordings(
    path: Path, sources: Sources, e: Experiment, keys: list[Key]
) -> tuple[list[dict[Key, Estimate]], list[str]]:
    """Return the statistics of each recording in a file, and warnings."""
    if is_run(path):
        return _of_run(path, e, keys), []
    populations = recorded(path)
    wanted = list(dict.fromkeys(population for population, _ in keys))
    if "" in populations and len(wanted) > 1:
        raise ConfigError(f"holds one population; give terms of {wanted[1]} targets of their own")
    found: dict[Key, Estimate] = {}
    notes: list[str] = []
    for name in wanted:
        mine = {s: e.statistics[s] for population, s in keys if population == name}
        spikes = _chosen(sources.population or name, populations)
        step, ids, neurons, end = _in_steps(spikes, sources, e.dt)
        notes += _doubts(step.size, neurons, end * e.dt)
        found |= {
            (name, statistic): estimate
            for statistic, estimate in _measured(step, ids, neurons, end, name, e, mine).items()
        }
        notes += _cautions(e, mine, end)
    return [found], notes


def _chosen(name: str, populations: dict[str, Recorded]) -> Recorded:
    """Return the spikes of a population; of the only one where the file does not name it."""
    if "" in populations:
        return populations[""]
    if name not in populations:
        known = ", ".join(populations) or "none"
        raise ConfigError(
            f"has no population '{name}'; there is {known}: set objective.targets.population"
        )
    return populations[name]


def _of_run(path: Path, e: Experiment, keys: list[Key]) -> list[dict[Key, Estimate]]:
    """Return what a run found; its statistics must be those of the search."""
    config, trials = read.estimates(path)
    try:
        settings = dict(yaml.safe_load(config)["statistics"])
    except (yaml.YAMLError, LookupError, TypeError, ValueError):
        raise FileError(f"{path}: its /config can't be read") from None
    problems = []
    for population, name in keys:
        differing = _differing(e.statistics[name], settings.get(name))
        if any((population, name) not in trial for trial in trials):
            known = ", ".join(s for p, s in trials[0] if p == population) or "none"
            problems.append(f"has no {name} of {population}; there is {known}")
        elif differing:
            problems.append(f"its {name} has {differing}; measure both in the same way")
    if problems:
        raise ConfigError(*problems)
    return [
        {key: Estimate(value, np.asarray(np.nan), why) for key, (value, why) in trial.items()}
        for trial in trials
    ]


def _differing(statistic: Statistic, node: Any) -> str:
    """Return which settings of a run's statistic differ from those of the search."""
    theirs = node if isinstance(node, dict) else {}
    mine = {"kind": statistic.kind} | {n: getattr(statistic, n) for n in statistic.parameters()}
    names = [n for n, value in mine.items() if n != "population" and theirs.get(n) != value]
    return ", ".join(f"{n} {theirs.get(n)}, not {mine[n]}" for n in names)


def _in_steps(
    spikes: Recorded, sources: Sources, dt: float
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Return steps and neurons of spikes `[E]`, how many neurons, and the step of the end."""
    ids, neurons = spikes.ids, sources.neurons or spikes.neurons
    if neurons is None:
        known, ids = np.unique(ids, return_inverse=True)
        neurons = known.size
    if ids.size and ids.max() >= neurons:
        raise ConfigError(f"holds neuron {ids.max()}, but ids are 0 … {neurons - 1}")
    step = _steps(spikes.ms, dt)
    stop_ms = sources.ms or spikes.stop_ms
    last = int(step[-1]) + 1 if step.size else 0
    end = last if stop_ms is None else round(stop_ms / dt)
    return step[step < end], ids[step < end], int(neurons), end


def _measured(
    step: np.ndarray,
    ids: np.ndarray,
    neurons: int,
    end: int,
    population: str,
    e: Experiment,
    statistics: dict[str, Statistic],
) -> dict[str, Estimate]:
    """Return the statistics of spikes `[E]`."""
    subjects = Subjects(e.seed, population)
    found = {}
    for name, statistic in statistics.items():
        if isinstance(statistic, CountStatistic):
            windows = _windows(e, statistic, end)
            tally = Tally([windows], neurons, None)
            tally.add_spikes(step, ids)
            found[name] = statistic.estimate(tally.counts(windows), subjects)
        elif isinstance(statistic, IntervalStatistic):
            intervals = IntervalTally(neurons, e.warmup_steps, end)
            intervals.add_spikes(step, ids)
            found[name] = statistic.estimate(intervals.sums(end))
    return found


def _windows(e: Experiment, statistic: CountStatistic, end: int) -> Windows:
    """Return the windows of a statistic; ConfigError if there are fewer than two."""
    windows = Windows(e.warmup_steps, e.steps_in(statistic.window_ms), end)
    if windows.number < 2:
        raise ConfigError(
            f"is too short: {end * e.dt:g} ms hold {windows_of(windows.number)} of"
            f" {statistic.window_ms:g} ms after the warm-up ({windows.origin * e.dt:g} ms);"
            " at least 2 are needed"
        )
    return windows


def _cautions(e: Experiment, statistics: dict[str, Statistic], end: int) -> list[str]:
    """Return why values would mislead, such as of fewer windows than neurons."""
    counted = {n: s for n, s in statistics.items() if isinstance(s, CountStatistic)}
    each = {name: s.caution(_windows(e, s, end).number) for name, s in counted.items()}
    return [f"{name}: {caution}" for name, caution in each.items() if caution]


def _doubts(spikes: int, neurons: int, ms: float) -> list[str]:
    """Return a warning of a mean rate that another unit of time may explain.

    ConfigError of one that no neurons have.
    """
    rate = 1000 * spikes / neurons / ms if spikes else None
    if rate is None or _LEAST_RATE <= rate <= _MOST_RATE:
        return []
    text = (
        f"{rate:.3g} spikes/s a neuron ({spikes} spikes, {neurons} neurons, {ms:g} ms): are its"
        " times in the unit that they were read in? It is ms unless the file says otherwise, by a"
        " column called time_s or time_us, or by the attribute units"
    )
    if rate > _MOST_RATE:
        raise ConfigError(text)
    return [text]


def _steps(ms: np.ndarray, dt: float) -> np.ndarray:
    """Return the step `[E]` in which each spike falls: n of one at n dt < t <= (n + 1) dt.

    A time within a millionth of a step of its end belongs to it: it was rounded.
    """
    at = ms / dt
    whole = np.rint(at)
    ends = np.where(np.abs(at - whole) < 1e-6, whole, np.ceil(at))
    return np.maximum(ends.astype(np.int64) - 1, 0)
