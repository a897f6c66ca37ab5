"""SNOPS: the published numbers, and when a candidate is simulated again."""

import math
from typing import ClassVar

import numpy as np
import pytest

from snnrun.optimizer._base import Incumbent, standard_error
from tests import studies
from tests.contracts import OptimizerContract, preset

PLANE = studies.plane("x", "y")


class TestSnops(OptimizerContract):
    kind = "snops"
    quick: ClassVar = {"startup": 4, "samples": 200, "refined": 2}


def test_numbers_are_the_published_ones():
    snops = preset("optimizer", "snops")
    assert (snops.startup, snops.samples, snops.refined) == (50, 100_000, 10)
    assert (snops.epsilon, snops.log_cost) == (0.0, True)
    assert (snops.min_repeats, snops.max_repeats, snops.tolerance) == (5, 10, 0.15)
    procedure = snops.sampler(1, PLANE)._procedure
    assert (procedure.startup, procedure.search.iterations, procedure.search.near) == (50, 10, 0)
    assert (procedure.model.kernel, procedure.model.response) == ("matern52", True)


def test_begins_like_random_search():
    found = [
        studies.go_on(studies.study(p.sampler(3, PLANE)), PLANE, studies.branin, 50, 10)
        for p in (preset("optimizer", "snops"), preset("optimizer", "random"))
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("costs", "best", "again"),
    [
        ([1.0], None, True),  # the first feasible one is promising
        ([1.3], Incumbent(1.0, 0.1), False),  # above 1 + 2 * 0.1
        ([1.2], Incumbent(1.0, 0.1), False),  # not below
        ([1.1], Incumbent(1.0, 0.1), True),
        ([1.0, 1.6], Incumbent(1.0, 0.1), False),  # the mean has risen above
        ([1.0, 1.0, 1.0, 1.0], Incumbent(2.0, 0.1), True),  # 5 at least
        ([1.0, 1.0, 1.0, 1.0, 1.0], Incumbent(2.0, 0.1), False),  # settled
        ([0.5, 1.5, 0.5, 1.5, 0.5], Incumbent(2.0, 0.1), True),  # standard error 0.24
        ([0.0, 2.0] * 5, Incumbent(2.0, 0.1), False),  # 10 at most
        ([0.9], Incumbent(1.0, math.nan), True),  # of one network: its error is not known
        ([1.1], Incumbent(1.0, math.inf), False),
    ],
)
def test_promising_candidates_are_simulated_again(costs, best, again):
    assert preset("optimizer", "snops").again(costs, best) is again


def test_without_repeats_nothing_is_simulated_again():
    once = preset("optimizer", "snops", min_repeats=1, max_repeats=1)
    assert not once.again([1.0], None)
    assert not preset("optimizer", "random").again([1.0], None)


def test_repeats_that_contradict():
    problems = preset("optimizer", "snops", min_repeats=3, max_repeats=2).check(0.1)
    assert problems == ["max_repeats: must be at least min_repeats (3)"]


def test_standard_error_of_costs():
    costs = [1.0, 2.0, 4.0]
    assert standard_error(costs) == pytest.approx(np.std(costs, ddof=1) / np.sqrt(3))
    assert standard_error([1.0]) == math.inf


def test_finds_the_minimum_of_a_part_that_is_feasible():
    part = preset("optimizer", "snops", startup=12, samples=2000)
    study = studies.study(part.sampler(1, PLANE))
    studies.go_on(study, PLANE, studies.branin_in_part, 40, batch=2)
    assert studies.least(study)[-1] < 0.45
    feasible = [t.value < math.inf for t in study.trials]
    assert np.mean(feasible[12:]) > 0.6 > 0.4 > np.mean(feasible[:12])  # 28 % of the plane are
