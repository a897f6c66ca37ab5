"""Candidates are simulated together as each of them would be alone, by `snnrun simulate`."""

import functools
import math

import numpy as np
import pytest

from snnrun.config.values import assignment
from snnrun.errors import InterruptedRunError
from snnrun.interruption import Interruption
from snnrun.objective._feasible import Feasible
from snnrun.search.simulate import Simulator, Source, Wanted
from tests.cli.program import call
from tests.cli.searches import SMALL

WEIGHT, SCALE = "network.projections.EE.weight", "network.scale"
FEASIBLE = Feasible(
    ms=300, population="E", above_rate=0.5, min_neurons=50, min_rate=None, max_rate=60.0
)


def wanted(seed=3, trial=0, **values):
    """Return a candidate of a weight `w`, a scale `k`."""
    paths = {"w": WEIGHT, "k": SCALE}
    changes = [(paths[name], value) for name, value in values.items()]
    return Wanted((*changes, ("seed", seed), ("network.per_trial", True)), trial)


def simulator(*overrides, feasible=None):
    return Simulator(Source((*SMALL, *overrides)), feasible)


def found(simulated):
    """Return the statistics of a candidate, NaN as None."""
    assert not simulated.error
    return {
        ".".join(key): [None if math.isnan(x) else x for x in np.atleast_1d(e.value).tolist()]
        for key, e in simulated.estimates.items()
    }


@functools.cache
def simulated_alone(one):
    """Return what `snnrun simulate` finds, of the trial that is wanted."""
    values = [assignment(path, value).input_line for path, value in one.changes]
    run = call("simulate", *SMALL, *values, f"trials={one.trial + 1}", "--json", "--quiet")
    assert run.code == 0, run.err
    return {
        f"{population}.{name}": [of["value"]] if not isinstance(of["value"], list) else of["value"]
        for population, names in run.json["statistics"].items()
        for name, of in names.items()
    }


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch, no_figure):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def no_figure(monkeypatch):
    monkeypatch.setattr("snnrun.report.overview.draw", lambda *_: None)


@pytest.mark.parametrize("width", [1, 3, 4])
def test_each_of_a_batch_is_what_simulate_finds(width):
    ones = [wanted(w=w, seed=seed) for w, seed in ((2.5, 1), (9.0, 2), (4.0, 3), (2.5, 4))][:width]
    results = simulator().simulate(ones, Interruption())
    assert [found(one) for one in results] == [simulated_alone(one) for one in ones]


@pytest.mark.slow
def test_groups_of_other_shapes_each_are_what_simulate_finds():
    ones = [wanted(w=w, k=k) for w, k in ((2.5, 0.2), (3.0, 0.1), (4.0, 0.2))]
    results = simulator().simulate(ones, Interruption())
    assert [found(one) for one in results] == [simulated_alone(one) for one in ones]


@pytest.mark.slow
def test_what_was_simulated_before_changes_nothing():
    ones = [wanted(w=2.5), wanted(w=3.0, k=0.1), wanted(w=4.0)]
    here = simulator()
    first = [found(here.simulate([one], Interruption())[0]) for one in ones]
    again = [found(one) for one in here.simulate(ones[::-1], Interruption())][::-1]
    assert first == again == [simulated_alone(one) for one in ones]


def test_networks_of_a_candidate_are_trials_of_one_run():
    ones = [wanted(w=2.5, trial=trial) for trial in (1, 0)]
    results = [found(one) for one in simulator().simulate(ones, Interruption())]
    assert results[1] == simulated_alone(ones[1])
    assert results[0] != results[1]
    mean = {
        name: [None if x[0] is None else (x[0] + results[1][name][0]) / 2]
        for name, x in results[0].items()
    }
    assert mean == simulated_alone(ones[0])


def test_a_network_that_can_not_be_harms_no_other():
    ones = [wanted(w=2.5), wanted(w=math.nan), wanted(k=0.0), wanted(w=9.0, k=1e-9), wanted(w=9.0)]
    results = simulator().simulate(ones, Interruption())
    assert [one.broken for one in results] == [False] * 5
    assert [bool(one.error) for one in results] == [False, True, True, True, False]
    assert "network.projections.EE.weight" in results[1].error
    assert "network.scale" in results[2].error
    assert [found(results[i]) for i in (0, 4)] == [simulated_alone(ones[i]) for i in (0, 4)]


def test_one_that_runs_away_harms_no_other():
    ones = [wanted(w=2.5), wanted(w=1e300), wanted(w=9.0)]
    results = simulator(feasible=FEASIBLE).simulate(ones, Interruption())
    assert [one.health.verdict in ("nan", "runaway") for one in results] == [False, True, False]
    assert results[1].judged.amounts["stopped"] > 0
    assert results[1].judged.reason
    assert [found(results[i]) for i in (0, 2)] == [simulated_alone(ones[i]) for i in (0, 2)]


def test_whether_a_candidate_is_feasible():
    rather = FEASIBLE.__class__(**{**vars(FEASIBLE), "max_rate": 1.0})
    (kept,) = simulator(feasible=FEASIBLE).simulate([wanted(w=2.5)], Interruption())
    (refused,) = simulator(feasible=rather).simulate([wanted(w=2.5)], Interruption())
    assert all(amount <= 0 for amount in kept.judged.amounts.values())
    assert kept.judged.reason == ""
    assert {name for name, x in refused.judged.amounts.items() if x > 0} == {"rate_high"}
    assert "at most 1 are allowed" in refused.judged.reason


def test_asked_to_end():
    with pytest.raises(InterruptedRunError):
        simulator().simulate([wanted(w=2.5)], Interruption(0.0))
