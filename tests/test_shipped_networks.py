"""The networks that come with the program do what their pages say."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.cli.program import call


def simulate(out: Path, *overrides: str) -> dict[str, Any]:
    """Run into `out` and return the JSON summary."""
    outcome = call("simulate", "--json", "--out", str(out), *overrides)
    assert outcome.code == 0, outcome.err
    return outcome.json


@pytest.fixture(scope="module")
def balanced(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    out = tmp_path_factory.mktemp("balanced") / "run"
    return simulate(out, "network=balanced_small", "duration=5s"), out


def test_balanced_small_fires_irregularly_and_asynchronously(balanced) -> None:
    found = balanced[0]["statistics"]["E"]
    assert 2 <= found["firing_rate"]["value"] <= 10
    assert 0.8 <= found["fano_factor"]["value"] <= 1.5
    # asynchronous: of order 1 / N; the page says why 0.01 can't be had without a rhythm
    assert abs(found["spike_count_correlation"]["value"]) < 0.005
    assert balanced[0]["health"]["verdict"] == "ok"


def test_balanced_small_has_no_population_rhythm(balanced) -> None:
    with h5py.File(balanced[1] / "results.h5") as file:
        ms = file["spikes/E/timestamps"][:]
    counts = np.histogram(ms[ms > 500], np.arange(500, 5001, 5))[0]
    # independent Poisson trains give 1; the rhythm of slow dense inhibition gives above 20
    assert counts.var() / counts.mean() < 6


def test_balanced_small_has_no_two_equal_trains(balanced) -> None:
    with h5py.File(balanced[1] / "results.h5") as file:
        trains = [
            tuple(file[f"spikes/{p}/timestamps"][:][file[f"spikes/{p}/node_ids"][:] == i])
            for p, n in (("E", 800), ("I", 200))
            for i in range(n)
        ]
    active = [train for train in trains if train]
    assert len(active) > 900
    assert len(set(active)) == len(active)


def test_balanced_small_is_held_by_inhibition(balanced, tmp_path: Path) -> None:
    cut = ("network.projections.EI.weight=0", "network.projections.II.weight=0")
    loose = ("engine.max_rate=2000", "duration.ms=1000")
    without = simulate(tmp_path / "cut", "network=balanced_small", *cut, *loose)
    with_it = balanced[0]["statistics"]["E"]["firing_rate"]["value"]
    assert without["health"]["details"]["rates"]["E"] >= 3 * with_it


def test_balanced_small_varies_with_its_recurrent_input(tmp_path: Path) -> None:
    out = tmp_path / "run"
    simulate(out, "experiment=balanced/input_variance", "duration=2s")
    with h5py.File(out / "results.h5") as file:
        e, i, x = (file[f"report/E/i_{name}/data"][500:] for name in "EIX")
    recurrent, external = (e + i).var(axis=0), x.var(axis=0)
    assert (recurrent / (recurrent + external)).mean() >= 0.5
    # balanced: what is left of the mean input is small against either side of it
    assert abs((e + i + x).mean()) < 0.3 * abs(i.mean())


def test_snops_sbn_has_the_published_contacts(tmp_path: Path) -> None:
    out = tmp_path / "run"
    simulate(out, "network=snops_sbn", "duration=smoke")
    published = {"EE": 375, "IE": 282, "EI": 1500, "II": 375, "EX": 250, "IX": 32}
    with h5py.File(out / "results.h5") as file:
        nodes = {name: node.attrs["size"] for name, node in file["nodes"].items()}
        network = {name: dict(group.attrs) for name, group in file["network"].items()}
    assert nodes == {"E": 2500, "I": 625, "X": 2500}
    assert {
        name: group["contacts"] / nodes[group["pre"]] for name, group in network.items()
    } == published
    recurrent = sum(group["contacts"] for group in network.values() if group["pre"] != "X")
    assert recurrent == 2_814_375


def test_inhibition_of_the_wrong_sign_is_called_a_runaway(tmp_path: Path) -> None:
    # a published port adds inhibition as excitation: every neuron fires as fast as t_ref lets it
    out = tmp_path / "run"
    flipped = ("network.projections.EI.weight=60", "network.projections.II.weight=75")
    windows = [f"statistics.{name}.window_ms=60" for name in ("firing_rate", "fano_factor")]
    found = simulate(out, "network=snops_sbn", *flipped, *windows, "duration.warmup_ms=20")
    assert found["state"] == "unhealthy"
    assert found["health"]["verdict"] == "runaway"
    e = found["statistics"]["E"]
    ceiling = [1000 / (1.5 + steps * 0.05) for steps in (1, 2)]
    assert 0.95 * ceiling[1] < e["firing_rate"]["value"] < 1.05 * ceiling[0]
    assert e["fano_factor"]["value"] < 0.01
    strict = call(
        *("simulate", "network=snops_sbn", *flipped, "--strict", "--out", str(tmp_path / "strict"))
    )
    assert strict.code == 3
    assert "runaway" in strict.err


@pytest.mark.slow
def test_snops_sbn_fires_as_its_page_says(tmp_path: Path) -> None:
    found = [
        simulate(tmp_path / str(seed), "experiment=snops/sbn", f"seed={seed}")["statistics"]
        for seed in (1, 2, 3)
    ]
    # the page's means; the spread over seeds is 0.08 (E) and 0.03 (I)
    assert np.mean([f["E"]["firing_rate"]["value"] for f in found]) == pytest.approx(17.5, abs=0.2)
    assert np.mean([f["I"]["firing_rate"]["value"] for f in found]) == pytest.approx(9.44, abs=0.1)


# inhibitory decay (ms), and published rate, its SD over neurons and pair correlation of E
HUANG = {
    "huang/spatial": {8: (18.67, 6.84, (0.01, 0.06)), 1: (21.68, 11.05, (0.002, 0.02))},
    "huang/uniform": {8: (17.22, 0.52, (0.6, 1.0)), 1: (21.63, 11.89, (0.0, 0.01))},
}


@pytest.mark.slow
@pytest.mark.parametrize("tau", [8, 1])
@pytest.mark.parametrize("experiment", HUANG)
def test_huang2019_fires_as_published(tmp_path: Path, experiment: str, tau: int) -> None:
    inhibition = f"network.synapses.I.tau_decay={tau}"
    found = simulate(tmp_path / "run", f"experiment={experiment}", inhibition)["statistics"]["E"]
    rate, sd, (low, high) = HUANG[experiment][tau]
    assert found["firing_rate"]["value"] == pytest.approx(rate, rel=0.02)
    assert found["firing_rate_sd"]["value"] == pytest.approx(sd, rel=0.05)
    assert low < found["spike_count_correlation"]["value"] < high
