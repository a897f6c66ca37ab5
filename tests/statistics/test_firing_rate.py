"""Firing rate: against elephant."""

import numpy as np
import pytest
import quantities as pq
from elephant.statistics import mean_firing_rate

from tests.contracts import StatisticContract, preset
from tests.trains import binned, correlated, neo_train


class TestFiringRate(StatisticContract):
    kind = "firing_rate"


def test_equals_that_of_elephant():
    trains = correlated(5, 20_000, seed=1)
    rates = [mean_firing_rate(neo_train(t, 20_000)).rescale(1 / pq.s).item() for t in trains]
    estimate = preset("statistics", "firing_rate").estimate(binned(trains, 20_000, 100))
    assert len(set(rates)) == 5
    assert estimate.value == pytest.approx(np.mean(rates), rel=1e-12)


@pytest.mark.parametrize("window_ms", [50.0, 200.0])
def test_does_not_depend_on_the_window(window_ms):
    trains = correlated(5, 20_000, seed=1)
    statistic = preset("statistics", "firing_rate", window_ms=window_ms)
    spikes = sum(t.size for t in trains)
    value = statistic.estimate(binned(trains, 20_000, window_ms)).value
    assert value == pytest.approx(spikes / 5 / 20, rel=1e-12)


def test_silence_is_a_rate():
    estimate = preset("statistics", "firing_rate").estimate(np.zeros((30, 4)))
    assert (estimate.value, estimate.se, estimate.reason) == (0, 0, None)


def test_standard_error_allows_for_slow_changes():
    # all neurons change together, every ten windows: blocks vary as a whole
    slow = np.repeat(np.random.default_rng(1).poisson(4.0, 10), 10)[:, None] * np.ones((1, 5))
    shuffled = np.random.default_rng(2).permutation(slow)
    se = [preset("statistics", "firing_rate").estimate(c).se for c in (slow, shuffled)]
    assert se[0] > 2 * se[1]


def test_one_window_has_a_value_without_error():
    estimate = preset("statistics", "firing_rate").estimate(np.full((1, 3), 2))
    assert estimate.value == pytest.approx(20.0)
    assert np.isnan(estimate.se)


def test_silent_neurons_can_be_left_out():
    counts = np.pad(np.full((30, 2), 3), ((0, 0), (0, 2)))
    rates = [preset("statistics", "firing_rate", min_rate=m).estimate(counts).value for m in (0, 9)]
    assert rates == [30.0, 30.0]
    assert preset("statistics", "firing_rate").estimate(counts).value == 15.0
