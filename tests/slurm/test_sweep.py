"""Sweeps on a real Slurm: submitted, cut by time limits, by a script, through Hydra's launcher."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tests.slurm.cluster import ENDED, ROOT, Cluster, until
from tests.slurm.runs import assert_same_results, status

ARRAY = ROOT / "experiments" / "cluster" / "sweep_array.sbatch"
SMALL = ("seed=1,2", "drive.X.rate=5,8", "network.scale=0.2", "duration=smoke")
LONG = ("seed=1,2", "network.scale=0.2", "dt=0.02", "duration.ms=50000", "record.spikes=[E]")
BEYOND = (*LONG, "dt=0.01", "duration.ms=600000")  # each point longer than a job of one minute
MINUTES_S = 900


def local(cluster: Cluster, folder: Path, *arguments: str) -> Path:
    """Compute a sweep here."""
    cluster.run("snnrun", "sweep", *arguments, "--out", folder, "--quiet")
    return folder


def submit(cluster: Cluster, folder: Path, *arguments: str) -> tuple[str, list[str]]:
    """Submit a sweep; return the number of the array and those of its tasks."""
    words = ("snnrun", "sweep", *arguments, "--out", folder, "--submit", "--json")
    said: dict[str, Any] = json.loads(cluster.run(*words, cwd=folder.parent))
    assert (said["state"], said["exit_code"], said["out"]) == ("queued", 0, str(folder))
    return said["job"], [f"{said['job']}_{i}" for i in range(said["tasks"])]


def points(sweep: Path) -> list[Path]:
    return sorted((sweep / "points").glob("*"))


def assert_same_sweep(sweep: Path, other: Path) -> None:
    """Table and results are the same, bit for bit."""
    assert (sweep / "table.csv").read_bytes() == (other / "table.csv").read_bytes()
    for mine, others in zip(points(sweep), points(other), strict=True):
        assert_same_results(mine, others)


def assert_saved(point: Path) -> None:
    """A point was interrupted, and can go on."""
    assert (status(point)["state"], status(point)["exit_code"]) == ("interrupted", 75)
    assert list((point / "checkpoints").glob("step_*.h5"))


def test_submitted(one_node, tmp_path):
    sweep = tmp_path / "a sweep"
    _, tasks = submit(one_node, sweep, *SMALL)
    assert len(tasks) == 4
    for task in tasks:
        one_node.wait(task, "COMPLETED")
    assert_same_sweep(sweep, local(one_node, tmp_path / "local", *SMALL))


@pytest.mark.slow
def test_tasks_that_are_signalled_are_queued_again_and_go_on(one_node, tmp_path):
    sweep = tmp_path / "sweep"
    _, tasks = submit(one_node, sweep, *LONG)
    for i, task in enumerate(tasks):
        point = sweep / "points" / str(i)
        until(lambda p=point: status(p).get("state") == "running", lambda t=task: one_node.story(t))
        time.sleep(1)  # into the computation; it is as well if not
        one_node.run("scancel", "--signal=USR1", task)
        one_node.wait(task, "PENDING")
        assert status(point)["state"] == "interrupted"
        one_node.start_soon(task)
    for task in tasks:
        one_node.wait(task, "COMPLETED")
        assert one_node.job(task)["Restarts"] == "1"
    assert_same_sweep(sweep, local(one_node, tmp_path / "local", *LONG))


@pytest.mark.slow
def test_points_longer_than_the_time_limit(two_nodes, tmp_path, monkeypatch):
    sweep, restarts = tmp_path / "sweep", {}
    monkeypatch.setitem(two_nodes._env, "SBATCH_TIMELIMIT", "1")
    monkeypatch.setitem(two_nodes._env, "SBATCH_SIGNAL", "USR1@10")
    _, tasks = submit(two_nodes, sweep, *BEYOND)

    def ended(i: int, task: str) -> bool:
        state, count = (two_nodes.job(task)[key] for key in ("JobState", "Restarts"))
        if state == "PENDING" and int(count) > restarts.get(task, 0):
            restarts[task] = int(count)
            assert_saved(sweep / "points" / str(i))
            two_nodes.start_soon(task)
        return state in ENDED

    until(
        lambda: [ended(i, task) for i, task in enumerate(tasks)] == [True] * len(tasks),
        lambda: "\n".join(map(two_nodes.story, tasks)),
        MINUTES_S,
    )
    for task in tasks:
        two_nodes.wait(task, "COMPLETED")
    assert len(restarts) == len(tasks) == 2
    assert_same_sweep(sweep, local(two_nodes, tmp_path / "local", *BEYOND))


@pytest.mark.slow
def test_a_plain_array_script(two_nodes, tmp_path):
    sweep = tmp_path / "sweep"
    array = two_nodes.submit(ARRAY, sweep, *SMALL, options=("--array=3-5",), cwd=tmp_path)
    for i in range(3, 6):
        two_nodes.wait(f"{array}_{i}", "COMPLETED")
    assert len({status(point)["pid"] for point in points(sweep)}) == 3
    assert status(points(sweep)[0])["pid"] == status(points(sweep)[3])["pid"]  # of 0, 1, 2, 0
    assert_same_sweep(sweep, local(two_nodes, tmp_path / "local", *SMALL))


@pytest.mark.slow
def test_through_hydra_s_launcher(one_node, tmp_path):
    settings = ("partition=debug", "timeout_min=5")
    launcher = (
        "hydra/launcher=submitit_slurm",
        *(f"hydra.launcher.{setting}" for setting in settings),
    )
    sweep = local(one_node, tmp_path / "sweep", *SMALL, *launcher)
    assert status(points(sweep)[0])["pid"] != os.getpid()
    assert_same_sweep(sweep, local(one_node, tmp_path / "local", *SMALL))
