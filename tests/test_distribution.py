"""Distributions: moments of the values themselves."""

import numpy as np
import pytest

from snnrun.distribution import Distribution, draw, mean

# distribution, mean, standard deviation, lowest value
CASES = [
    (Distribution("normal", -40.0, 5.0), -40.0, 5.0, -np.inf),
    (Distribution("lognormal", 2.0, 0.5), 2.0, 0.5, 0.0),
    (Distribution("lognormal", 0.1, 0.3), 0.1, 0.3, 0.0),
    (Distribution("uniform", -65.0, -50.0), -57.5, 15 / np.sqrt(12), -65.0),
    # U^2 has the mean 1/3 and the variance 1/5 - 1/9
    (Distribution("power", 8.0, 2.0, 2.0), 6.0, 6 * np.sqrt(4 / 45), 2.0),
    (Distribution("power", -65.0, -50.0, 2.0), -60.0, 15 * np.sqrt(4 / 45), -65.0),
]


# mean and standard deviation of a normal cut at its mean: Johnson et al. 1994, ch. 13.10
HALF = Distribution("normal", 2.0, 3.0, low=2.0)
CASES += [
    (HALF, 2 + 3 * np.sqrt(2 / np.pi), 3 * np.sqrt(1 - 2 / np.pi), 2.0),
    (Distribution("normal", 2.0, 3.0, high=2.0), 2 - 3 * np.sqrt(2 / np.pi), 1.808422, -np.inf),
    (Distribution("normal", 1.0, 0.1, low=0.0), 1.0, 0.1, 0.0),
    # from its density, by quadrature
    (Distribution("lognormal", 2.0, 2.0, low=1.0, high=5.0), 2.16924857, 0.97811207, 1.0),
]


@pytest.mark.parametrize(("distribution", "centre", "spread", "lowest"), CASES)
def test_moments(distribution, centre, spread, lowest):
    values = distribution.draw(np.random.default_rng(1), 400_000)
    assert values.mean() == pytest.approx(centre, abs=5 * spread / np.sqrt(400_000))
    # SD of the SD: sqrt((kurtosis - 1) / 4 n) of it
    kurtosis = ((values - values.mean()) ** 4).mean() / values.var() ** 2
    assert values.std() == pytest.approx(spread, rel=5 * np.sqrt(kurtosis / 4 / 400_000))
    assert distribution.mean == mean(distribution) == pytest.approx(centre)
    assert distribution.lowest == lowest
    assert values.min() >= lowest


def test_uniform_stays_below_its_upper_end():
    values = Distribution("uniform", 0.5, 3.0).draw(np.random.default_rng(2), 10_000)
    assert 0.5 <= values.min() < 0.51
    assert 2.99 < values.max() < 3.0


def test_logarithm_of_lognormal_is_symmetric():
    values = np.log(Distribution("lognormal", 2.0, 1.0).draw(np.random.default_rng(3), 100_000))
    z = (values - values.mean()) / values.std()
    assert (z**3).mean() == pytest.approx(0, abs=5 * np.sqrt(6 / 100_000))


@pytest.mark.parametrize("value", [3, -2.5])
def test_a_number_is_repeated(value):
    drawn = draw(value, np.random.default_rng(1), 4)
    assert drawn.dtype == np.float64
    assert drawn.tolist() == [value] * 4
    assert mean(value) == value


def test_draw_of_a_distribution_uses_the_generator():
    distribution = Distribution("normal", 1.0, 0.1)
    a, b = (draw(distribution, np.random.default_rng(s), 5) for s in (1, 2))
    assert np.array_equal(a, distribution.draw(np.random.default_rng(1), 5))
    assert not np.array_equal(a, b)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case[0]))
def test_share_below(case):
    distribution, centre, spread, _ = case
    values = distribution.draw(np.random.default_rng(4), 100_000)
    for x in centre + spread * np.array([-30, -1, -0.3, 0.5, 2, 30]):
        assert distribution.below(x) == pytest.approx((values < x).mean(), abs=0.008)
    assert distribution.lowest <= values.min() and values.max() <= distribution.highest


def test_bounds_that_exclude_nothing_change_no_draw():
    free = Distribution("normal", 1.0, 0.1).draw(np.random.default_rng(1), 100)
    bounded = Distribution("normal", 1.0, 0.1, low=0.0, high=2.0)
    assert np.array_equal(bounded.draw(np.random.default_rng(1), 100), free)
