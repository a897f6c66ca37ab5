"""One process at a time works in a run folder, whatever clocks and file systems do."""

import datetime
import json
import os
import shutil
import threading

import pytest

from snnrun.errors import ConfigError, FileError
from snnrun.store import lock
from snnrun.store.folder import RunFolder, alive

DAY = 86400.0


def left(folder, seconds=100.0, **changes):
    """Leave a status as a run that was updated some seconds ago does."""
    then = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds)
    status = {"state": "running", "host": "elsewhere", "pid": 1, "updated": then.isoformat()}
    (folder / "status.json").write_text(json.dumps(status | changes))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return the folder of a run; nobody waits long to see whether its status changes."""
    monkeypatch.setattr(lock, "WATCHED_S", 0.0)
    (tmp_path / "config.yaml").write_text("")
    return tmp_path


@pytest.fixture
def no_locks(monkeypatch):
    """Let the file system have no locks."""

    def none(*_):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", none)


@pytest.mark.parametrize(("age", "state"), [(10, "running"), (100, "interrupted")])
def test_how_a_run_elsewhere_stands(folder, age, state):
    left(folder, age)
    assert lock.standing(folder)["state"] == state


class TestElsewhere:
    def test_updated_10_s_ago_is_alive(self, folder):
        left(folder, 10)
        with pytest.raises(ConfigError, match=r"runs on elsewhere \(process 1\); wait until it"):
            RunFolder.reopen(folder)
        assert [p.name for p in folder.glob("*.json")] == ["status.json"]

    def test_not_updated_for_100_s_is_dead(self, folder):
        left(folder, 100)
        RunFolder.reopen(folder)

    @pytest.mark.parametrize("jump", [-DAY, DAY])
    def test_who_writes_is_alive_whatever_the_clocks_say(self, folder, monkeypatch, jump):
        left(folder, jump)
        monkeypatch.setattr(lock.time, "sleep", lambda _: left(folder, jump + 5))
        with pytest.raises(ConfigError, match="runs on elsewhere"):
            RunFolder.reopen(folder)

    @pytest.mark.parametrize("jump", [-DAY, DAY])
    def test_who_does_not_is_dead(self, folder, jump):
        left(folder, jump)
        RunFolder.reopen(folder)

    def test_the_same_process_number_means_nothing(self, folder):
        left(folder, 10, pid=os.getpid())
        with pytest.raises(ConfigError, match="runs on elsewhere"):
            RunFolder.reopen(folder)

    @pytest.mark.parametrize("updated", [None, 3, "", "yesterday", "2026-01-01T00:00:00"])
    def test_no_time_at_all(self, folder, updated):
        left(folder, updated=updated)
        RunFolder.reopen(folder)


class TestHere:
    @pytest.fixture(autouse=True)
    def status(self, folder):
        left(folder, 10, host=os.uname().nodename, pid=2**22 + 1)

    def test_a_dead_process_does_not_block(self, folder):
        RunFolder.reopen(folder)

    def test_without_locks_a_dead_process_does_not_block(self, folder, no_locks):
        RunFolder.reopen(folder)

    def test_with_a_lock_the_process_number_is_somebody_elses(self, folder):
        left(folder, 10, host=os.uname().nodename, pid=os.getppid())
        RunFolder.reopen(folder)

    def test_without_locks_a_process_that_lives_blocks(self, folder, no_locks):
        left(folder, DAY, host=os.uname().nodename, pid=os.getppid())
        with pytest.raises(ConfigError, match="runs on"):
            RunFolder.reopen(folder)

    def test_without_locks_somebody_elses_process_blocks(self, folder, no_locks, monkeypatch):
        def not_yours(*_):
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "kill", not_yours)
        with pytest.raises(ConfigError, match="runs on"):
            RunFolder.reopen(folder)


class TestHeld:
    """A folder that is taken away from the process that works in it."""

    @pytest.mark.parametrize("how", ["log", "renamed", "deleted", "replaced"])
    def test_is_said_to_be_gone(self, tmp_path, how):
        path = tmp_path / "run"
        folder = RunFolder.create(path, "x")
        folder.status("running")
        if how == "log":
            (path / "run.log").unlink()
        elif how == "deleted":
            shutil.rmtree(path)
        else:
            path.rename(tmp_path / "other")
        other = RunFolder.create(path, "x") if how == "replaced" else None
        for act in (lambda: folder.log("x"), lambda: folder.status("done")):
            with pytest.raises(FileError, match=r"run\.log: is gone, or another file \(was the"):
                act()
        assert other is None or not (path / "status.json").exists()

    def test_a_refused_process_holds_nothing(self, folder):
        left(folder, 10)
        for _ in range(2):
            with pytest.raises(ConfigError, match="runs on elsewhere"):
                RunFolder.reopen(folder)

    def test_the_heart_goes_on_beating_when_the_clock_jumps(self, folder, monkeypatch):
        monkeypatch.setattr("snnrun.store.folder.BEAT_S", 0.001)
        beats, enough = [], threading.Event()
        times = iter([0.0, DAY, -DAY])

        def now():
            beats.append(next(times, 0.0))
            if len(beats) > 6:
                enough.set()
            return str(beats[-1])

        monkeypatch.setattr("snnrun.store.folder.now", now)
        with alive([RunFolder.reopen(folder)]):
            assert enough.wait(10)

    def test_what_a_killed_process_left_half_written_goes(self, folder):
        (folder / "checkpoints").mkdir()
        for name in (".status.json.tmp", ".results.h5.tmp", "checkpoints/.step_3.h5.tmp"):
            (folder / name).write_text("half")
        RunFolder.reopen(folder)
        assert not list(folder.rglob("*.tmp"))
