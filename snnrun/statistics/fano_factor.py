"""Fano factor of spike counts in windows, mean over neurons.

    F = mean over neurons of var(counts over windows) / mean(counts over windows)

Neurons that never fire, or not above min_rate, do not enter. `ddof: 1` (n - 1 in the variance)
is the definition of Wu et al. 2024, Nat Comput Sci 4:690; `ddof: 0` that of elephant.

    name        unit  meaning
    population        population, all, or none for each
    window_ms   ms    counting window
    min_rate    sp/s  neurons at or below it are left out
    sample            neurons drawn; none: all that enter
    draws             such draws; their mean counts
    region            all, or central: 0.25 <= x, y <= 0.75
    ddof              0 or 1: variance divides by n - ddof
"""

import numpy as np

from snnrun.component import component, param
from snnrun.statistics._base import CountStatistic, pieces


@component
class FanoFactor(CountStatistic):
    """Variance over mean of spike counts."""

    definition = "mean over neurons of var/mean of the counts over windows"

    min_rate: float = param("sp/s", "neurons at or below it are left out", at_least=0)
    ddof: int = param("", "the variance divides by n - ddof", at_least=0, at_most=1)

    def value(self, counts: np.ndarray) -> float:
        mean = counts.mean(axis=0)
        fires = mean > 0
        if not fires.any():
            return float("nan")
        variance = np.concatenate([p.var(axis=0, ddof=self.ddof) for p in pieces(counts)])
        return float((variance[fires] / mean[fires]).mean())
