"""Maximum likelihood of the factor model: Gaussian counts with a shared and a private part.

    x = d + L z + e,   z ~ N(0, I),   e ~ N(0, diag(psi))

Each function works on a batch of problems given by their covariance (n in the denominator).
Fitted by EM (Ghahramani & Hinton 1996, CRG-TR-96-1) with the stopping rule of B. Yu's fastfa, or
on by Newton's method on the likelihood profiled over L (Joreskog 1967, Psychometrika 32:443;
Clarke 1970, Br J Math Stat Psychol 23:43) to the maximum itself.

Shapes: `B` problems, `p` neurons, `z` latents.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import numpy as np

_TINY = 1e-12  # least private variance, as a share of the variance, where no floor is asked for
_DIRECT = 6  # largest matrix that LAPACK inverts faster than blocks of it


class Factors(NamedTuple):
    """Loadings L `[B, p, z]` and private variances `[B, p]`."""

    loadings: np.ndarray
    private: np.ndarray

    @property
    def shared(self) -> np.ndarray:
        """The shared covariance L L^T, `[B, p, p]`."""
        return self.loadings @ _t(self.loadings)

    def log_likelihood(self, covariance: np.ndarray) -> np.ndarray:
        """Return the log-likelihood of a window, without its constant, `[B]`.

        NaN where the model's covariance is singular in these numbers.
        """
        whole = self.shared
        whole += self.private[:, :, None] * np.eye(whole.shape[1])
        logdet = np.linalg.slogdet(whole)[1]
        explained = np.trace(_or_nan(np.linalg.solve, whole, covariance), axis1=1, axis2=2)
        return -0.5 * (logdet + explained)


def expectation_maximisation(
    covariance: np.ndarray, loadings: np.ndarray, tolerance: float, floor: float, most: int
) -> Factors:
    """Return the fit that EM stops at, from `loadings` and private variances = variances.

    It stops when the log-likelihood gains less than `tolerance` of what it has gained since the
    second iteration, or after `most` iterations. `floor`: least private variance as a share of
    the variance.
    """
    variance = _diagonal(covariance)
    fit = Factors(np.empty_like(loadings), np.empty_like(variance))
    live = np.arange(len(covariance))
    least = np.maximum(floor, _TINY) * variance
    old = base = np.zeros(len(live))
    s, v, low, private = covariance, variance, least, variance
    for i in range(most):
        new, loadings, private = _iterate(s, v, low, loadings, private)
        base = new if i < 2 else base
        done = (new >= old) & (new - base < (1 + tolerance) * (old - base)) & (i > 1)
        done |= ~np.isfinite(new) | (i == most - 1)
        old = new
        if done.any():
            fit.loadings[live[done]], fit.private[live[done]] = loadings[done], private[done]
            go = ~done
            live, s, v, low = live[go], s[go], v[go], low[go]
            loadings, private, old, base = loadings[go], private[go], old[go], base[go]
        if not live.size:
            break
    return fit


def _iterate(
    s: np.ndarray, v: np.ndarray, low: np.ndarray, loadings: np.ndarray, private: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return log-likelihood (without constant) before, L and psi after one iteration of EM.

    With G = psi^-1 L, M = I + L^T G and A = G^T S G the M-step is L = S G (M + A)^-1 M and
    psi = diag(S - S G (M + A)^-1 G^T S); all inverses are z x z.
    """
    g = loadings / private[:, :, None]
    sg = s @ g
    m = _t(loadings) @ g + np.eye(loadings.shape[2])
    a = _t(g) @ sg
    inverse = _or_nan(_inverse, np.concatenate([m, m + a]))
    factor = _or_nan(np.linalg.cholesky, m)
    logdet = 2 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
    explained = np.einsum("bij,bij->b", inverse[: len(m)], a)
    fit = np.log(private).sum(axis=1) + logdet + (v / private).sum(axis=1) - explained
    c = sg @ inverse[len(m) :]
    return -0.5 * fit, c @ m, np.maximum(low, v - np.einsum("bij,bij->bi", c, sg))


def _or_nan(of: Callable[..., np.ndarray], *arrays: np.ndarray) -> np.ndarray:
    """Return a function of matrices `[B, n, n]`; NaN of those that are singular in these numbers.

    So is what has a private variance near 0 (Heywood's case), as training windows may. What comes
    out is shaped as the last array.
    """
    try:
        return of(*arrays)
    except np.linalg.LinAlgError:
        if len(arrays[0]) == 1:
            return np.full_like(arrays[-1], np.nan)
        halves = zip(*(np.array_split(array, 2) for array in arrays), strict=True)
        return np.concatenate([_or_nan(of, *half) for half in halves])


def _inverse(m: np.ndarray) -> np.ndarray:
    """Return the inverses of positive definite matrices, block by block: many small products."""
    size = m.shape[1]
    if size <= _DIRECT:
        return np.linalg.inv(m)
    h = size // 2
    upper, b = _inverse(m[:, :h, :h]), m[:, :h, h:]
    ub = upper @ b
    lower = _inverse(m[:, h:, h:] - _t(b) @ ub)
    mixed = ub @ lower
    out = np.empty_like(m)
    out[:, :h, :h] = upper + mixed @ _t(ub)
    out[:, :h, h:], out[:, h:, :h], out[:, h:, h:] = -mixed, -_t(mixed), lower
    return out


