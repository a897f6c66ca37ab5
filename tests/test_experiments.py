"""Every shipped experiment, and every network, runs for a moment."""

from pathlib import Path

import h5py
import pytest

from tests.cli.program import call

ROOT = Path(__file__).parents[1]


def experiments(root: Path) -> list[str]:
    """Return `experiment=<system>/<name>` for every experiment, as its file says."""
    files = sorted((root / "experiments").rglob("*.yaml"))
    return [f"experiment={f.relative_to(root / 'experiments').with_suffix('')}" for f in files]


NETWORKS = [f"network={f.stem}" for f in sorted((ROOT / "conf" / "network").glob("*.yaml"))]
SHIPPED = [*experiments(ROOT), *NETWORKS]


def test_experiments_are_found_in_the_folders_of_their_systems(tmp_path):
    (tmp_path / "experiments" / "system").mkdir(parents=True)
    (tmp_path / "experiments" / "system" / "first.yaml").write_text("")
    (tmp_path / "experiments" / "system" / "README.md").write_text("")
    assert experiments(tmp_path) == ["experiment=system/first"]
    assert "network=balanced_small" in NETWORKS


@pytest.mark.parametrize("shipped", SHIPPED)
def test_it_runs(tmp_path, shipped):
    out = tmp_path / "run"
    outcome = call("simulate", shipped, "duration=smoke", "--out", str(out), "--json")
    assert outcome.code == 0, outcome.err
    found = outcome.json
    assert found["state"] == "done"
    assert found["health"]["verdict"] == "ok"
    rates = [s["firing_rate"]["value"] for s in found["statistics"].values()]
    assert any(rate > 0.5 for rate in rates)
    with h5py.File(out / "results.h5") as file:
        assert sum(group["timestamps"].size for group in file["spikes"].values()) > 100
    assert (out / "overview.png").exists()
