"""Sobol': a digital net, scrambled by the seed."""

import numpy as np
import pytest
from scipy.stats.qmc import Sobol, discrepancy

from snnrun.random import stream_key
from tests import studies
from tests.contracts import OptimizerContract, preset

SPACE = studies.plane("x", "y", "z")


class TestSobol(OptimizerContract):
    kind = "sobol"


def points(seed: int, count: int = 64, batch: int = 16) -> np.ndarray:
    study = studies.study(preset("optimizer", "sobol").sampler(seed, SPACE))
    found = studies.go_on(study, SPACE, lambda p: [p["x"]], count, batch)
    return np.array([list(p.values()) for p in found])


@pytest.mark.parametrize("seed", [1, 2])
def test_every_interval_of_a_64th_has_one_of_64_candidates(seed):
    levels = np.sort(np.floor(points(seed) * 64), axis=0)
    assert (levels == np.arange(64)[:, None]).all()


def test_is_more_even_than_chance_and_other_for_each_seed():
    by_chance = discrepancy(np.random.default_rng(1).random((64, 3)))
    assert discrepancy(points(1)) < by_chance / 5
    assert not np.isclose(points(1), points(2)).any()


def test_candidates_are_the_points_of_one_sequence_of_scipys():
    key = int(stream_key(1, "optimizer", "sobol")[0])
    assert points(1) == pytest.approx(Sobol(3, seed=key).random(64), abs=1e-15)
