"""YAML text is the same with and without libyaml."""

import copy

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from snnrun.config import writer
from snnrun.config.compose import Composer
from snnrun.config.describe import with_units
from snnrun.config.reader import read
from tests.test_experiments import SHIPPED


def expected(tree):
    """Return the text that Python's own emitter writes, with what only our reader knows quoted."""
    dumper = writer._dumper(yaml.SafeDumper)
    return yaml.dump(tree, Dumper=dumper, sort_keys=False, allow_unicode=True, width=100)


WORDS = ["null", "true", "1e3", "-", "---", "...", "~", "=", "<<", "y", "0o7", "1_0", "?", ":"]
words = st.one_of(
    st.text(max_size=8),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=100),
    st.text(st.sampled_from("abcde \n#:"), max_size=150),
    st.sampled_from(
        [*WORDS, "", "2020-01-01", "1:30", "a: b", "'", '"', "\r", "\u2028", "\U0001f600"]
    ),
)
leaves = st.one_of(words, st.floats(), st.integers(), st.booleans(), st.none())
shared = st.sampled_from([["s"], {"s": 1}])  # the same node in several places
nodes = st.recursive(
    leaves | shared,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(words, inside, max_size=4),
    max_leaves=15,
)
trees = st.dictionaries(words, nodes, max_size=5)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(trees)
def test_of_any_tree(tree):
    assert writer.yaml_of(tree) == expected(tree)


@pytest.fixture(scope="module")
def composer():
    """Return a composer of the shipped configs."""
    return Composer([])


@pytest.mark.parametrize("line", SHIPPED)
def test_of_shipped_networks_and_experiments(composer, line):
    tree = composer.compose([line]).tree
    assert writer.yaml_of(tree) == expected(tree)


def test_libyaml_writes_the_default_config(composer, monkeypatch):
    if writer._LIBYAML is None:
        pytest.skip("yaml has no libyaml here")
    tree = composer.compose([]).tree
    text = expected(tree)
    monkeypatch.setattr(yaml, "SafeDumper", None)
    assert writer.yaml_of(tree) == text


def test_without_libyaml(composer, monkeypatch):
    tree = copy.deepcopy(composer.compose([]).tree)
    text = writer.yaml_of(tree)
    monkeypatch.setattr(writer, "_LIBYAML", None)
    assert writer.yaml_of(tree) == text


NUMBERLIKE = [
    "4E1",
    "2e5",
    "12E003",
    "1_0e3",
    "-1e3",
    "1e-3",
    "0100",
    "1_000",
    "0x1F",
    "0b1",
    "007",
]
OTHERS = ["12", "-", "---", "-a", "23I", "é", "α", "_", "null", "True", "yes", "off", "n", "٣"]
names = st.one_of(
    st.sampled_from([*NUMBERLIKE, *OTHERS]), st.from_regex(r"[\w-]{1,100}", fullmatch=True)
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(name=names)
@pytest.mark.parametrize("write", [writer.yaml_of, with_units])
def test_a_name_is_read_as_it_was_written(tmp_path_factory, write, name):
    tree = {"name": name, "network": {"populations": {name: {"size": 5}}, "words": [name, 1e3]}}
    file = tmp_path_factory.getbasetemp() / "names.yaml"
    file.write_text(write(tree), encoding="utf-8")
    assert read(file)[1] == tree


@pytest.mark.parametrize("name", ["1.5", "1.", "1.e3", "1_0.5e3", "2020-01-01", "1e3.0", "0.1.2"])
def test_a_run_s_name_is_read_as_it_was_written(tmp_path, name):
    (tmp_path / "config.yaml").write_text(writer.yaml_of({"name": name}))
    assert read(tmp_path / "config.yaml")[1] == {"name": name}


def test_units_are_found_below_a_quoted_name():
    shown = with_units(
        {"duration": {"ms": 5.0}, "network": {"populations": {"4E1": {"v_init": 1}}}}
    )
    assert "      v_init: 1  # mV" in shown
