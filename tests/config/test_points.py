"""The points of a sweep: Hydra's grammar, counted without being made."""

import itertools
import math
from fractions import Fraction

import pytest
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given, settings
from hypothesis import strategies as st

from snnrun.config.compose import Composer
from snnrun.config.hydra_app import parser
from snnrun.config.points import Grid
from snnrun.config.values import put
from snnrun.errors import ConfigError

W = "network.projections.EE.weight"


@pytest.fixture(scope="module")
def app():
    return Composer([]).app


@pytest.fixture
def values(app):
    """Return the values of the one swept key, after having counted them."""

    def of(override):
        grid = Grid(app, [override])
        found = [next(iter(point.values.values())) for point in grid.points()]
        assert grid.number == grid.swept[0].number == len(found)
        return found

    return of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,2,4", [1, 2, 4]),
        ("choice(1)", [1]),
        ("a,null,true,1.5", ["a", None, True, 1.5]),
        ("'1,2',b", ["1,2", "b"]),
        ("[1,2],[3]", [[1, 2], [3]]),
        ("{a:1},{a:2,b:[x]}", [{"a": 1}, {"a": 2, "b": ["x"]}]),
        ("['E'],[]", [["E"], []]),
        ("range(3)", [0, 1, 2]),
        ("range(5,25,5)", [5, 10, 15, 20]),
        ("range(5,1,-2)", [5, 3]),
        ("range(0,2,0.5)", [0.0, 0.5, 1.0, 1.5]),
        ("range(1,0,-0.25)", [1.0, 0.75, 0.5, 0.25]),
        ("range(0,1e1,5)", [0.0, 5.0]),
        ("float(range(1,3))", [1.0, 2.0]),
        ("sort(3,1,2)", [1, 2, 3]),
        ("sort(b,a,reverse=true)", ["b", "a"]),
        ("sort(range(1,4),reverse=true)", [3, 2, 1]),
        ("tag(x,range(1,3))", [1, 2]),
    ],
)
def test_values(values, text, expected):
    found = values(f"{W}={text}")
    assert found == expected
    assert list(map(type, found)) == list(map(type, expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("range(0,0.2,0.1)", [0.0, 0.1]),
        ("range(0,0.9,0.3)", [0.0, 0.3, 0.6]),
        ("range(0,1,0.3)", [0.0, 0.3, 0.6, 0.9]),
        ("range(0.1,0.8,0.1)", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]),
        ("range(1e-5,3e-5,1e-5)", [1e-05, 2e-05]),
    ],
)
def test_the_end_is_left_out_also_of_tenths(values, text, expected):
    assert values(f"{W}={text}") == expected


def test_the_last_key_is_the_fastest(app):
    grid = Grid(app, ["a=1,2", "dt=0.1", "b=x,y"])
    lines = [point.overrides for point in grid.points()]
    assert lines == [[f"a={a}", "dt=0.1", f"b={b}"] for a in (1, 2) for b in "xy"]
    assert [swept.path for swept in grid.swept] == ["a", "b"]
    assert [*grid.points()][1].values == {"a": 1, "b": "y"}


def test_without_a_swept_key_there_is_one_point(app):
    grid = Grid(app, ["seed=[1,2]", "name='a,b'"])
    assert (grid.number, grid.swept) == (1, [])
    assert [*grid.points()] == [(["seed=[1,2]", "name='a,b'"], {})]
    assert Grid(app, []).number == 1


A = "network.populations.A"


@pytest.mark.parametrize(
    "lines",
    [
        [f"{A}={{size: 5}}", f"{A}={{v_init: -65.0}}"],
        [f"+{A}={{size: 5}}", f"{A}={{v_init: -65.0}}", f"++{A}.size=7"],
        ["optimizer={seed: 1}", "optimizer={batch: 2}"],
        [f"{A}.size=5", f"~{A}.size", f"{A}.type=inhibitory"],
        ["trials=2", "trials=3"],
    ],
)
def test_a_point_has_all_overrides_of_a_key_in_their_order(app, lines):
    points = [*Grid(app, [*lines, "seed=1,2"]).points()]
    assert [point.values for point in points] == [{"seed": 1}, {"seed": 2}]
    for seed, point in enumerate(points, 1):
        given, expected = (
            put({}, [*map(parser(), texts)])
            for texts in (point.overrides, [*lines, f"seed={seed}"])
        )
        assert given == expected


