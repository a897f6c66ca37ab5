"""Spike-count correlation: against elephant, NumPy and a common input."""

import numpy as np
import pytest
import quantities as pq
from elephant.conversion import BinnedSpikeTrain
from elephant.spike_train_correlation import correlation_coefficient

from tests.contracts import StatisticContract, preset
from tests.trains import binned, correlated, neo_train


class TestSpikeCountCorrelation(StatisticContract):
    kind = "spike_count_correlation"


def mean_of_pairs(matrix):
    return matrix[np.triu_indices(len(matrix), 1)].mean()


@pytest.mark.filterwarnings("ignore:The 'copy' argument in Quantity")  # elephant's own
@pytest.mark.parametrize("window_ms", [100.0, 200.0])
def test_equals_that_of_elephant(window_ms):
    trains = correlated(6, 20_000, seed=3)
    counted = BinnedSpikeTrain([neo_train(t, 20_000) for t in trains], bin_size=window_ms * pq.ms)
    expected = mean_of_pairs(correlation_coefficient(counted))
    statistic = preset("statistics", "spike_count_correlation", window_ms=window_ms)
    value = statistic.estimate(binned(trains, 20_000, window_ms)).value
    assert 0.1 < expected < 0.9
    assert value == pytest.approx(expected, rel=1e-10)


def test_equals_that_of_numpy():
    rng = np.random.default_rng(1)
    counts = rng.poisson(rng.gamma(2.0, 1.0, (150, 1)) * np.linspace(0.5, 3, 30))
    expected = mean_of_pairs(np.corrcoef(counts.T))
    value = preset("statistics", "spike_count_correlation").estimate(counts).value
    assert value == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_common_input(share):
    # counts = shared + own Poisson: r is the share of the mean that is common
    rng = np.random.default_rng(2)
    counts = rng.poisson(4 * share, (4000, 1)) + rng.poisson(4 * (1 - share), (4000, 12))
    estimate = preset("statistics", "spike_count_correlation").estimate(counts)
    assert estimate.value == pytest.approx(share, abs=5 * estimate.se)
    assert 0 < estimate.se < 0.02


def test_identical_and_opposite_trains():
    a = np.random.default_rng(5).poisson(3.0, 60)[:, None]
    statistic = preset("statistics", "spike_count_correlation")
    assert statistic.estimate(np.hstack([a, a, a])).value == pytest.approx(1)
    assert statistic.estimate(np.hstack([a, a.max() - a])).value == pytest.approx(-1)


def test_constant_and_slow_trains_do_not_enter():
    rng = np.random.default_rng(6)
    varied = rng.poisson([0.05, 2, 3, 2], (100, 4))
    counts = np.hstack([np.full((100, 1), 2), varied, np.zeros((100, 1))])
    rate = varied[:, 0].mean() * 1000 / 200
    statistic = preset("statistics", "spike_count_correlation")
    assert statistic.estimate(counts).value == pytest.approx(
        mean_of_pairs(np.corrcoef(varied.T)), rel=1e-10
    )
    assert statistic.replace(min_rate=float(rate)).estimate(counts).value == pytest.approx(
        mean_of_pairs(np.corrcoef(varied[:, 1:].T)), rel=1e-10
    )


def test_one_neuron_left_is_nan_with_a_reason():
    counts = np.pad(np.random.default_rng(7).poisson(2.0, (50, 1)), ((0, 0), (0, 4)))
    estimate = preset("statistics", "spike_count_correlation").estimate(counts)
    assert np.isnan(estimate.value)
    assert "at least 2" in estimate.reason
