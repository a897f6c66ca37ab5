"""The health verdict of a run: the first that applies, with details.

    nan            a state variable is not finite
    runaway        a population fires above max_rate, or above half its refractory ceiling, or a
                   voltage or conductance is beyond its limit
    silent         all populations together fire below 0.1 sp/s
    identical      two active neurons (at least 5 spikes) have the same spike train
    synchronous    a population's mean spike-count correlation (200 ms) is above 0.5
    nonstationary  halves differ by more than 3 SE and 10 %
    ok

Shapes: `W` windows, `N` neurons.
"""

import dataclasses
from typing import Any

import numpy as np

from snnrun.statistics._base import mean_correlation

REMEDIES = {
    "nan": "make dt smaller, and look at the weights and the input",
    "runaway": "look at the weights, first those of inhibition, and the input; engine.max_rate,"
    " max_voltage and max_conductance say what is too much",
    "silent": "raise the input or the weights",
    "identical": "give neurons their own input or initial state",
    "synchronous": "look at delays and weights of inhibition",
    "nonstationary": "run longer, or skip more: duration.warmup_ms",
}
VERDICTS = ("nan", "runaway", "silent", "identical", "synchronous", "nonstationary", "ok")
WINDOW_MS = 200.0
SILENT_BELOW = 0.1
ACTIVE_SPIKES = 5  # shorter trains coincide by chance
SYNCHRONOUS_ABOVE = 0.5
_MIN_WINDOWS = 5
_A_FEW_SPIKES = 2  # in a window: fewer are no runaway, however long the refractory period


@dataclasses.dataclass(frozen=True)
class Health:
    """A verdict and what it rests on."""

    verdict: str
    details: dict[str, Any]

    @property
    def rank(self) -> int:
        """Position of the verdict: lower is worse."""
        return VERDICTS.index(self.verdict)


def sentence(health: Health) -> str:
    """Return a verdict, where it was found and with which numbers, and what can be done."""
    where = _where(health)
    return f"{health.verdict}{where and f': {where}'}; {REMEDIES[health.verdict]}"


def _where(health: Health) -> str:
    """Return what a verdict rests on."""
    d = health.details
    if "variable" in d:
        at = f"{d['variable']} of neuron {d['neuron']} of {d['population']} is {d['value']}"
        return f"{at} between {d['from_ms']:g} and {d['until_ms']:g} ms"
    if "mean_rate" in d:
        each = ", ".join(f"{name} {rate:.3g}" for name, rate in d["rates"].items())
        return f"{each} sp/s, all together below {SILENT_BELOW:g}"
    if "neurons" in d:
        return f"{d['neurons']} neurons fire as another one does"
    if "population" not in d:
        return ""
    where = f"population {d['population']}"
    if "above" in d:
        rate = d.get("rate", d.get("rates", {}).get(d["population"]))
        return f"{where} fires {rate:.4g} sp/s, above {d['above']:.4g}"
    if "correlation" in d:
        above = f"above {SYNCHRONOUS_ABOVE:g}"
        return f"{where} has a mean count correlation of {d['correlation']:.2g}, {above}"
    if "halves" in d:
        return (
            f"{where} fires {d['halves'][0]:.4g} sp/s in the first half, then {d['halves'][1]:.4g}"
        )
    return where


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What a verdict is judged from.

    `fault`: where the state is not finite or beyond a limit (`value`: then text, or a number);
    `rates`: population → sp/s after the warm-up; `ceilings`: population → rate at which it
    counts as runaway; `counts`: population → `[W, N]` in windows of `window_ms` after the
    warm-up; `fingerprint` `[N, 2]` and `total` `[N]`: hash and length of each train.
    """

    fault: dict[str, Any] | None
    rates: dict[str, float]
    ceilings: dict[str, float]
    counts: dict[str, np.ndarray]
    fingerprint: np.ndarray
    total: np.ndarray
    window_ms: float = WINDOW_MS


def ceiling(max_rate: float, refractory_ms: float) -> float:
    """Return the rate (sp/s) above which a population counts as runaway."""
    if refractory_ms <= 0:
        return max_rate
    return min(max_rate, max(500 / refractory_ms, _A_FEW_SPIKES * 1000 / WINDOW_MS))


def rounded(rates: dict[str, float]) -> dict[str, float]:
    """Return rates as they are shown."""
    return {name: round(rate, 4) for name, rate in rates.items()}


def judge(evidence: Evidence) -> Health:
    """Return the first verdict that applies."""
    details: dict[str, Any] = {"rates": rounded(evidence.rates)}
    if evidence.fault is not None:
        finite = not isinstance(evidence.fault["value"], str)
        return Health("runaway" if finite else "nan", {**details, **evidence.fault})
    for name, rate in evidence.rates.items():
        if rate > evidence.ceilings[name]:
            return Health(
                "runaway", {**details, "population": name, "above": evidence.ceilings[name]}
            )
    neurons = sum(c.shape[1] for c in evidence.counts.values())
    mean = sum(r * evidence.counts[p].shape[1] for p, r in evidence.rates.items()) / neurons
    if mean < SILENT_BELOW:
        return Health("silent", {**details, "mean_rate": round(mean, 4)})
    same = identical_trains(evidence.fingerprint, evidence.total)
    if same:
        return Health("identical", {**details, "neurons": same})
    for name, counts in evidence.counts.items():
        correlation = mean_correlation(counts) if counts.shape[0] >= _MIN_WINDOWS else 0.0
        if correlation > SYNCHRONOUS_ABOVE:
            found = {"population": name, "correlation": round(correlation, 4)}
            return Health("synchronous", {**details, **found})
    for name, counts in evidence.counts.items():
        halves = _halves(counts, evidence.window_ms)
        if halves is not None:
            return Health("nonstationary", {**details, "population": name, "halves": halves})
    return Health("ok", details)


def identical_trains(fingerprint: np.ndarray, total: np.ndarray) -> int:
    """Return how many active neurons share their train with another one."""
    active = fingerprint[total >= ACTIVE_SPIKES].astype(np.uint64)
    _, number = np.unique(active[:, 0] | active[:, 1] << np.uint64(32), return_counts=True)
    return int(number[number > 1].sum())


def _halves(counts: np.ndarray, window_ms: float) -> list[float] | None:
    """Return the rates of both halves if they differ clearly, else None."""
    half = counts.shape[0] // 2
    if half < _MIN_WINDOWS:
        return None
    first, last = (part.mean(axis=1) * 1000 / window_ms for part in (counts[:half], counts[-half:]))
    se = np.sqrt((first.var(ddof=1) + last.var(ddof=1)) / half)
    change = abs(first.mean() - last.mean())
    if change > 3 * se and change > 0.1 * max(first.mean(), last.mean()):
        return [round(float(first.mean()), 4), round(float(last.mean()), 4)]
    return None