def test_mappings_that_are_swept_are_merged_with_others(app):
    grid = Grid(app, [f"{A}={{size: 5}},{{size: 6}}", f"{A}={{v_init: -65}}"])
    assert [point.values for point in grid.points()] == [{A: {"size": 5}}, {A: {"size": 6}}]
    assert all(f"{A}={{v_init:-65}}" in point.overrides for point in grid.points())


@pytest.mark.parametrize("last", ["seed=3", "+seed=3"])
def test_a_single_value_takes_the_place_of_those_before_it(app, last):
    grid = Grid(app, ["seed=1,2", last])
    assert (grid.number, grid.swept) == (1, [])
    assert Grid(app, ["seed=5", "seed=1,2"]).number == 2


@pytest.mark.parametrize(
    ("last", "number"),
    [
        ("{size: 9}", 1),
        ("{size: 9, v_init: -60}", 1),
        ("{v_init: -60}", 2),
        ("{v_init: {size: 9}}", 2),
    ],
)
def test_a_mapping_takes_the_place_of_what_it_holds(app, last, number):
    assert Grid(app, [f"{A}.size=5,6", f"{A}={last}"]).number == number
    assert Grid(app, [f"{A}={last}", f"{A}.size=5,6"]).number == 2
    assert Grid(app, [f"network={{populations: {{A: {last}}}}}"], {f"{A}.size": [5, 6]}).number == (
        number
    )


def test_a_distribution_takes_the_place_of_a_swept_part(app):
    swept, whole = f"{A}.v_init.mean=1,2", f"{A}.v_init={{dist: uniform, low: -70, high: -60}}"
    assert Grid(app, [swept, whole]).swept == []


def test_a_mapping_that_is_swept_may_not_hold_what_is_swept_before(app):
    with pytest.raises(ConfigError, match=r"A\.size: is swept twice, also by network"):
        Grid(app, [f"{A}.size=5,6", f"{A}={{size: 7}},{{size: 8}}"])
    assert Grid(app, [f"{A}.size=5,6", f"{A}={{v_init: -60}},{{v_init: -65}}"]).number == 4


@pytest.mark.parametrize("value", ["[range(1,3)]", "{E: range(1,3)}", "[1,{a: [choice(1,2)]}]"])
def test_several_values_inside_a_value_are_refused(app, value):
    for line in (f"x={value}", f"23I.x={value}"):
        with pytest.raises(ConfigError, match="can't be inside a list or a mapping"):
            Grid(app, [line, "seed=1,2"])


@pytest.mark.parametrize(
    "lines",
    [
        ["seed=1,2", "seed=3,4,5"],
        ["seed=1,2", "+seed=3,4"],
        [f"{A}={{size: 5}},{{size: 6}}", f"{A}={{v_init: -65}},{{v_init: -60}}"],
    ],
)
def test_a_second_sweep_of_a_key_is_refused(app, lines):
    with pytest.raises(ConfigError, match=r"(seed|A): is swept twice; write its values once"):
        Grid(app, lines)


@pytest.mark.parametrize("text", ["shuffle(1,2,3,4)", "shuffle(range(1,5))"])
def test_shuffled(values, text):
    assert sorted(values(f"seed={text}")) == [1, 2, 3, 4]
    assert sorted(values("a=shuffle(range(0,1,0.25))")) == [0.0, 0.25, 0.5, 0.75]


