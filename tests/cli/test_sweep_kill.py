"""Sweeps lose nothing: killed or interrupted at any moment they go on to the same table."""

import os
import random
import signal
import time

import pytest

from tests.cli.program import finish
from tests.cli.sweeps import (
    GRID,
    POINTS,
    TWO,
    assert_done,
    begin,
    checkpoints,
    finished,
    indices,
    states,
    status,
    undisturbed,
    wait_for,
)

LONGER = (*GRID, *POINTS, "duration.ms=30000,30500", "checkpoint.every_ms=300", "engine.batch=1")
EVERYTHING, PARENT = "all processes", "the parent"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of the undisturbed sweep."""
    return undisturbed(tmp_path_factory.mktemp("whole") / "sweep", *GRID, *POINTS)


def come(folder, kind):
    """Return a condition: whether something new of a kind is seen in a sweep."""
    look = {
        "start": lambda: {True},
        "claimed": lambda: {*folder.glob("points/*")},
        "running": lambda: indices(folder, "running"),
        "saved": lambda: checkpoints(folder),
        "finishing": lambda: {*folder.glob("points/*/.*.tmp")},
        "done": lambda: indices(folder, "done"),
    }[kind]
    before = set() if kind == "start" else look()
    return lambda: look() - before


def processes_of(process):
    """Return the processes of a group, by what Linux says of each."""
    found = []
    for path in os.listdir("/proc"):
        try:
            if path.isdigit() and os.getpgid(int(path)) == process.pid:
                found.append(int(path))
        except ProcessLookupError:
            continue
    return found


def live(folder, arguments, kind, delay, victim, first):
    """Begin or continue a sweep until a moment, then kill it; returns whether it was."""
    before = finished(folder) if folder.exists() else {}
    condition = come(folder, kind)
    process = begin(folder, *arguments, first=first)
    try:
        wait_for(condition, process)
        time.sleep(delay)
    finally:
        if victim == EVERYTHING and process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        outcome = finish(process)
    wait_for(lambda: not processes_of(process))  # they end by themselves
    assert outcome.code in (-signal.SIGKILL, 0), outcome.err
    if folder.exists():
        now = finished(folder)
        assert before == {i: now[i] for i in before}  # nothing is computed again
    return outcome.code != 0


def kill_and_resume(folder, whole, arguments, lives):
    """Kill a sweep again and again; returns how many times it was."""
    kills = sum(live(folder, arguments, *each) for each in lives)
    before = finished(folder)
    assert_done(finish(begin(folder, *arguments, first="")), folder, whole)
    now = finished(folder)
    assert before == {i: now[i] for i in before}
    return kills


def test_killed_a_few_times(tmp_path, whole):
    lives = [
        ("running", 0.2, EVERYTHING, ""),
        ("saved", 0.02, PARENT, TWO),
        ("done", 0.01, EVERYTHING, ""),
    ]
    assert kill_and_resume(tmp_path / "sweep", whole, (*GRID, *POINTS), lives) == 3


@pytest.mark.slow
def test_killed_twenty_times(tmp_path):
    rng = random.Random(7)
    longest = {"start": 2, "claimed": 0.3, "running": 0.5, "saved": 0.3, "finishing": 0, "done": 0}
    kinds = [*longest] * 3 + ["claimed", "saved"]
    rng.shuffle(kinds)
    lives = [
        (k, rng.uniform(0, longest[k]), rng.choice([EVERYTHING, PARENT]), rng.choice([TWO, ""]))
        for k in kinds
    ]
    whole = undisturbed(tmp_path / "whole", *LONGER)
    assert kill_and_resume(tmp_path / "sweep", whole, LONGER, lives) == 20


@pytest.mark.parametrize(
    ("name", "first"),
    [
        *(
            pytest.param(n, f, marks=pytest.mark.slow)
            for n in ("SIGTERM", "SIGINT", "SIGUSR1")
            for f in ("", TWO)
        ),
    ],
    ids=lambda value: "two" if value == TWO else value or "one",
)
def test_asked_to_end(name, first, tmp_path, whole):
    folder = tmp_path / "sweep"
    process = begin(folder, *GRID, *POINTS, first=first)
    wait_for(lambda: checkpoints(folder), process)
    process.send_signal(signal.Signals[name])
    outcome = finish(process)
    assert outcome.code == 75, outcome.err
    assert f"interrupted by {name}" in outcome.err.replace("Ctrl-C", "SIGINT")
    assert f"snnrun sweep --resume {folder}" in outcome.err
    assert set(states(folder).values()) <= {"interrupted", "done"}
    saved = {i for i in indices(folder, "interrupted") if saved_steps(folder, i)}
    assert saved
    assert all(status(folder, i)["exit_code"] == 75 for i in indices(folder, "interrupted"))
    before, steps = finished(folder), {i: saved_steps(folder, i) for i in saved}
    assert_done(finish(begin(folder, first=first)), folder, whole)
    now = finished(folder)
    assert before == {i: now[i] for i in before}
    for i in saved:
        written = [line.split("step_")[1] for line in log(folder, i) if "checkpoint: " in line]
        after = [int(name.removesuffix(".h5")) for name in written]
        simulated = [step for step in after if step < max(after)]  # what is over is saved as it is
        assert simulated == sorted(set(simulated)), i  # no step is simulated twice
        assert steps[i] in after


def saved_steps(folder, index):
    """Return how many steps the last checkpoint of a point is after the beginning; 0: none."""
    paths = folder.glob(f"points/{index}/checkpoints/step_*.h5")
    return max((int(p.stem.removeprefix("step_")) for p in paths), default=0)


def log(folder, index):
    return (folder / f"points/{index}/run.log").read_text().splitlines()
