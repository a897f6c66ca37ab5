"""`snnrun check`: one object or a page of text, and nothing left behind."""

import os

import pytest

from tests.cli.program import ROOT, SMOKE, call

KEYS = {"memory_mb", "disk_mb", "seconds", "projections", "balanced", "warnings"}


def test_json_is_one_object_of_the_contract(cli):
    outcome = cli("check", *SMOKE, "--json")
    assert outcome.code == 0, outcome.err
    found = outcome.json
    assert (found["command"], found["state"], found["exit_code"]) == ("check", "done", 0)
    assert set(found) >= KEYS
    assert set(found["projections"]) == {"EE", "EI", "IE", "II", "EX", "IX"}
    assert all({"contacts", "out_degree"} <= set(p) for p in found["projections"].values())
    assert set(found["balanced"]) == {"E", "I"}
    assert all(isinstance(w, str) for w in found["warnings"])
    assert min(found["memory_mb"], found["disk_mb"], found["seconds"]) > 0
    assert outcome.err == ""


def test_it_leaves_no_files_behind(cli):
    assert cli("check", *SMOKE).code == 0
    assert os.listdir() == []


def test_the_page(cli):
    outcome = cli("check", "network=snops_sbn", "duration=smoke")
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == ["memory", "disk", "time"]
    assert any(line.split()[:3] == ["EI", "937,500", "1500"] for line in lines)
    assert any(line.startswith("balanced state: E 41.67, I 17.78 sp/s") for line in lines)
    assert any(line.startswith("warning: dense projections") for line in lines)
    assert outcome.err == "building and timing the network\n"


def test_quiet_says_only_what_is_needed(cli):
    outcome = cli("check", *SMOKE, "--quiet")
    assert outcome.code == 0, outcome.err
    assert outcome.err == ""
    heads = {line.split(":")[0] for line in outcome.out.splitlines() if line}
    assert heads == {"memory", "disk", "time", "warning"}


def test_no_prediction_is_said(cli):
    outcome = cli("check", *SMOKE, "drive=none")
    assert "no prediction (there is no external input to balance); input is that at" in outcome.out
    assert "at measured rates" in outcome.out
    assert "assumed" not in outcome.out


@pytest.mark.parametrize(
    ("override", "texts"),
    [
        (
            "network.projections.EI.weight=-10",
            ("runaway: population", "sp/s, above 200", "look at"),
        ),
        ("network.projections.EE.connect.p=0.9", ("runaway: population", "sp/s, above 200")),
        ("drive.X.rate=0", ("silent: E 0, I 0 sp/s, all together below 0.1; raise the input",)),
    ],
)
def test_a_network_in_trouble_is_said(cli, override, texts):
    found = cli("check", "duration.ms=1000", override, "--json").json
    (said,) = (w for w in found["warnings"] if w.startswith("health in the "))
    assert all(text in said for text in texts)
    assert found["rates_source"] == "measured"
    assert found["rates_expected"]["E"] == pytest.approx(found["measured"]["rates"]["E"])
    assert f"warning: {said[:40]}" in cli("check", "duration.ms=1000", override).out


def test_a_healthy_network_is_not(cli):
    found = cli("check", "duration.ms=1500", "--json").json
    assert found["warnings"] == [w for w in found["warnings"] if not w.startswith("health")]
    assert found["rates_source"] == "predicted"


@pytest.mark.parametrize("override", ["drive.X.rate=5", "network.projections.EI.weight=-10"])
def test_the_verdict_is_that_of_the_run(cli, override):
    """And so are the rates it rests on, where the whole run was computed."""
    short = ("network.scale=0.5", "duration.ms=1000", override, "--json")
    run, found = cli("simulate", *short).json["health"], cli("check", *short).json["measured"]
    assert found["health"] == run


def test_each_statistic_says_by_itself_what_its_value_is_worth(cli):
    found = cli("check", "network=snops_sbn", "statistics=snops", "duration=5s", "--json").json
    assert sum("22 windows for 50 neurons" in w for w in found["warnings"]) == 3


def test_currents_have_the_unit_of_the_membrane(cli):
    assert "E input mV/ms" in cli("check", *SMOKE).out
    assert "E input pA" in cli("check", "network=cuba", "duration=smoke").out


def test_warnings_of_the_configuration_are_among_them(cli):
    weight = "network.projections.EE.weight=-20"
    found = cli("check", *SMOKE, weight, "--json").json
    assert found["warnings"][0].startswith("network.projections.EE.weight: -20 contradicts")


def test_a_complete_config(cli, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(call("simulate", *SMOKE, "seed=3", "--dry-run").out)
    found = cli("check", "--config", str(path), "--json").json
    assert found["projections"] == cli("check", *SMOKE, "--json").json["projections"]


def test_a_folder_of_ones_own(cli):
    mine = str(ROOT / "tests" / "config" / "data" / "my_network")
    found = cli("check", "-C", mine, "network=mine", "duration=smoke", "--json").json
    assert found["projections"]["EE"]["contacts"] == 16000


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("sede=3", "did you mean 'seed'"),
        ("network.projections.EE.connect={kind: one_to_one, p: 2}", "network.projections.EE"),
        ("dt=3", "dt: 3 ms is above"),
    ],
)
def test_bad_input(cli, override, says):
    outcome = cli("check", *SMOKE, override)
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.err
    assert os.listdir() == []


def test_bad_input_as_json(cli):
    outcome = cli("check", "sede=3", "--json")
    assert outcome.code == 2
    assert (outcome.json["command"], outcome.json["exit_code"]) == ("check", 2)


def test_the_reference_backend_can_be_timed(cli):
    found = cli("check", *SMOKE, "engine.backend=reference", "--json").json
    assert found["seconds"] > 0
    assert found["measured"]["ms"] == pytest.approx(100)
