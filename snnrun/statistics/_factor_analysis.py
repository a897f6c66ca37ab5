"""Factor analysis of spike counts: what its statistics share.

    counts = d + L z + e,   z ~ N(0, I),   e ~ N(0, diag(psi))

As in Wu et al. 2024, Nat Comput Sci 4:690 (methods of Yu et al. 2009, J Neurophysiol 102:614):
EM until the log-likelihood gains less than 1e-8 of its gain since the second iteration, private
variances at least `private_floor` of the variance. Number of latents:

    cv         the best cross-validated log-likelihood over 0, 1, 3, 5, ... up to half the neurons,
               then its two neighbours; folds of windows in random order, EM to 1e-5, no floor;
               1 where the covariance is singular (reciprocal condition below 1e-8)
    heuristic  min(windows / 2, neurons / 10, 15)
    a number   that many

Cross-validation finds a latent in about half of all draws where it holds 2.5 / sqrt(W p) of the
variance of each neuron (counts with one latent, p 20 and 50, W 100 to 700): with few windows it
finds none in networks that have some, and all that is computed of them grows with the duration.

Neurons whose count never varies, or that do not fire above min_rate, do not enter. The standard
error over time is that at the number of latents found with all windows.

Shapes: `D` draws, `W` windows, `p` neurons of a draw, `F` folds, `B` problems.
"""

import dataclasses
import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from snnrun.component import component, param
from snnrun.statistics._base import (
    CountStatistic,
    Subjects,
    blocks,
    fires_above,
    varies,
)
from snnrun.statistics._likelihood import Factors, expectation_maximisation, maximise

_TOLERANCE, _CV_TOLERANCE = 1e-8, 1e-5
_SINGULAR = 1e-8  # reciprocal condition, of the eigenvalues
_ITERATIONS = 100_000
_ENOUGH = 10  # windows a neuron; published: 14
_FOUND = 2.5  # times 1 / sqrt(W p): the share of the variance of a latent that is just found
_NEWTON_STEPS = 10  # from all windows to all but a block it is not far


class Fit(NamedTuple):
    """Fits of each draw: `whole`, and `parts`, those without each block of time."""

    whole: Factors
    parts: list[Factors]


