"""A run in its own process: read while it runs, interrupted, terminated, killed."""

import contextlib
import json
import signal
import time

import h5py
import pytest

from tests.cli.program import finish, start

LONG = ("duration=140s", "network.scale=0.2", "--out", "run")
DEADLINE_S = 60


def wait_for(condition, process):
    """Wait until a condition holds; the process must be alive."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
    return True


def recorded(folder):
    """Return how many spikes a reader sees, None while there is no such file."""
    with contextlib.suppress(OSError, KeyError), reading(folder) as file:
        return file["spikes/E/timestamps"].size
    return None


def reading(folder):
    """Return the results file, opened as the contract says for a running run."""
    return h5py.File(folder / "results.h5", "r", swmr=True)


@pytest.fixture
def running(tmp_path):
    """Return a run that has written spikes, and its folder."""
    process = start("simulate", *LONG, cwd=tmp_path)
    try:
        wait_for(lambda: recorded(tmp_path / "run"), process)
        yield process, tmp_path / "run"
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_a_running_run_can_be_read_and_grows(running):
    process, folder = running
    status = json.loads((folder / "status.json").read_text())
    assert (status["state"], status["pid"]) == ("running", process.pid)
    with reading(folder) as file:
        times, ids = file["spikes/E/timestamps"], file["spikes/E/node_ids"]
        before = times.size

        def grown():
            times.refresh()
            return times.size > before

        wait_for(grown, process)
        ids.refresh()
        ms = times[: ids.size]
        assert (ms[1:] >= ms[:-1]).all()
        assert file["config"][()].decode() == (folder / "config.yaml").read_text()
        assert set(file["nodes"]) == {"E", "I", "X"}


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2"])
def test_a_signal_ends_a_run_with_its_state_saved(running, name):
    process, folder = running
    process.send_signal(signal.Signals[name])
    outcome = finish(process)
    assert outcome.code == 75
    assert "Traceback" not in outcome.err
    said, way_on = outcome.err.splitlines()[-2:]
    assert said == f"interrupted by {name}; its state is saved; results are in run/"
    assert way_on == "continue with: snnrun simulate --resume run"
    status = json.loads((folder / "status.json").read_text())
    assert (status["state"], status["exit_code"]) == ("interrupted", 75)
    assert status["reason"] == f"interrupted by {name}; its state is saved"
    assert [p.suffix for p in (folder / "checkpoints").iterdir()] == [".h5"]
    with h5py.File(folder / "results.h5", "r") as file:
        ms = file["spikes/E/timestamps"][:]
        assert ms.size == file["spikes/E/node_ids"].size > 0
        assert ms[-1] < 140_500
        assert "statistics" not in file
    assert not list(folder.rglob("*.tmp"))


def test_ctrl_c_before_anything_is_written(cli, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("snnrun.config.compose.compose", interrupted)
    outcome = cli("simulate", *LONG)
    assert outcome.code == 130
    assert "Traceback" not in outcome.err


def test_a_killed_run_leaves_a_file_that_can_be_read(running):
    process, folder = running
    process.kill()
    assert finish(process).code == -signal.SIGKILL
    with reading(folder) as file:
        ms = file["spikes/E/timestamps"][:]
        assert ms.size > 0
        assert (ms[1:] >= ms[:-1]).all()
        assert file["spikes/E/node_ids"].size > 0
    assert json.loads((folder / "status.json").read_text())["state"] == "running"
