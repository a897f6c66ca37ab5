"""Where no candidate is feasible, bounds are suggested."""

import pytest

from snnrun.search.advice import bounds_advice, idle_terms
from snnrun.search.record import Axis, Findings, Goal, Record

AXES = {
    "w": Axis("network.w", 1.0, 100.0, log=True),
    "tau": Axis("network.tau", 1.0, 25.0),
    "kind": Axis("network.kind", choice=("a", "b")),
}


def advice(amount, count=9, w=lambda i: 2.0 ** (i % 7), tau=lambda i: 1.0 + i):
    """Return what is said of candidates that violate by `amount(w, tau)`."""
    values = [{"w": w(i), "tau": tau(i), "kind": "ab"[i % 2]} for i in range(count)]
    records = [
        Record(i, "infeasible", v, seconds=1.0, violations={"rate": amount(v["w"], v["tau"])})
        for i, v in enumerate(values)
    ]
    return bounds_advice(Findings("demo", AXES, ("cost",), {}, records, ()))


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (lambda w, tau: w, "try search.w.low below 1; candidate 0 comes nearest: w 1, tau 1, "),
        (lambda w, tau: 1 / w, "try search.w.high above 100; candidate 6 comes nearest: w 64, "),
        (lambda w, tau: tau**2, "try search.tau.low below 1; candidate 0 comes nearest: w 1"),
        (lambda w, tau: 1.0, "candidate 0 comes nearest: w 1, tau 1, kind a"),
        (lambda w, tau: abs(tau - 4), "candidate 3 comes nearest: w 8, tau 4, kind b"),
    ],
)
def test_the_bound_beyond_which_less_is_violated(amount, said):
    assert advice(amount).startswith(said)


def test_few_candidates_show_no_trend():
    assert advice(lambda w, tau: w, count=4).startswith("candidate 0 comes nearest")


def test_a_parameter_that_never_varied_has_no_trend():
    assert "search.w" not in advice(lambda w, tau: tau, w=lambda i: 2.0)


def test_what_a_constraint_forbids_says_nothing_of_bounds():
    records = [Record(i, "infeasible", {"w": 2.0}, violations={"w <= i": 1.0}) for i in range(9)]
    assert bounds_advice(Findings("demo", AXES, ("cost",), {}, records, ())) == ""


def test_nothing_to_go_by():
    records = [Record(0, "failed", {"w": 2.0}, reason="no space left")]
    assert bounds_advice(Findings("demo", AXES, ("cost",), {}, records, ())) == ""


def idle(values, state="done"):
    """Return what is said of a term whose statistic has these values."""
    records = [Record(i, state, {}, statistics={"E.x": v}) for i, v in enumerate(values)]
    return idle_terms(Findings("demo", AXES, ("cost",), {"t": Goal("E.x", (2.0,))}, records, ()))


def test_a_term_that_is_the_same_in_most_candidates_hardly_guides():
    said = "term t hardly guides this search: E.x is 1 in 7 of 12 candidates"
    assert idle([1.0] * 7 + [1.5, 2.0, 2.5, 3.0, 3.5]) == [said]
    assert idle([(0.0, 0.0)] * 10)[0].endswith("E.x is the same in 10 of 10 candidates")


def test_a_term_that_varies_guides():
    assert idle([1.0] * 6 + [1.5, 2.0, 2.5, 3.0, 3.5, 4.0]) == []
    assert idle([1.0] * 9) == []  # too few to tell
    assert idle([1.0] * 12, "infeasible") == []
