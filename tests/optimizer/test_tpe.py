"""TPE: Optuna's own; constraints and choices are learned from."""

from typing import ClassVar

import numpy as np
import optuna

from snnrun.optimizer._seeded import candidate_seed
from tests import studies
from tests.contracts import OptimizerContract, preset


class TestTpe(OptimizerContract):
    kind = "tpe"
    quick: ClassVar = {"startup": 4}


class TestTpeAxisByAxis(OptimizerContract):
    kind = "tpe"
    quick: ClassVar = {"startup": 4, "multivariate": False, "constant_liar": True}


def test_a_candidate_is_that_of_optunas_sampler_with_its_seed():
    space = studies.plane("a", "b")
    studied = [studies.study(preset("optimizer", "tpe").sampler(1, space)) for _ in range(2)]
    for study in studied:
        studies.go_on(study, space, lambda p: [p["a"] + p["b"]], 30, batch=3)
    studied[1].sampler = optuna.samplers.TPESampler(
        n_startup_trials=10, multivariate=True, constant_liar=False, seed=candidate_seed(1, 30)
    )
    ours, theirs = [study.ask(space).params for study in studied]
    assert ours == theirs


def test_learns_which_choice_is_good():
    part = preset("optimizer", "tpe")
    study = studies.study(part.sampler(1, studies.MIXED))

    def judge(p):
        return [studies.bowl(p)[0] + 5 * (p["c"] != "y")]

    found = studies.go_on(study, studies.MIXED, judge, 60, batch=4)
    assert np.mean([p["c"] == "y" for p in found[30:]]) > 0.7
