"""Statistics from the command line to the results file: presets, vectors, intervals, samples."""

import h5py
import numpy as np
import pytest
from elephant.statistics import cv2, lv
from scipy.stats import variation

from snnrun.report.tables import _cell
from tests.cli.program import SMOKE, call, folder_of

SNOPS = {
    *("firing_rate", "fano_factor", "spike_count_correlation_fisher"),
    *("percent_shared_variance", "shared_dimensionality", "shared_eigenspectrum"),
}
ISI = {"isi_cv": variation, "isi_cv2": cv2, "isi_lv": lv}
ISI_KINDS = tuple(f"+statistics@statistics.{kind}={kind}" for kind in ISI)
ACTIVE = ("duration.ms=1500", "duration.warmup_ms=500", "network.scale=0.5")

pytestmark = pytest.mark.usefixtures("no_figure")


@pytest.fixture(scope="module")
def vectors(tmp_path_factory):
    """Return folder and outcome of two trials of 30 windows with factor analysis."""
    folder = tmp_path_factory.mktemp("vectors") / "run"
    changes = ("window_ms=50", "sample=10", "draws=2", "population=null", "latents=2")
    return folder, call(
        "simulate",
        *("network.scale=0.2", "duration.ms=1500", "duration.warmup_ms=0", "trials=2"),
        "statistics=shared_eigenspectrum",
        *(f"statistics.shared_eigenspectrum.{change}" for change in changes),
        *("--out", str(folder)),
    )


class TestSnops:
    def test_short_runs_say_why_there_is_no_value(self, tmp_path):
        out = str(tmp_path / "run")
        outcome = call("simulate", *SMOKE, "statistics=snops", "--json", "--out", out)
        assert outcome.code == 0
        assert set(outcome.json["statistics"]) == {"E"}
        assert set(outcome.json["statistics"]["E"]) == SNOPS
        assert {s["value"] for s in outcome.json["statistics"]["E"].values()} == {None}
        with h5py.File(tmp_path / "run/results.h5") as file:
            for name, least in {
                "firing_rate": "1 window",
                "fano_factor": "2 windows",
                "shared_eigenspectrum": "20 windows",
            }.items():
                reason = file[f"statistics/E/{name}"].attrs["reason"]
                expected = f"needs at least {least} of 200 ms after the warm-up; there are 0"
                assert reason == expected

    def test_a_longer_run_has_all_six(self, tmp_path):
        smaller = [f"statistics.{name}.{c}" for name in SNOPS for c in ("sample=8", "draws=3")]
        arguments = ("network.scale=0.1", "duration.ms=5000", "duration.warmup_ms=0", *smaller)
        out = str(tmp_path / "run")
        outcome = call("simulate", *arguments, "statistics=snops", "--json", "--out", out)
        assert outcome.code == 0, outcome.err
        found = {name: s["value"] for name, s in outcome.json["statistics"]["E"].items()}
        assert set(found) == SNOPS
        assert found["firing_rate"] > 0.5
        assert 0 <= found["percent_shared_variance"] < 1
        assert 0 <= found["shared_dimensionality"] <= 4
        assert len(found["shared_eigenspectrum"]) == 8

    def test_neurons_without_positions_are_not_central(self):
        central = "+statistics.firing_rate.region=central"
        outcome = call("simulate", *SMOKE, central, "--dry-run")
        assert outcome.code == 2
        assert "statistics.firing_rate.region: 'E' has no positions; set positions: grid" in (
            outcome.err
        )
        grid = ("network=snops_sbn", "statistics=firing_rate", "duration=smoke")
        assert call("simulate", *grid, central, "--dry-run").code == 0


