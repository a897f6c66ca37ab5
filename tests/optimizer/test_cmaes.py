"""CMA-ES: generations of one normal distribution; a large batch has no doubles."""

from typing import ClassVar

import numpy as np
import pytest

from snnrun.errors import ConfigError
from snnrun.search.begin import planned
from snnrun.search.simulate import Source
from tests import studies
from tests.cli.searches import SMALL
from tests.contracts import OptimizerContract, preset

SPACE = studies.plane(*"abcd")


class TestCmaes(OptimizerContract):
    kind = "cmaes"
    quick: ClassVar = {"population": 4}


def sphere(values):
    return [sum((x - 0.3) ** 2 for x in values.values())]


def test_converges_on_a_sphere():
    study = studies.study(preset("optimizer", "cmaes", batch=8).sampler(1, SPACE))
    studies.go_on(study, SPACE, sphere, 240, batch=8)
    costs = [t.value for t in study.trials]
    assert np.median(costs[-40:]) < 1e-3 < 1e-2 < np.median(costs[:40])


@pytest.mark.parametrize(
    ("given", "population"), [({}, 8), ({"batch": 32}, 32), ({"population": 5, "batch": 32}, 5)]
)
def test_a_generation_is_the_batch_unless_that_is_too_small(given, population):
    study = studies.study(preset("optimizer", "cmaes", **given).sampler(1, SPACE))
    studies.go_on(study, SPACE, sphere, 1 + population)
    studies.go_on(study, SPACE, sphere, 2 + population)
    generations = [t.system_attrs.get("cma:generation") for t in study.trials]
    assert generations == [None, *[0] * population, 1]


def test_no_more_are_asked_at_once_than_it_learns_from():
    usual = preset("optimizer", "cmaes")
    assert usual.most_at_once(4) == 8
    assert usual.replace(population=20).most_at_once(4) == 20
    plan = planned(Source((*SMALL, "optimizer=cmaes", "optimizer.candidates=10000")))
    assert (plan.batch(1), plan.batch(2)) == (6, 6)


def test_candidates_of_a_large_batch_differ():
    study = studies.study(preset("optimizer", "cmaes").sampler(1, SPACE))
    studies.go_on(study, SPACE, sphere, 9)
    batch = [tuple(study.ask(SPACE).params.values()) for _ in range(600)]
    assert len(set(batch)) == 600


def test_says_how_to_get_its_package(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"optimizer\.kind: .*pip install cmaes"):
        preset("optimizer", "cmaes").ready(SPACE)
