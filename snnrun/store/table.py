"""table.h5: the table of a sweep, one dataset a column.

    /          attrs format="snnrun table", format_version=1
    /columns   attr order: the names of the columns, as in table.csv
    /columns/<column>   [rows]: int64, float64 (NaN: no value) or UTF-8 texts; attrs name, and
                        units on statistics

A `/` in the name of a column is a `.` in the name of its dataset.
"""

import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from snnrun.store.disk import write_atomically

FORMAT = "snnrun table"
FORMAT_VERSION = 1
_TEXT = h5py.string_dtype("utf-8")
_NOTHING = (math.nan, math.nan)


def write_table(table: Any, path: Path) -> None:
    """Write a `snnrun.sweep.table.Table`, which lives a floor above, at once or not at all.

    It is made in memory, because HDF5 crashes where it can't write all of a file.
    """
    image = io.BytesIO()
    with h5py.File(image, "w", libver="v110") as file:
        file.attrs["format"], file.attrs["format_version"] = FORMAT, FORMAT_VERSION
        group = file.create_group("columns", track_order=True)
        columns = list(_columns(table))
        group.attrs.create("order", [name for name, _, _ in columns], dtype=_TEXT)
        for name, cells, more in columns:
            kind = cells.dtype if cells.dtype.kind in "if" else _TEXT
            place = name.replace("/", ".")
            while place in group:
                place += "_"
            dataset = group.create_dataset(place, data=cells, dtype=kind)
            dataset.attrs.update({"name": name, **more})
    with image.getbuffer() as content:
        write_atomically(path, content)


def _columns(table: Any) -> Iterator[tuple[str, np.ndarray, dict[str, str]]]:
    """Yield name, values and attributes of each column."""
    yield "index", np.array([row.index for row in table.rows], np.int64), {}
    yield "state", _texts([row.state for row in table.rows]), {}
    yield "reason", _texts([row.reason for row in table.rows]), {}
    for path in table.swept:
        yield path, _swept([row.values.get(path, "") for row in table.rows]), {}
    for key, units in table.units.items():
        found = [row.statistics.get(key, _NOTHING) for row in table.rows]
        both = np.array(found, np.float64).reshape(-1, 2).T
        for tail, numbers in zip(("", ".se"), both, strict=True):
            yield ".".join(key) + tail, numbers, {"units": units}


def _swept(values: list[Any]) -> np.ndarray:
    """Return swept values as integers or numbers where all are, else as texts."""
    plain = [value.item() if isinstance(value, np.generic) else value for value in values]
    kinds = {type(value) for value in plain}
    if kinds == {int} and all(abs(value) < 2**63 for value in plain):
        return np.array(plain, np.int64)
    if kinds and kinds <= {int, float}:
        return np.array(plain, np.float64)
    return _texts([v if isinstance(v, str) else _json(v) for v in plain])


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=repr)


def _texts(texts: list[str]) -> np.ndarray:
    """Return texts as HDF5 can hold them: it knows no NUL, and UTF-8 no lone surrogates."""
    whole = [t.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode() for t in texts]
    return np.array(whole, object)
