"""Every file of conf/ works in its place, and each kind has its three mirrors."""

from pathlib import Path

import pytest
import yaml

from snnrun.component import GROUPS, find, names
from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.config.fields import Problems
from snnrun.config.parts import read_part

ROOT = Path(__file__).parents[1]
CONF = ROOT / "conf"
FILES = sorted(p.relative_to(CONF).with_suffix("") for p in CONF.rglob("*.yaml"))
PRESETS = [str(f) for f in FILES if f.parent != Path()]
PRESET_GROUPS = ("network", "duration", "record", "engine")
NETWORK = "network=snops_sbn"  # its neurons are on grids, which every rule accepts

KINDS = [(group, kind) for group in GROUPS for kind in names(group)]


def choices(group: str, preset: str) -> list[str]:
    """Return the overrides that put a preset in its place."""
    if group == "synapse":
        return [NETWORK, f"synapse@network.synapses.E={preset}"]
    if group == "connect":
        return [NETWORK, f"connect@network.projections.EE.connect={preset}"]
    if group == "drive" and preset != "none":
        rest = {
            "spikes": ", synapse: X, connect: {kind: pairwise_bernoulli}",
            "counts": ", synapse: X",
            "current": "",
        }[find("drive", preset).emits]
        node = f"{{pre: new, post: E, weight: 1.0{rest}}}"
        return [NETWORK, f"+drive@drive.new={preset}", f"+network.projections.new={node}"]
    if group in PRESET_GROUPS:
        return [f"{group}={preset}"]
    return [NETWORK, f"{group}={preset}", "duration=140s"]  # windows enough for any statistic


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_composes_and_builds_in_its_place(name):
    group, _, preset = name.partition("/")
    composed = compose(choices(group, preset), [])
    experiment, warnings = build(composed)
    assert warnings == composed.notes
    python = yaml.safe_dump(composed.tree, sort_keys=False, allow_unicode=True, width=100)
    assert composed.yaml == python  # written by libyaml where there is one
    kind = yaml.safe_load((CONF / f"{name}.yaml").read_text()).get("kind")
    if kind in (None, "none"):
        return
    placed = {
        "neuron": lambda: experiment.network.populations["E"].neuron,
        "synapse": lambda: experiment.network.synapses["E"],
        "connect": lambda: experiment.network.projections["EE"].connect,
        "drive": lambda: experiment.drives["new"],
        "statistics": lambda: experiment.statistics[kind],
        "optimizer": lambda: of_search(composed, group),
        "objective": lambda: of_search(composed, group),
    }
    assert placed[group]().kind == kind


def of_search(composed, group):
    """Return the part of a search that a composed tree has at its root."""
    problems = Problems()
    part = read_part(group, composed.tree[group], group, 0.05, problems)
    assert problems.found == []
    return part


def test_there_are_files_to_check():
    assert len(PRESETS) > 20
    assert {name.partition("/")[0] for name in PRESETS} == {*GROUPS, *PRESET_GROUPS}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_of_a_kind_has_the_keys_of_the_kind(name):
    group, _, _ = name.partition("/")
    node = yaml.safe_load((CONF / f"{name}.yaml").read_text())
    kind = node.get("kind")
    if group not in GROUPS or kind in (None, "none"):
        return
    parameters = find(group, kind).parameters()
    keys = list(node)
    assert keys[0] == "kind"
    order = [name for name in parameters if name in keys]
    assert keys[1:] == order  # all known, in the order of the class
    assert {n for n, p in parameters.items() if not p.optional} <= set(keys)


@pytest.mark.parametrize(("group", "kind"), KINDS, ids=lambda x: x)
def test_a_kind_has_its_three_mirrors(group, kind):
    assert (ROOT / "snnrun" / group / f"{kind}.py").exists()
    assert (CONF / group / f"{kind}.yaml").exists()
    assert (ROOT / "tests" / group / f"test_{kind}.py").exists()
    assert yaml.safe_load((CONF / group / f"{kind}.yaml").read_text())["kind"] == kind


@pytest.mark.parametrize("group", ["drive", "statistics", "record", "optimizer", "objective"])
def test_every_optional_group_has_none(group):
    assert f"{group}/none" in PRESETS


@pytest.mark.parametrize("path", [CONF / f"{f}.yaml" for f in FILES], ids=map(str, FILES))
def test_a_file_is_no_longer_than_a_page_and_its_lines_fit(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60
    assert not any("\t" in line or line != line.rstrip() for line in lines)
    assert path.read_text(encoding="utf-8").endswith("\n")
