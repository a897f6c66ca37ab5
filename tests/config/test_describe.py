"""What `show` tells: a config with units, the presets of a group, one kind."""

import pytest
import yaml

from snnrun.component import GROUPS, find, names
from snnrun.config.compose import compose
from snnrun.config.describe import describe_group, describe_kind, with_units
from snnrun.errors import ConfigError


@pytest.fixture(scope="module")
def tree():
    """Return a composed tree."""
    return compose(["network.projections.EE.delay=1.5"], []).tree


def test_units_stand_behind_the_values(tree):
    lines = with_units(tree).splitlines()
    for line in (
        "dt: 0.05  # ms",
        "        tau_m: 15.0  # ms",
        "        v_th: -50.0  # mV",
        "        c_m: 1.0  # pF",
        "      delay: 1.5  # ms",
        "    rate: 5.0  # sp/s",
        "  warmup_ms: 500.0  # ms",
        "  max_rate: 200.0  # spikes/s",
    ):
        assert line in lines


def test_a_config_with_units_is_the_config(tree):
    assert yaml.safe_load(with_units(tree)) == tree


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_lists_its_presets_with_a_line_each(group):
    found = describe_group(group, [])["presets"]
    assert set(names(group)) <= set(found)
    assert all(found[kind] for kind in names(group))


def test_presets_only_groups_are_listed_too():
    assert set(describe_group("duration", [])["presets"]) >= {"smoke", "2s", "140s"}
    assert "Spatial balanced network" in describe_group("network", [])["presets"]["snops_sbn"]


def test_a_users_preset_is_listed(tmp_path):
    (tmp_path / "duration").mkdir()
    (tmp_path / "duration" / "mine.yaml").write_text("# As long as I like\nms: 1.0\nwarmup_ms: 0\n")
    assert describe_group("duration", [tmp_path])["presets"]["mine"] == "As long as I like"


def test_a_users_experiments_are_listed(tmp_path):
    (tmp_path / "experiments" / "mine").mkdir(parents=True)
    (tmp_path / "experiments" / "mine" / "first.yaml").write_text(
        "# @package _global_\n# My first\n"
    )
    assert "mine/" in describe_group("experiment", [tmp_path])["presets"]
    assert describe_group("experiment/mine", [tmp_path])["presets"] == {"first": "My first"}
    assert "My first" in describe_kind("experiment/mine/first", [tmp_path])["text"]


@pytest.mark.parametrize(("group", "kind"), [(g, k) for g in GROUPS for k in names(g)])
def test_a_kind_is_told_with_every_parameter(group, kind):
    found = describe_kind(f"{group}/{kind}", [])
    parameters = find(group, kind).parameters()
    assert [p["name"] for p in found["parameters"]] == list(parameters)
    for told in found["parameters"]:
        known = parameters[told["name"]]
        assert (told["unit"], told["meaning"]) == (known.unit, known.doc)
        assert told["value"] != "-" or known.optional
    assert found["text"].strip()


def test_a_preset_is_told_with_its_own_values():
    found = describe_kind("neuron/eif_fast", [])
    values = {p["name"]: p["value"] for p in found["parameters"]}
    assert found["kind"] == "eif"
    assert (values["tau_m"], values["slope_factor"], values["v_peak"]) == ("10.0", "0.5", "-10.0")


@pytest.mark.parametrize("name", ["network/snops_sbn", "drive/none", "duration/2s", "record/none"])
def test_other_presets_are_told_by_their_text(name):
    found = describe_kind(name, [])
    assert found["parameters"] == []
    assert found["text"].strip()


@pytest.mark.parametrize(
    ("ask", "name", "text"),
    [
        (describe_group, "nevron", "show nevron: no such group; did you mean 'neuron'?"),
        (describe_group, "zzz", "show zzz: no such group; there is neuron"),
        (describe_kind, "neuron/eiff", "show neuron/eiff: no such preset; did you mean 'eif'?"),
        (describe_kind, "network/snops", "no such preset; did you mean 'snops_sbn'?"),
        (describe_kind, "nevron/eif", "show nevron/eif: no such group; did you mean 'neuron'?"),
    ],
)
def test_unknown_names_get_the_nearest(ask, name, text):
    with pytest.raises(ConfigError) as caught:
        ask(name, [])
    assert text in str(caught.value)
