"""Spread of firing rates: against elephant's rates and a closed form."""

import numpy as np
import pytest
import quantities as pq
from elephant.statistics import mean_firing_rate

from tests.contracts import StatisticContract, preset
from tests.trains import binned, correlated, neo_train


class TestFiringRateSd(StatisticContract):
    kind = "firing_rate_sd"


def test_is_the_spread_of_the_rates_of_elephant():
    trains = correlated(6, 20_000, seed=1)
    rates = [mean_firing_rate(neo_train(t, 20_000)).rescale(1 / pq.s).item() for t in trains]
    value = preset("statistics", "firing_rate_sd").estimate(binned(trains, 20_000, 100)).value
    assert value == pytest.approx(np.std(rates, ddof=1), rel=1e-12)


def test_poisson_neurons_of_one_rate_differ_by_chance_only():
    # variance over neurons r / T: 20 sp/s, 10 s
    counts = np.random.default_rng(1).poisson(2.0, (100, 2000))
    value = preset("statistics", "firing_rate_sd").estimate(counts).value
    assert value == pytest.approx(np.sqrt(2.0), rel=5 / np.sqrt(2 * 2000))


def test_one_neuron_has_none():
    estimate = preset("statistics", "firing_rate_sd").estimate(np.ones((30, 1)))
    assert np.isnan(estimate.value)
    assert "at least 2" in estimate.reason
