"""Mean firing rate: spikes after the warm-up per neuron and second.

    r = mean over neurons of (mean count in a window) * 1000 / window_ms

All neurons enter, silent ones too, unless min_rate is given.

    name        unit  meaning
    population        population, all, or none for each
    window_ms   ms    counting window (only the standard error depends on it)
    min_rate    sp/s  neurons at or below it are left out; none: all enter
    sample            neurons drawn; none: all that enter
    draws             such draws; their mean counts
    region            all, or central: 0.25 <= x, y <= 0.75
"""

import numpy as np

from snnrun.component import component
from snnrun.statistics._base import CountStatistic


@component
class FiringRate(CountStatistic):
    """Mean firing rate of a population."""

    units = "spikes/s"
    definition = "mean over neurons and windows of the spike count * 1000 / window_ms"
    min_windows = 1

    def value(self, counts: np.ndarray) -> float:
        return float(counts.mean() * 1000 / self.window_ms)