class TestGroups:
    def test_choices(self, values):
        assert values("network=balanced_small,bg_bench") == ["balanced_small", "bg_bench"]

    def test_a_glob(self, values):
        assert values("duration=glob(1*)") == ["10s", "140s"]
        assert values("neuron=glob(*,exclude=e*)") == ["adex", "izhikevich", "lif"]

    def test_a_glob_over_folders(self, values):
        found = values("experiment=glob(balanced/*)")
        assert "balanced/small" in found
        assert all(name.startswith("balanced/") for name in found)
        everything = values("experiment=glob(*)")
        assert set(found) < set(everything)
        assert "snops/sbn" in everything

    def test_a_glob_over_the_user_s_experiments(self, tmp_path):
        (tmp_path / "experiments" / "mine").mkdir(parents=True)
        for name in ("a", "b"):
            (tmp_path / "experiments" / "mine" / f"{name}.yaml").write_text("# @package _global_\n")
        grid = Grid(Composer([tmp_path]).app, ["experiment=glob(mine/*)"])
        assert [p.values["experiment"] for p in grid.points()] == ["mine/a", "mine/b"]

    def test_a_part_of_the_network(self, app):
        key = "neuron@network.populations.E.neuron"
        points = [*Grid(app, [f"{key}=lif,eif"]).points()]
        assert points[0] == ([f"{key}=lif"], {key: "lif"})

    def test_a_new_key(self, app):
        points = [*Grid(app, ["+record.state.E.every_ms=1,2"]).points()]
        assert points[1] == (["+record.state.E.every_ms=2"], {"record.state.E.every_ms": 2})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("range(5,5)", "the range is empty"),
        ("range(5,1)", "the range is empty"),
        ("range(1,5,-1)", "the range is empty"),
        ("range(0,1e-9,-1e-9)", "the range is empty"),
        ("range(0,1,0)", "needs a step other than 0"),
        ("range(0,1,0.0)", "needs a step other than 0"),
        ("range(0,inf)", "finite ends"),
        ("range(nan,1)", "finite ends"),
        ("interval(0,1)", "an interval has no single values"),
        ("1,range(2,4)", "a list of values can't hold range"),
        ("lif,glob(a*)", "a list of values can't hold range, choice or glob"),
        ("glob(zz*)", "matches nothing; see snnrun show neuron"),
        ("choice()", ""),
        ("range(1", "not understood"),
        ("sort(a,1)", ""),
    ],
)
def test_refused(app, text, said):
    with pytest.raises(ConfigError) as error:
        Grid(app, [f"neuron={text}"])
    assert f"override 'neuron={text}': " in str(error.value)
    assert said in str(error.value)


def test_10_to_the_12th_are_counted_at_once(app):
    assert Grid(app, ["seed=range(0,1000000000000)"]).number == 10**12
    assert Grid(app, ["a=range(0,1e6,0.001)", "b=range(0,1000)"]).number == 10**12
    assert Grid(app, [f"{key}=range(0,1000000)" for key in "ab"]).number == 10**12


_ELEMENTS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(-1e3, 1e3, allow_subnormal=False).map(repr),
    st.sampled_from(["true", "a", "b_c", "'x,y'", "[1,2]", "{a:1}", '"q"', "[]"]),
)
_LISTS = st.lists(_ELEMENTS, min_size=2, max_size=5).map(",".join)
_RANGES = st.tuples(*[st.integers(-20, 20)] * 2, st.integers(-5, 5).filter(bool)).map(
    lambda x: f"range{x}".replace(" ", "")
)
_VALUES = st.one_of(_ELEMENTS, _LISTS, _LISTS.map("choice({})".format), _RANGES)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(_VALUES, max_size=3))
def test_the_points_are_hydra_s_own(app, texts):
    overrides = [f"k{i}={text}" for i, text in enumerate(texts)]
    (expected,) = BasicSweeper.split_arguments(
        OverridesParser.create().parse_overrides(overrides), None
    )
    if not expected:  # a range is empty
        with pytest.raises(ConfigError, match="empty"):
            Grid(app, overrides)
        return
    grid = Grid(app, overrides)
    points = [*grid.points()]
    assert [point.overrides for point in points] == expected
    assert grid.number == len(points) == math.prod(swept.number for swept in grid.swept)


_TENTHS = st.integers(-60, 60).map(lambda k: k / 10)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(_TENTHS, _TENTHS, st.sampled_from([0.1, 0.3, 0.7, 2.5, -0.1, -0.9]))
def test_ranges_in_tenths(app, start, stop, step):
    exact = [Fraction(repr(x)) for x in (start, stop, step)]
    values = itertools.count(exact[0], exact[2])
    inside = (lambda x: x < exact[1]) if step > 0 else (lambda x: x > exact[1])
    expected = [*map(float, itertools.takewhile(inside, values))]
    override = f"a=range({start},{stop},{step})"
    if not expected:
        with pytest.raises(ConfigError, match="empty"):
            Grid(app, [override])
        return
    grid = Grid(app, [override])
    assert grid.number == len(expected)
    assert [point.values["a"] for point in grid.points()] == expected
    # Hydra's sums of floats come to the same, but for an end that they miss
    (lines,) = BasicSweeper.split_arguments(
        OverridesParser.create().parse_overrides([override]), None
    )
    theirs = [float(line.partition("=")[2]) for (line,) in lines]
    assert theirs[: len(expected)] == pytest.approx(expected, abs=1e-9)
    assert all(x == pytest.approx(stop, abs=1e-9) for x in theirs[len(expected) :])
