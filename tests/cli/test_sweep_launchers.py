"""Hydra's launchers give the same table as the own one."""

import pytest

from tests.cli.program import call, finish, start
from tests.cli.sweeps import assert_done, status, undisturbed

SMALL = ("network.scale=0.2", "duration=smoke", "seed=1,2", "drive.X.rate=5,8", "record.spikes=[E]")
LAUNCHERS = {
    "joblib": ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
    "submitit_local": ("hydra/launcher=submitit_local", "hydra.launcher.timeout_min=5"),
    "basic": ("hydra/launcher=basic",),
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of a sweep by the own launcher."""
    return undisturbed(tmp_path_factory.mktemp("whole") / "sweep", *SMALL)


@pytest.mark.parametrize(
    "name",
    ["joblib", *(pytest.param(n, marks=pytest.mark.slow) for n in LAUNCHERS if n != "joblib")],
)
def test_equal(name, tmp_path, whole):
    pytest.importorskip("submitit")
    pytest.importorskip("joblib")
    folder = tmp_path / "sweep"
    words = ("sweep", *SMALL, *LAUNCHERS[name], "--out", str(folder), "--quiet")
    process = start(*words, cwd=tmp_path)
    assert_done(finish(process), folder, whole)
    assert (status(folder, 0)["pid"] == process.pid) == (name == "basic")


@pytest.mark.slow
def test_a_failed_point_hides_no_other(tmp_path):
    folder = tmp_path / "sweep"
    words = (*SMALL[1:], "network.scale=0.2,-1", *LAUNCHERS["joblib"])
    outcome = call("sweep", *words, "--out", str(folder), "--quiet")
    assert outcome.code == 4, outcome.err
    lines = (folder / "table.csv").read_text().splitlines()[1:]
    assert sorted(line.split(",")[1] for line in lines) == ["done"] * 4 + ["failed"] * 4
