"""The folder of a run: its name, its files, its status.

Files are written like a database: temporary name, flush, fsync, rename.
"""

import datetime
import json
import os
import secrets
import socket
from pathlib import Path
from typing import Any

from snnrun.errors import ConfigError, FileError

_OURS = ("config.yaml", "results.h5", "status.json", "checkpoints")


class RunFolder:
    """Where a run keeps its files; made empty, never taken over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._status: dict[str, Any] = {}

    @classmethod
    def create(cls, out: Path | None, name: str) -> "RunFolder":
        """Make the folder: `out`, or a new one under outputs/<name>/."""
        path = out if out is not None else Path("outputs") / name / unique_name()
        taken = [f for f in _OURS if os.path.exists(path / f)]
        if taken:
            raise ConfigError(
                f"{path}: already holds a run ({', '.join(taken)}); give another --out,"
                " or leave it out for a new folder"
            )
        try:
            path.mkdir(parents=True, exist_ok=True)
            (path / "checkpoints").mkdir()
        except FileExistsError:
            raise ConfigError(f"{path}: is in the way; give another --out") from None
        except OSError as error:
            raise ConfigError(f"{path}: can't be written: {error.strerror}") from error
        return cls(path)

    @property
    def results(self) -> Path:
        """Path of results.h5."""
        return self.path / "results.h5"

    def write(self, name: str, text: str) -> None:
        """Write a text file at once or not at all."""
        write_atomically(self.path / name, text.encode())

    def log(self, line: str) -> None:
        """Append a line to run.log."""
        with (self.path / "run.log").open("a", encoding="utf-8") as file:
            file.write(f"{now()} {line}\n")

    def status(self, state: str, **more: Any) -> None:
        """Update status.json."""
        if not self._status:
            self._status = {"host": socket.gethostname(), "pid": os.getpid(), "started": now()}
        self._status |= {"state": state, "updated": now(), **more}
        keys = ("state", "reason", "exit_code", "host", "pid", "started", "updated", "timings")
        ordered = {k: self._status.get(k) for k in keys}
        self.write("status.json", json.dumps(ordered, indent=2) + "\n")


def now() -> str:
    """Return the time as ISO 8601 in UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


def unique_name() -> str:
    """Return `<UTC yyyymmdd-hhmmss>-<6 hex>`."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    return f"{stamp}-{secrets.token_hex(3)}"


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is whole or not there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise FileError(f"{path}: can't be written: {error.strerror}") from error
