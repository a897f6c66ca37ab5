"""Spike-count correlation: mean Pearson correlation of the counts of two neurons.

    r_sc = mean over pairs i < j of corr(counts_i, counts_j) over windows

Neurons whose count never varies, or that do not fire above min_rate, do not enter. All pairs
are used.

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
from snnrun.statistics._base import CountStatistic, fires_above, mean_correlation, varies


@component
class SpikeCountCorrelation(CountStatistic):
    """Mean pairwise Pearson correlation of spike counts."""

    definition = "mean over pairs of the Pearson correlation of the counts over windows"
    min_neurons = 2

    min_rate: float = param("sp/s", "neurons at or below it are left out", at_least=0)

    def keep(self, counts: np.ndarray) -> np.ndarray:
        return varies(counts) & fires_above(counts, self.window_ms, self.min_rate)

    def value(self, counts: np.ndarray) -> float:
        return mean_correlation(counts)
