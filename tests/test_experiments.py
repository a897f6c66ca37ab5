"""Every shipped experiment, and every network, runs for a moment."""

import json
from pathlib import Path

import h5py
import pytest

from snnrun.config.compose import compose
from tests.cli.program import call

ROOT = Path(__file__).parents[1]


def experiments(root: Path) -> list[str]:
    """Return `experiment=<system>/<name>` for every experiment, as its file says."""
    files = sorted((root / "experiments").rglob("*.yaml"))
    return [f"experiment={f.relative_to(root / 'experiments').with_suffix('')}" for f in files]


def networks(root: Path) -> list[str]:
    """Return `network=<name>` for the networks that no experiment runs."""
    used = "\n".join(f.read_text() for f in (root / "experiments").rglob("*.yaml"))
    names = sorted(f.stem for f in (root / "conf" / "network").glob("*.yaml"))
    return [f"network={name}" for name in names if f"override /network: {name}\n" not in used]


SHIPPED = [*experiments(ROOT), *networks(ROOT)]


def test_experiments_are_found_in_the_folders_of_their_systems(tmp_path):
    (tmp_path / "experiments" / "system").mkdir(parents=True)
    (tmp_path / "experiments" / "system" / "first.yaml").write_text("")
    (tmp_path / "experiments" / "system" / "README.md").write_text("")
    assert experiments(tmp_path) == ["experiment=system/first"]
    (tmp_path / "conf" / "network").mkdir(parents=True)
    for name in ("used", "used_too", "alone"):
        (tmp_path / "conf" / "network" / f"{name}.yaml").write_text("")
    text = "defaults:\n  - override /network: {}\n"
    (tmp_path / "experiments" / "system" / "first.yaml").write_text(text.format("used"))
    (tmp_path / "experiments" / "system" / "second.yaml").write_text(text.format("used_too"))
    assert networks(tmp_path) == ["network=alone"]


@pytest.mark.parametrize("shipped", SHIPPED)
def test_it_runs(tmp_path, shipped):
    out = tmp_path / "run"
    outcome = call("simulate", shipped, "duration=smoke", "--out", str(out), "--json")
    assert outcome.code == 0, outcome.err
    found = outcome.json
    assert found["state"] == "done"
    assert found["health"]["verdict"] == "ok"
    rates = found["health"]["details"]["rates"].values()
    assert any(rate > 0.5 for rate in rates)
    with h5py.File(out / "results.h5") as file:
        spikes = [group["timestamps"].size for group in file["spikes"].values()]
    assert sum(spikes) > 100 or not spikes  # none where an experiment records none
    assert (out / "overview.png").exists()


SWEEPS = [e for e in experiments(ROOT) if compose([e], []).axes]


def test_one_experiment_is_a_sweep():
    assert "experiment=balanced/inhibition_and_input" in SWEEPS


@pytest.mark.parametrize("shipped", SWEEPS)
def test_its_sweep_runs(tmp_path, shipped):
    axes = compose([shipped], []).axes
    out = tmp_path / "sweep"
    small = ("duration=smoke", "network.scale=0.2")
    outcome = call("sweep", shipped, *small, "--out", str(out), "--json")
    assert outcome.code == 0, outcome.err
    plan = json.loads((out / "plan.json").read_text())
    assert plan["swept"] == [*axes]
    assert outcome.json["points"] == {"done": len(plan["points"])}
    for file in out.glob("points/*/config.yaml"):
        assert "sweep" not in file.read_text()
