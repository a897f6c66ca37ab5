"""Spike-count correlation on Fisher's scale: against a loop over pairs."""

import itertools

import numpy as np
import pytest

from snnrun.statistics import spike_count_correlation_fisher as module
from tests.contracts import StatisticContract, preset


class TestSpikeCountCorrelationFisher(StatisticContract):
    kind = "spike_count_correlation_fisher"


def counts_of(neurons, windows=120, seed=1):
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(3.0, 1.0, (windows, 1)) * np.linspace(0.5, 3, neurons))


def loop(counts):
    """Return the mean of atanh(r) over pairs, one pair after another."""
    pairs = itertools.combinations(counts.T, 2)
    return np.mean([np.arctanh(np.corrcoef(a, b)[0, 1]) for a, b in pairs])


def test_equals_a_loop_over_pairs():
    counts = counts_of(25)
    value = preset("statistics", "spike_count_correlation_fisher").estimate(counts).value
    assert value == pytest.approx(loop(counts), rel=1e-10)


@pytest.mark.parametrize("neurons", [1, 7, 24, 25, 26])
def test_tiles_change_nothing(neurons, monkeypatch):
    counts = counts_of(25)
    monkeypatch.setattr(module, "_TILE", neurons)
    value = preset("statistics", "spike_count_correlation_fisher").estimate(counts).value
    assert value == pytest.approx(loop(counts), rel=1e-10)


def test_more_neurons_than_a_tile():
    counts = counts_of(600, windows=60)
    r = np.corrcoef(counts.T)[np.triu_indices(600, 1)]
    value = preset("statistics", "spike_count_correlation_fisher").estimate(counts).value
    assert value == pytest.approx(np.arctanh(r).mean(), rel=1e-10)


def test_identical_trains_are_limited():
    a = np.random.default_rng(2).poisson(3.0, 60)[:, None]
    value = preset("statistics", "spike_count_correlation_fisher").estimate(np.hstack([a, a])).value
    # 1 - 1e-10 itself is rounded to 1e-16: six digits of it
    assert value == pytest.approx(np.arctanh(1 - 1e-10), rel=1e-6)


def test_at_most_so_many_neurons_evenly_spaced():
    counts = np.insert(counts_of(20), 3, 0, axis=1)  # a silent one doesn't count
    statistic = preset("statistics", "spike_count_correlation_fisher", max_neurons=4)
    varied = np.delete(counts, 3, axis=1)
    assert statistic.keep(counts).sum() == 4
    assert statistic.estimate(counts).value == pytest.approx(
        loop(varied[:, [0, 6, 12, 19]]), rel=1e-10
    )
