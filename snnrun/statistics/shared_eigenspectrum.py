"""Eigenvalues of the shared covariance of spike counts, by factor analysis.

    es = eigenvalues of L L^T in descending order, one for each neuron drawn, not normalised

Model, method and choice of latents: snnrun/statistics/_factor_analysis.py. Without latents all
are 0.

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
"""

import numpy as np

from snnrun.component import component
from snnrun.statistics._factor_analysis import FactorAnalysis
from snnrun.statistics._likelihood import Factors


@component
class SharedEigenspectrum(FactorAnalysis):
    """Eigenvalues of the shared covariance, in descending order."""

    units = "spikes^2"
    vector = True
    definition = "eigenvalues of L L^T (factor analysis of the counts), descending"

    def of_factors(self, factors: Factors) -> np.ndarray:
        eigenvalues = np.linalg.eigvalsh(factors.shared)[:, ::-1]
        rounding = 1e-12 * eigenvalues[:, :1]
        return np.where(eigenvalues > rounding, eigenvalues, 0)
