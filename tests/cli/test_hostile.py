"""What may happen to a run from outside: full and read-only disks, files that go, other processes.

In processes of their own. Whatever it was: one short message, the exit code of the contract, what
was written stays readable, and `--resume` gives in the end what an undisturbed run gives.
"""

import contextlib
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.cli.files import assert_same_results
from tests.cli.program import call, finish, start

RUN = (
    *("network.scale=0.2", "duration=2s", "trials=2", "engine.batch=1", "engine.threads=1"),
    *("record.state.E.variables=[v]", "record.state.E.every_ms=1", "checkpoint.every_ms=300"),
    "record.compression=none",
)
DEADLINE_S = 60


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the results of an undisturbed run."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert call("simulate", *RUN, "--out", str(folder), "--quiet").code == 0
    return folder / "results.h5"


@contextlib.contextmanager
def mounted(folder, options):
    """Mount a file system in memory, or skip the test."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"NO FILE SYSTEM COULD BE MOUNTED: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def remount(folder, options):
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def wait_for(condition, process):
    """Wait until a condition holds; the process must be alive."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.002)


def saved(folder):
    return any(folder.glob("checkpoints/step_*.h5"))


def simulate(*arguments, cwd, **more):
    return finish(start("simulate", *arguments, "--quiet", cwd=cwd, **more))


def assert_said(outcome, code, *words):
    """Assert the exit code and that the error is one short line with these words."""
    assert outcome.code == code, outcome.err
    assert "Traceback" not in outcome.err
    (line,) = (x for x in outcome.err.splitlines() if not x.startswith("warning:"))
    assert line.startswith("error: ")
    assert len(line) < 400
    for word in words:
        assert word in line


def assert_readable(folder, whole):
    """Assert that a reader finds the beginning of what an undisturbed run writes."""
    with h5py.File(folder / "results.h5", "r", swmr=True) as file, h5py.File(whole) as expected:
        for trial in ("0", "1"):
            for path in ("spikes/E/timestamps", "spikes/I/node_ids", "report/E/v/data"):
                found, all_ = (f[f"trials/{trial}/{path}"][:] for f in (file, expected))
                assert np.array_equal(found, all_[: len(found)])


def resumes(folder, whole):
    """Assert that the run goes on to the undisturbed results."""
    outcome = call("simulate", "--resume", str(folder), "--quiet")
    assert outcome.code == 0, outcome.err
    assert_same_results(whole, folder / "results.h5")
    assert not list(folder.rglob("*.tmp"))


def status(folder):
    return json.loads((folder / "status.json").read_text())


@pytest.fixture
def stopped(tmp_path):
    """Return the folder of a run that was killed after its first checkpoint."""
    process = start("simulate", *RUN, "--out", "run", cwd=tmp_path)
    try:
        wait_for(lambda: saved(tmp_path / "run"), process)
    finally:
        process.kill()
        process.communicate()
    return tmp_path / "run"


