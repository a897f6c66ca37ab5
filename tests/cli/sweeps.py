"""Sweeps in processes of their own: a few points in two groups, what they leave, comparisons."""

import contextlib
import json
import time
from pathlib import Path
from subprocess import Popen
from typing import Any

from tests.cli.files import assert_same_results
from tests.cli.program import Outcome, call, start

GRID = ("seed=1,2,3", "drive.X.rate=5,8", "trials=1,2")
POINTS = (
    *(
        "network.scale=0.2",
        "duration.ms=2000",
        "duration.warmup_ms=0",
        "record.spikes=[E]",
        "record.counts.bin_ms=10",
    ),
    *("checkpoint.every_ms=200", "engine.threads=2"),
)
# However little there is to compute, a process for each of the two threads.
TWO = "import snnrun.sweep.local as local; local._WORTH_S = 1e-3"
DEADLINE_S = 120


def undisturbed(folder: Path, *arguments: str) -> Path:
    """Compute a sweep in this process; return its folder."""
    outcome = call("sweep", *arguments, "--out", str(folder), "--quiet")
    assert outcome.code == 0, outcome.err
    return folder


def begin(folder: Path, *arguments: str, first: str = TWO, leads: bool = True) -> Popen[str]:
    """Start a sweep, or go on with the one that is there."""
    planned = (folder / "plan.json").exists()
    words = ("--resume", str(folder)) if planned else (*arguments, "--out", str(folder))
    return start("sweep", *words, "--quiet", cwd=folder.parent, first=first, leads=leads)


def status(folder: Path, index: int) -> dict[str, Any]:
    """Return a point's status.json, empty where there is none."""
    with contextlib.suppress(FileNotFoundError):
        found: dict[str, Any] = json.loads((folder / f"points/{index}/status.json").read_text())
        return found
    return {}


def states(folder: Path) -> dict[int, str]:
    """Return the states of all points that have one."""
    there = (int(path.name) for path in folder.glob("points/*"))
    found = {i: status(folder, i) for i in there}
    return {i: s["state"] for i, s in found.items() if s}


def indices(folder: Path, state: str) -> set[int]:
    """Return the points in a state."""
    return {i for i, s in states(folder).items() if s == state}


def checkpoints(folder: Path) -> set[Path]:
    """Return the checkpoints of all points."""
    return {*folder.glob("points/*/checkpoints/step_*.h5")}


def finished(folder: Path) -> dict[int, Any]:
    """Return what tells whether a point that is done was computed again."""
    found = {}
    for i in indices(folder, "done"):
        file = (folder / f"points/{i}/results.h5").stat()
        found[i] = (file.st_ino, file.st_mtime_ns, status(folder, i)["started"])
    return found


def wait_for(condition: Any, process: Popen[str] | None = None) -> bool:
    """Wait until a condition holds; False where the process ended before."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        if process is not None and process.poll() is not None:
            return False
        assert time.monotonic() < end
        time.sleep(0.002)
    return True


def assert_done(outcome: Outcome, folder: Path, whole: Path, spikes: int = 1) -> None:
    """Assert that a sweep ended well and found what the undisturbed one did, to the last bit."""
    assert outcome.code == 0, outcome.err
    assert "Traceback" not in outcome.err
    assert_same_sweep(folder, whole, spikes)


def assert_same_sweep(folder: Path, whole: Path, spikes: int = 1) -> None:
    """Assert that two sweeps found the same, to the last bit."""
    names = sorted(path.name for path in (whole / "points").iterdir())
    assert sorted(path.name for path in (folder / "points").iterdir()) == names
    for name in names:
        path = Path("points") / name / "results.h5"
        assert_same_results(whole / path, folder / path, spikes)
    assert (folder / "table.csv").read_bytes() == (whole / "table.csv").read_bytes()
    assert not list(folder.rglob("*.tmp"))
