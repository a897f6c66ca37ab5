"""Local variation CV2 of inter-spike intervals I: 0 regular, 1 Poisson.

    CV2 = mean over i of 2 |I_i+1 - I_i| / (I_i+1 + I_i)

Mean over the neurons with at least min_spikes spikes after the warm-up, of intervals that lie
wholly after it. Holt et al. 1996, J Neurophysiol 75:1806: slow
changes of the rate hardly matter.

    name        unit  meaning
    population        population, all, or none for each
    min_spikes        neurons with fewer are left out
"""

import numpy as np

from snnrun.component import component
from snnrun.statistics._base import Intervals, IntervalStatistic


@component
class IsiCv2(IntervalStatistic):
    """Local coefficient of variation of inter-spike intervals."""

    definition = "mean over neurons and successive intervals I, J of 2 |I - J| / (I + J)"

    def of_neurons(self, sums: Intervals) -> np.ndarray:
        return np.asarray(sums.cv2 / sums.pairs)
