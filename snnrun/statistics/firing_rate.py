"""Mean firing rate: spikes after the warm-up per neuron and second.

    r = mean over neurons of (mean count in a window) * 1000 / window_ms

All neurons enter, silent ones too.

    name        unit  meaning
    population        population, all, or none for each
    window_ms   ms    counting window (only the standard error depends on it)
"""

import numpy as np

from snnrun.component import component, param
from snnrun.statistics._base import Statistic


@component
class FiringRate(Statistic):
    """Mean firing rate of a population."""

    units = "spikes/s"
    definition = "mean over neurons and windows of the spike count * 1000 / window_ms"
    min_windows = 1

    population: str = param("", "population, all, or none for each", optional=True)
    window_ms: float = param("ms", "counting window", above=0)

    def value(self, counts: np.ndarray) -> float:
        return float(counts.mean() * 1000 / self.window_ms)
