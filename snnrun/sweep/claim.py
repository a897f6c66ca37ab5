"""Who computes a point: one process at a time, whichever comes first.

A point's folder is made by one process only, and is locked while it is computed. Where a file
system has no locks, and between hosts, a process counts as dead when its status.json has not
changed for a minute by the clock of the one who looks; of those who find so, or find a point that
was interrupted, the one computes it who can make a file that names what was found.
"""

import socket
import time
from pathlib import Path
from typing import Any

from snnrun.errors import ConfigError, FileError, SnnrunError
from snnrun.store.disk import cause, discard
from snnrun.store.folder import RunFolder
from snnrun.store.lock import DEAD_AFTER_S, exists, read_status

OVER = ("done", "unhealthy", "failed")
_TAKEN = ".taken-"


def folder_of(sweep: Path, index: int) -> Path:
    """Return the folder of a point."""
    return sweep / "points" / str(index)


class Claims:
    """Claims points of a sweep for this process.

    `again`: points that are computed anew, with the time of the status they had.
    """

    def __init__(self, sweep: Path, again: dict[int, str] | None = None) -> None:
        self._sweep, self._again = sweep, again or {}
        self._seen: dict[int, tuple[Any, float]] = {}
        _made(sweep / "points")

    def claim(self, index: int) -> RunFolder | None:
        """Return a point's folder, now this process's; None where it is over or another's."""
        path = folder_of(self._sweep, index)
        new = _made(path)
        if not new and self.over(index):
            return None
        if path.is_symlink():
            raise FileError(f"{path}: is a link; a point's folder must be in the sweep's")
        try:
            folder = RunFolder(path)
        except ConfigError:  # another process on this host, or one that shares its locks
            return None
        except OSError as error:
            raise _unwritable(path, error) from error
        try:
            if not (self._free(index, folder) if folder.locks else new or self._taken(index)):
                folder.release()
                return None
            folder.is_running()  # for those who can't see the lock
            _made(path / "checkpoints")
        except SnnrunError:
            folder.release()
            raise
        for left in (*path.glob(".*.tmp"), *path.glob("checkpoints/.*.tmp")):
            discard(left)  # by a process that was killed
        return folder

    def over(self, index: int) -> bool:
        """Return whether a point needs no more computing."""
        status = read_status(folder_of(self._sweep, index))
        return status.get("state") in OVER and status.get("updated") != self._again.get(index, "")

    def _free(self, index: int, folder: RunFolder) -> bool:
        """Return whether a point that is locked now is not over, nor another host's."""
        if self.over(index):
            return False
        here = socket.gethostname()
        return read_status(folder.path).get("host", here) == here or self._taken(index)

    def _taken(self, index: int) -> bool:
        """Take a point whose lock says nothing, if it rests or its process is dead."""
        path = folder_of(self._sweep, index)
        if self.over(index):
            return False
        status = read_status(path)
        resting = status.get("state") not in (None, "queued", "running")
        if (resting or died(status)) and _marked(path, f"{status.get('updated')}"):
            return True
        marks = len([*path.glob(f"{_TAKEN}*")])
        before, since = self._seen.setdefault(index, ((status, marks), time.monotonic()))
        if before != (status, marks):
            self._seen[index] = (status, marks), time.monotonic()
            return False
        return time.monotonic() - since > DEAD_AFTER_S and _marked(path, f"{marks}")


def _made(path: Path) -> bool:
    """Make a folder; False where there is one."""
    try:
        path.mkdir()
    except FileExistsError:
        if not path.is_dir():
            raise FileError(f"{path}: is in the way; it must be a folder") from None
        return False
    except OSError as error:
        raise _unwritable(path, error) from error
    return True


def _unwritable(path: Path, error: OSError) -> FileError:
    return FileError(f"{path}: can't be written: {cause(error)}")


def died(status: dict[str, Any]) -> bool:
    """Return whether a process computed a point on this host, by its status, and is no more."""
    here = status.get("host") == socket.gethostname()
    return here and status.get("state") == "running" and not exists(status.get("pid"))


def _marked(path: Path, found: str) -> bool:
    """Make a file that names what was found, which only one of several processes can."""
    try:
        (path / f"{_TAKEN}{found}").touch(exist_ok=False)
    except OSError:
        return False
    return True
