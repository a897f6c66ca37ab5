"""Exact regression with a Gaussian process: constant mean, one length for each feature.

    y = b + f(x) + noise,   cov(f(x), f(x')) = amplitude² k(r),   r² = sum ((x - x') / length)²
    matern52             k = (1 + s + s²/3) exp(-s),  s = sqrt(5) r
    squared_exponential  k = exp(-r²/2)

(Rasmussen & Williams 2006, chapters 2, 4 and 5.) Lengths, amplitude and noise maximise the
marginal likelihood; b is its maximum given those. Targets are standardised while fitting.

Shapes: `C` observations, `Q` places asked for, `F` features. Everything is float64.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.linalg import LinAlgError, cho_solve, cholesky, solve_triangular
from scipy.linalg.lapack import dpotri
from scipy.optimize import minimize
from scipy.spatial.distance import cdist

_MOST_FITTED = 200  # observations that lengths, amplitude and noise are found from
_PIECE = 2**17  # covariances at a time: as many as fit into a cache
_LENGTHS, _AMPLITUDES, _LARGEST_NOISE = (1e-2, 1e2), (1e-2, 1e2), 1e1


class Hyperparameters(NamedTuple):
    """`lengths` `[F]` in units of the features; `amplitude` and `noise` in those of the targets."""

    lengths: np.ndarray
    amplitude: float
    noise: float


class GaussianProcess(NamedTuple):
    """A process given observations: `factor` is that of their covariance, `[C, C]`."""

    x: np.ndarray
    y: np.ndarray
    mean: float
    weights: np.ndarray
    factor: np.ndarray
    hyper: Hyperparameters
    kernel: str

    def predict(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance `[Q]` of f + b, without the noise, at `[Q, F]`."""
        size = max(64, _PIECE // len(self.x))
        pieces = [places[i : i + size] for i in range(0, len(places), size)]
        means, variances = zip(*map(self._predict, pieces), strict=True)
        return np.concatenate(means), np.concatenate(variances)

    def _predict(self, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        amplitude = self.hyper.amplitude**2
        across = _correlation(_distances(places, self.x, self.hyper.lengths), self.kernel)
        across *= amplitude
        mean = self.mean + across @ self.weights
        known = solve_triangular(
            self.factor, across.T, lower=True, check_finite=False, overwrite_b=True
        )
        left = amplitude - np.einsum("cq,cq->q", known, known)
        return mean, np.maximum(left, 0.0)

    def with_more(self, x: np.ndarray, y: np.ndarray) -> "GaussianProcess":
        """Return the process with further observations, its mean and hyperparameters kept."""
        x, y = np.concatenate([self.x, x]), np.concatenate([self.y, y])
        return condition(x, y, self.hyper, self.kernel, self.mean)

    def given(self, chosen: np.ndarray) -> "GaussianProcess":
        """Return the process given some of its observations only, by their indices."""
        return condition(self.x[chosen], self.y[chosen], self.hyper, self.kernel, self.mean)


def condition(
    x: np.ndarray,
    y: np.ndarray,
    hyper: Hyperparameters,
    kernel: str = "matern52",
    mean: float | None = None,
) -> GaussianProcess:
    """Return the process given observations; without a mean, the likeliest one."""
    covariance = hyper.amplitude**2 * _correlation(_distances(x, x, hyper.lengths), kernel)
    factor = _factor(covariance, hyper.noise**2)
    if mean is None:
        mean = _likeliest_mean(factor, y)
    weights = cho_solve((factor, True), y - mean, check_finite=False)
    return GaussianProcess(x, y, float(mean), weights, factor, hyper, kernel)


def spread(count: int, most: int) -> np.ndarray:
    """Return indices of at most so many of `count` observations, spread over their order."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))


def fit(
    x: np.ndarray, y: np.ndarray, kernel: str = "matern52", lowest_noise: float = 1e-2
) -> GaussianProcess:
    """Return the likeliest process given observations.

    `lowest_noise`: in standard deviations of the targets (0.01 is that of MATLAB's fitrgp).
    Of more than 200 observations, 200 spread over their order decide on the hyperparameters.
    """
    centre, scale = float(np.mean(y)), float(np.std(y))
    scale = scale if scale > 1e-12 * max(1.0, abs(centre)) else 1.0
    target = (y - centre) / scale
    chosen = spread(len(y), _MOST_FITTED)
    found = _likeliest(x[chosen], target[chosen], kernel, lowest_noise)
    hyper = Hyperparameters(found.lengths, found.amplitude * scale, found.noise * scale)
    return condition(x, y, hyper, kernel)


def log_likelihood(
    theta: np.ndarray, x: np.ndarray, y: np.ndarray, kernel: str = "matern52"
) -> tuple[float, np.ndarray]:
    """Return the log marginal likelihood and its gradient.

    `theta` `[F + 2]`: logarithms of lengths, amplitude and noise. The mean is the likeliest one,
    so that the gradient does not depend on how it changes.
    """
    hyper = _hyper(theta)
    amplitude = hyper.amplitude**2
    square = _distances(x, x, hyper.lengths)
    slope = _slope(square, kernel)
    correlation = _correlation(square, kernel)
    factor = _factor(amplitude * correlation, hyper.noise**2)
    residual = y - _likeliest_mean(factor, y)
    weights = cho_solve((factor, True), residual, check_finite=False)
    value = -0.5 * residual @ weights - np.log(np.diag(factor)).sum()
    value -= 0.5 * len(y) * math.log(2 * math.pi)
    inner = np.outer(weights, weights) - _inverse(factor)
    scaled, steep = x / hyper.lengths, inner * slope
    by_length = (scaled**2 * steep.sum(axis=1)[:, None]).sum(axis=0)
    by_length -= np.einsum("cf,cf->f", scaled, steep @ scaled)
    by_amplitude = amplitude * np.einsum("ij,ij->", inner, correlation)
    by_noise = hyper.noise**2 * np.trace(inner)
    return float(value), np.array([*(-2 * amplitude * by_length), by_amplitude, by_noise])


def _hyper(theta: np.ndarray) -> Hyperparameters:
    values = np.exp(theta)
    return Hyperparameters(values[:-2], float(values[-2]), float(values[-1]))


def _likeliest(x: np.ndarray, y: np.ndarray, kernel: str, lowest_noise: float) -> Hyperparameters:
    """Return the hyperparameters for standardised targets: the better of two ascents.

    One starts where fitrgp does (half of the variance is noise), one with hardly any noise.
    """
    spread = np.maximum(np.std(x, axis=0), 0.05)
    bounds = np.log([*[_LENGTHS] * x.shape[1], _AMPLITUDES, (lowest_noise, _LARGEST_NOISE)])
    starts = [
        np.log([*spread, math.sqrt(0.5), math.sqrt(0.5)]),
        np.log([*(3 * spread), 1.0, max(0.05, lowest_noise)]),
    ]

    def loss(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = log_likelihood(theta, x, y, kernel)
        return -value, -gradient

    ends = [
        minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 100})
        for start in starts
    ]
    return _hyper(min(ends, key=lambda end: end.fun).x)


def _distances(a: np.ndarray, b: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return r² between rows of `a` and `b`."""
    return cdist(a / lengths, b / lengths, "sqeuclidean")


def _correlation(square: np.ndarray, kernel: str) -> np.ndarray:
    """Return k(r) given r², which is overwritten: fresh memory takes longer than the numbers."""
    if kernel == "squared_exponential":
        square *= -0.5
        return np.exp(square, out=square)
    square *= 5
    s = np.sqrt(square, out=square)
    polynomial = s / 3
    polynomial += 1
    polynomial *= s
    polynomial += 1
    np.negative(s, out=s)
    np.exp(s, out=s)
    s *= polynomial
    return s


def _slope(square: np.ndarray, kernel: str) -> np.ndarray:
    """Return the derivative of k by r²."""
    if kernel == "squared_exponential":
        return -0.5 * np.exp(-0.5 * square)
    s = np.sqrt(5 * square)
    return (-5 / 6) * (1 + s) * np.exp(-s)


def _inverse(factor: np.ndarray) -> np.ndarray:
    """Return the inverse of a matrix from its lower Cholesky factor."""
    lower, _ = dpotri(factor, lower=True)
    lower = np.tril(lower)
    return lower + np.tril(lower, -1).T


def _likeliest_mean(factor: np.ndarray, y: np.ndarray) -> float:
    ones = solve_triangular(factor, np.ones(len(y)), lower=True, check_finite=False)
    return float(ones @ solve_triangular(factor, y, lower=True, check_finite=False) / (ones @ ones))


def _factor(covariance: np.ndarray, noise: float) -> np.ndarray:
    """Return the lower Cholesky factor, with as little added to the diagonal as it takes."""
    size = float(np.mean(np.diag(covariance)))
    diagonal = np.diag_indices_from(covariance)
    for jitter in (0.0, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4):
        raised = covariance.copy()
        raised[diagonal] += noise + jitter * size
        try:
            return cholesky(raised, lower=True, check_finite=False)
        except LinAlgError:
            continue
    raise LinAlgError("covariance of a Gaussian process is not positive definite")
