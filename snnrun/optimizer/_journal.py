"""A journal file as Optuna's, in which what belongs together is written at once.

Optuna's own backend takes the lock, writes and waits for the disk once for each of a candidate's
dozens of attributes. Here they are given to those who read in this process at once, and reach the
file together. The format, and the lock file beside it, are Optuna's: its own backend, and so
optuna-dashboard, can read and write the same file at the same time.

A process that is killed leaves at most a line without an end (the next one to write removes it)
and a lock file. That names its owner, so that others on this host need not wait.
"""

import contextlib
import json
import os
import time
import uuid
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from optuna.storages.journal import BaseJournalBackend

from snnrun.errors import FileError
from snnrun.optimizer._worker import is_gone, this_worker
from snnrun.store.disk import cause
from snnrun.store.lock import turn

GRACE_S = 5.0  # a lock that did not change for so long is nobody's, as with Optuna
_BEGINNING = b'{"op_code":'


class Journal(BaseJournalBackend):
    """Logs of Optuna's journal storage in a file, one JSON text a line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = _Lock(path)
        self._number, self._read = 0, 0  # logs and bytes of the file that were given out
        self._pending: list[bytes] = []  # not yet in the file
        self._given = 0  # of those, given out
        self._own: deque[tuple[int, int]] = deque()  # bytes given out before they were in the file
        self._locked = self._later = False
        with path.open("a+b") as file:
            file.seek(0)
            _refuse_foreign(file.read(len(_BEGINNING)), path)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the logs from this number on."""
        if log_number_from < self._number:
            self._number = self._read = self._given = 0
            self._own.clear()
        for line in self._lines():
            self._number += 1  # before it is given out: what is done with it may raise
            if self._number > log_number_from:
                yield _parsed(line, self._path)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append logs, now or at the end of `together` or `later`."""
        self._pending += [json.dumps(log, separators=(",", ":")).encode() + b"\n" for log in logs]
        if not (self._locked or self._later):
            with self._lock.held():
                self._write()

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Let nobody else write, and write at the end; must be short."""
        if self._locked:
            yield
            return
        with self._lock.held():
            self._locked = True
            try:
                yield
            finally:
                self._locked = False
                self._write()

    @contextlib.contextmanager
    def later(self) -> Iterator[None]:
        """Write at the end, only what does not depend on what others write meanwhile."""
        before, self._later = self._later, True
        try:
            yield
        finally:
            self._later = before
            if self._pending and not (self._locked or self._later):
                with self._lock.held():
                    self._write()

    def _lines(self) -> Iterator[bytes]:
        """Yield whole lines that were not given out: those in the file, then those to come."""
        size = self._path.stat().st_size
        if size < self._read:
            raise FileError(f"{self._path}: was cut off or replaced while it was in use")
        if size > self._read:
            with self._path.open("rb") as file:
                yield from self._new_lines(file)
        while self._given < len(self._pending):
            self._given += 1
            yield self._pending[self._given - 1]

    def _new_lines(self, file: BinaryIO) -> Iterator[bytes]:
        file.seek(self._read)
        while True:
            while self._own and self._own[0][0] == self._read:
                self._read = self._own.popleft()[1]
                file.seek(self._read)
            line = file.readline()
            if not line.endswith(b"\n"):  # it is being written, or its process was killed
                return
            self._read += len(line)
            yield line

    def _write(self) -> None:
        """Append what is pending; it is on the disk when this returns. The lock is held."""
        data = b"".join(self._pending)
        given = sum(len(line) for line in self._pending[: self._given])
        self._pending, self._given = [], 0
        if not data:
            return
        with self._path.open("r+b", buffering=0) as file:
            end = _whole(file)
            try:
                _write_all(file, data)
                os.fsync(file.fileno())
            except OSError as error:
                with contextlib.suppress(OSError):
                    file.truncate(end)
                raise FileError(f"{self._path}: can't be written: {cause(error)}") from error
        if given:
            self._own.append((end, end + given))


def _refuse_foreign(start: bytes, path: Path) -> None:
    """Complain of a file that is something else, before its last line is taken for a torn one."""
    if start != _BEGINNING[: len(start)]:
        raise FileError(f"{path}: is no journal of Optuna; it begins with {start!r}")


def _write_all(file: Any, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def _whole(file: Any) -> int:
    """Remove a line without an end, which a killed process left; return the size."""
    size = end = int(file.seek(0, os.SEEK_END))
    while end:
        start = max(0, end - 4096)
        file.seek(start)
        newline = file.read(end - start).rfind(b"\n")
        end = start + newline + 1
        if newline >= 0:
            break
    if end < size:
        file.truncate(end)
    file.seek(end)
    return end


def _parsed(line: bytes, path: Path) -> dict[str, Any]:
    try:
        log = json.loads(line)
    except ValueError:
        log = None
    if not isinstance(log, dict) or "op_code" not in log:
        raise FileError(f"{path}: is damaged, or no journal of Optuna: {line[:60]!r}")
    return log


class _Lock:
    """The lock file of a journal, of one process at a time on all hosts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = Path(f"{path}.lock")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock; those on this host queue at the system's lock first, which is fast."""
        with turn(self._path):
            me = this_worker().encode()
            self._acquire(me)
            try:
                yield
            finally:
                with contextlib.suppress(OSError):
                    self._file.unlink()

    def _acquire(self, me: bytes) -> None:
        pause, since, before = 0.001, time.monotonic(), b""
        while not self._made(me):
            owner = self._owner()
            if owner != before:
                before, since = owner, time.monotonic()
            if owner and (is_gone(owner.decode()) or time.monotonic() - since > GRACE_S):
                self._break(owner)
                continue
            time.sleep(pause)
            pause = min(2 * pause, 0.05)

    def _made(self, me: bytes) -> bool:
        try:
            number = os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        except FileExistsError:
            return False
        try:
            os.write(number, me)
        finally:
            os.close(number)
        return True

    def _owner(self) -> bytes:
        """Return who holds the lock and since when; empty if nobody does any more."""
        try:
            stat = os.lstat(self._file)
            text = b"" if self._file.is_symlink() else self._file.read_bytes()
        except OSError:
            return b""
        return text or b"another:%d" % stat.st_mtime_ns

    def _break(self, owner: bytes) -> None:
        """Remove a lock that nobody holds; others may find the same at the same time."""
        if self._owner() != owner:
            return
        aside = Path(f"{self._file}{uuid.uuid4()}.rename")
        with contextlib.suppress(OSError):
            self._file.rename(aside)
            aside.unlink()
