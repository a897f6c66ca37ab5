"""One process at a time works in a run folder.

The lock is the system's, on run.log: it goes with its process, however that ends. Where a file
system has no locks, and between hosts, status.json tells: who runs says so every few seconds.
"""

import contextlib
import datetime
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from snnrun.errors import ConfigError, FileError
from snnrun.store.disk import cause

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

BEAT_S = 5.0  # a process says that it is alive
DEAD_AFTER_S = 60.0
WATCHED_S = 2.4 * BEAT_S
GONE = "its process is gone"
_MOST_BYTES = 2**24  # of a status.json; a longer one is not ours


class Lock:
    """Holds a folder until its process ends; ConfigError where another one does.

    `sure`: whether the file system has locks.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "run.log"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        self.sure = False
        try:
            if fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.sure = True
        except BlockingIOError:
            self.release()
            raise ConfigError(
                f"{folder}: another process works in it; wait until it ends"
            ) from None
        except OSError:  # no locks on this file system
            pass

    def append(self, text: str) -> None:
        """Append to run.log."""
        try:
            self.check()
            os.write(self._file, text.encode())
        except OSError as error:
            raise FileError(f"{self._path}: can't be written: {cause(error)}") from error

    def check(self) -> None:
        """Complain if run.log is another file by now: then others may have the folder."""
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(self._file), self._path.stat()):
                return
        raise FileError(
            f"{self._path}: is gone, or another file (was the folder deleted, renamed or given to"
            " another run?); this run stops"
        )

    def release(self) -> None:
        """Let others have the folder."""
        os.close(self._file)


@contextlib.contextmanager
def turn(path: Path) -> Iterator[None]:
    """Wait until no other process is in here with this file, where the file system has locks.

    It may be a folder.
    """
    number = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        with contextlib.suppress(OSError):
            if fcntl is not None:
                fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def refuse_if_alive(folder: Path, locked: bool) -> None:
    """Complain if, by its status, a process still works in a folder.

    `locked`: this process holds the folder's lock, so no other one on this host does.
    """
    status = read_status(folder)
    if status.get("state") not in ("queued", "running"):
        return
    here = status.get("host") == socket.gethostname()
    if here and (locked or status.get("pid") == os.getpid() or not exists(status.get("pid"))):
        return
    if here or _recent(status.get("updated")) or _changes(folder):
        raise ConfigError(
            f"{folder}: runs on {status.get('host')} (process {status.get('pid')}); wait until it"
            f" ends, or for {DEAD_AFTER_S:.0f} s after it died"
        )


def is_dead(status: dict[str, Any]) -> bool:
    """Return whether a process that says it is running is gone, as far as can be seen from here."""
    if status.get("state") not in ("queued", "running"):
        return False
    if status.get("host") == socket.gethostname():
        return not exists(status.get("pid"))
    return not _recent(status.get("updated"))


def standing(folder: Path) -> dict[str, Any]:
    """Return what status.json says, but `interrupted` where its process is gone."""
    status = read_status(folder)
    if is_dead(status):
        return {**status, "state": "interrupted", "reason": GONE}
    return status


def read_status(folder: Path) -> dict[str, Any]:
    """Return what status.json says, empty where there is none that can be read."""
    try:
        path = folder / "status.json"
        size = path.stat().st_size if path.is_file() else _MOST_BYTES + 1
        found = json.loads(path.read_text(encoding="utf-8")) if size <= _MOST_BYTES else {}
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def exists(pid: Any) -> bool:
    """Return whether there is such a process on this host."""
    try:
        os.kill(pid, 0)
    except PermissionError:  # somebody else's
        return True
    except (OSError, TypeError, OverflowError):
        return False
    return True


def _recent(updated: Any) -> bool:
    """Return whether a time in ISO 8601 is about now."""
    try:
        then = datetime.datetime.fromisoformat(updated)
        age = (datetime.datetime.now(datetime.UTC) - then).total_seconds()
    except (TypeError, ValueError):
        return False
    return abs(age) < DEAD_AFTER_S


def _changes(folder: Path) -> bool:
    """Return whether somebody writes the status: clocks of two hosts may differ, or jump."""
    before = read_status(folder)
    time.sleep(WATCHED_S)
    return read_status(folder) != before
