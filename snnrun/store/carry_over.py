"""What an interrupted run had written goes into the file with which it goes on.

It is copied up to the checkpoint, into a new file: the old one may be as a killed process left
it, and stays untouched until the new one is whole.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import h5py

from snnrun.errors import FileError
from snnrun.store.disk import cause

_VALUES = 1 << 20  # copied at once


def carry_over(old: Path, new: h5py.File, rows: dict[str, int]) -> None:
    """Copy so many rows of each growing dataset, and when the run was started.

    FileError where the old file can't be read; what can't be written is an error of HDF5.
    """
    with _reading(old):
        file = h5py.File(old, "r", swmr=True)
    with file:
        with _reading(old):
            started = file["provenance"].attrs["started"]
        new["provenance"].attrs["started"] = started
        for name, number in rows.items():
            _copy(old, file, new[name], number)


def _copy(old: Path, file: h5py.File, target: h5py.Dataset, rows: int) -> None:
    with _reading(old):
        source = file[target.name]
        if source.shape[0] < rows:
            raise ValueError(f"{source.name} holds {source.shape[0]} of {rows} rows")
    target.resize(rows, axis=0)
    step = max(1, _VALUES // max(1, target.size // max(1, rows)))
    for first in range(0, rows, step):
        with _reading(old):
            part = source[first : min(first + step, rows)]
        target[first : first + len(part)] = part


@contextlib.contextmanager
def _reading(old: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise FileError(
            f"{old}: can't be read up to the checkpoint: {cause(error)}; delete"
            f" {old.parent}/checkpoints to start again, or start a new run from the checkpoint"
            " with --from-checkpoint"
        ) from error
