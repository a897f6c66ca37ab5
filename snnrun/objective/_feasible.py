"""Whether a short run shows that a long one is worth its time.

As in SNOPS (compute_stats.m), over the windows of 200 ms after the warm-up: enough neurons fire,
they fire neither too much nor too little, and the network neither fell silent nor ran away.

    few_neurons   (min_neurons - n) / min_neurons, n neurons above `above_rate`
    rate_high     r / max_rate - 1, r the mean rate of these neurons (0 without any)
    rate_low      1 - r / min_rate
    fell_silent   0.9 - t / T, t the end of the last window with a spike, T of the last window
    stopped       2 - t / T of a run that was stopped after t of T ms, 1 of one that ended
                  unhealthy (nan, runaway)

Above 0 is violated.
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from snnrun.component import param
from snnrun.experiment import Experiment
from snnrun.health import WINDOW_MS, Health, sentence
from snnrun.network import Network
from snnrun.statistics._base import fires_above
from snnrun.tally import Windows
from snnrun.trial import Trial

_LAST = 0.9  # of the time: the network must still fire then


@dataclasses.dataclass(frozen=True, kw_only=True)
class Feasible:
    """What a short run must show before the long one."""

    ms: float = param("ms", "simulated time of the short run", above=0, in_steps="rounded")
    population: str = param("", "whose neurons are looked at")
    above_rate: float = param("sp/s", "a neuron above it counts", at_least=0)
    min_neurons: int = param("", "so many must count", at_least=1)
    min_rate: float = param("sp/s", "lowest mean rate of these", above=0, optional=True)
    max_rate: float = param("sp/s", "highest mean rate of these", above=0, optional=True)


class Judged(NamedTuple):
    """Constraint → amount, above 0 where it is violated, and the reason; "" where none is."""

    amounts: dict[str, float]
    reason: str


class _Seen(NamedTuple):
    """What the windows show: neurons that count, their rate (sp/s), time of the last spikes (ms).

    `until`: the end of the last window (ms).
    """

    neurons: int
    rate: float
    last: float
    until: float


def judge(
    wanted: Feasible, e: Experiment, network: Network, trial: Trial, health: Health
) -> Judged:
    """Return whether a short run is feasible.

    `e`: of the short run; `health`: `snnrun.trial.verdict` of the trial.
    """
    seen = _look(wanted, e, network, trial)
    amounts = {"few_neurons": 1 - seen.neurons / wanted.min_neurons}
    if wanted.max_rate is not None:
        amounts["rate_high"] = seen.rate / wanted.max_rate - 1
    if wanted.min_rate is not None:
        amounts["rate_low"] = 1 - seen.rate / wanted.min_rate
    amounts["fell_silent"] = _LAST - seen.last / max(seen.until, e.dt)
    unhealthy = health.verdict in ("nan", "runaway")
    left = (e.steps - trial.end) / max(1, e.steps - e.start)
    amounts["stopped"] = (1.0 if unhealthy else 0.0) + left
    return Judged(amounts, "; ".join(_reasons(wanted, seen, amounts, health)))


def _look(wanted: Feasible, e: Experiment, network: Network, trial: Trial) -> _Seen:
    everyone = wanted.population == "all"
    mine = slice(None) if everyone else network.neurons[wanted.population]
    size = max(1, e.steps_in(WINDOW_MS))
    windows = Windows(e.warmup_steps, size, trial.end)
    counts = trial.tally.counts(windows)[:, mine]
    if not windows.number:  # stopped, or shorter than a window
        seconds, until = max(trial.end - e.start, 1) * e.dt / 1000, trial.end * e.dt
        return _rates(wanted, trial.total[mine] / seconds, until, until)
    active = np.flatnonzero(counts.any(axis=1))
    ends = [(windows.origin + n * size) * e.dt for n in (active.max(initial=-1) + 1, len(counts))]
    enough = fires_above(counts, size * e.dt, wanted.above_rate)
    rates = np.where(enough, counts.mean(axis=0) * 1000 / (size * e.dt), 0.0)
    return _rates(wanted, rates, ends[0] if active.size else 0.0, ends[1])


def _rates(wanted: Feasible, rates: np.ndarray, last: float, until: float) -> _Seen:
    counting = rates[(rates > wanted.above_rate) & (rates > 0)]
    rate = float(counting.mean()) if counting.size else 0.0
    return _Seen(counting.size, rate, last, until)


def _reasons(wanted: Feasible, seen: _Seen, amounts: dict[str, float], health: Health) -> list[str]:
    words = {
        "stopped": sentence(health) if health.verdict != "ok" else "stopped before its end",
        "few_neurons": f"{seen.neurons} neurons of {wanted.population} fire above"
        f" {wanted.above_rate:g} sp/s; {wanted.min_neurons} must",
        "rate_high": f"neurons of {wanted.population} fire at {seen.rate:.3g} sp/s;"
        f" at most {wanted.max_rate or 0:g} are allowed",
        "rate_low": f"neurons of {wanted.population} fire at {seen.rate:.3g} sp/s;"
        f" at least {wanted.min_rate or 0:g} are wanted",
        "fell_silent": f"{wanted.population} fell silent after {seen.last:g} ms",
    }
    return [text for name, text in words.items() if amounts.get(name, 0.0) > 0]
