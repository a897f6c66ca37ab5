"""Absolute differences over standard deviations, against numbers made by hand."""

import math

import pytest

from tests.contracts import KindContract
from tests.objective.wishes import cost_of, estimates


class TestContract(KindContract):
    group, kind = "objective", "absolute"


@pytest.mark.parametrize(
    ("wish", "value", "expected"),
    [
        ({"target": 3.0}, 5.0, 2.0),
        ({"target": 3.0, "scale": 4.0}, 2.0, 0.5),
        ({"low": 1.0, "high": 2.0, "scale": 9.0}, 5.0, 1.0),
        ({"low": 1.0, "high": 2.0}, 1.5, 0.0),
        ({"minimise": True, "scale": 4.0}, 6.0, 3.0),
        ({"minimise": True}, -6.0, -6.0),
        ({"minimise": True}, [3.0, -4.0], 5.0),
        ({"target": [0.0, 4.0], "scale": 0.25}, [3.0, 0.0], 10.0),
    ],
)
def test_a_term(wish, value, expected):
    scored = cost_of("absolute", {"a": wish}).score(estimates({"a": value}))
    assert scored.terms == {"a": pytest.approx(expected)}


def test_it_is_the_root_of_the_squared_one_term_by_term():
    wishes = {"a": {"target": 1.0, "scale": 0.3}, "b": {"target": [1.0, 2.0], "scale": 7.0}}
    found = estimates({"a": 4.5, "b": [0.1, 0.2, 0.3]})
    absolute = cost_of("absolute", wishes).score(found)
    squared = cost_of("squared", wishes).score(found)
    for name in wishes:
        assert absolute.terms[name] == pytest.approx(math.sqrt(squared.terms[name]))
    assert absolute.costs == (pytest.approx((absolute.terms["a"] + absolute.terms["b"]) / 2),)
