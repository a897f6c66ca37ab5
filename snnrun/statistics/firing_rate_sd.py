"""Spread of firing rates: standard deviation over neurons.

    s = sqrt(sum over neurons of (r_i - r)^2 / (N - 1)),    r_i = mean count * 1000 / window_ms

All neurons enter, silent ones too, unless min_rate is given. Chance adds r_i / T to the variance
over neurons for a Poisson train of length T.

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
class FiringRateSd(CountStatistic):
    """Standard deviation over neurons of their firing rates."""

    units = "spikes/s"
    definition = "standard deviation (n - 1) over neurons of their mean count * 1000 / window_ms"
    min_windows = 1
    min_neurons = 2

    def value(self, counts: np.ndarray) -> float:
        return float((counts.mean(axis=0) * 1000 / self.window_ms).std(ddof=1))
