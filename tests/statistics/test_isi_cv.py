"""Coefficient of variation of inter-spike intervals: against elephant."""

import numpy as np
from elephant.statistics import isi
from scipy.stats import variation

from tests.contracts import IntervalStatisticContract


class TestIsiCv(IntervalStatisticContract):
    kind = "isi_cv"
    irregular = 1.0

    def of_train(self, intervals: np.ndarray) -> float:
        return float(variation(isi(np.cumsum([0.0, *intervals]))))