class _Profile(NamedTuple):
    """-2 log-likelihood at the best L for log private variances `theta` `[B, p]`.

    `gamma`, `omega`: eigenvalues, descending, and vectors of psi^-1/2 S psi^-1/2; `factor`:
    which of them L takes up, `[B, p]` bool.
    """

    theta: np.ndarray
    value: np.ndarray
    gamma: np.ndarray
    omega: np.ndarray
    factor: np.ndarray

    @classmethod
    def at(cls, theta: np.ndarray, covariance: np.ndarray, latents: np.ndarray) -> "_Profile":
        scale = np.exp(-0.5 * theta)
        with jax.enable_x64(True):  # its LAPACK does not start threads for each small matrix
            found = _eigh(covariance * scale[:, :, None] * scale[:, None, :])
        gamma, omega = (np.asarray(x)[..., ::-1] for x in found)
        factor = (np.arange(gamma.shape[1]) < latents[:, None]) & (gamma > 1)
        taken = 1 + np.log(np.where(factor, gamma, 1))
        return cls(
            theta, (theta + np.where(factor, taken, gamma)).sum(axis=1), gamma, omega, factor
        )

    def choose(self, other: "_Profile", which: np.ndarray) -> "_Profile":
        """Return this one, with the problems `which` `[B]` from another one."""
        pairs = zip(self, other, strict=True)
        return _Profile(*(np.where(which.reshape(-1, *[1] * (a.ndim - 1)), b, a) for a, b in pairs))

    def gradient(self) -> np.ndarray:
        """Return the derivative by theta, `[B, p]`."""
        rest = np.where(self.factor, 0, 1 - self.gamma)
        return (self.omega**2 @ rest[:, :, None])[:, :, 0]

    def hessian(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the second derivative `[B, p, p]`, and its positive part."""
        rest = np.where(self.factor, 0.0, 1.0)
        weighted = self.omega * (rest * self.gamma)[:, None, :]
        positive = (weighted @ _t(self.omega)) * ((self.omega * rest[:, None, :]) @ _t(self.omega))
        mixed = np.zeros_like(positive)
        for n in range(int(self.factor.sum(axis=1).max(initial=0))):
            one, gamma = self.omega[:, :, n], self.gamma[:, n : n + 1]
            gap = np.minimum(self.gamma - gamma, -1e-9)
            w = rest * (self.gamma - 1) * (self.gamma + gamma) / gap * self.factor[:, n : n + 1]
            outer = one[:, :, None] * one[:, None, :]
            mixed += outer * ((self.omega * w[:, None, :]) @ _t(self.omega))
        return positive + mixed, positive


_eigh = jax.jit(jax.numpy.linalg.eigh)


def maximise(
    covariance: np.ndarray, private: np.ndarray, latents: np.ndarray, floor: float, most: int
) -> Factors:
    """Return the maximum of the likelihood near `private`; L is `[B, p, p]`, zero past `latents`.

    `latents` `[B]`: number of factors of each problem; `floor`: least private variance as a share
    of the variance; `most`: iterations.
    """
    variance = _diagonal(covariance)
    low, high = np.log(floor * variance), np.log(variance)
    here = _Profile.at(np.clip(np.log(private), low, high), covariance, latents)
    step, size = _direction(here, low, high), np.ones(len(private))
    for _ in range(most):
        there = np.clip(here.theta + size[:, None] * step, low, high)
        new = _Profile.at(there, covariance, latents)
        better = new.value < here.value
        gain = np.where(better, here.value - new.value, np.inf)
        small = np.abs(there - here.theta).max(axis=1) < 1e-6
        here = here.choose(new, better)
        size = np.where(better, 1.0, size / 4)
        if (small | (gain < 1e-9)).all():
            break
        step = np.where(better[:, None], _direction(here, low, high), step)
    strength = np.sqrt(np.where(here.factor, here.gamma - 1, 0))
    spread = np.exp(0.5 * here.theta)
    return Factors(spread[:, :, None] * here.omega * strength[:, None, :], np.exp(here.theta))


def _direction(here: _Profile, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return Newton's step inside the bounds, or where it leads up, one that leads down."""
    gradient = here.gradient()
    stuck = ((here.theta <= low) & (gradient > 0)) | ((here.theta >= high) & (gradient < 0))
    free = ~stuck[:, :, None] & ~stuck[:, None, :]
    down = np.where(stuck, 0, -gradient)
    steps = []
    for h in here.hessian():
        h = np.where(free, h, 0) + np.eye(h.shape[1]) * (stuck[:, :, None] + 1e-9)
        found = _or_nan(np.linalg.solve, h, down[:, :, None])[:, :, 0]
        steps.append(np.where(np.isfinite(found), found, down))
    leads_up = (steps[0] * down).sum(axis=1) <= 0
    step = np.where(leads_up[:, None], steps[1], steps[0])
    return np.clip(step, -2, 2)


def _diagonal(covariance: np.ndarray) -> np.ndarray:
    return np.diagonal(covariance, axis1=1, axis2=2).copy()


def _t(m: np.ndarray) -> np.ndarray:
    return np.swapaxes(m, 1, 2)
