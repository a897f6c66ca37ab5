"""Fano factor: against elephant and a Poisson process."""

import numpy as np
import pytest
from elephant.statistics import fanofactor

from tests.contracts import StatisticContract, preset
from tests.trains import binned, correlated, neo_train


class TestFanoFactor(StatisticContract):
    kind = "fano_factor"


@pytest.mark.parametrize("window_ms", [100.0, 200.0])
def test_equals_that_of_elephant(window_ms):
    # elephant's is the variance over trials (here: windows) with n in the variance
    trains = correlated(4, 10_000, seed=2)
    windows = [
        [neo_train(t[(t >= a) & (t < a + window_ms)], a + window_ms, a) for a in starts]
        for t in trains
        for starts in [np.arange(0, 10_000, window_ms)]
    ]
    expected = np.mean([fanofactor(w) for w in windows])
    statistic = preset("statistics", "fano_factor", ddof=0, window_ms=window_ms)
    value = statistic.estimate(binned(trains, 10_000, window_ms)).value
    assert value == pytest.approx(expected, rel=1e-12)


def test_ddof():
    counts = np.random.default_rng(1).poisson(3.0, (50, 7))
    values = [preset("statistics", "fano_factor", ddof=d).estimate(counts).value for d in (0, 1)]
    assert values[1] == pytest.approx(values[0] * 50 / 49, rel=1e-12)


@pytest.mark.parametrize(("shape", "fano"), [(1.0, 3.0), (None, 1.0)])
def test_negative_binomial_and_poisson_counts(shape, fano):
    # counts with mean 2: Poisson, and Poisson with a gamma-distributed rate: 1 + mean / shape
    rng = np.random.default_rng(3)
    rate = 2.0 if shape is None else rng.gamma(shape, 2.0 / shape, (2000, 40))
    counts = rng.poisson(rate, (2000, 40))
    estimate = preset("statistics", "fano_factor").estimate(counts)
    assert estimate.value == pytest.approx(fano, abs=5 * estimate.se)
    assert estimate.se < 0.05 * fano


def test_regular_trains_have_none():
    assert preset("statistics", "fano_factor").estimate(np.full((30, 4), 3)).value == 0


def test_silent_and_slow_neurons_do_not_enter():
    rng = np.random.default_rng(4)
    counts = rng.poisson([0, 0.1, 2, 4], (200, 4))
    rate = counts.mean(axis=0) * 1000 / 200
    alone = preset("statistics", "fano_factor").estimate(counts[:, 2:]).value
    fast = preset("statistics", "fano_factor", min_rate=float(rate[1])).estimate(counts).value
    assert fast == pytest.approx(alone, rel=1e-12)
    every = preset("statistics", "fano_factor").estimate(counts).value
    firing = preset("statistics", "fano_factor").estimate(counts[:, 1:]).value
    assert every == pytest.approx(firing, rel=1e-12)
    assert every != pytest.approx(alone)
