"""Reads damaged files in a process of its own, with bounded memory, and says how each went.

A line of stdin: {"how": what reads it, "path": ..., "about": what a checkpoint says}.
"""

import faulthandler
import hashlib
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from snnrun.errors import FileError
from snnrun.store import checkpoint, read
from snnrun.store.layout import Layout, SpikeTrains
from snnrun.store.results import ResultsWriter
from snnrun.store.written import Written

MOST = 3 << 30  # bytes of address space


def finished(path: Path, _: Any) -> list[Any]:
    """Read what commands show of a finished run."""
    return [read.outcome(path), *(list(map(str, p[:3])) + _raw(p[3:]) for p in read.spikes(path))]


def saved(path: Path, _: Any) -> list[Any]:
    """Read a checkpoint."""
    found = checkpoint.read(path)
    return [found.about, found.config, sorted((n, *_raw([x])) for n, x in found.arrays.items())]


def interrupted(path: Path, about: dict[str, Any]) -> list[Any]:
    """Carry over what an interrupted run had written."""
    before = path.read_bytes() if path.is_file() and path.stat().st_size else None
    trains = tuple(SpikeTrains(name, 1) for name in ("E", "I"))
    writer = ResultsWriter(path, Layout(1, 1.0, trains, (), "none", 0))
    try:
        writer.describe("", {"started": ""}, {}, {}, Written.of(about))
    except FileError:
        assert before is None or path.read_bytes() == before
        raise
    finally:
        writer.close()
    with h5py.File(path) as file:
        rows = [_raw([file[name][:]]) for name in about["rows"]]
        return [rows, file["provenance"].attrs["started"]]


def _raw(arrays: Any) -> list[str]:
    return [f"{x.dtype}{x.shape}{hashlib.sha256(x.tobytes()).hexdigest()}" for x in arrays]


HOW: dict[str, Callable[[Path, Any], list[Any]]] = {
    "finished": finished,
    "saved": saved,
    "interrupted": interrupted,
}


def main() -> None:
    """Read one file after another."""
    faulthandler.enable()
    resource.setrlimit(resource.RLIMIT_AS, (MOST, MOST))
    for line in sys.stdin:
        case = json.loads(line)
        try:
            found = HOW[case["how"]](Path(case["path"]), case["about"])
            said = {"read": json.dumps(found, sort_keys=True, default=str)}
        except FileError as error:
            said = {"refused": str(error)}
        except BaseException as error:
            said = {"broke": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
