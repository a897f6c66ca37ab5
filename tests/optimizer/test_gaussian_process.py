"""Gaussian processes: direct formulas, finite differences, and scikit-learn's."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import multivariate_normal
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern, WhiteKernel

from snnrun.optimizer._gaussian_process import Hyperparameters, condition, fit, log_likelihood

KERNELS = ["matern52", "squared_exponential"]
HYPER = Hyperparameters(np.array([0.3, 0.7, 1.5]), 1.3, 0.2)
THETA = np.log([*HYPER.lengths, HYPER.amplitude, HYPER.noise])


def data(count: int = 40, noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    x = rng.random((count, 3))
    y = np.sin(6 * x[:, 0]) + x[:, 1] ** 2 + noise * rng.standard_normal(count) + 5
    return x, y


def covariance(a: np.ndarray, b: np.ndarray, kernel: str) -> np.ndarray:
    """Return amplitude² k, element by element."""
    r = np.array([[np.linalg.norm((p - q) / HYPER.lengths) for q in b] for p in a])
    if kernel == "squared_exponential":
        return HYPER.amplitude**2 * np.exp(-(r**2) / 2)
    s = np.sqrt(5) * r
    return HYPER.amplitude**2 * (1 + s + s**2 / 3) * np.exp(-s)


@pytest.mark.parametrize("kernel", KERNELS)
def test_posterior_is_that_of_the_formula(kernel):
    x, y = data()
    places = np.random.default_rng(1).random((7, 3))
    inverse = np.linalg.inv(covariance(x, x, kernel) + HYPER.noise**2 * np.eye(40))
    across = covariance(places, x, kernel)
    mean = inverse.sum(axis=0) @ y / inverse.sum()  # generalised least squares
    process = condition(x, y, HYPER, kernel)
    assert process.mean == pytest.approx(mean, rel=1e-10)
    found = process.predict(places)
    assert found[0] == pytest.approx(mean + across @ inverse @ (y - mean), rel=1e-10)
    expected = HYPER.amplitude**2 - np.diag(across @ inverse @ across.T)
    assert found[1] == pytest.approx(expected, rel=1e-8)


def test_many_places_are_predicted_in_pieces():
    process = condition(*data(), HYPER)
    places = np.random.default_rng(1).random((9000, 3))
    together, apart = process.predict(places), [process.predict(p[None]) for p in places[::997]]
    assert together[0][::997] == pytest.approx(np.ravel([m for m, _ in apart]), rel=1e-12)
    assert together[1][::997] == pytest.approx(np.ravel([v for _, v in apart]), rel=1e-9)


@pytest.mark.parametrize("kernel", KERNELS)
def test_likelihood_and_its_gradient(kernel):
    x, y = data()
    value, gradient = log_likelihood(THETA, x, y, kernel)
    total = covariance(x, x, kernel) + HYPER.noise**2 * np.eye(40)
    mean = condition(x, y, HYPER, kernel).mean
    assert value == pytest.approx(multivariate_normal(np.full(40, mean), total).logpdf(y))
    numeric = approx_fprime(THETA, lambda t: log_likelihood(t, x, y, kernel)[0], 1e-6)
    assert gradient == pytest.approx(numeric, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("kernel", KERNELS)
def test_fit_is_as_likely_as_scikit_learns(kernel):
    x, y = data(60)
    y = y + np.cos(4 * x[:, 2])  # all lengths matter
    shape = Matern([1.0] * 3, (1e-2, 1e2), nu=2.5)
    if kernel == "squared_exponential":
        shape = RBF([1.0] * 3, (1e-2, 1e2))
    target = (y - y.mean()) / y.std()
    theirs = GaussianProcessRegressor(
        ConstantKernel(1.0, (1e-4, 1e4)) * shape + WhiteKernel(0.1, (1e-4, 1e2)),
        alpha=0.0,
        n_restarts_optimizer=3,
        random_state=1,
    ).fit(x, target)
    ours = fit(x, target, kernel)
    theta = np.log([*ours.hyper.lengths, ours.hyper.amplitude, ours.hyper.noise])
    # theirs has a mean of 0, the likeliest one can only be likelier
    least = theirs.log_marginal_likelihood_value_
    assert least - 0.01 < log_likelihood(theta, x, target, kernel)[0] < least + 3
    places = np.random.default_rng(1).random((50, 3))
    mean, deviation = theirs.predict(places, return_std=True)
    found = ours.predict(places)
    assert found[0] == pytest.approx(mean, abs=0.1)
    response = np.sqrt(found[1] + ours.hyper.noise**2)  # theirs includes the noise
    assert response == pytest.approx(deviation, rel=0.15)


def test_fit_finds_the_noise_and_what_does_not_matter():
    hyper = fit(*data(150, noise=0.3)).hyper
    assert hyper.noise == pytest.approx(0.3, rel=0.25)
    assert hyper.lengths[2] > 3 * hyper.lengths[0]


def test_scale_and_offset_of_targets_and_of_features_do_not_matter():
    x, y = data()
    places = np.random.default_rng(1).random((20, 3))
    plain, other = fit(x, y).predict(places), fit(x, 1000 * y - 7).predict(places)
    assert other[0] == pytest.approx(1000 * plain[0] - 7, rel=1e-4)
    assert other[1] == pytest.approx(1e6 * plain[1], rel=1e-2)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.full((1, 2), 0.5), np.array([3.0])),
        (np.random.default_rng(1).random((5, 2)), np.full(5, 3.0)),
        (np.full((6, 2), 0.5), np.arange(6.0)),
        (np.repeat(np.random.default_rng(1).random((4, 2)), 3, axis=0), np.arange(12.0)),
    ],
    ids=["one", "equal targets", "one place", "repeated places"],
)
def test_little_to_learn_from(x, y):
    mean, variance = fit(x, y).predict(np.random.default_rng(2).random((10, 2)))
    assert np.isfinite(mean).all() and (variance >= 0).all()
    assert (mean > y.min() - 1).all() and (mean < y.max() + 1).all()


def test_further_observations_and_fewer():
    x, y = data()
    process = condition(x[:30], y[:30], HYPER)
    more, given = process.with_more(x[30:], y[30:]), process.given(np.arange(10))
    assert more.predict(x)[0] == pytest.approx(
        condition(x, y, HYPER, mean=process.mean).predict(x)[0]
    )
    assert len(given.y) == 10 and given.mean == process.mean
    assert (more.predict(x)[1] <= process.predict(x)[1] + 1e-9).all()
    assert (process.predict(x)[1] <= given.predict(x)[1] + 1e-9).all()
