"""What an interrupted run had written goes into the file with which it goes on.

It is copied up to the checkpoint, into a new file: the old one may be as a killed process left
it, and stays untouched until the new one is whole.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import h5py

from snnrun.errors import FileError
from snnrun.store import opened
from snnrun.store.at_rest import AtRest
from snnrun.store.disk import cause
from snnrun.store.written import Written

_VALUES = 1 << 20  # copied at once


def carry_over(old: Path, new: h5py.File, before: Written, written: Written) -> None:
    """Copy so many rows of each growing dataset, and when the run was started.

    `before`: what the checkpoint says of the old file, FileError unless it is so; `written`:
    what was written into the new one. What can't be written is an error of HDF5.
    """
    with _reading(old):
        if set(before.rows) != set(written.rows):
            raise ValueError("it holds other records")
        opened.check_regular(old)
    with contextlib.ExitStack() as stack:
        with _reading(old):
            raw = stack.enter_context(AtRest(old))
            file = stack.enter_context(h5py.File(raw, "r"))
            opened.version(old, file, "snnrun")
        written.started = before.started or written.started
        new["provenance"].attrs["started"] = written.started
        for name in before.rows:
            _copy(old, file, new, name, before, written)


def _copy(
    old: Path, file: h5py.File, new: h5py.File, name: str, before: Written, written: Written
) -> None:
    target, rows = new[name], before.rows[name]
    with _reading(old):
        source = opened.dataset(file, name, target.dtype.kind, target.ndim)
        if source.shape[0] < rows or source.shape[1:] != target.shape[1:]:
            raise ValueError(f"{name} holds {source.shape[0]} of {rows} rows")
    target.resize(rows, axis=0)
    step = max(1, _VALUES // max(1, target.size // max(1, rows)))
    for first in range(0, rows, step):
        with _reading(old):
            part = source[first : min(first + step, rows)].astype(target.dtype)
        target[first : first + len(part)] = part
        written.add(name, part)
    with _reading(old):
        if before.sums.get(name, written.sums[name]) != written.sums[name]:
            raise ValueError(f"{name} is damaged (its checksum differs)")


@contextlib.contextmanager
def _reading(old: Path) -> Iterator[None]:
    try:
        yield
    except (*opened.ERRORS, FileError) as error:
        raise FileError(
            f"{old}: can't be read up to the checkpoint: {cause(error)}; delete"
            f" {old.parent}/checkpoints to start again, or start a new run from the checkpoint"
            " with --from-checkpoint"
        ) from error
