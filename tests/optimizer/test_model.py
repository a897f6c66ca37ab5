"""What a model is told of a study: costs, feasibility, candidates under way."""

import optuna
from optuna.trial import TrialState, create_trial

from snnrun.optimizer._cube import Cube
from snnrun.optimizer._model import observed
from tests import studies

SPACE = studies.plane(*"ab")


def trial(state, value=None, **params):
    space = {name: SPACE[name] for name in params}
    return create_trial(state=state, value=value, params=params, distributions=space)


def seen(*trials):
    study = optuna.create_study()
    study.add_trials(trials)
    return observed(study, len(trials), Cube(SPACE))


def done(*costs):
    return [trial(TrialState.COMPLETE, cost, a=0.1, b=0.2) for cost in costs]


def test_a_short_run_is_not_compared_with_long_ones():
    """However little it cost there, it is a bad candidate."""
    found = seen(*done(1.0, 2.0, 3.0, 4.0, 5.0), trial(TrialState.PRUNED, 0.1, a=0.3, b=0.4))
    assert found.cost.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 4.0]
    assert found.feasible.all()


def test_who_is_asked_but_not_drawn_yet_is_left_out():
    """Other workers write a candidate's parameters one after the other."""
    half, whole = trial(TrialState.RUNNING, a=0.3), trial(TrialState.RUNNING, a=0.3, b=0.4)
    assert len(seen(*done(1.0), half, whole).pending) == 1


def test_what_failed_says_nothing():
    assert seen(*done(1.0), trial(TrialState.FAIL, a=0.3, b=0.4)).cost.tolist() == [1.0]
