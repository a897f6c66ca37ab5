"""Costs of several objectives, and statistics without a value."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnrun.search.record import Goal
from tests.objective.wishes import cost_of, estimates

FINITE = st.floats(-1e6, 1e6)


def test_each_objective_is_the_mean_of_its_own_terms():
    wishes = {
        "a": {"target": 0.0},
        "b": {"target": 0.0, "weight": 3.0},
        "c": {"target": 0.0, "weight": 2.0},
    }
    several = {"rate": ["a", "b"], "correlation": ["c", "b"]}
    cost = cost_of("squared", wishes, several)
    scored = cost.score(estimates({"a": 1.0, "b": 2.0, "c": 3.0}))
    assert list(cost.objectives) == ["rate", "correlation"]
    assert scored.costs == ((1 + 3 * 4) / 4, (2 * 9 + 3 * 4) / 5)


def test_one_objective_is_called_cost():
    assert cost_of("squared", {"a": {"target": 1.0}}).objectives == {"cost": ["a"]}


def test_no_value_is_infeasible_with_every_reason_once():
    wishes = {name: {"target": 0.0} for name in "abcd"}
    found = estimates({"a": "needs 50 neurons; 3 do", "b": 1.0, "c": np.nan})
    scored = cost_of("squared", wishes).score(found)
    assert scored.costs == ()
    assert scored.terms == {"b": 1.0}
    assert scored.reason == (
        "E.a: needs 50 neurons; 3 do; E.c: is not finite; E.d: was not computed"
    )


def test_one_element_that_is_not_finite_is_no_value():
    scored = cost_of("squared", {"a": {"target": [1.0]}}).score(estimates({"a": [1.0, np.inf]}))
    assert scored.reason == "E.a: is not finite"


def test_a_term_that_weighs_nothing_is_not_asked_for():
    wishes = {"a": {"target": 0.0}, "b": {"target": 0.0, "weight": 0.0}}
    scored = cost_of("squared", wishes).score(estimates({"a": 2.0, "b": "none"}))
    assert scored == ({"a": 4.0}, (4.0,), "")


def test_goals_are_what_terms_want():
    wishes = {"a": {"target": 2.0}, "b": {"low": 1.0}, "c": {"target": [1.0, 2.0]}}
    assert cost_of("squared", wishes).goals == {
        "a": Goal("E.a", (2.0,)),
        "b": Goal("E.b", None, 1.0, None),
        "c": Goal("E.c", (1.0, 2.0)),
    }


@pytest.mark.parametrize("kind", ["squared", "absolute"])
@given(value=FINITE, target=FINITE, scale=st.floats(1e-6, 1e6), weight=st.floats(1e-3, 1e3))
def test_a_cost_is_zero_at_the_target_and_never_nan_or_negative(kind, value, target, scale, weight):
    cost = cost_of(kind, {"a": {"target": target, "scale": scale, "weight": weight}})
    assert cost.score(estimates({"a": target})).costs == (0.0,)
    (found,) = cost.score(estimates({"a": value})).costs
    assert math.isfinite(found) and found >= 0


@pytest.mark.parametrize("kind", ["squared", "absolute"])
@given(values=st.lists(FINITE, min_size=1, max_size=6), zeros=st.integers(0, 4))
def test_zeros_behind_a_vector_change_nothing(kind, values, zeros):
    cost = cost_of(kind, {"a": {"target": [1.0, 2.0]}})
    plain, padded = (cost.score(estimates({"a": v})) for v in (values, values + [0.0] * zeros))
    assert padded.costs == pytest.approx(plain.costs)
