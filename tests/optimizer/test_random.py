"""Random search: uniform on the scale that is searched, candidate by candidate."""

import numpy as np
from scipy.stats import kstest

from tests import studies
from tests.contracts import OptimizerContract, preset


class TestRandom(OptimizerContract):
    kind = "random"


def draws(count: int) -> dict[str, np.ndarray]:
    sampler = preset("optimizer", "random").sampler(5, studies.MIXED)
    found = studies.go_on(studies.study(sampler), studies.MIXED, studies.bowl, count, 64)
    return {name: np.array([p[name] for p in found]) for name in studies.MIXED}


def test_is_uniform_on_the_scale_that_is_searched():
    found = draws(600)
    assert kstest((found["a"] + 3) / 8, "uniform").pvalue > 0.01
    assert kstest(np.log10(found["b"] / 1e-3) / 4, "uniform").pvalue > 0.01
    assert abs(found["n"].mean() - 46) < 3.5  # 3.3 standard errors
    assert abs(np.mean(found["m"] <= 31) - 0.5) < 0.07
    assert all(abs(np.mean(found["c"] == c) - 1 / 3) < 0.06 for c in "xyz")


def test_does_not_depend_on_what_is_told_or_how_many_are_asked_at_once():
    part = preset("optimizer", "random")
    searches = [
        studies.go_on(studies.study(part.sampler(1, studies.MIXED)), studies.MIXED, judge, 9, batch)
        for judge, batch in ((studies.bowl, 1), (lambda p: studies.FAILED, 9))
    ]
    assert searches[0] == searches[1]
