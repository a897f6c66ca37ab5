"""Several processes share a sweep without knowing of each other: every point is computed once."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.cli.program import ROOT, finish, start
from tests.cli.sweeps import (
    GRID,
    POINTS,
    assert_done,
    assert_same_sweep,
    begin,
    finished,
    indices,
    states,
    status,
    undisturbed,
    wait_for,
)

ARGUMENTS = (*GRID, *POINTS, "engine.threads=1", "engine.batch=2")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of the undisturbed sweep."""
    return undisturbed(tmp_path_factory.mktemp("whole") / "sweep", *ARGUMENTS)


def sweep(folder, *arguments):
    return start("sweep", *arguments, "--out", str(folder), "--quiet", cwd=folder.parent)


def ends(folder):
    """Return how many times each point was done, by its log."""
    logs = sorted(folder.glob("points/*/run.log"))
    return [sum("done: " in line for line in log.read_text().splitlines()) for log in logs]


@pytest.mark.slow
def test_four_processes_of_which_one_is_killed(tmp_path, whole):
    folder = tmp_path / "sweep"
    processes = [sweep(folder, *ARGUMENTS)]
    wait_for((folder / "plan.json").exists, processes[0])
    processes += [begin(folder, first="") for _ in range(3)]
    pid = processes[2].pid
    running = {"state": "running", "pid": pid}
    wait_for(lambda: any(running.items() <= status(folder, i).items() for i in states(folder)))
    processes[2].kill()
    before = {i for i in indices(folder, "running") if status(folder, i)["pid"] == pid}
    assert before
    outcomes = [finish(process) for process in processes]
    assert outcomes[2].code == -signal.SIGKILL
    for i in (0, 1, 3):
        assert_done(outcomes[i], folder, whole)
    assert ends(folder) == [1] * 12
    assert {status(folder, i)["pid"] for i in before} <= {p.pid for p in processes} - {pid}


class TestShards:
    def test_begin_at_once(self, tmp_path, whole):
        folder = tmp_path / "sweep"
        both = [sweep(folder, *ARGUMENTS, "--shard", f"{i}/2") for i in range(2)]
        pids = [process.pid for process in both]
        for process in both:
            outcome = finish(process)
            assert outcome.code == 0, outcome.err
        assert_same_sweep(folder, whole)
        assert ends(folder) == [1] * 12
        assert {status(folder, i)["pid"] for i in range(0, 12, 2)} == {pids[0]}
        before = finished(folder)
        other = ("seed=1,2", *ARGUMENTS[1:])
        outcome = finish(sweep(folder, *other, "--shard", "0/2"))
        assert (outcome.code, finished(folder)) == (2, before)
        assert "its sweep has other overrides" in outcome.err
        assert "- seed=1,2,3" in outcome.err
        assert "+ seed=1,2;" in outcome.err.replace("  ", ";")


@pytest.fixture
def no_locks(tmp_path, monkeypatch):
    """Have started programs find a file system without locks."""
    source, made = tmp_path / "shim.c", tmp_path / "shim.so"
    source.write_text(
        "#include <errno.h>\nint flock(int fd, int how) { errno = ENOLCK; return -1; }\n"
    )
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(made), str(source)], check=True)
    except FileNotFoundError:
        pytest.skip("NO C COMPILER: not tried without locks")
    monkeypatch.setenv("LD_PRELOAD", str(made))


@pytest.mark.slow
def test_without_locks(tmp_path, whole, no_locks):
    folder = tmp_path / "sweep"
    processes = [sweep(folder, *ARGUMENTS)]
    wait_for((folder / "plan.json").exists, processes[0])
    processes += [begin(folder, first="") for _ in range(2)]
    wait_for(lambda: indices(folder, "running"), processes[0])
    processes[0].kill()
    outcomes = [finish(process) for process in processes]
    for outcome in outcomes[1:]:
        assert_done(outcome, folder, whole)
    assert ends(folder) == [1] * 12
    before = finished(folder)
    assert_done(finish(begin(folder, first="")), folder, whole)
    assert finished(folder) == before


def deadly(folder: Path) -> str:
    """Return a PYTHONPATH on which a process dies when it makes the point with seed=2 ready."""
    (folder / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "class Deadly:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'snnrun.sweep.work':\n"
        "            import snnrun.course as course\n"
        "            before = course.Course.__init__\n"
        "            def init(self, e, *more):\n"
        "                if e.seed == 2:\n"
        "                    os.kill(os.getpid(), signal.SIGSEGV)\n"
        "                before(self, e, *more)\n"
        "            course.Course.__init__ = init\n"
        "sys.meta_path.insert(0, Deadly())\n"
    )
    return f"{folder}{os.pathsep}{ROOT}"


def test_a_point_that_kills_its_process(tmp_path, monkeypatch):
    """It takes no other with it; the process that begins alone may die of it once."""
    import tests.cli.program as program

    monkeypatch.setattr(program, "ROOT", deadly(tmp_path))
    folder = tmp_path / "sweep"
    small = ("network.scale=0.2", "duration=smoke", "seed=1,2,3,4")
    outcome = finish(sweep(folder, *small))
    assert outcome.code == -signal.SIGSEGV
    outcome = finish(begin(folder, first=""))
    assert outcome.code == 4, outcome.err
    assert states(folder) == {0: "done", 1: "failed", 2: "done", 3: "done"}
    assert status(folder, 1)["reason"] == "its process died (SIGSEGV)"
    assert ",failed,its process died (SIGSEGV),2," in (folder / "table.csv").read_text()
    monkeypatch.setattr(program, "ROOT", ROOT)
    assert finish(begin(folder, first="")).code == 0
    assert states(folder) == dict.fromkeys(range(4), "done")
