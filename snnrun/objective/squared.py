"""SNOPS's cost: squared distances over variances.

    t = |s - s*|^2 / v        cost = sum w t / sum w

s statistic, s* target, v scale (a variance), w weight; for vectors the squared norm. In a range
t is 0, outside it s* is the nearest bound; what is to be minimised costs s^2 / v, so what may be
negative is driven to 0.

    name      unit  meaning
    terms           by name: what is wanted of a statistic
    targets         file, or files, with values for terms that have none
    several         objectives: lists of terms
    feasible        what a short run must show first
"""

import numpy as np

from snnrun.component import component
from snnrun.objective._base import Objective


@component
class Squared(Objective):
    """Weighted mean of squared distances over variances."""

    definition = "sum w |s - s*|^2 / v / sum w"

    def distance(self, difference: np.ndarray, variance: float) -> float:
        return float(np.sum(difference**2) / variance)

    def least(self, value: np.ndarray, variance: float) -> float:
        return self.distance(value, variance)
