"""`snnrun profile`: a run like simulate's, and where its time went."""

import gzip
import json
import os

import h5py
import pytest

from snnrun.profile.kernels import Effort
from tests.cli.program import ROOT, SMOKE, call, folder_of

QUICK = Effort(seconds=0.001, rounds=1, warm_ms=10.0)
PHASES = ["import", "compose", "build", "trace", "compile", "simulate"]
PHASES += ["statistics", "write", "figure", "rest"]
ORDER = ["delivery", "neurons", "synapses", "drive", "recording", "rest"]
PARTS, LAST = set(ORDER), ["unexplained", "ns", "a", "neuron"]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Time little, and at two small sizes."""
    shorten(monkeypatch)


def shorten(patch):
    patch.setattr("snnrun.profile.kernels.THOROUGH", QUICK)
    patch.setattr("snnrun.profile.scaling.EFFORT", QUICK)
    patch.setattr("snnrun.profile.scaling.SIZES", (100, 200))
    patch.setattr("snnrun.report.overview.draw", lambda *_: None)


@pytest.fixture(scope="module")
def profiled(tmp_path_factory):
    """Outcome and folder of a profile with everything in it."""
    out = tmp_path_factory.mktemp("profile") / "run"
    with pytest.MonkeyPatch.context() as patch:
        shorten(patch)
        outcome = call("profile", *SMOKE, "--scaling", "--trace", "--json", "--out", str(out))
    assert outcome.code == 0, outcome.err
    return outcome, out


def test_json_is_one_object_of_the_contract(profiled):
    outcome, out = profiled
    found = outcome.json
    assert (found["command"], found["state"], found["exit_code"]) == ("profile", "done", 0)
    assert found["out"] == str(out)
    assert set(found) >= {"statistics", "health", "timings", "profile", "kernels", "scaling"}
    assert outcome.err == ""


def test_the_folder_is_that_of_a_run(profiled):
    _, out = profiled
    assert json.loads((out / "status.json").read_text())["state"] == "done"
    assert {"config.yaml", "run.log", "results.h5"} <= set(os.listdir(out))


def test_the_results_are_those_of_simulate(profiled, cli):
    _, out = profiled
    other = folder_of(cli("simulate", *SMOKE, "--quiet"))
    with h5py.File(out / "results.h5") as a, h5py.File(other / "results.h5") as b:
        for population in ("E", "I"):
            ours, theirs = (f[f"spikes/{population}/timestamps"][:] for f in (a, b))
            assert ours.size > 0
            assert ours.tolist() == theirs.tolist()


def test_phases_add_up_to_the_whole(profiled):
    _, out = profiled
    found = json.loads((out / "profile.json").read_text())
    assert [phase["name"] for phase in found["phases"]] == PHASES
    assert sum(p["seconds"] for p in found["phases"]) == pytest.approx(found["total_s"])
    assert sum(p["share"] for p in found["phases"]) == pytest.approx(1)
    assert all(p["seconds"] >= 0 for p in found["phases"])
    assert found["cache"] in ("hit", "miss", "off")


def test_throughput_and_resources(profiled):
    outcome, out = profiled
    found = json.loads((out / "profile.json").read_text())
    speed, timings = found["throughput"], outcome.json["timings"]
    assert speed["neuron_updates_per_s"] == pytest.approx(200 * speed["steps_per_s"])
    contacts = outcome.json["kernels"]["synapses"]
    assert speed["updates_per_s"] == pytest.approx(contacts * speed["steps_per_s"])
    assert speed["synapse_steps_per_s"] == pytest.approx(contacts * speed["steps_per_s"])
    assert speed["realtime_factor"] == timings["realtime_factor"]
    assert found["cpu"]["cpu_s"] > 0 and found["cpu"]["cores_busy"] > 0
    assert found["memory"]["peak_host_mb"] > 10
    assert found["memory"]["over_time"][-1][0] == 100  # ms
    assert found["files"]["results_bytes"] == (out / "results.h5").stat().st_size
    assert found["files"]["checkpoints_bytes"] == 0
    moved = found["traffic"]["bytes_per_step"]
    assert moved["all"] == pytest.approx(sum(moved.values()) / 2)
    assert min(c["gb_per_s"] for c in found["traffic"]["copy"].values()) > 0


def test_parts_of_the_step(profiled):
    outcome, out = profiled
    found = json.loads((out / "kernel_profile.json").read_text())
    assert {row["name"] for row in found["kernels"]} == PARTS
    assert found == outcome.json["kernels"]


def test_scaling(profiled):
    outcome, out = profiled
    found = json.loads((out / "scaling.json").read_text())
    assert [row["neurons"] for row in found["sizes"]] == [100, 200]
    assert found["sizes"][1]["synapses"] > found["sizes"][0]["synapses"]
    assert set(found["exponents"]) == {"step", *PARTS}
    assert (out / "scaling.png").read_bytes().startswith(b"\x89PNG")
    assert outcome.json["scaling"] == found


def test_the_trace_is_one_that_perfetto_reads(profiled):
    outcome, out = profiled
    path = outcome.json["trace"]
    assert path.startswith(str(out / "trace"))
    with gzip.open(path) as file:
        events = json.load(file)["traceEvents"]
    timed = [event for event in events if event.get("ph") == "X"]
    assert len(timed) > 4 * 64  # chunks of 64 steps, several operations each
    assert all(event["dur"] >= 0 and event["name"] for event in timed)


def test_the_page(cli):
    outcome = cli("profile", *SMOKE, "--scaling", "--trace")
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    heads = [line.split()[0] for line in lines if line.split()]
    assert [h for h in heads if h in PHASES[:6]] == PHASES[:6]
    assert {"sum", "whole", "unexplained", *PARTS} <= set(heads)
    for text in ("synapse-steps/s", "synaptic events a step", "~ neurons^", "ui.perfetto.dev"):
        assert text in outcome.out
    assert any(line.startswith("scaled by network.scale") for line in lines)
    (header,) = (line for line in lines if line.startswith("neurons ") and "events" in line)
    assert header.split() == ["neurons", "synapses", "events", "step", *ORDER, *LAST]
    assert "kernels: timing …" in outcome.err


def test_quiet_prints_the_folder_only(cli):
    outcome = cli("profile", *SMOKE, "--quiet")
    assert (outcome.code, outcome.err) == (0, "")
    assert (folder_of(outcome) / "kernel_profile.json").exists()
    assert not (folder_of(outcome) / "trace").exists()


def test_the_reference_backend_has_phases_only(cli):
    words = ("duration.ms=20", "duration.warmup_ms=0", "network.scale=0.1")
    reference = (*words, "engine.backend=reference", "statistics=none")
    found = cli("profile", *reference, "--json")
    assert found.code == 0, found.err
    assert found.json["kernels"] is None
    assert [p["name"] for p in found.json["profile"]["phases"]] == PHASES
    page = cli("profile", *reference)
    assert "parts of a step: none; backend=reference is not compiled" in page.out


def test_dry_run_runs_nothing(cli):
    outcome = cli("profile", *SMOKE, "--dry-run")
    assert outcome.code == 0
    assert outcome.out == cli("simulate", *SMOKE, "--dry-run").out
    assert os.listdir() == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["sede=3"], "sede: unknown key"),
        (["network=snops"], "network=snops"),
        (["engine.backend=reference", "--scaling"], "need a compiled step"),
        (["engine.backend=reference", "--trace"], "need a compiled step"),
        (["seed=1,2"], "several values need a sweep"),
    ],
)
def test_bad_input(cli, words, says):
    outcome = cli("profile", *SMOKE, *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert says in outcome.err
    assert os.listdir() == []


def test_a_used_folder_is_refused(profiled, cli):
    outcome = cli("profile", *SMOKE, "--out", str(profiled[1]))
    assert outcome.code == 2
    assert "already holds a run" in outcome.err


def test_readme_knows_it():
    assert "snnrun profile" in (ROOT / "README.md").read_text()
