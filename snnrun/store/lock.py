"""One process at a time works in a run folder.

The lock is the system's, on run.log: it goes with its process, however that ends. Where a file
system has no locks, and between hosts, status.json tells: who runs says so every few seconds.
"""

import contextlib
import datetime
import os
import socket
from pathlib import Path
from typing import Any

from snnrun.errors import ConfigError

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

DEAD_AFTER_S = 60.0


class Lock:
    """Holds a folder until its process ends; ConfigError where another one does.

    `sure`: whether the file system has locks.
    """

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / "run.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
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

    def release(self) -> None:
        """Let others have the folder."""
        os.close(self._file)


def refuse_if_alive(folder: Path, status: dict[str, Any], locked: bool) -> None:
    """Complain if, by its status, a process still works in a folder.

    `locked`: this process holds the folder's lock, so no other one on this host does.
    """
    if status.get("state") not in ("queued", "running") or status.get("pid") == os.getpid():
        return
    here = status.get("host") == socket.gethostname()
    if here and (locked or not _exists(status.get("pid"))):
        return
    age = _age(status.get("updated"))
    if here or (age is not None and abs(age) < DEAD_AFTER_S):  # beyond that, clocks differ
        raise ConfigError(
            f"{folder}: runs on {status.get('host')} (process {status.get('pid')}); wait until it"
            f" ends, or for {DEAD_AFTER_S:.0f} s after it died"
        )


def _exists(pid: Any) -> bool:
    with contextlib.suppress(OSError, TypeError, OverflowError, ValueError):
        os.kill(pid, 0)
        return True
    return False


def _age(updated: Any) -> float | None:
    """Return the seconds since a time in ISO 8601, or None where it is none."""
    try:
        then = datetime.datetime.fromisoformat(updated)
        return (datetime.datetime.now(datetime.UTC) - then).total_seconds()
    except (TypeError, ValueError):
        return None
