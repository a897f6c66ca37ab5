"""Spike-count correlation: mean Pearson correlation of the counts of two neurons.

    r_sc = mean over pairs i < j of corr(counts_i, counts_j) over windows

Neurons whose count never varies, or that do not fire above min_rate, do not enter. All pairs
are used: with z-scores z the mean is (mean_w (sum_i z_wi)^2 - N) / (N (N - 1)).

    name        unit  meaning
    population        population, all, or none for each
    window_ms   ms    counting window
    min_rate    sp/s  neurons at or below it are left out
    sample            neurons drawn; none: all that enter
    draws             such draws; their mean counts
    region            all, or central: 0.25 <= x, y <= 0.75
"""

import numpy as np

from snnrun.component import component, param
from snnrun.statistics._base import CountStatistic, fires_above, standardized, varies


@component
class SpikeCountCorrelation(CountStatistic):
    """Mean pairwise Pearson correlation of spike counts."""

    definition = "mean over pairs of the Pearson correlation of the counts over windows"
    min_neurons = 2

    min_rate: float = param("sp/s", "neurons at or below it are left out", at_least=0)

    def keep(self, counts: np.ndarray) -> np.ndarray:
        return varies(counts) & fires_above(counts, self.window_ms, self.min_rate)

    def value(self, counts: np.ndarray) -> float:
        z = standardized(counts)
        n = z.shape[1]
        return float(((z.sum(axis=1) ** 2).mean() - n) / (n * (n - 1))) if n > 1 else np.nan
