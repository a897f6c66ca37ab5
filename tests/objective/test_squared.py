"""The cost of SNOPS, term by term, against numbers made by hand."""

import numpy as np
import pytest

from tests.contracts import KindContract
from tests.objective.wishes import cost_of, estimates

# short demo of SNOPS: published target and preset variances (science.md 1.9 b), a made-up network
TARGET = {"fr": 9.286, "ff": 0.9161, "rsc": 0.000865, "psh": 0.0587, "dsh": 1.0, "es": [4.663]}
SCALE = {"fr": 0.1, "ff": 0.0002, "rsc": 2e-6, "psh": 1e-6, "dsh": 0.1, "es": 0.01}
FOUND = {"fr": 9.486, "ff": 0.9261, "rsc": 0.002865, "psh": 0.0607, "dsh": 2.0, "es": [4.763, 0.2]}
TERMS = {"fr": 0.4, "ff": 0.5, "rsc": 2.0, "psh": 4.0, "dsh": 10.0, "es": 5.0}


class TestContract(KindContract):
    group, kind = "objective", "squared"


def snops(**changes):
    return {n: {"target": TARGET[n], "scale": SCALE[n], **changes} for n in TARGET}


def test_the_cost_of_snops_is_the_mean_of_six_squared_differences_over_variances():
    scored = cost_of("squared", snops()).score(estimates(FOUND))
    for name, expected in TERMS.items():  # es: 0.1^2 + 0.2^2 over 0.01
        assert scored.terms[name] == pytest.approx(expected, rel=1e-9), name
    assert scored.costs == (pytest.approx(sum(TERMS.values()) / 6, rel=1e-9),)
    assert scored.reason == ""


def test_weights_make_a_weighted_mean_and_leave_the_terms_as_they_are():
    terms = snops()
    for name, weight in zip(terms, (1, 2, 0.5, 3, 0.25, 4), strict=True):
        terms[name]["weight"] = weight
    scored = cost_of("squared", terms).score(estimates(FOUND))
    by_hand = (0.4 + 2 * 0.5 + 0.5 * 2 + 3 * 4 + 0.25 * 10 + 4 * 5) / 10.75
    assert scored.costs == (pytest.approx(by_hand, rel=1e-9),)
    assert scored.terms["dsh"] == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("wish", "value", "expected"),
    [
        ({"target": 3.0}, 5.0, 4.0),
        ({"target": 3.0, "scale": 0.5}, 5.0, 8.0),
        ({"low": 1.0, "high": 2.0}, 1.5, 0.0),
        ({"low": 1.0, "high": 2.0}, 2.0, 0.0),
        ({"low": 1.0, "high": 2.0}, 5.0, 9.0),
        ({"low": 1.0, "high": 2.0}, 0.5, 0.25),
        ({"low": 1.0}, 100.0, 0.0),
        ({"high": 1.0, "scale": 4.0}, 3.0, 1.0),
        ({"minimise": True}, -3.0, 9.0),
        ({"minimise": True, "scale": 3.0}, [1.0, -1.0, 2.0], 2.0),
        ({"target": [1.0, 2.0]}, [1.0, 0.0, 3.0], 13.0),
        ({"target": [1.0, 0.0, 3.0]}, [1.0, 2.0], 13.0),
        ({"target": 4.0}, [3.0, 2.0], 5.0),
        ({"high": 1.0}, [3.0, 0.5, 2.0], 5.0),
    ],
)
def test_a_term(wish, value, expected):
    scored = cost_of("squared", {"a": wish}).score(estimates({"a": value}))
    assert scored.terms == {"a": pytest.approx(expected)}
    assert scored.costs == (pytest.approx(expected),)


def test_what_is_beyond_all_numbers_has_a_reason_and_no_cost():
    scored = cost_of("squared", {"a": {"target": 0.0}}).score(estimates({"a": np.float64(1e200)}))
    assert scored == ({}, (), "the cost is too large for a number; look at the scales")
