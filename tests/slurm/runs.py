"""What a run's folder says: is it under way, where was it interrupted, does it equal another."""

import contextlib
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

DIFFERS = ("timings", "provenance")


def status(run: Path) -> dict[str, Any]:
    """Return status.json, empty while there is none."""
    with contextlib.suppress(FileNotFoundError):
        return json.loads((run / "status.json").read_text())
    return {}


def spikes(run: Path) -> int:
    """Return how many spikes of E a reader sees."""
    with (
        contextlib.suppress(OSError, KeyError),
        h5py.File(run / "results.h5", "r", swmr=True) as file,
    ):
        return int(file["spikes/E/timestamps"].size)
    return 0


def contents(run: Path) -> dict[str, Any]:
    """Return all that results.h5 holds, by path; attributes as `path@name`."""
    found: dict[str, Any] = {}

    def keep(path: str, node: h5py.Group | h5py.Dataset) -> None:
        found[path] = node[()] if isinstance(node, h5py.Dataset) else "a group"
        found.update({f"{path}@{name}": value for name, value in node.attrs.items()})

    with h5py.File(run / "results.h5", "r") as file:
        keep("/", file)
        file.visititems(keep)
    return {path: value for path, value in found.items() if not path.startswith(DIFFERS)}


def assert_same_results(run: Path, other: Path) -> None:
    """Every spike, count, statistic and attribute is the same, bit for bit."""
    mine, others = contents(run), contents(other)
    assert mine.keys() == others.keys()
    for path, value in mine.items():
        np.testing.assert_array_equal(value, others[path], err_msg=path, strict=True)
