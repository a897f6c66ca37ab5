"""Space on the disk for what HDF5 is about to write.

Where HDF5 meets a full disk it leaves rows without data, or crashes. So the space is reserved
before, where the system can do that; then an error leaves the file whole, and it can be closed.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

from snnrun.store.disk import FULL, cause
from snnrun.store.layout import OBJECT

_SPARE = 1 << 20  # for what HDF5 needs itself


class NoRoomError(Exception):
    """The disk is full, and HDF5 has not noticed."""


class Room:
    """How much is reserved for a file that grows; `size`: what it has already."""

    def __init__(self, size: int = 0) -> None:
        self._size, self._reserved, self._unflushed = size, 0, 0
        self._touched: set[str] = set()

    def make(self, path: Path, file: Any, size: int, *arrays: Any) -> None:
        """Reserve `size` bytes and what some arrays need; NoRoomError where there is no space."""
        self._unflushed += size + sum(np.asarray(x).nbytes + OBJECT for x in arrays)
        needed = (file.id.get_filesize() if file else self._size) + self._unflushed
        if needed > self._reserved:
            _reserve(path, needed + _SPARE)
            self._reserved = needed + _SPARE

    def make_for(self, path: Path, dataset: Any, rows: np.ndarray) -> None:
        """Reserve what rows need that are appended to a dataset: also chunks that are not full."""
        whole = 0
        if dataset.name not in self._touched:
            self._touched.add(dataset.name)
            whole = 2 * int(np.prod(dataset.chunks)) * dataset.dtype.itemsize + OBJECT
        self.make(path, dataset.file, whole + rows.nbytes)

    def flushed(self) -> None:
        """All that was appended is in the file."""
        self._unflushed = 0
        self._touched.clear()


def _reserve(path: Path, size: int) -> None:
    if not hasattr(os, "posix_fallocate"):
        return
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            if error.errno in FULL:
                raise NoRoomError(cause(error)) from error
