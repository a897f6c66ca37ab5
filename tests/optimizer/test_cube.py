"""The cube: values to places and back, for every kind of axis."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from snnrun.optimizer._cube import Cube

FINITE = st.floats(-1e6, 1e6)
POSITIVE = st.floats(1e-6, 1e6)
AXES = st.one_of(
    st.tuples(FINITE, FINITE).map(lambda p: FloatDistribution(min(p), max(p))),
    st.tuples(POSITIVE, POSITIVE).map(lambda p: FloatDistribution(min(p), max(p), log=True)),
    st.integers(1, 40).map(lambda k: FloatDistribution(-1.0, -1.0 + 0.25 * k, step=0.25)),
    st.tuples(st.integers(-99, 99), st.integers(0, 300)).map(
        lambda p: IntDistribution(p[0], p[0] + p[1])
    ),
    st.tuples(st.integers(0, 99), st.integers(0, 30), st.integers(2, 5)).map(
        lambda p: IntDistribution(p[0], p[0] + p[1] * p[2], step=p[2])
    ),
    st.tuples(st.integers(1, 99), st.integers(0, 3000)).map(
        lambda p: IntDistribution(p[0], p[0] + p[1], log=True)
    ),
    st.lists(
        st.one_of(st.text(), st.integers(2, 9), st.none()), min_size=1, max_size=6, unique=True
    ).map(CategoricalDistribution),
)


@given(axis=AXES, u=st.floats(0, 1))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_values_come_back(axis, u):
    cube = Cube({"x": axis})
    value = cube.values(np.array([u]))["x"]
    assert axis._contains(axis.to_internal_repr(value))
    place = cube.points([{"x": value}])
    assert ((place >= -1e-12) & (place <= 1 + 1e-12)).all()
    again = cube.values(place[0])["x"]
    if isinstance(axis, FloatDistribution):
        assert again == pytest.approx(value, rel=1e-9, abs=1e-9)
    else:
        assert again == value and type(again) is type(value)
    # what a model sees of a candidate that was told is what it saw when it was chosen
    assert cube.features(place) == pytest.approx(cube.features(np.array([[u]])), abs=1e-9)


@pytest.mark.parametrize(
    "axis",
    [
        IntDistribution(1, 5),
        IntDistribution(0, 12, step=3),
        FloatDistribution(0.0, 1.0, step=0.25),
        CategoricalDistribution(("a", "b", "c")),
    ],
)
def test_levels_have_equal_shares(axis):
    cube = Cube({"x": axis})
    values = [cube.values(np.array([u]))["x"] for u in (np.arange(3000) + 0.5) / 3000]
    shares = np.unique([str(v) for v in values], return_counts=True)[1]
    assert np.ptp(shares) <= 1


def test_scales():
    cube = Cube({"a": FloatDistribution(2.0, 4.0), "b": FloatDistribution(0.01, 1.0, log=True)})
    assert cube.values(np.array([0.25, 0.5])) == pytest.approx({"a": 2.5, "b": 0.1})
    assert cube.features(np.array([[0.25, 0.5]])).tolist() == [[0.25, pytest.approx(0.5)]]


def test_whole_numbers_on_a_logarithm_are_as_likely_as_their_width():
    cube = Cube({"m": IntDistribution(1, 1000, log=True)})
    values = np.array([cube.values(np.array([u]))["m"] for u in np.linspace(0, 1, 20_001)])
    share = np.log(1.5 / 0.5) / np.log(1000.5 / 0.5)
    assert np.mean(values == 1) == pytest.approx(share, abs=1e-3)
    assert values.min() == 1 and values.max() == 1000


def test_choices_are_columns():
    cube = Cube({"a": FloatDistribution(0, 1), "c": CategoricalDistribution(("x", None, True))})
    points = cube.points([{"a": 0.5, "c": None}, {"a": 0.0, "c": True}])
    assert cube.features(points).tolist() == [[0.5, 0, 1, 0], [0.0, 0, 0, 1]]
    assert cube.dimensions == 2
    assert cube.points([]).shape == (0, 2)
    assert cube.features(cube.points([])).shape == (0, 4)
