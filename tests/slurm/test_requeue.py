"""The job scripts of experiments/cluster on a real Slurm: signal, exit 75, requeue, resume."""

from pathlib import Path

import pytest

from tests.slurm.cluster import ENDED, ROOT, Cluster, until
from tests.slurm.runs import assert_same_results, spikes, status

ONE = ROOT / "experiments" / "cluster" / "requeue.sbatch"
MANY = ROOT / "experiments" / "cluster" / "requeue_array.sbatch"
RUN = ("network.scale=0.2", "dt=0.02", "duration.ms=50000")  # seconds
LONG = ("network.scale=0.2", "dt=0.01", "duration.ms=600000")  # longer than a job of one minute
MINUTES_S = 900


def wait_until_under_way(cluster: Cluster, job: str, run: Path, beyond: int = 0) -> int:
    """Wait until a job's run records spikes (more than `beyond`); return how many."""

    def under_way() -> bool:
        state = cluster.state(job)
        assert state in {"PENDING", "CONFIGURING", "RUNNING"}, cluster.story(job)
        return status(run).get("state") == "running" and spikes(run) > beyond

    until(under_way, lambda: cluster.story(job))
    return spikes(run)


def assert_saved(run: Path) -> None:
    """A run was interrupted, and can go on."""
    assert (status(run)["state"], status(run)["exit_code"]) == ("interrupted", 75)
    assert list((run / "checkpoints").glob("step_*.h5"))


def assert_done(cluster: Cluster, job: str, run: Path, restarts: int) -> None:
    """A job ended well, after as many interruptions."""
    record = cluster.job(job)
    assert (record["ExitCode"], record["Restarts"]) == ("0:0", str(restarts)), cluster.story(job)
    assert (status(run)["state"], status(run)["exit_code"]) == ("done", 0)


def test_a_signalled_job_is_requeued_by_its_script_and_goes_on(one_node, tmp_path):
    disturbed, steady = tmp_path / "disturbed", tmp_path / "steady"
    job = one_node.submit(ONE, disturbed, *RUN, cwd=tmp_path)
    other = one_node.submit(ONE, steady, *RUN, cwd=tmp_path)
    seen = 0
    for restarts in (1, 2):
        seen = wait_until_under_way(one_node, job, disturbed, beyond=seen)
        one_node.run("scancel", "--signal=USR1", job)
        one_node.wait(job, "PENDING")
        assert one_node.job(job)["Restarts"] == str(restarts)
        assert_saved(disturbed)
        one_node.start_soon(job)
    for number, run, restarts in ((job, disturbed, 2), (other, steady, 0)):
        one_node.wait(number, "COMPLETED")
        assert_done(one_node, number, run, restarts)
    assert_same_results(disturbed, steady)


@pytest.mark.slow
def test_a_run_longer_than_its_job_s_time_limit_ends_like_any_other(two_nodes, tmp_path):
    limited, steady = tmp_path / "limited", tmp_path / "steady"
    limit = ("--time=1", "--signal=USR1@10")
    job = two_nodes.submit(ONE, limited, *LONG, options=limit, cwd=tmp_path)
    other = two_nodes.submit(ONE, steady, *LONG, cwd=tmp_path)
    restarts = 0

    def ended() -> bool:
        nonlocal restarts
        state, count = (two_nodes.job(job)[key] for key in ("JobState", "Restarts"))
        if state == "PENDING" and int(count) > restarts:
            restarts = int(count)
            assert_saved(limited)
            two_nodes.start_soon(job)
        return state in ENDED

    until(ended, lambda: two_nodes.story(job), MINUTES_S)
    two_nodes.wait(job, "COMPLETED")
    two_nodes.wait(other, "COMPLETED", MINUTES_S)
    assert restarts > 0
    assert_done(two_nodes, job, limited, restarts)
    assert_done(two_nodes, other, steady, restarts=0)
    assert_same_results(limited, steady)


@pytest.mark.slow
def test_each_task_of_an_array_is_requeued_alone(two_nodes, tmp_path):
    runs, steady = tmp_path / "runs", tmp_path / "steady"
    array = two_nodes.submit(MANY, runs, *RUN, options=("--array=0-2",), cwd=tmp_path)
    tasks = {f"{array}_{i}": runs / str(i) for i in range(3)}
    for job, run in list(tasks.items())[1:]:  # task 0 is left alone
        wait_until_under_way(two_nodes, job, run)
        two_nodes.run("scancel", "--signal=USR1", job)
        two_nodes.wait(job, "PENDING")
        assert_saved(run)
        two_nodes.start_soon(job)
    for i, (job, run) in enumerate(tasks.items()):
        two_nodes.wait(job, "COMPLETED")
        assert_done(two_nodes, job, run, restarts=min(i, 1))
    for i, run in enumerate(tasks.values()):
        two_nodes.run("snnrun", "simulate", *RUN, f"seed={i}", "--out", steady / str(i))
        assert_same_results(run, steady / str(i))


@pytest.mark.slow
def test_a_job_moved_to_another_node_goes_on_there(two_nodes, tmp_path):
    moved, steady = tmp_path / "moved", tmp_path / "steady"
    job = two_nodes.submit(ONE, moved, *RUN, options=("--nodelist=n1",), cwd=tmp_path)
    wait_until_under_way(two_nodes, job, moved)
    two_nodes.run("scontrol", "requeue", job)  # as preemption does: SIGTERM, not the script's wish
    two_nodes.wait(job, "PENDING")
    assert_saved(moved)
    two_nodes.run("scontrol", "update", f"jobid={job}", "ReqNodeList=n2")
    two_nodes.start_soon(job)
    two_nodes.wait(job, "COMPLETED")
    assert two_nodes.job(job)["NodeList"] == "n2"
    assert_done(two_nodes, job, moved, restarts=1)
    two_nodes.run("snnrun", "simulate", *RUN, "--out", steady)
    assert_same_results(moved, steady)


@pytest.mark.slow
def test_a_cancelled_job_stays_cancelled_and_can_be_submitted_again(one_node, tmp_path):
    run, steady = tmp_path / "run", tmp_path / "steady"
    job = one_node.submit(ONE, run, *RUN, cwd=tmp_path)
    wait_until_under_way(one_node, job, run)
    one_node.run("scancel", job)
    one_node.wait(job, "CANCELLED")
    until(lambda: status(run)["state"] != "running", lambda: one_node.story(job))
    assert_saved(run)
    assert one_node.job(job)["Restarts"] == "0"
    for _ in ("goes on", "is finished already"):
        again = one_node.submit(ONE, run, cwd=tmp_path)
        one_node.wait(again, "COMPLETED")
        assert_done(one_node, again, run, restarts=0)
    one_node.run("snnrun", "simulate", *RUN, "--out", steady)
    assert_same_results(run, steady)
