"""Maximum likelihood of the factor model: against scikit-learn and EM written out plainly."""

import jax
import numpy as np
import pytest
from sklearn.decomposition import FactorAnalysis

from snnrun.statistics._likelihood import (
    Factors,
    _inverse,
    _Profile,
    expectation_maximisation,
    maximise,
)
from tests.factors import shared_counts

SPECTRA = [(30.0, 20.0), (30.0, 20.0, 10.0), (8.0,)]
CASES = [shared_counts(300, 16, spectrum, 2.0, i) for i, spectrum in enumerate(SPECTRA)]
COVARIANCE = np.stack([np.cov(c.T, ddof=0) for c in CASES])


def start(z, neurons=16, batch=3):
    normal = np.random.default_rng(0).normal(size=(neurons, z))
    return np.broadcast_to(normal, (batch, neurons, z))


def fitted(z, tolerance=1e-8, floor=0.01):
    return expectation_maximisation(COVARIANCE, start(z), tolerance, floor, 100_000)


def plain_em(s, loadings, tolerance, floor, most=100_000):
    """EM of one problem with p x p inverses and fastfa's rule; returns L, psi, iterations."""
    variance, base, old = np.diag(s), 0.0, 0.0
    private = variance
    for i in range(1, most + 1):
        inverse = np.linalg.inv(loadings @ loadings.T + np.diag(private))
        beta = loadings.T @ inverse
        new = 0.5 * (np.linalg.slogdet(inverse)[1] - np.trace(inverse @ s))
        moment = np.eye(loadings.shape[1]) - beta @ loadings + beta @ s @ beta.T
        loadings = s @ beta.T @ np.linalg.inv(moment)
        private = np.maximum(floor * variance, variance - ((s @ beta.T) * loadings).sum(axis=1))
        if i <= 2:
            base = new
        elif new >= old and new - base < (1 + tolerance) * (old - base):
            break
        old = new
    return loadings, private, i


@pytest.mark.parametrize("z", [1, 2, 3, 5, 9])
@pytest.mark.parametrize(("tolerance", "floor"), [(1e-8, 0.01), (1e-5, 0.0)])
def test_em_is_the_plain_one(z, tolerance, floor):
    found = fitted(z, tolerance, floor)
    for b in range(3):
        loadings, private, iterations = plain_em(COVARIANCE[b], start(z)[b], tolerance, floor)
        assert iterations > 3
        np.testing.assert_allclose(found.loadings[b], loadings, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(found.private[b], private, rtol=1e-6)


@pytest.mark.parametrize("z", [1, 2, 3])
def test_likelihood_and_subspace_are_those_of_scikit_learn(z):
    found = fitted(z)
    likelihood = found.log_likelihood(COVARIANCE) - 16 / 2 * np.log(2 * np.pi)
    for b, counts in enumerate(CASES):
        other = FactorAnalysis(z, tol=1e-12, max_iter=100_000, svd_method="lapack").fit(counts)
        assert likelihood[b] >= other.score(counts) - 1e-6
        if z == len(SPECTRA[b]):  # with more or fewer there may be several maxima
            assert likelihood[b] == pytest.approx(other.score(counts), abs=1e-5)
            bases = [np.linalg.qr(x)[0] for x in (found.loadings[b], other.components_.T)]
            cosines = np.linalg.svd(bases[0].T @ bases[1], compute_uv=False)
            assert cosines.min() > 1 - 1e-5
            np.testing.assert_allclose(found.private[b], other.noise_variance_, rtol=1e-2)


def test_log_likelihood_is_that_of_a_normal_distribution():
    found = fitted(2)
    for b, counts in enumerate(CASES):
        whole = found.shared[b] + np.diag(found.private[b])
        off = counts - counts.mean(axis=0)
        quadratic = np.einsum("wi,ij,wj->w", off, np.linalg.inv(whole), off).mean()
        expected = -0.5 * (np.linalg.slogdet(whole)[1] + quadratic)
        assert found.log_likelihood(COVARIANCE)[b] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("latents", [(1, 1, 1), (2, 3, 1), (0, 3, 1)])
def test_newton_reaches_at_least_the_likelihood_of_em(latents):
    z = np.array(latents)
    ends = []
    for b in range(3):
        if z[b]:
            ends.append(fitted(z[b], 1e-11).log_likelihood(COVARIANCE)[b])
        else:
            diagonal = Factors(np.zeros((1, 16, 1)), np.diag(COVARIANCE[b])[None])
            ends.append(diagonal.log_likelihood(COVARIANCE[b : b + 1])[0])
    begin = np.stack([np.diag(s) for s in COVARIANCE]) * 0.5
    found = maximise(COVARIANCE, begin, z, 0.01, 200)
    assert (found.log_likelihood(COVARIANCE) >= np.array(ends) - 1e-7).all()
    assert (found.loadings.any(axis=1).sum(axis=1) == z).all()


def test_newton_keeps_the_bounds():
    counts = np.random.default_rng(1).normal(size=(300, 6))
    twins = np.column_stack([counts, counts[:, 0]])
    s = np.cov(twins.T, ddof=0)[None]
    found = maximise(s, np.diagonal(s, axis1=1, axis2=2) * 0.5, np.array([1]), 0.01, 200)
    share = found.private[0] / np.diag(s[0])
    assert share.min() == pytest.approx(0.01, rel=1e-9)
    assert share.max() <= 1 + 1e-12


def test_derivatives_of_the_profile():
    theta = np.log(np.stack([np.diag(s) for s in COVARIANCE]) * 0.4)
    z, h = np.array([2, 3, 1]), 1e-5

    def at(theta):
        return _Profile.at(theta, COVARIANCE, z)

    here = at(theta)
    for i in (0, 7, 15):
        step = h * np.eye(16)[i]
        up, down = at(theta + step), at(theta - step)
        slope = (up.value - down.value) / (2 * h)
        np.testing.assert_allclose(here.gradient()[:, i], slope, rtol=1e-6, atol=1e-7)
        bend = (up.gradient() - down.gradient()) / (2 * h)
        np.testing.assert_allclose(here.hessian()[0][:, i], bend, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("size", [1, 5, 6, 7, 12, 13, 25])
def test_inverse_by_blocks(size):
    x = np.random.default_rng(size).normal(size=(4, 40, size))
    m = np.swapaxes(x, 1, 2) @ x
    np.testing.assert_allclose(_inverse(m), np.linalg.inv(m), rtol=1e-9, atol=1e-12)


def test_works_when_64_bits_are_not_the_default():
    with jax.enable_x64(False):
        found = maximise(COVARIANCE, np.ones((3, 16)), np.array([2, 3, 1]), 0.01, 200)
    wide = maximise(COVARIANCE, np.ones((3, 16)), np.array([2, 3, 1]), 0.01, 200)
    np.testing.assert_array_equal(found.private, wide.private)


def test_a_singular_model_has_no_likelihood_and_spoils_no_other():
    covariance = np.array([np.eye(3), np.eye(3)])
    fit = Factors(np.zeros((2, 3, 1)), np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 1.0]]))
    found = fit.log_likelihood(covariance)
    assert found[0] == -1.5 and not np.isfinite(found[1])