class TestFullDisk:
    @pytest.mark.parametrize("size", ["80k", "400k", "900k", "2500k"])
    def test_of_any_size(self, tmp_path, whole, size):
        disk = tmp_path / "disk"
        with mounted(disk, f"size={size}"):
            outcome = simulate(*RUN, "--out", "run", cwd=disk)
            assert_said(outcome, 5, "run/", "can't be written: the disk is full")
            if (disk / "run" / "results.h5").exists():
                assert_readable(disk / "run", whole)
            remount(disk, "size=100m")
            resumes(disk / "run", whole)

    def test_while_results_are_carried_over(self, stopped, whole):
        disk = stopped.parent / "disk"
        with mounted(disk, "size=100m"):
            shutil.copytree(stopped, disk / "run")
            used = sum(p.stat().st_blocks for p in disk.rglob("*")) // 2
            remount(disk, f"size={used + 60}k")
            outcome = simulate("--resume", "run", cwd=disk)
            assert_said(outcome, 5, "run/results.h5: can't be written: the disk is full")
            assert_readable(disk / "run", whole)
            remount(disk, "size=100m")
            resumes(disk / "run", whole)

    def test_while_a_checkpoint_is_written(self, tmp_path, whole):
        disk = tmp_path / "disk"
        (tmp_path / "run").mkdir()
        with mounted(disk, "size=100k"):
            (tmp_path / "run" / "checkpoints").symlink_to(disk)
            outcome = simulate(*RUN, "--out", "run", cwd=tmp_path)
            assert_said(outcome, 5, "run/checkpoints/step_", "the disk is full")
            assert status(tmp_path / "run")["state"] == "failed"
            assert not list(disk.glob(".*"))
            assert_readable(tmp_path / "run", whole)
            remount(disk, "size=100m")
            resumes(tmp_path / "run", whole)

    def test_a_file_larger_than_is_allowed(self, tmp_path, whole):
        if not hasattr(resource, "prlimit"):
            pytest.skip("NO PRLIMIT: not tried with limited files")
        process = start("simulate", *RUN, "--out", "run", "--quiet", cwd=tmp_path)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (2_500_000, 2_500_000))
        assert_said(finish(process), 5, "results.h5: can't be written: the file is larger than")
        assert_readable(tmp_path / "run", whole)
        resumes(tmp_path / "run", whole)


class TestReadOnlyDisk:
    def test(self, stopped):
        disk = stopped.parent / "disk"
        with mounted(disk, "size=100m"):
            shutil.copytree(stopped, disk / "run")
            before = {p: p.read_bytes() for p in disk.rglob("*") if p.is_file()}
            remount(disk, "ro")
            for arguments in (("--resume", "run"), (*RUN, "--out", "other"), RUN):
                outcome = simulate(*arguments, cwd=disk)
                assert_said(outcome, 2, "can't be written: the file system is read-only")
            assert before == {p: p.read_bytes() for p in disk.rglob("*") if p.is_file()}


class TestTakenAway:
    """Files of a run that is going on are deleted or renamed."""

    @pytest.fixture
    def running(self, tmp_path):
        """Return a run with a checkpoint, and its folder."""
        longer = ("--out", "run", "--quiet", "trials=1", "duration.ms=30000")
        process = start("simulate", *RUN, *longer, cwd=tmp_path)
        try:
            wait_for(lambda: saved(tmp_path / "run"), process)
            yield process, tmp_path / "run"
        finally:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def test_results(self, running):
        process, folder = running
        (folder / "results.h5").unlink()
        assert_said(finish(process), 5, "results.h5: can't be written: No such file or directory")
        assert status(folder)["state"] == "failed"
        outcome = call("simulate", "--resume", str(folder), "--quiet")
        assert_said(outcome, 5, "results.h5: can't be read", "run/checkpoints to start again")

    @pytest.mark.parametrize("how", ["deleted", "renamed"])
    def test_the_whole_folder(self, running, how):
        process, folder = running
        while folder.exists():
            with contextlib.suppress(OSError):
                folder.rename(folder.with_name("other"))
        if how == "deleted":
            shutil.rmtree(folder.with_name("other"))
        outcome = finish(process)
        assert_said(outcome, 5, "run/")
        assert "No such file" in outcome.err or "is gone" in outcome.err
        assert not folder.exists()

    def test_what_can_be_written_again(self, running):
        process, folder = running
        (folder / "status.json").unlink()
        (folder / "config.yaml").unlink()
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)
        outcome = finish(process)
        assert (outcome.code, outcome.err) == (0, "")
        assert status(folder)["state"] == "done"
        assert saved(folder)

    def test_config_before_resuming(self, stopped, whole):
        text = (stopped / "config.yaml").read_text()
        (stopped / "config.yaml").unlink()
        resumes(stopped, whole)
        assert (stopped / "config.yaml").read_text() == text


