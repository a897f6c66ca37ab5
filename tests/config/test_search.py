"""The nodes of a search become a Search, and everything that is wrong with them is told at once."""

import functools

import pytest

from snnrun.config.build import build
from snnrun.config.compose import Composer, compose
from snnrun.config.search import search_of
from snnrun.errors import ConfigError
from snnrun.objective._feasible import Feasible
from snnrun.search.record import Axis, Goal
from tests.cli.program import SMOKE, call

AXIS = "search.tau_I={path: network.synapses.I.tau_decay, low: 1, high: 25}"
OTHER = "search.tau_E={path: network.synapses.E.tau_decay, low: 1, high: 25, log: true}"
TERM = "objective.terms.rate={statistic: firing_rate, population: E, target: 5}"
BASE = ("duration=2s", "objective=squared", "optimizer=random", AXIS, TERM)


@functools.cache
def composer():
    """Return what composes each choice of groups once."""
    return Composer([])


def searched(*overrides):
    """Return the search of some overrides."""
    composed = composer().compose(list(overrides))
    return search_of(composed, build(composed)[0])


def problems(*overrides):
    """Return what is wrong with a search, without where it was set."""
    with pytest.raises(ConfigError) as caught:
        searched(*overrides)
    return [problem.partition(" (override ")[0] for problem in caught.value.problems]


def test_a_search_is_what_the_tree_says():
    found = searched(
        *BASE,
        OTHER,
        "search.n={path: network.populations.E.size, low: 80, high: 200, int: true}",
        "search.rule={path: network.projections.EE.connect.allow_autapses, choice: [true, false]}",
        "constraints=['tau_I >= 2 * tau_E']",
        "start_points=[{tau_I: 8, tau_E: 3, n: 100, rule: false}, {tau_I: 3}]",
        "objective.terms.ff={statistic: fano_factor, population: I, low: 0.8, scale: 2, weight: 3}",
        "objective.several={rate: [rate], rest: [ff]}",
        "objective.feasible={ms: 1000, population: E, above_rate: 0.5, min_neurons: 50}",
        "optimizer.candidates=7",
    )
    assert found.axes == {
        "tau_I": Axis("network.synapses.I.tau_decay", 1.0, 25.0, unit="ms"),
        "tau_E": Axis("network.synapses.E.tau_decay", 1.0, 25.0, log=True, unit="ms"),
        "n": Axis("network.populations.E.size", 80.0, 200.0, whole=True),
        "rule": Axis("network.projections.EE.connect.allow_autapses", choice=(True, False)),
    }
    assert found.violations({"tau_I": 5.0, "tau_E": 3.0}) == {"tau_I >= 2 * tau_E": 1.0}
    assert found.start_points == (
        {"tau_I": 8.0, "tau_E": 3.0, "n": 100, "rule": False},
        {"tau_I": 3.0},
    )
    assert isinstance(found.start_points[0]["n"], int)
    assert found.objective.goals == {
        "rate": Goal("E.firing_rate", (5.0,)),
        "ff": Goal("I.fano_factor", None, 0.8, scale=2.0),
    }
    assert found.objective.objectives == {"rate": ["rate"], "rest": ["ff"]}
    assert found.objective.feasible == Feasible(
        ms=1000.0, population="E", above_rate=0.5, min_neurons=50, min_rate=None, max_rate=None
    )
    assert (found.optimizer.kind, found.optimizer.candidates) == ("random", 7)
    assert found.warnings == ()


def test_a_config_without_a_search_has_none():
    assert searched("duration=2s") is None
    assert searched("optimizer=none", "objective=none") is None


def test_what_is_left_out_comes_from_the_presets():
    found = searched(
        *BASE[3:], "optimizer.kind=tpe", "optimizer.candidates=9", "objective.kind=absolute"
    )
    assert (found.optimizer.startup, found.optimizer.candidates) == (10, 9)
    assert found.objective.kind.kind == "absolute"


