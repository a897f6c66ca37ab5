"""The folder of a run: its name, its files, its status."""

import contextlib
import datetime
import json
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from snnrun.errors import ConfigError, FileError, SnnrunError
from snnrun.store.beat import regularly
from snnrun.store.disk import FULL, cause, discard, write_atomically
from snnrun.store.lock import BEAT_S, Lock, read_status, refuse_if_alive, standing

_OURS = ("config.yaml", "results.h5", "status.json", "plan.json", "search.json")
_KEYS = ("state", "reason", "exit_code", "host", "pid", "started", "updated", "timings")
_LATER = ("statistics", "health", "fingerprint")


class RunFolder:
    """Where a run keeps its files; held by one process at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._status: dict[str, Any] = {}
        self._begun = now()
        self._turn = threading.Lock()
        self._lock = Lock(path)

    @classmethod
    def create(cls, out: Path | None, name: str) -> "RunFolder":
        """Make the folder: `out`, or a new one under outputs/<name>/."""
        path = out if out is not None else Path("outputs") / name / unique_name()
        refuse_if_taken(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            (path / "checkpoints").mkdir(exist_ok=True)
            folder = cls(path)
        except FileExistsError:
            raise ConfigError(f"{path}: is in the way; give another --out") from None
        except OSError as error:
            raise _unusable(path, error) from error
        refuse_if_taken(path)  # meanwhile
        return folder

    @classmethod
    def reopen(cls, path: Path) -> "RunFolder":
        """Take up the folder of a run that is not over."""
        if not path.is_dir():
            raise FileError(f"{path}: there is no such folder")
        if not (path / "config.yaml").is_file() and not any(path.glob("checkpoints/step_*.h5")):
            raise FileError(f"{path}: holds no config.yaml, so no run was begun there")
        if (path / "search.json").exists():
            raise ConfigError(f"{path}: holds a search; go on with snnrun optimize --resume {path}")
        try:
            folder = cls(path)
            (path / "checkpoints").mkdir(exist_ok=True)
        except OSError as error:
            raise _unusable(path, error) from error
        try:
            refuse_if_alive(path, folder._lock.sure)
        except ConfigError:
            folder.release()
            raise
        folder._begun = str(read_status(path).get("started") or now())
        for left in (*path.glob(".*.tmp"), *folder.checkpoints.glob(".*.tmp")):
            discard(left)  # by a process that was killed
        return folder

    def release(self) -> None:
        """Let other processes have the folder."""
        self._lock.release()

    @property
    def locks(self) -> bool:
        """Whether the file system has locks, so that no other process can have this one."""
        return self._lock.sure

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "checkpoints"

    @property
    def results(self) -> Path:
        """Path of results.h5."""
        return self.path / "results.h5"

    def write(self, name: str, text: str) -> None:
        """Write a text file at once or not at all."""
        write_atomically(self.path / name, text.encode())

    def log(self, line: str) -> None:
        """Append a line to run.log."""
        self._lock.append(f"{now()} {line}\n")

    def status(self, state: str | None = None, **more: Any) -> None:
        """Update status.json; without a state, it only says that this process is alive."""
        with self._turn:
            self._lock.check()
            if not self._status:
                self._status = {
                    "host": socket.gethostname(),
                    "pid": os.getpid(),
                    "started": self._begun,
                }
            self._status |= {"updated": now(), **({"state": state} if state else {}), **more}
            ordered = {k: self._status.get(k) for k in _KEYS}
            ordered |= {k: self._status[k] for k in _LATER if k in self._status}
            self.write("status.json", json.dumps(ordered, indent=2) + "\n")

    def is_running(self) -> None:
        """Say so in status.json, unless that is said already; FileError if the folder is gone."""
        self._lock.check()
        if self._status.get("state") != "running":
            self.status("running")


@contextlib.contextmanager
def alive(folders: list[RunFolder]) -> Iterator[None]:
    """Update each status.json every few seconds meanwhile, whatever else goes on."""

    def beat() -> None:
        for folder in folders:
            with contextlib.suppress(SnnrunError):  # such as a full disk: others will say so
                folder.status()

    with regularly(BEAT_S, beat):
        yield


def refuse_if_taken(path: Path) -> None:
    """Complain if a folder holds a run, a sweep or a search."""
    taken = [f for f in _OURS if os.path.exists(path / f)]
    if taken:
        resumable = standing(path).get("state") == "interrupted"
        way_on = f", or go on with snnrun simulate --resume {path}" if resumable else ""
        raise ConfigError(
            f"{path}: already holds a run ({', '.join(taken)}); give another --out,"
            f" or leave it out for a new folder{way_on}"
        )


def _unusable(path: Path, error: OSError) -> SnnrunError:
    kind = FileError if error.errno in FULL else ConfigError
    return kind(f"{path}: can't be written: {cause(error)}")


def now() -> str:
    """Return the time as ISO 8601 in UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def unique_name() -> str:
    """Return `<UTC yyyymmdd-hhmmss>-<6 hex>`."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    return f"{stamp}-{secrets.token_hex(3)}"
