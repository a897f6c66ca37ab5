"""Nothing is lost: a run that is killed at any moment goes on to the same results."""

import contextlib
import json
import random
import signal
import time

import h5py
import numpy as np
import pytest

from tests.cli.files import assert_same_results
from tests.cli.program import call, finish, start

RECORD = (
    "record.state.E.variables=[v]",
    "record.state.E.every_ms=3.1",
    "record.counts.bin_ms=10",
    "checkpoint.every_ms=100",
)
DELAYS = ("network.projections.EI.delay=1.5", "network.projections.EE.delay=2")
SMALL = (*RECORD, *DELAYS, "network.scale=0.2", "trials=2", "duration=2s", "duration.ms=1500")
LARGE = (*RECORD, *DELAYS, "trials=4", "duration=10s", "engine.batch=2")
DEADLINE_S = 120


class Moment:
    """When a run is killed, by what its folder shows; a new one for each life of the run."""

    def __init__(self, folder, kind, delay):
        self.folder, self.kind, self.delay = folder, kind, delay
        self.before, self.file = self.saved(), self.inode()

    def saved(self):
        return {p.name for p in self.folder.glob("checkpoints/step_*.h5")}

    def inode(self):
        with contextlib.suppress(OSError):
            return (self.folder / "results.h5").stat().st_ino

    def come(self):
        """Return whether it has come, but for the delay; what was too short to see is over."""
        new, copy = len(self.saved() - self.before), (self.folder / ".results.h5.tmp").exists()
        match self.kind:
            case "start":
                return True
            case "saved":
                return new > 0
            case "saving":
                return new > 2 or any(self.folder.glob("checkpoints/.step_*.tmp"))
            case "copying":
                return new > 2 or copy
            case "finishing":
                return (copy and self.inode() != self.file) or self.finished()
            case "finished":
                return self.finished()

    def finished(self):
        with contextlib.suppress(OSError), reading(self.folder) as file:
            return "statistics" in file


def reading(folder):
    return h5py.File(folder / "results.h5", "r", swmr=True)


def live(folder, arguments, moment):
    """Begin or continue the run until the moment; returns whether it was killed."""
    if (folder / "config.yaml").exists():
        arguments = ("--resume", "run")
    process = start("simulate", *arguments, "--quiet", cwd=folder.parent)
    try:
        end = time.monotonic() + DEADLINE_S
        while process.poll() is None and not moment.come():
            assert time.monotonic() < end
            time.sleep(0.002)
        time.sleep(moment.delay)
    finally:
        process.send_signal(signal.SIGKILL)
        outcome = finish(process)
    assert outcome.code in (-signal.SIGKILL, 0), outcome.err
    return outcome.code != 0


def assert_readable(folder, whole):
    """Assert that what a reader finds is what the undisturbed run has, as far as it goes."""
    if not (folder / "results.h5").exists():
        return
    with reading(folder) as file, h5py.File(whole) as expected:
        for trial, group in file["trials"].items():
            for name in ("E", "I"):
                for kind in ("timestamps", "node_ids"):
                    path = f"spikes/{name}/{kind}"
                    found, all_ = group[path][:], expected[f"trials/{trial}/{path}"][:]
                    assert np.array_equal(found, all_[: found.size]), (trial, path)


def kill_and_resume(tmp_path, arguments, moments):
    """Kill a run again and again; returns how many times it was, and its folder."""
    whole, folder, kills = tmp_path / "whole", tmp_path / "run", 0
    assert call("simulate", *arguments, "--out", str(whole), "--quiet").code == 0
    for kind, delay in moments:
        if not live(folder, (*arguments, "--out", "run"), Moment(folder, kind, delay)):
            break
        kills += 1
        assert_readable(folder, whole / "results.h5")
    else:
        assert not live(folder, (*arguments, "--out", "run"), Moment(folder, "never", 0))
    assert json.loads((folder / "status.json").read_text())["state"] == "done"
    assert_same_results(whole / "results.h5", folder / "results.h5")
    assert not list(folder.rglob("*.tmp"))
    return kills


def test_killed_a_few_times(tmp_path):
    moments = [("start", 0.7), ("saved", 0.03), ("saving", 0), ("copying", 0.01)]
    moments += [("finishing", 0), ("finished", 0)]
    assert kill_and_resume(tmp_path, SMALL, moments) == len(moments)


@pytest.mark.slow
def test_killed_fifty_times(tmp_path):
    rng = random.Random(5)
    kinds = ["start"] * 13 + ["saved"] * 13 + ["saving"] * 9 + ["copying"] * 7
    rng.shuffle(kinds)
    kinds += ["finishing", "finished"] * 3 + ["start", "finished"]
    longest = {"start": 2.2, "saved": 0.1, "saving": 0.003, "copying": 0.02, "finished": 0.2}
    moments = [(kind, rng.uniform(0, longest.get(kind, 0.01))) for kind in kinds]
    assert kill_and_resume(tmp_path, LARGE, moments) == 50