def test_the_population_of_a_statistic_that_has_one_may_be_left_out():
    found = searched(
        *BASE[:4],
        "statistics.firing_rate.population=I",
        "objective.terms.r={statistic: firing_rate, target: 1}",
    )
    assert found.objective.terms["r"].population == "I"


def test_the_nodes_of_a_search_do_not_hinder_a_run(tmp_path):
    overrides = [*BASE, *SMOKE, "constraints=['tau_I > 1']", "start_points=[{tau_I: 2}]"]
    composed = compose(overrides, [])
    build(composed)
    file = tmp_path / "best.yaml"
    file.write_text(composed.yaml)
    again = compose([], [], file)
    build(again)
    assert again.tree == composed.tree
    assert call("simulate", "--quiet", "--dry-run", "--config", str(file)).code == 0


def test_all_problems_come_at_once_each_with_its_source():
    composed = composer().compose(
        [
            "search.a={path: network.synapses.I.tau_decay, low: 3, high: 2}",
            "constraints=['a <= b']",
            "start_points=[{c: 1}]",
            "objective=squared",
            "objective.terms.r={statistic: firing_rat, population: E, target: 1}",
        ],
    )
    with pytest.raises(ConfigError) as caught:
        search_of(composed, build(composed)[0])
    starts = (
        "search.a.high",
        "constraints.0",
        "start_points.0.c",
        "optimizer: missing",
        "objective.terms.r.statistic",
    )
    for start, problem in zip(starts, caught.value.problems, strict=True):
        assert problem.startswith(start)
        assert "(override '" in problem or start.startswith("optimizer")


@pytest.mark.parametrize(
    ("axis", "expected"),
    [
        (
            "{path: network.synapses.I.tau_decay, low: 2, high: 2}",
            "search.x.high: must be above low (2), not 2",
        ),
        (
            "{path: network.synapses.I.tau_decay, low: 0, high: 2, log: true}",
            "search.x.low: must be above 0 where log is true, not 0",
        ),
        (
            "{path: network.synapses.I.tau_decay, low: 1}",
            "search.x.high: missing; an axis needs low and high, or choice",
        ),
        (
            "{path: network.synapses.I.tau_decay, low: a, high: 2}",
            "search.x.low: must be a number: lowest value; not 'a'",
        ),
        (
            "{path: network.synapses.I.tau_decay, low: .nan, high: 2}",
            "search.x.low: must be a number: lowest value; not '.nan'",
        ),
        (
            "{path: network.synapses.I.tau_decay, lwo: 1, high: 2}",
            "search.x.lwo: unknown key; did you mean 'low'?",
        ),
        (
            "{path: network.synapses.I.tau_decay, low: 1.5, high: 3, int: true}",
            "search.x.low: must be a whole number where int is true, not 1.5",
        ),
        (
            "{low: 1, high: 2}",
            "search.x.path: missing; it is a word: where the parameter is in the config",
        ),
        (
            "{path: network.synapses.I.tau_deacy, low: 1, high: 2}",
            "search.x.path: there is no network.synapses.I.tau_deacy",
        ),
        (
            "{path: network.synapses, low: 1, high: 2}",
            "search.x.path: network.synapses is a mapping; choose one value",
        ),
        (
            "{path: nonsense, low: 1, high: 2}",
            "search.x.path: there is no nonsense; there is seed, dt, trials, network",
        ),
        (
            "{path: drive.nothing_at_all_like_it, low: 1, high: 2}",
            "search.x.path: there is no drive.nothing_at_all_like_it; in drive there is X",
        ),
        (
            "{path: objective.terms, low: 1, high: 2}",
            "search.x.path: objective.terms does not change the network",
        ),
        (
            "{path: engine.max_rate, low: 1, high: 2}",
            "search.x.path: engine.max_rate does not change the network",
        ),
        (
            "{path: network.populations.E.type, low: 1, high: 2}",
            "search.x.path: network.populations.E.type is no number but 'excitatory'; write choice",
        ),
        (
            "{path: network.populations.E.type, choice: [1, 2]}",
            "search.x.choice: holds 1, but network.populations.E.type is a word",
        ),
        (
            "{path: network.synapses.I.tau_decay, choice: [1, word]}",
            "search.x.choice: holds 'word', but network.synapses.I.tau_decay is a number",
        ),
        (
            "{path: network.synapses.I.tau_decay, choice: [1]}",
            "search.x.choice: must hold at least two values, each of them once",
        ),
        (
            "{path: network.synapses.I.tau_decay, choice: [1, 1]}",
            "search.x.choice: must hold at least two values, each of them once",
        ),
        (
            "{path: network.synapses.I.tau_decay, choice: [1, 2], low: 1}",
            "search.x.low: does not go with choice; remove one",
        ),
        (
            "{path: statistics.firing_rate.sample, choice: [[1], 2]}",
            "search.x.choice: holds [1], which is no single value",
        ),
        (
            "{path: network.synapses.I.tau_decay, low: 0, high: 2}",
            "search.x: 0.0 can't be: network.synapses.I.tau_decay: must be above 0 ms, not 0.0",
        ),
        (
            "{path: network.projections.EE.connect.p, low: 0, high: 2}",
            "search.x: 2.0 can't be: network.projections.EE.connect.p: must be at most 1, not 2.0",
        ),
        (
            "{path: network.populations.E.size, low: 80, high: 200}",
            "search.x: 80.0 can't be: network.populations.E.size: must be a whole number",
        ),
        (
            "{path: network.populations.E.type, choice: [excitatory, odd]}",
            "search.x: 'odd' can't be: network.populations.E.type: must be",
        ),
        ("7", "search.x: must be a mapping, not 7"),
    ],
)
def test_a_wrong_axis(axis, expected):
    (found,) = problems(*BASE[:3], TERM, f"search.x={axis}")
    assert found.startswith(expected), found


