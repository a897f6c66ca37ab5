"""Names that parts may have but Hydra's keys have not, or that look like numbers: 23I, 4E1, é, -a.

Every command understands them in overrides, and reads every config that it wrote.
"""

import json
from pathlib import Path

import pytest

from snnrun.config.compose import compose
from snnrun.config.hydra_app import parse

NETWORK = """# @package _global_
dt: 0.1
network:
  populations:
    23I: {size: 20, type: inhibitory, neuron: {kind: lif, i_e: 400.0}, v_init: -60.0}
    "4E1": {size: 10, type: excitatory, neuron: {kind: lif, i_e: 400.0}, v_init: -60.0}
    é: {size: 5, type: excitatory, neuron: {kind: lif}, v_init: -65.0}
    -a: {size: 5, type: excitatory, neuron: {kind: lif}, v_init: -65.0}
    "007": {size: 5, type: excitatory, neuron: {kind: lif}, v_init: -65.0}
  synapses:
    "1_0e3": {kind: exponential, tau: 2.0, normalization: peak}
  projections:
    "4E2": {pre: 23I, post: "4E1", synapse: "1_0e3", weight: -20.0, connect: {kind: all_to_all}}
    2X: {pre: 0X, post: 23I, synapse: "1_0e3", weight: 60.0, connect: {kind: all_to_all}}
drive:
  0X: {kind: poisson, size: 10, rate: 15.0}
statistics:
  "1e1": {kind: firing_rate, window_ms: 50.0, population: 23I}
search:
  i_e: {path: network.populations.23I.neuron.i_e, low: 300.0, high: 500.0}
objective:
  kind: squared
  terms: {rate: {statistic: "1e1", population: 23I, target: 20.0, scale: 1.0}}
optimizer: {kind: random, candidates: 2}
"""
QUICK = ("duration.ms=200", "duration.warmup_ms=0", "engine.threads=1", "name='1e3'")
SIZE = "network.populations.{}.size"
PATHS = {
    **{SIZE.format(name): 6 for name in ("23I", "4E1", "é", "-a", "007")},
    "network.synapses.1_0e3.tau": 3.0,
    "network.projections.2X.weight": 50.0,
    "network.projections.4E2.delay": 1.0,
    "drive.0X.rate": 7.0,
    "statistics.1e1.window_ms": 20.0,
}


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """Return the options that choose a network of such names."""
    folder = tmp_path_factory.mktemp("mine")
    (folder / "network").mkdir()
    (folder / "network" / "odd.yaml").write_text(NETWORK, encoding="utf-8")
    return ("-C", str(folder), "network=odd", *QUICK)


def at(tree, path):
    """Return what is at a path."""
    for name in path.split("."):
        tree = tree[name]
    return tree


@pytest.mark.parametrize("sign", ["", "+", "++"])
def test_overrides_set_them(mine, sign):
    lines = [f"{sign}{path}={value}" for path, value in PATHS.items()]
    tree = compose(["network=odd", *lines], [Path(mine[1])]).tree
    assert {path: at(tree, path) for path in PATHS} == PATHS


def test_overrides_take_them_away_add_and_choose(mine):
    lines = [
        "~network.populations.-a",
        "+drive@drive.5Y=constant_current",
        "neuron@network.populations.é.neuron=eif",
        "network.populations.é.neuron.tau_m=12",
        "record.state.23I={variables: [v], every_ms: '${network.synapses.1_0e3.tau}'}",
    ]
    tree = compose(["network=odd", *lines], [Path(mine[1])]).tree
    assert "-a" not in tree["network"]["populations"]
    assert tree["drive"]["5Y"]["kind"] == "constant_current"
    neuron = tree["network"]["populations"]["é"]["neuron"]
    assert (neuron["kind"], neuron["tau_m"]) == ("eif", 12)
    assert tree["record"]["state"]["23I"]["every_ms"] == 2.0


@pytest.mark.parametrize("line", ["a.23I=[1", "a.é=f(", "a.-b=\udcff", "a.4E"])
def test_what_is_not_understood_is_shown_as_it_was_given(cli, line):
    outcome = cli("simulate", line, "--dry-run")
    assert outcome.code == 2
    shown = line.encode("utf-8", "backslashreplace").decode()
    assert outcome.err.startswith(f"error: override '{shown}': not understood")
    assert "_=" not in outcome.err


@pytest.mark.parametrize("key", ["a", "a.b", "a-b.c", "0.1", "a@b.c", "$a"])
def test_what_hydra_understands_is_left_to_hydra(key):
    (found,) = parse([f"{key}=1"])
    assert (found.get_key_element(), found.value(), found.input_line) == (key, 1, f"{key}=1")


def test_a_run_s_config_repeats_it(mine, cli, no_figure):
    assert cli("simulate", *mine, f"{SIZE.format('23I')}=6", "--out", "a", "--quiet").code == 0
    text = Path("a/config.yaml").read_text(encoding="utf-8")
    assert "'4E1':" in text
    assert "name: '1e3'" in text
    assert cli("simulate", "--config", "a/config.yaml", "--out", "b", "--quiet").code == 0
    assert Path("b/config.yaml").read_text(encoding="utf-8") == text


def test_a_point_s_config_repeats_it(mine, cli):
    axes = (f"{SIZE.format('23I')}=6,7", "drive.0X.rate=5,6", "record.spikes=['4E1']")
    assert cli("sweep", *mine, *axes, "--out", "s", "--quiet").code == 0
    text = Path("s/points/3/config.yaml").read_text(encoding="utf-8")
    assert cli("simulate", "--config", "s/points/3/config.yaml", "--dry-run").out == text
    assert cli("inspect", "s").code == 0


def test_a_search_ends_with_its_best(mine, cli):
    size = f"{SIZE.format('23I')}=6"
    assert cli("optimize", *mine, size, "--out", "o", "--quiet").code == 0
    best = json.loads(Path("o/candidates/0.json").read_text())["overrides"]
    assert best[0].startswith("network.populations.23I.neuron.i_e=")
    assert cli("simulate", *mine, size, *best, "--dry-run").code == 0
    for file in ("o/config.yaml", "o/best/config.yaml"):
        assert cli("simulate", "--config", file, "--dry-run").code == 0
    assert cli("inspect", "o").code == 0
    again = cli("optimize", "--resume", "o", "--candidates", "3", "--quiet")
    assert again.code == 0, again.err


def test_show_and_check(mine, cli):
    size = f"{SIZE.format('23I')}=6"
    shown = cli("show", *mine, size)
    assert "    23I:\n      size: 6\n" in shown.out
    assert cli("check", *mine, size, "--json").json["projections"]["2X"]["contacts"] == 60


def test_a_verdict_shows_them(mine, cli):
    assert cli("simulate", *mine, "engine.max_rate=1", "--out", "a", "--quiet").code == 0
    assert '"é": ' in json.loads(Path("a/status.json").read_text())["reason"]
