"""How long the statistics of a run will take, from what this machine needs for parts of them.

Most are timed on random counts of few neurons, twice, to see whether their cost grows with
neurons or with pairs of them; it grows with the windows. Factor analysis costs iterations of EM,
a few of which are timed: cross-validation tries 0, 1, 3, 5, ... up to half the neurons of a draw
in each fold, and takes about `_ITERATIONS` for each, whatever the counts (measured: 140 … 240
for 25 … 50 neurons in 100 … 700 windows); the fit itself and its standard error take the rest.
"""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from snnrun.experiment import Experiment
from snnrun.statistics._base import BLOCKS, CountStatistic

_NEURONS, _WINDOWS, _REPEATS = 128, 400, 3  # that are timed, at most; the fastest counts
_ITERATIONS, _LAST_FIT, _BLOCK = 180, 1000, 100  # of EM; of a block left out: their worth
_TIMED, _PROBLEMS, _OF_PRODUCTS = 8, 50, 1.7  # iterations, of so many problems together
_FIT = ("population", "window_ms", "min_rate", "sample", "draws", "region", "latents", "folds")


def seconds(e: Experiment, rates: dict[str, float]) -> float:
    """Return the seconds of all statistics of count windows, over all trials; `rates` in sp/s."""
    spikes = sum(rates[name] * p.size for name, p in e.network.populations.items())
    rate, total = spikes / e.network.size, 0.0
    fits: dict[Any, float] = {}  # those of one factor analysis share it
    for statistic in e.statistics.values():
        if not isinstance(statistic, CountStatistic):
            continue
        windows = max(0, e.steps - e.warmup_steps) // e.steps_in(statistic.window_ms)
        sizes = _sizes(e, statistic)
        if getattr(statistic, "latents", None) is None:
            total += sum(_others(statistic, windows, sizes, rate))
        elif rate > (statistic.min_rate or 0):
            fit = tuple(getattr(statistic, name, None) for name in _FIT)
            many = sum(size >= (statistic.sample or 0) for size in sizes)
            fits[fit] = fits.get(fit) or many * _factor_analysis(statistic, windows)
    return e.trials * (total + sum(fits.values()))


def _sizes(e: Experiment, statistic: CountStatistic) -> list[int]:
    """Return the sizes of the populations that a statistic is computed of."""
    sizes = {name: p.size for name, p in e.network.populations.items()}
    if statistic.population is None:
        return list(sizes.values())
    return [sizes.get(statistic.population, e.network.size)]


def _factor_analysis(statistic: Any, windows: int) -> float:
    """Return the seconds of a factor analysis of one population."""
    if windows < statistic.min_windows:
        return 0.0
    neurons, iterations = statistic.sample, _LAST_FIT
    if statistic.latents == "cv" and windows > neurons:
        iterations += statistic.folds * (neurons // 4 + 3) * _ITERATIONS
    if windows >= 2 * BLOCKS:
        iterations += BLOCKS * _BLOCK
    return statistic.draws * iterations * _iteration_s(neurons, statistic.draws)


def _iteration_s(neurons: int, draws: int) -> float:
    """Return the seconds of an iteration of EM for one draw, with half as many latents as most.

    Its products of matrices are timed, which are `1 / _OF_PRODUCTS` of it.
    """
    problems = min(_PROBLEMS, 5 * draws)
    rng = np.random.default_rng(0)
    covariance = rng.standard_normal((problems, neurons, neurons))
    loadings = rng.standard_normal((problems, neurons, max(1, neurons // 4)))
    found = []
    for _ in range(_TIMED):
        begun = time.perf_counter()
        product = covariance @ loadings
        inner = loadings.swapaxes(1, 2) @ loadings, loadings.swapaxes(1, 2) @ product
        scaled = product @ np.linalg.inv(inner[0] + np.eye(inner[0].shape[1]))
        _ = scaled @ inner[1], np.einsum("bij,bij->bi", scaled, product)
        found.append(time.perf_counter() - begun)
    return _OF_PRODUCTS * float(np.median(found)) / problems


def _others(
    statistic: CountStatistic, windows: int, sizes: list[int], rate: float
) -> Iterator[float]:
    """Yield the seconds of a statistic of populations of some sizes."""
    if windows < statistic.min_windows:
        return
    if statistic.sample is not None:
        sizes = [statistic.sample for size in sizes if size >= statistic.sample]
    few, most = min(windows, _WINDOWS), min(max(sizes, default=1), _NEURONS)
    once = statistic.replace(sample=None, draws=None)
    cost, half = (_timed(once, (few, n), rate) for n in (most, max(1, most // 2)))
    power = 2 if cost > 3 * half else 1
    for size in sizes:
        yield (statistic.draws or 1) * cost * windows / few * (size / most) ** power


def _timed(statistic: CountStatistic, shape: tuple[int, int], rate: float) -> float:
    """Return the seconds of a statistic of independent random counts `[W, N]`."""
    rng, found = np.random.default_rng(0), []
    counts = rng.poisson(rate * statistic.window_ms / 1000, shape).astype(np.uint8)
    for _ in range(_REPEATS):
        begun = time.perf_counter()
        statistic.estimate(counts)
        found.append(time.perf_counter() - begun)
    return min(found)