def test_two_axes_can_not_share_a_path():
    (found,) = problems(*BASE, AXIS.replace("tau_I=", "again="))
    assert found == "search.again.path: network.synapses.I.tau_decay is searched by tau_I already"


def test_an_axis_has_a_name_that_constraints_can_use():
    (found,) = problems(*BASE, OTHER.replace("tau_E=", "tau-E="))
    assert found.startswith("search.tau-E: is no usable name")


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        (
            "['tau_I > tau_F']",
            "constraints.0: 'tau_I > tau_F': tau_F is no axis; did you mean 'tau_I'?",
        ),
        ("['tau_I >']", "constraints.0: 'tau_I >': can't be parsed; write it as 'a <= 2 * b'"),
        ("['f(tau_I) > 1']", "constraints.0: 'f(tau_I) > 1': is no arithmetic (call)"),
        ("[3]", "constraints.0: must be a comparison such as 'a <= 2 * b', not 3"),
        ("{a: 3}", "constraints: must be a list of comparisons, not {'a': 3}"),
        (
            "['tau_I > 5', 'tau_I > 30']",
            "constraints.1: 'tau_I > 30': none of 4096 random points meets it; if there is one,"
            " give it in start_points",
        ),
        ("['tau_I > 5', 'tau_I < 5']", "constraints: none of 4096 random points meets all of them"),
        ("['kind > 5']", "constraints.0: 'kind > 5': kind is no number"),
    ],
)
def test_a_wrong_constraint(constraints, expected):
    kind = "search.kind={path: network.populations.E.type, choice: [excitatory, inhibitory]}"
    (found,) = problems(*BASE, kind, f"constraints={constraints}")
    assert found.startswith(expected)


