"""NSGA-II: a Pareto front, without candidates that were asked before."""

from typing import ClassVar

import numpy as np

from tests import studies
from tests.contracts import OptimizerContract, preset

SPACE = studies.plane("x", "y", "z")


class TestNsga2(OptimizerContract):
    kind = "nsga2"
    quick: ClassVar = {"population": 4}


def zdt1(values):
    """Zitzler, Deb & Thiele 2000: the front is f2 = 1 - sqrt(f1), where y = z = 0."""
    g = 1 + 4.5 * (values["y"] + values["z"])
    return [values["x"], g * (1 - np.sqrt(values["x"] / g))]


def front(kind: str) -> np.ndarray:
    part = preset("optimizer", kind)
    study = studies.study(part.sampler(1, SPACE), objectives=2)
    found = studies.go_on(study, SPACE, zdt1, 400, batch=40)
    assert len({tuple(p.values()) for p in found}) == 400
    return np.array([t.values for t in study.best_trials])


def test_front_is_nearer_than_that_of_random_search():
    excess = [
        np.mean(points[:, 1] - 1 + np.sqrt(points[:, 0]))
        for points in (front("nsga2"), front("random"))
    ]
    assert excess[0] < excess[1] / 2


def test_front_has_many_points_all_along():
    points = front("nsga2")
    assert len(points) >= 20
    assert points[:, 0].min() < 0.1 and points[:, 0].max() > 0.9
