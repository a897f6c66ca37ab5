"""Claims: one process has a point, and another takes it over only from one that is dead."""

import errno
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from snnrun.store import lock
from snnrun.sweep import claim
from snnrun.sweep.claim import Claims


@pytest.fixture(params=[True, False], ids=["locks", "no locks"])
def locks(request, monkeypatch):
    """Whether the file system has locks."""

    def refuse(file, how):
        raise OSError(errno.ENOLCK, "No locks available")

    if not request.param:
        monkeypatch.setattr(lock.fcntl, "flock", refuse)
    return request.param


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand, in seconds."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(claim, "time", SimpleNamespace(monotonic=lambda: clock.now))
    return clock


def left(sweep: Path, state: str | None, host: str = "", pid: int = 0) -> Path:
    """Leave a point as a process does that is no more."""
    folder = sweep / "points" / "0"
    folder.mkdir(parents=True)
    if state:
        about = {"state": state, "host": host or socket.gethostname(), "pid": pid, "updated": "t"}
        (folder / "status.json").write_text(json.dumps(about))
    return folder


def dead() -> int:
    """Return the number of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_point_is_claimed_once(tmp_path, locks):
    first, second = Claims(tmp_path), Claims(tmp_path)
    folder = first.claim(3)
    assert folder.locks == locks
    assert (second.claim(3), first.claim(3)) == (None, None)
    assert json.loads((folder.path / "status.json").read_text())["state"] == "running"
    folder.status("done")
    folder.release()
    assert (second.claim(3), first.claim(3)) == (None, None)


def test_a_point_finished_between_making_its_folder_and_locking_it_stays(tmp_path, monkeypatch):
    other, made = Claims(tmp_path), claim._made

    def late(path):
        found = made(path)
        monkeypatch.setattr(claim, "_made", made)
        folder = other.claim(3)
        folder.status("done")
        folder.release()
        return found

    monkeypatch.setattr(claim, "_made", late)
    assert Claims(tmp_path).claim(3) is None


@pytest.mark.parametrize("state", ["interrupted", "running"])
def test_what_a_dead_process_left_here_is_taken_clock_and_once(tmp_path, locks, state):
    left(tmp_path, state, pid=dead())
    claims = [Claims(tmp_path) for _ in range(3)]
    assert sum(each.claim(0) is not None for each in claims) == 1


@pytest.mark.parametrize("state", ["running", None])
def test_elsewhere_it_is_dead_when_its_status_does_not_change(tmp_path, locks, clock, state):
    if locks and state is None:
        pytest.skip("who holds the lock knows")
    path = left(tmp_path, state, host="elsewhere")
    claims = [Claims(tmp_path) for _ in range(3)]
    assert [each.claim(0) for each in claims] == [None] * 3
    if state:
        about = json.loads((path / "status.json").read_text())
        (path / "status.json").write_text(json.dumps(about | {"updated": "later"}))
        assert [each.claim(0) for each in claims] == [None] * 3
    clock.now += 61
    assert sum(each.claim(0) is not None for each in claims) == 1


def test_one_that_died_as_it_took_a_point_over_is_followed(tmp_path, locks, clock):
    path = left(tmp_path, "interrupted", host="elsewhere")
    (path / ".taken-t").touch()
    claims = [Claims(tmp_path) for _ in range(3)]
    assert [each.claim(0) for each in claims] == [None] * 3
    clock.now += 61
    assert sum(each.claim(0) is not None for each in claims) == 1


def test_a_minute_passes_before(tmp_path, locks, clock):
    left(tmp_path, "running", host="elsewhere")
    claims = Claims(tmp_path)
    for clock.now in (0, 30, 59):
        assert claims.claim(0) is None


def test_failed_points_are_computed_anew_where_that_is_wanted(tmp_path, locks):
    left(tmp_path, "failed", pid=os.getpid())
    assert Claims(tmp_path).claim(0) is None
    claims = [Claims(tmp_path, {0: "t"}) for _ in range(3)]
    assert sum(each.claim(0) is not None for each in claims) == 1