class TestOthers:
    def test_two_processes_resume_at_once(self, stopped, whole):
        both = [start("simulate", "--resume", "run", cwd=stopped.parent) for _ in range(2)]
        outcomes = sorted((finish(process) for process in both), key=lambda o: o.code)
        assert outcomes[0].code == 0, outcomes
        assert_said(outcomes[1], 2, "run: another process")
        assert_same_results(whole, stopped / "results.h5")

    def test_a_host_elsewhere(self, stopped):
        from snnrun.store.folder import now

        left = status(stopped) | {"host": "elsewhere", "updated": now()}
        (stopped / "status.json").write_text(json.dumps(left))
        before = {p: p.read_bytes() for p in stopped.rglob("*") if p.is_file()}
        assert_said(
            call("simulate", "--resume", str(stopped), "--quiet"), 2, "run: runs on elsewhere"
        )
        assert before == {p: p.read_bytes() for p in stopped.rglob("*") if p.is_file()}

    def test_a_reader_holds_the_results_at_the_end(self, stopped, whole):
        hold = (
            "import sys, h5py; f = h5py.File(sys.argv[1], swmr=True);"
            " print(1, flush=True); sys.stdin.read()"
        )
        process = start("simulate", "--resume", "run", cwd=stopped.parent)
        before = (stopped / "results.h5").stat().st_ino
        wait_for(lambda: (stopped / "results.h5").stat().st_ino != before, process)
        reader = subprocess.Popen(
            [sys.executable, "-c", hold, str(stopped / "results.h5")],
            env={**os.environ, "HDF5_USE_FILE_LOCKING": "TRUE"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        try:
            assert reader.stdout.readline()
            assert finish(process).code == 0
        finally:
            reader.communicate()
        assert_same_results(whole, stopped / "results.h5")


SHIMS = {
    "no_locks": """
        #include <errno.h>
        int flock(int fd, int how) { errno = NUMBER; return -1; }
    """,
    "clock": """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <time.h>
        int clock_gettime(clockid_t id, struct timespec *t) {
            static int (*real)(clockid_t, struct timespec *);
            static int calls;
            if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
            int done = real(id, t);
            if (id == CLOCK_REALTIME) t->tv_sec += (calls++ / 3 % 3 - 1) * 86400L;
            return done;
        }
    """,
}


@pytest.fixture
def shim(tmp_path_factory, monkeypatch):
    """Return a function that puts something between started programs and the system."""
    if shutil.which("cc") is None or not sys.platform.startswith("linux"):
        pytest.skip("NO C COMPILER: not tried with a system that behaves differently")

    def preload(name, number=0):
        folder = tmp_path_factory.mktemp("shim")
        (folder / "shim.c").write_text(SHIMS[name])
        made = str(folder / "shim.so")
        source = [str(folder / "shim.c"), f"-DNUMBER={number}", "-ldl"]
        subprocess.run(["cc", "-shared", "-fPIC", "-o", made, *source], check=True)
        monkeypatch.setenv("LD_PRELOAD", made)

    return preload


class TestSystem:
    @pytest.mark.parametrize("number", [37, 38], ids=["ENOLCK", "ENOSYS"])
    def test_without_locks(self, stopped, whole, shim, number):
        shim("no_locks", number)
        outcome = simulate("--resume", "run", cwd=stopped.parent)
        assert outcome.code == 0, outcome.err
        assert_same_results(whole, stopped / "results.h5")

    def test_without_locks_that_hdf5_is_told_to_use(self, tmp_path, shim, monkeypatch):
        shim("no_locks", 37)
        monkeypatch.setenv("HDF5_USE_FILE_LOCKING", "TRUE")
        outcome = simulate(*RUN, "--out", "run", cwd=tmp_path)
        assert_said(outcome, 5, "has no locks; set HDF5_USE_FILE_LOCKING=FALSE")

    def test_with_a_clock_that_jumps(self, stopped, whole, shim):
        shim("clock")
        outcome = simulate("--resume", "run", "checkpoint.every_wall_s=3600", cwd=stopped.parent)
        assert (outcome.code, outcome.err) == (0, "")
        assert_same_results(whole, stopped / "results.h5")
        days = {line[:10] for line in Path(stopped / "run.log").read_text().splitlines()}
        assert len(days) > 1