class TestVectors:
    def test_in_the_results(self, vectors):
        folder, outcome = vectors
        assert outcome.code == 0, outcome.err
        with h5py.File(folder / "results.h5") as file:
            for population in ("E", "I"):
                path = f"statistics/{population}/shared_eigenspectrum"
                each = np.stack([file[f"trials/{k}/{path}"][()] for k in range(2)])
                assert each.shape == (2, 10)
                assert (each[:, :2] > 0).all() and (each[:, 2:] == 0).all()
                np.testing.assert_allclose(file[path][()], each.mean(axis=0))
                se = each.std(axis=0, ddof=1) / np.sqrt(2)
                np.testing.assert_allclose(file[path].attrs["se"], se)
                assert file[f"trials/0/{path}"].attrs["se"].shape == (10,)

    def test_in_the_table(self, vectors):
        folder, outcome = vectors
        with h5py.File(folder / "results.h5") as file:
            first = file["statistics/E/shared_eigenspectrum"][()][:5]
        assert " ".join(f"{v:.3g}" for v in first) + " …" in outcome.out

    def test_in_json(self, vectors, tmp_path):
        config = str(vectors[0] / "config.yaml")
        out = str(tmp_path / "run")
        found = call("simulate", "--config", config, "--json", "--out", out).json
        entry = found["statistics"]["E"]["shared_eigenspectrum"]
        with h5py.File(vectors[0] / "results.h5") as file:
            dataset = file["statistics/E/shared_eigenspectrum"]
            assert entry["value"] == dataset[()].tolist()
            assert entry["se"] == dataset.attrs["se"].tolist()
            assert entry["se_over"] == dataset.attrs["se_over"] == "trials"
            each = file["trials/1/statistics/E"].values()
            assert {d.attrs["se_over"] for d in each} == {"time and draws"}

    def test_trials_with_and_without_a_value(self):
        cell = {"value": [1.25, None, 3.0], "se": None, "units": ""}
        assert _cell(cell) == "1.25 - 3"


class TestIntervals:
    @pytest.fixture(scope="class")
    @classmethod
    def recorded(cls, tmp_path_factory):
        """Return the results of a run whose spikes are written."""
        out = str(tmp_path_factory.mktemp("isi") / "run")
        return folder_of(call("simulate", *ACTIVE, *ISI_KINDS, "--quiet", "--out", out))

    def test_are_those_of_elephant_from_the_spikes_written(self, recorded):
        with h5py.File(recorded / "results.h5") as file:
            ms, ids = file["spikes/E/timestamps"][:], file["spikes/E/node_ids"][:]
            step = np.round(ms / 0.05).astype(int) - 1
            late = step >= 10_000
            trains = [step[late & (ids == i)] for i in range(400)]
            trains = [np.diff(t).astype(float) for t in trains if t.size >= 3]
            assert len(trains) > 50
            for name, of_train in ISI.items():
                found = file[f"statistics/E/{name}"]
                expected = np.mean([of_train(t) for t in trains])
                assert found[()] == pytest.approx(expected, rel=1e-10)
                assert found.attrs["se"] > 0
                assert "window_ms" not in found.attrs

    @pytest.mark.parametrize("changes", [("engine.chunk_ms=16",), ("record=none",)])
    def test_are_the_same_however_the_run_is_split_and_recorded(self, recorded, tmp_path, changes):
        out = str(tmp_path / "run")
        other = folder_of(call("simulate", *ACTIVE, *ISI_KINDS, *changes, "--quiet", "--out", out))
        with h5py.File(recorded / "results.h5") as a, h5py.File(other / "results.h5") as b:
            assert ("record=none" in changes) == (list(b["spikes"]) == [])
            assert set(a["statistics/E"]) == set(b["statistics/E"]) > set(ISI)
            for path in (f"statistics/{p}/{name}" for p in "EI" for name in ISI):
                assert a[path][()] == b[path][()]
                assert a[path].attrs["se"] == b[path].attrs["se"]

    def test_of_trials(self, tmp_path):
        out = str(tmp_path / "run")
        arguments = (*ACTIVE, "trials=2", "statistics=isi_cv", "statistics.isi_cv.population=all")
        folder = folder_of(call("simulate", *arguments, "--quiet", "--out", out))
        with h5py.File(folder / "results.h5") as file:
            each = [file[f"trials/{k}/statistics/all/isi_cv"][()] for k in range(2)]
            assert 0 < abs(each[0] - each[1]) < 0.2
            assert file["statistics/all/isi_cv"][()] == pytest.approx(np.mean(each))

    def test_a_short_run_says_why_there_is_no_value(self, tmp_path):
        arguments = ("duration=smoke", "duration.ms=5", "network.scale=0.1", "statistics=isi_lv")
        folder = folder_of(call("simulate", *arguments, "--quiet", "--out", str(tmp_path / "run")))
        with h5py.File(folder / "results.h5") as file:
            found = file["statistics/E/isi_lv"]
            assert np.isnan(found[()])
            assert found.attrs["reason"] == "needs neurons with at least 3 spikes; there are none"
