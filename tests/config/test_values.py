"""Values put into plain trees are where OmegaConf would put them."""

import copy

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from snnrun.config import values
from snnrun.config.compose import Composer, compose
from snnrun.config.hydra_app import parser
from snnrun.config.messages import from_parser
from snnrun.errors import ConfigError

NAMES = ["a", "b", "c", "kind", "0", "1", "_content", "items", "x-y"]
WORDS = ["${a}", "${b.c}", "${.a}", "${a.b}_1", "${nothing}", "???", "null", "", "w", "1"]
PARSE = parser()

names = st.sampled_from(NAMES)
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(WORDS),
    st.text(st.characters(exclude_characters="$"), max_size=3),
)
nodes = st.recursive(
    leaves,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(names, inside, max_size=4),
    max_leaves=12,
)
trees = st.dictionaries(names, nodes | st.dictionaries(names, nodes, max_size=4), max_size=5)

usual_keys = st.lists(names, min_size=1, max_size=4).map(".".join)
odd_keys = st.sampled_from(["$a", "a.$b", "a/b", "b.c/0"])
# values in Hydra's grammar
scalars = st.one_of(
    st.sampled_from(["null", "true", "False", "", "w", "1e3", ".5", "nan", "inf", "a b", "dist"]),
    st.sampled_from([f"'{word}'" for word in WORDS] + ["${a}", "${b.c}", "???", "a:b", '"}"']),
    st.integers().map(str),
    st.floats().map(repr),
)
texts = st.recursive(
    scalars,
    lambda inside: (
        st.lists(inside, max_size=3).map(lambda found: f"[{','.join(found)}]")
        | st.dictionaries(st.sampled_from([*NAMES, "dist"]), inside, max_size=3).map(
            lambda found: "{" + ",".join(f"{key}:{value}" for key, value in found.items()) + "}"
        )
    ),
    max_leaves=6,
)
keys = st.one_of(usual_keys, usual_keys, usual_keys, odd_keys)
lines = st.one_of(
    st.builds("{}={}".format, keys, texts),
    st.builds("{}={}".format, keys, texts),
    st.builds("+{}={}".format, keys, texts),
    st.builds("~{}".format, keys),
)


def parsed(texts):
    """Return overrides that Hydra's parser takes."""
    found = []
    for text in texts:
        try:
            with from_parser([text]):
                found.append(PARSE(text))
        except ConfigError:
            continue
    return [override for override in found if not override.is_sweep_override()]


def outcome(put, tree, overrides):
    """Return what comes out as text, with the order of keys and types, or the message."""
    try:
        return repr(put(tree, overrides))
    except ConfigError as error:
        return str(error)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(tree=trees, lines=st.lists(lines, min_size=1, max_size=4))
def test_as_omegaconf_does(tree, lines):
    overrides = parsed(lines)
    assume(overrides)
    tree = values.normal(tree)
    before = repr(tree)
    expected = outcome(values.put_with_omegaconf, tree, overrides)
    assert outcome(values.put, tree, overrides) == expected
    assert repr(tree) == before


BASE = {
    "seed": 1,
    "record": {"spikes": None, "state": {}},
    "network": {
        "sigma": {"E": 0.1},
        "weight": {"dist": "normal", "mean": 1.0, "std": 0.1},
        "connect": {"kind": "gaussian", "sigma": "${network.sigma.E}", "list": [1, 2]},
    },
}


@pytest.fixture
def alone(monkeypatch):
    """Let nothing be left to OmegaConf."""

    def unexpected(*given):
        raise AssertionError(f"left to OmegaConf: {given}")

    monkeypatch.setattr(values, "put_with_omegaconf", unexpected)


@pytest.mark.parametrize(
    ("lines", "path", "expected"),
    [
        (["seed=2", "seed=3"], ["seed"], 3),
        (["record.spikes=[E,I]"], ["record", "spikes"], ["E", "I"]),
        (["record.state={E:{every_ms:1}}"], ["record", "state"], {"E": {"every_ms": 1}}),
        (["network.sigma={I:2}"], ["network", "sigma"], {"E": 0.1, "I": 2}),
        (["network.weight={mean:2}", "network.weight.std=3"], ["network", "weight", "std"], 3),
        (["network.weight={dist:x}"], ["network", "weight"], {"dist": "x"}),
        (["network.weight=4"], ["network", "weight"], 4),
        (["network.connect.sigma=0.5"], ["network", "connect", "sigma"], 0.5),
        (["network.connect.list=[]"], ["network", "connect", "list"], []),
        (["+network.new.part.x=1"], ["network", "new"], {"part": {"x": 1}}),
        (["record.spikes.x=1"], ["record", "spikes"], {"x": 1}),
        (["~network.sigma.E"], ["network", "sigma"], {}),
        (["~record", "record.x=1"], ["record"], {"x": 1}),
    ],
)
def test_usual_values_need_no_omegaconf(alone, lines, path, expected):
    tree = copy.deepcopy(BASE)
    found = values.put(tree, parsed(lines))
    for name in path:
        found = found[name]
    assert found == expected
    assert tree == BASE


@pytest.mark.parametrize(
    "line",
    [
        "network.connect.list.0=1",
        "$a=1",
        "network.connect.sigma.x=1",
        "network.sigma=[1]",
        "seed='${network.sigma.E}'",
        "seed=???",
        "~nothing",
        "~network.connect.sigma",
    ],
)
def test_the_unusual_is_left_to_omegaconf(alone, line):
    with pytest.raises(AssertionError, match="left to OmegaConf"):
        values.put(BASE, parsed([line]))


def test_points_of_a_sweep_do_not_reach_each_other():
    lines = ["network.populations.E.v_init.low=-60", "+drive.X.new={a: [1]}", "~statistics"]
    composer = Composer([])
    first = composer.compose([])
    text = first.yaml
    changed = composer.compose(lines)
    changed.tree["network"]["populations"]["E"].clear()
    changed.tree["drive"]["X"]["new"]["a"].append(2)
    assert composer.compose([]).yaml == first.yaml == text == compose([], []).yaml
    assert composer.compose(lines).yaml == compose(lines, []).yaml
