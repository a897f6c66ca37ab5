"""The importance of parameters."""

import dataclasses

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

from snnrun.search.importance import FEWEST, importance, unit_place
from snnrun.search.record import Axis, Findings, Record
from tests.search.findings import TWO, drawn, eleven, search

AXES = {
    "strong": Axis("a", 0.0, 1.0),
    "weak": Axis("b", 1e-3, 10.0, log=True),
    "whole": Axis("c", 1, 8, whole=True),
    "kind": Axis("d", choice=("x", "y", "z")),
}


def found(cost, candidates=400, axes=AXES, seed=5):
    """Return a search in which the cost follows from the values."""
    rng = np.random.default_rng(seed)
    records = []
    for number in range(candidates):
        values = {name: drawn(axis, rng) for name, axis in axes.items()}
        records.append(Record(number, "done", values, (float(cost(values)),)))
    return Findings("demo", axes, ("cost",), {}, records, ())


def steep(values):
    slope = 0.02 * abs(np.log10(values["weak"]) + 2)
    return (values["strong"] - 0.3) ** 2 + slope + 0.05 * (values["kind"] == "x")


def test_what_matters_is_first_and_shares_add_up():
    shares = importance(found(steep))
    assert next(iter(shares)) == "strong"
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["strong"] > 0.4 and shares["weak"] + shares["kind"] > 4 * shares["whole"]


def test_a_logarithmic_axis_and_a_choice_alone():
    assert importance(found(lambda v: abs(np.log(v["weak"] / 0.01))))["weak"] > 0.9
    assert importance(found(lambda v: float("xyz".index(v["kind"]))))["kind"] > 0.9
    assert importance(found(lambda v: v["whole"]))["whole"] > 0.9


def test_it_is_about_what_optuna_finds():
    findings = found(steep)
    space = {
        "strong": FloatDistribution(0, 1),
        "weak": FloatDistribution(1e-3, 10, log=True),
        "whole": IntDistribution(1, 8),
        "kind": CategoricalDistribution(("x", "y", "z")),
    }
    study = optuna.create_study()
    for r in findings.records:
        trial = optuna.trial.create_trial(params=r.values, distributions=space, value=r.costs[0])
        study.add_trial(trial)
    theirs = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    ours = importance(findings)
    assert next(iter(ours)) == max(theirs, key=theirs.get)
    ratios = [shares["strong"] / shares["weak"] for shares in (ours, theirs)]
    assert ratios[0] == pytest.approx(ratios[1], rel=0.05)
    assert ours["whole"] == pytest.approx(theirs["whole"], abs=0.01)


def test_each_objective_has_its_own():
    findings = search(300, objectives=("a", "b"))
    swapped = [dataclasses.replace(r, costs=r.costs[::-1]) for r in findings.records]
    assert importance(findings, 1) == importance(dataclasses.replace(findings, records=swapped))
    assert importance(findings, 0) != importance(findings, 1)


def test_few_candidates_tell_nothing_and_equal_costs_no_difference():
    assert importance(search(FEWEST - 1, bad=False)) == {}
    assert list(importance(search(FEWEST, bad=False))) != []
    assert set(importance(found(lambda _: 1.0)).values()) == {0.0}


def test_infeasible_ones_do_not_count():
    findings = search(100, eleven())
    done = [record for record in findings.records if record.state == "done"]
    assert importance(findings) == importance(dataclasses.replace(findings, records=done))


@pytest.mark.parametrize(
    ("value", "place"), [(1, 0), (25, 1), (7.0, 0.25), (True, np.nan), ("x", np.nan)]
)
def test_places(value, place):
    assert unit_place(TWO["tau_I"], value) == pytest.approx(place, nan_ok=True)
    log = Axis("a", 1, 100, log=True)
    assert unit_place(log, 10) == pytest.approx(0.5)
    assert np.isnan(unit_place(log, 0.0))
