"""Gaussian processes: few candidates are enough; those of a batch are apart."""

from typing import ClassVar

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from tests import studies
from tests.contracts import OptimizerContract, preset

PLANE = studies.plane("x", "y")


class TestGp(OptimizerContract):
    kind = "gp"
    quick: ClassVar = {"startup": 4, "samples": 100}


def test_finds_the_minimum_of_branins_function():
    study = studies.study(preset("optimizer", "gp", samples=1000).sampler(1, PLANE))
    studies.go_on(study, PLANE, studies.branin, 36, batch=2)
    assert studies.least(study)[-1] < 0.42  # 0.3979 is the least there is


@pytest.mark.parametrize("kernel", ["matern52", "squared_exponential"])
def test_candidates_of_a_batch_are_apart(kernel):
    part = preset("optimizer", "gp", samples=1000, kernel=kernel)
    study = studies.study(part.sampler(1, PLANE))
    studies.go_on(study, PLANE, studies.branin, 16, batch=16)
    batch = [list(study.ask(PLANE).params.values()) for _ in range(8)]
    assert pdist(batch).min() > 0.01


def test_begins_with_points_of_a_sobol_sequence():
    part = preset("optimizer", "gp")
    found = [
        studies.go_on(studies.study(p.sampler(3, PLANE)), PLANE, studies.branin, 16, 4)
        for p in (part, preset("optimizer", "sobol"))
    ]
    assert found[0] == found[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("function", "names", "near"),
    [
        (studies.branin, "xy", 0.41),
        (studies.branin_in_part, "xy", 0.41),
        (studies.hartmann, "abcdef", 0.2),
    ],
)
@pytest.mark.parametrize("kind", ["gp", "snops"])
def test_beats_random_search_at_60_candidates(kind, function, names, near):
    space = studies.plane(*names)
    changes = {"startup": 20, "samples": 20_000} if kind == "snops" else {}

    def ends(kind, **changes):
        studied = [
            studies.study(preset("optimizer", kind, **changes).sampler(seed, space))
            for seed in range(5)
        ]
        for study in studied:
            studies.go_on(study, space, function, 60)
        return [studies.least(study)[-1] for study in studied]

    found, by_chance = ends(kind, **changes), ends("random")
    assert max(found) < min(by_chance)
    assert np.median(found) < near
