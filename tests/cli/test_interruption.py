"""A run in its own process: read while it runs, interrupted, terminated, killed."""

import contextlib
import json
import os
import signal
import threading
import time

import h5py
import pytest

from snnrun.cli.streams import _unfailing
from snnrun.interruption import Interruption, Terminated
from tests.cli.program import SMOKE, call, finish, start
from tests.cli.searches import AXIS, TERM

LONG = ("duration=140s", "network.scale=0.2", "--out", "run")
DEADLINE_S = 60
SEARCH = ("objective=squared", "optimizer=random", AXIS, TERM, "optimizer.candidates=2")


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


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"])
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
    shown, found = call("inspect", str(folder)), call("inspect", str(folder), "--json").json
    assert shown.out.startswith(f"interrupted: its process is gone (process {process.pid} on ")
    assert shown.err == f"go on with: snnrun simulate --resume {folder}\n"
    assert (found["state"], found["reason"]) == ("interrupted", "its process is gone")
    drawn = call("plot", str(folder))
    assert (drawn.code, drawn.out) == (5, "")
    assert "can't be drawn yet: the run is not over (interrupted)" in drawn.err
    refused = call("simulate", "--out", str(folder))
    assert (refused.code, refused.err.count(f"simulate --resume {folder}")) == (2, 1)


def test_a_hangup_is_left_alone_where_it_was_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with Interruption().listening():
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_signal_after_a_hangup_does_not_disturb_the_end():
    with Interruption().listening():
        with pytest.raises(Terminated, match="SIGHUP"):
            signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGTERM)  # such as from a parent that was hung up too
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


# What Python does before the program begins, so that stdout and stderr can't be written to.
GONE = {
    "EIO": "m, s = pty.openpty(); os.dup2(s, 1); os.dup2(s, 2); os.close(m)",
    "EPIPE": "r, w = os.pipe(); os.dup2(w, 1); os.dup2(w, 2); os.close(r)",
    "ENOSPC": "f = os.open('/dev/full', os.O_WRONLY); os.dup2(f, 1); os.dup2(f, 2)",
}


@pytest.mark.parametrize(
    ("gone", "arguments"),
    [
        ("EIO", ("simulate", "--log-every", "10")),
        ("EPIPE", ("simulate", "drive.X.rate=-1")),
        ("EPIPE", ("simulate", "--log-every", "10", "--json")),
        ("ENOSPC", ("sweep", "seed=1,2")),
        ("ENOSPC", ("optimize", *SEARCH)),
    ],
)
def test_nobody_listens(tmp_path, gone, arguments):
    first = f"import os, pty; {GONE[gone]}"
    words = (*arguments, *SMOKE, "--out", "run")
    outcome = finish(start(*words, cwd=tmp_path, first=first))
    assert outcome == (2 if "drive.X.rate=-1" in arguments else 0, "", "")


def test_what_is_said_to_nobody_is_lost_and_nothing_else():
    with open("/dev/full", "w", buffering=1) as full:
        stream = _unfailing(full)
        assert print("x" * 100_000, file=stream) is None
        stream.flush()
    with _unfailing(None) as closed:  # by whoever started the program
        assert closed.name == os.devnull
    ear, mouth = os.pipe()
    os.set_blocking(mouth, False)  # as a terminal's multiplexer may leave it
    with open(mouth, "w") as pipe, open(ear, "rb") as heard:
        speaker = threading.Thread(target=_say, args=(_unfailing(pipe), "y" * 300_000))
        speaker.start()
        assert heard.read(300_000) == b"y" * 300_000
        speaker.join()


def _say(stream, text):
    stream.write(text)
    stream.flush()
