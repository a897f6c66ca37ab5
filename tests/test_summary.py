"""Statistics over trials: means of numbers and vectors, also where a trial has none."""

import numpy as np

from snnrun.statistics._base import Estimate, missing
from snnrun.summary import _over_trials

KEY = ("E", "x")


def over(*values, reasons=None):
    reasons = reasons or [None] * len(values)
    each = [
        Estimate(np.asarray(v), np.asarray(0.1), r) for v, r in zip(values, reasons, strict=True)
    ]
    return _over_trials([{KEY: estimate} for estimate in each], "networks")[KEY]


def test_one_trial_keeps_its_own():
    estimate = Estimate(np.asarray(2.0), np.asarray(0.3), None)
    assert _over_trials([{KEY: estimate}], "trials") == {KEY: estimate}


def test_mean_and_standard_error():
    found = over(1.0, 2.0, 6.0)
    assert (found.value, found.reason, found.se_over) == (3.0, None, "networks")
    np.testing.assert_allclose(found.se, np.sqrt(7 / 3))


def test_vectors():
    found = over([1.0, 4.0], [3.0, 4.0])
    assert found.value.tolist() == [2.0, 4.0]
    assert found.se.tolist() == [1.0, 0.0]


def test_a_trial_without_a_vector_leaves_nan_and_its_reason():
    there = Estimate(np.asarray([1.0, 4.0]), np.asarray([0.1, 0.1]), None)
    found = _over_trials([{KEY: there}, {KEY: missing("too short")}], "trials")[KEY]
    assert found.value.shape == found.se.shape == (2,)
    assert np.isnan([found.value, found.se]).all()
    assert found.reason == "too short"