def test_a_constraint_that_few_points_meet_is_met_by_a_start_point():
    narrow = "constraints=['7.99999 < tau_I < 8.00001']"
    assert problems(*BASE, narrow)[0].endswith("if there is one, give it in start_points")
    assert searched(*BASE, narrow, "start_points=[{tau_I: 8}]").start_points == ({"tau_I": 8.0},)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ("[{tau_I: 30}]", "start_points.0.tau_I: must be a number from 1 to 25, not 30"),
        (
            "[{tau_I: 3}, {tau_I: true}]",
            "start_points.1.tau_I: must be a number from 1 to 25, not True",
        ),
        ("[{tau_I: word}]", "start_points.0.tau_I: must be a number from 1 to 25, not 'word'"),
        ("[{tau_J: 3}]", "start_points.0.tau_J: is no axis; did you mean 'tau_I'?"),
        ("[{n: 80.5}]", "start_points.0.n: must be a whole number, not 80.5"),
        ("[{rule: 1}]", "start_points.0.rule: must be one of True, False, not 1"),
        ("[{tau_I: 1, n: 80, rule: true}]", "start_points.0: violates 'tau_I > 1'"),
        ("{tau_I: 3}", "start_points: must be a list of mappings"),
        ("[3]", "start_points: must be a list of mappings"),
    ],
)
def test_a_wrong_start_point(points, expected):
    found = problems(
        *BASE,
        "search.n={path: network.populations.E.size, low: 80, high: 200, int: true}",
        "search.rule={path: network.projections.EE.connect.allow_autapses, choice: [true, false]}",
        "constraints=['tau_I > 1']",
        f"start_points={points}",
    )
    assert [problem.startswith(expected) for problem in found] == [True], found


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (
            "{statistic: fano, population: E, target: 1}",
            ".statistic: no 'fano' of E is computed; there is firing_rate, fano",
        ),
        (
            "{statistic: fano_factr, population: E, target: 1}",
            ".statistic: no 'fano_factr' of E is computed; did you mean 'fano_factor'?",
        ),
        (
            "{statistic: isi_cv, target: 1}",
            ".statistic: no 'isi_cv' is computed; there is firing_rate, fano_factor",
        ),
        (
            "{statistic: firing_rate, population: F, target: 1}",
            ".population: no statistics of 'F'; there is E, I",
        ),
        ("{statistic: firing_rate, target: 1}", ".population: missing; it is one of E, I"),
        (
            "{population: E, target: 1}",
            ".statistic: missing; it is a word: name of a statistic that is computed",
        ),
        (
            "{statistic: firing_rate, population: E}",
            ": wants nothing; give one of target, low/high, minimise: true",
        ),
        (
            "{statistic: firing_rate, population: E, minimise: false}",
            ": wants nothing; give one of target, low/high, minimise: true",
        ),
        (
            "{statistic: firing_rate, population: E, target: 1, low: 1}",
            ": wants target and low; give one of target, low/high, minimise",
        ),
        (
            "{statistic: firing_rate, population: E, low: 1, high: 2, minimise: true}",
            ": wants low/high and minimise; give one",
        ),
        (
            "{statistic: firing_rate, population: E, low: 3, high: 2}",
            ".high: must be at least low (3), not 2",
        ),
        (
            "{statistic: firing_rate, population: E, target: 1, scale: 0}",
            ".scale: must be above 0, not 0",
        ),
        (
            "{statistic: firing_rate, population: E, target: 1, scale: -2}",
            ".scale: must be above 0, not -2",
        ),
        (
            "{statistic: firing_rate, population: E, target: 1, weight: -1}",
            ".weight: must be at least 0, not -1",
        ),
        (
            "{statistic: firing_rate, population: E, target: word}",
            ".target: must be a number or a list: value to reach",
        ),
        (
            "{statistic: firing_rate, population: E, target: [1, 2]}",
            ".target: firing_rate is a number, not [1, 2]",
        ),
        ("{statistic: es, target: []}", ".target: must hold numbers, not []"),
        ("{statistic: es, target: [1, a]}", ".target: must hold numbers, not [1, 'a']"),
        ("{statistic: es, target: [1, true]}", ".target: must hold numbers, not [1, True]"),
        (
            "{statistic: firing_rate, population: E, taget: 1}",
            ".taget: unknown key; did you mean 'target'?",
        ),
        (
            "{statistic: few, target: 1}",
            ": E.few has no value: it needs 20 windows of 100 ms after the warm-up, and",
        ),
        (
            "{statistic: many, target: 1}",
            ": I.many has no value: it needs 300 neurons, not 200",
        ),
        ("3", ": must be a mapping, not 3"),
    ],
)
def test_a_wrong_term(term, expected):
    found = problems(
        *BASE,
        "statistics.es={kind: shared_eigenspectrum, population: E, window_ms: 50.0}",
        "statistics.few={kind: percent_shared_variance, population: E, window_ms: 100.0}",
        "statistics.many={kind: firing_rate, population: I, sample: 300}",
        f"objective.terms.x={term}",
    )
    assert found[0].startswith(f"objective.terms.x{expected}"), found


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["objective.terms.rate.weight=0"], "objective.terms: all weights are 0"),
        (
            ["objective.several={a: [rate], b: [rat]}"],
            "objective.several.b: no term 'rat'; did you mean 'rate'?",
        ),
        (
            ["objective.several={a: rate}"],
            "objective.several.a: must be a list of terms, not 'rate'",
        ),
        (["objective.several={a: []}"], "objective.several.a: must be a list of terms, not []"),
        (
            [
                "objective.terms.b={statistic: firing_rate, population: I, target: 1}",
                "objective.several={a: [rate]}",
            ],
            "objective.several: term 'b' is in no objective",
        ),
        (
            [
                "objective.terms.b={statistic: firing_rate, population: I, target: 1, weight: 0}",
                "objective.several={a: [rate], b: [b]}",
            ],
            "objective.several.b: all weights are 0",
        ),
        (
            ["objective.kind=squard"],
            "objective.kind: no objective of kind 'squard'; did you mean 'squared'?",
        ),
        (["objective.trems={}"], "objective.trems: unknown key; did you mean 'terms'?"),
        (
            ["optimizer.kind=tpee"],
            "optimizer.kind: no optimizer of kind 'tpee'; did you mean 'tpe'?",
        ),
        (["optimizer.candidates=0"], "optimizer.candidates: must be at least 1, not 0"),
        (["objective.terms.rate=null"], "objective.terms: there is none; a term is"),
        (["search.tau_I=null"], "search: there is no parameter to search"),
        (["~search"], "search: there is no parameter to search"),
        (["~objective"], "objective: missing; choose one, such as objective=squared"),
        (["~optimizer"], "optimizer: missing; choose one, such as optimizer=tpe"),
        (["search.b=[a]"], "search.b: must be a mapping, not ['a']"),
    ],
)
def test_a_wrong_search(overrides, expected):
    found = problems(*BASE, *overrides)[0]
    assert found.startswith(expected), found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"population": "F"}, ".population: no population 'F'; there is E, I, all"),
        ({"min_neurons": 801}, ".min_neurons: E has 800 neurons, not 801"),
        ({"ms": 600}, ".ms: must be at least 700 ms (the warm-up and a window of 200 ms), not 600"),
        ({"min_rate": 70}, ".max_rate: must be at least min_rate (70), not 60"),
        ({"above_rate": -1}, ".above_rate: must be at least 0 sp/s, not -1"),
        ({"mss": 1}, ".mss: unknown key; did you mean 'ms'?"),
    ],
)
def test_a_wrong_short_run(changes, expected):
    node = {"ms": 1000, "population": "E", "above_rate": 0.5, "min_neurons": 50, "max_rate": 60}
    text = ", ".join(f"{name}: {value}" for name, value in {**node, **changes}.items())
    (found,) = problems(*BASE, f"objective.feasible={{{text}}}")
    assert found == f"objective.feasible{expected}"


def test_an_axis_of_a_time_says_once_that_it_is_rounded():
    path = "network.populations.E.neuron.t_ref"
    found = searched(*BASE, f"search.t={{path: {path}, low: 0.5, high: 3}}")
    assert found.warnings == (f"search.t: {path} acts at the nearest multiple of dt (0.05 ms)",)


def test_the_length_of_a_short_run_may_be_rounded():
    feasible = "{ms: 1000.02, population: E, above_rate: 0.5, min_neurons: 50}"
    (said,) = searched(*BASE, f"objective.feasible={feasible}").warnings
    assert said.startswith("objective.feasible.ms: 1000.02 ms is no multiple of dt (0.05 ms); 1000")