@component
class FactorAnalysis(CountStatistic):
    """A statistic of the shared covariance L L^T of spike counts."""

    min_windows = 20
    min_neurons = 2

    min_rate: float = param("sp/s", "neurons at or below it are left out", at_least=0)
    sample: int = param("", "neurons drawn", at_least=2, at_most=1000)
    draws: int = param("", "such draws; their mean counts", at_least=1)
    latents: int | str = param("", "cv, heuristic, or a number")
    folds: int = param("", "of the cross-validation", at_least=2, at_most=10)
    private_floor: float = param(
        "", "least private variance, as a share of the variance", above=0, at_most=1
    )

    def caution(self, windows: int) -> str | None:
        if self.latents != "cv" or not self.min_windows <= windows < _ENOUGH * self.sample:
            return None
        few = f"{windows} windows for {self.sample} neurons"
        if windows <= self.sample:
            return (
                f"{few} make the covariance singular, so one latent is taken, not cross-validated;"
                " run longer or set latents"
            )
        return (
            f"{few} are few: cross-validation overlooks latents that hold less than about"
            f" {_FOUND / math.sqrt(windows * self.sample):.1%} of the variance, and may find none;"
            f" take {_ENOUGH * self.sample} windows or more, or set latents"
        )

    def check(self, dt: float) -> list[str]:
        known = self.latents in ("cv", "heuristic") or isinstance(self.latents, int)
        found = [] if known else ["latents: must be cv, heuristic, or a whole number"]
        if isinstance(self.latents, int) and not 0 <= self.latents < self.sample:
            found = [f"latents: must be at least 0 and below sample ({self.sample})"]
        return [*super().check(dt), *found]

    def keep(self, counts: np.ndarray) -> np.ndarray:
        return varies(counts) & fires_above(counts, self.window_ms, self.min_rate)

    def of_factors(self, factors: Factors) -> np.ndarray:
        """Return the statistic of each problem, `[B]` or `[B, p]`."""
        raise NotImplementedError

    def measure(self, drawn: list[np.ndarray], subjects: Subjects) -> tuple[np.ndarray, np.ndarray]:
        names = [f.name for f in dataclasses.fields(FactorAnalysis)]
        key = (FactorAnalysis, *(getattr(self, name) for name in names))
        if key not in subjects.shared:
            subjects.shared[key] = self._fit(np.stack(drawn).astype(np.float64), subjects)
        fit = subjects.shared[key]
        without = [self.of_factors(f) for f in fit.parts]
        return self.of_factors(fit.whole), np.array(without)

    def _fit(self, counts: np.ndarray, subjects: Subjects) -> Fit:
        """Fit counts `[D, W, p]`."""
        rng = subjects.generator("factor_analysis")
        start = rng.standard_normal((counts.shape[2], counts.shape[2]))
        covariance = _covariance(counts)
        latents = self._latents(counts, covariance, start, rng)
        whole = Factors(np.zeros_like(covariance), np.diagonal(covariance, axis1=1, axis2=2).copy())
        mine, most = latents > 0, int(latents.max())
        if most:
            begin = _loadings(covariance[mine], start[:, :most], latents[mine])
            found = expectation_maximisation(
                covariance[mine], begin, _TOLERANCE, self.private_floor, _ITERATIONS
            )
            whole.loadings[mine, :, :most], whole.private[mine] = found
        parts = blocks(counts.shape[1])
        return Fit(whole, self._without(counts, parts, whole.private, latents) if parts else [])

    def _without(
        self, counts: np.ndarray, parts: list[Any], private: np.ndarray, latents: np.ndarray
    ) -> list[Factors]:
        """Return the fits to the windows outside each part [from, to)."""
        whole = counts.var(axis=1)
        fits = maximise(
            np.concatenate([_covariance(np.delete(counts, slice(*p), 1), whole) for p in parts]),
            np.tile(private, (len(parts), 1)),
            np.tile(latents, len(parts)),
            self.private_floor,
            _NEWTON_STEPS,
        )
        each = zip(*(np.split(x, len(parts)) for x in fits), strict=True)
        return [Factors(*fit) for fit in each]

    def _latents(
        self, counts: np.ndarray, covariance: np.ndarray, start: np.ndarray, rng: Any
    ) -> np.ndarray:
        """Return the number of latents of each draw, `[D]`."""
        draws, windows, neurons = counts.shape
        if isinstance(self.latents, int):
            return np.full(draws, self.latents)
        if self.latents == "heuristic":
            return np.full(draws, max(1, min(windows // 2, neurons // 10, 15)))
        eigenvalues = np.linalg.eigvalsh(covariance)
        regular = eigenvalues[:, 0] >= _SINGULAR * eigenvalues[:, -1]
        found = np.ones(draws, int)
        if regular.any():
            order = np.array_split(rng.permutation(windows), self.folds)
            folds = _Folds(counts[regular], order, start)
            found[regular] = folds.best(neurons // 2)
        return found


class _Folds:
    """Cross-validation of draws of counts `[D, W, p]`; `tests`: the windows of each fold."""

    def __init__(self, counts: np.ndarray, tests: list[np.ndarray], start: np.ndarray) -> None:
        self._draws = counts.shape[0]
        self._train, self._test = (np.concatenate(x) for x in zip(*_split(counts, tests)))  # noqa: B905
        self._windows = np.repeat([t.size for t in tests], self._draws)
        self._start = start

    def best(self, most: int) -> np.ndarray:
        """Return the number of latents in 0, 1, 3, ... <= most or beside the best, `[D]`."""
        first = [0, *range(1, most + 1, 2)]
        scores = np.stack([self._score(z, np.arange(self._draws)) for z in first])
        best, score = np.array(first)[scores.argmax(axis=0)], scores.max(axis=0)
        middle = best.copy()
        for z in sorted({z + d for z in set(best.tolist()) - {0} for d in (-1, 1)} - {0}):
            near = np.flatnonzero((np.abs(middle - z) == 1) & (middle > 0))
            if near.size and z <= most:
                new = self._score(z, near)
                better = new > score[near]
                best[near[better]], score[near[better]] = z, new[better]
        return best

    def _score(self, z: int, draws: np.ndarray) -> np.ndarray:
        """Return the log-likelihood of the tests with `z` latents for some draws."""
        mine = np.isin(np.arange(len(self._train)) % self._draws, draws)
        train = self._train[mine]
        if z == 0:
            private = np.diagonal(train, axis1=1, axis2=2)
            fit = Factors(np.zeros((*private.shape, 1)), private)
        else:
            begin = _loadings(train, self._start[:, :z], np.full(len(train), z))
            fit = expectation_maximisation(train, begin, _CV_TOLERANCE, 0.0, _ITERATIONS)
        with np.errstate(invalid="ignore"):  # of a fit that there is not
            found = fit.log_likelihood(self._test[mine]) * self._windows[mine]
        found = found.reshape(-1, draws.size).sum(axis=0)
        return np.where(np.isfinite(found), found, -np.inf)


def _split(counts: np.ndarray, tests: list[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield the covariance `[D, p, p]` of the training windows and that of each test about it."""
    whole = counts.var(axis=1)
    for test in tests:
        train = np.delete(counts, test, axis=1)
        off = counts[:, test] - train.mean(axis=1, keepdims=True)
        yield _covariance(train, whole), np.swapaxes(off, 1, 2) @ off / test.size


def _covariance(counts: np.ndarray, variance: np.ndarray | None = None) -> np.ndarray:
    """Return `[D, p, p]` (n in the denominator) of counts `[D, W, p]`.

    A neuron that never varies here has `variance` `[D, p]` if given: it stays without influence.
    """
    off = counts - counts.mean(axis=1, keepdims=True)
    found = np.swapaxes(off, 1, 2) @ off / counts.shape[1]
    if variance is not None:
        constant = counts.min(axis=1) == counts.max(axis=1)
        own = np.arange(counts.shape[2])
        found[:, own, own] = np.where(constant, variance, found[:, own, own])
    return found


def _loadings(covariance: np.ndarray, normal: np.ndarray, latents: np.ndarray) -> np.ndarray:
    """Return random loadings `[B, p, z]`, scaled to the mean eigenvalue (geometric) of the rank.

    Those past the `latents` `[B]` of a problem are 0, and EM leaves them so.
    """
    eigenvalues = np.linalg.eigvalsh(covariance)
    small = eigenvalues <= eigenvalues[:, -1:] * eigenvalues.shape[1] * np.finfo(float).eps
    logs = np.ma.masked_array(np.log(np.where(small, 1, eigenvalues)), small)
    scale = np.exp(logs.mean(axis=1).filled(0))
    size = np.sqrt(scale / latents)[:, None] * (np.arange(normal.shape[1]) < latents[:, None])
    return normal * size[:, None, :]
