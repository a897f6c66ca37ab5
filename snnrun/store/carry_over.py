"""What an interrupted run had written goes into the file with which it goes on.

It is copied up to the checkpoint, into a new file: the old one may be as a killed process left
it, and stays untouched until the new one is whole.
"""

from pathlib import Path

import h5py

from snnrun.errors import FileError
from snnrun.store.checkpoint import reason

_VALUES = 1 << 20  # copied at once


def carry_over(old: Path, new: h5py.File, rows: dict[str, int]) -> None:
    """Copy so many rows of each growing dataset, and when the run was started."""
    try:
        with h5py.File(old, "r", swmr=True) as file:
            new["provenance"].attrs["started"] = file["provenance"].attrs["started"]
            for name, number in rows.items():
                _copy(file[name], new[name], number)
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise FileError(
            f"{old}: can't be read up to the checkpoint: {reason(error)}; a new run can start from"
            " the checkpoint with --from-checkpoint"
        ) from error


def _copy(source: h5py.Dataset, target: h5py.Dataset, rows: int) -> None:
    if source.shape[0] < rows:
        raise ValueError(f"{source.name} holds {source.shape[0]} of {rows} rows")
    target.resize(rows, axis=0)
    step = max(1, _VALUES // max(1, target.size // max(1, rows)))
    for first in range(0, rows, step):
        target[first : first + step] = source[first : min(first + step, rows)]
