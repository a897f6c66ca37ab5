"""Coefficient of variation of inter-spike intervals I: 0 regular, 1 Poisson.

    CV = SD(I) / mean(I),    n in the variance

Mean over the neurons with at least min_spikes spikes after the warm-up, of intervals that lie
wholly after it. Slow changes of the rate raise it.

    name        unit  meaning
    population        population, all, or none for each
    min_spikes        neurons with fewer are left out
"""

import numpy as np

from snnrun.component import component
from snnrun.statistics._base import Intervals, IntervalStatistic


@component
class IsiCv(IntervalStatistic):
    """Coefficient of variation of inter-spike intervals."""

    definition = "mean over neurons of the standard deviation of the intervals (n) over their mean"

    def of_neurons(self, sums: Intervals) -> np.ndarray:
        mean = sums.total / sums.number
        variance = np.maximum(sums.squares / sums.number - mean**2, 0)
        return np.sqrt(variance) / mean
