"""Distances over standard deviations.

    t = |s - s*| / sqrt(v)        cost = sum w t / sum w

s statistic, s* target, v scale (a variance), w weight; for vectors the norm. In a range t is 0,
outside it s* is the nearest bound; what is to be minimised costs s / sqrt(v), with its sign
(vectors: their norm).

    name      unit  meaning
    terms           by name: what is wanted of a statistic
    targets         file, or files, with values for terms that have none
    several         objectives: lists of terms
    feasible        what a short run must show first
"""

import math

import numpy as np

from snnrun.component import component
from snnrun.objective._base import Objective


@component
class Absolute(Objective):
    """Weighted mean of distances over standard deviations."""

    definition = "sum w |s - s*| / sqrt(v) / sum w"

    def distance(self, difference: np.ndarray, variance: float) -> float:
        return float(np.linalg.norm(np.atleast_1d(difference))) / math.sqrt(variance)

    def least(self, value: np.ndarray, variance: float) -> float:
        signed = float(value) if value.ndim == 0 else float(np.linalg.norm(value))
        return signed / math.sqrt(variance)
