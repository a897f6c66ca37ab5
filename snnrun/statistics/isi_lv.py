"""Local variation LV of inter-spike intervals I: 0 regular, 1 Poisson.

    LV = mean over i of 3 ((I_i+1 - I_i) / (I_i+1 + I_i))^2

Mean over the neurons with at least min_spikes spikes after the warm-up, of intervals that lie
wholly after it. Shinomoto et al. 2003, Neural Comput 15:2823.

    name        unit  meaning
    population        population, all, or none for each
    min_spikes        neurons with fewer are left out
"""

import numpy as np

from snnrun.component import component
from snnrun.statistics._base import Intervals, IntervalStatistic


@component
class IsiLv(IntervalStatistic):
    """Local variation of inter-spike intervals."""

    definition = "mean over neurons and successive intervals I, J of 3 ((I - J) / (I + J))^2"

    def of_neurons(self, sums: Intervals) -> np.ndarray:
        return np.asarray(sums.lv / sums.pairs)
