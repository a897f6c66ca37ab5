"""Local variation of inter-spike intervals: against elephant."""

import numpy as np
from elephant.statistics import lv

from tests.contracts import IntervalStatisticContract


class TestIsiLv(IntervalStatisticContract):
    kind = "isi_lv"
    irregular = 1.0

    def of_train(self, intervals: np.ndarray) -> float:
        return float(lv(intervals))
