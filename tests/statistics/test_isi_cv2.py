"""Local coefficient of variation of inter-spike intervals: against elephant."""

import numpy as np
from elephant.statistics import cv2

from tests.contracts import IntervalStatisticContract


class TestIsiCv2(IntervalStatisticContract):
    kind = "isi_cv2"
    irregular = 1.0

    def of_train(self, intervals: np.ndarray) -> float:
        return float(cv2(intervals))
