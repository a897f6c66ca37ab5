"""Share of the variance of spike counts that neurons share, by factor analysis (0 to 1).

    %sh = mean over neurons of (L L^T)_ii / ((L L^T)_ii + psi_i)

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
"""

import numpy as np

from snnrun.component import component
from snnrun.statistics._factor_analysis import FactorAnalysis
from snnrun.statistics._likelihood import Factors


@component
class PercentSharedVariance(FactorAnalysis):
    """Share of the count variance that is shared between neurons."""

    definition = (
        "mean over neurons of diag(L L^T) / (diag(L L^T) + psi) of factor analysis of the counts"
    )

    def of_factors(self, factors: Factors) -> np.ndarray:
        shared = np.diagonal(factors.shared, axis1=1, axis2=2)
        return np.asarray((shared / (shared + factors.private)).mean(axis=1))
