"""Dimensions that hold most of the shared variance of spike counts, by factor analysis.

    d_sh = least d with (l_1 + ... + l_d) / sum of l >= 0.95,   l_i eigenvalues of L L^T, descending

Model, method and choice of latents: snnrun/statistics/_factor_analysis.py. Without latents it is 0.

    name           unit  meaning
    population           population, all, or none for each
    window_ms      ms    counting window
    min_rate       sp/s  neurons at or below it are left out
    sample               neurons drawn
    draws                such draws; their mean counts
    region               all, or central: 0.25 <= x, y <= 0.75
    latents              cv, heuristic, or a number
    folds                of the cross-validation
    private_floor        least private variance, as a share of the variance
    share                of the shared variance that the dimensions hold
"""

import numpy as np

from snnrun.component import component, param
from snnrun.statistics._factor_analysis import FactorAnalysis
from snnrun.statistics._likelihood import Factors


@component
class SharedDimensionality(FactorAnalysis):
    """Number of eigenvalues of the shared covariance that hold most of it."""

    definition = (
        "number of eigenvalues of L L^T (factor analysis of the counts) that hold the given share"
        " of their sum"
    )

    share: float = param("", "of the shared variance that they hold", above=0, at_most=1)

    def of_factors(self, factors: Factors) -> np.ndarray:
        eigenvalues = np.linalg.eigvalsh(factors.shared)[:, ::-1]
        total = eigenvalues.sum(axis=1, keepdims=True)
        fewer = (np.cumsum(eigenvalues, axis=1) < self.share * total).sum(axis=1)
        return np.where(factors.loadings.any(axis=(1, 2)), fewer + 1, 0)
