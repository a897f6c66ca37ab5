"""Comparing results files."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np

CHANGING = ("timings", "provenance")


def contents(path: str | Path) -> dict[str, Any]:
    """Return every dataset and attribute, but those that tell of the run's circumstances."""
    found: dict[str, Any] = {}

    def visit(name: str, node: Any) -> None:
        if name.split("/")[0] not in CHANGING:
            found.update({f"{name}@{key}": value for key, value in node.attrs.items()})
            if isinstance(node, h5py.Dataset):
                found[name] = node[()]

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def assert_same_results(first: str | Path, second: str | Path, spikes: int = 1000) -> None:
    """Assert that two finished runs found the same, to the last bit, with enough spikes."""
    a, b = contents(first), contents(second)
    assert set(a) == set(b)
    for name, x in a.items():
        assert np.asarray(x).dtype == np.asarray(b[name]).dtype, name
        numbers = np.asarray(x).dtype.kind == "f"
        assert np.array_equal(x, b[name], equal_nan=numbers), name
    assert sum(x.size for name, x in a.items() if name.endswith("/timestamps")) >= spikes
