"""Reading results.h5."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from snnrun.errors import FileError
from snnrun.store.disk import cause as reason
from snnrun.store.results import FORMAT_VERSION


class PopulationSpikes(NamedTuple):
    """Spikes of one population: times (ms) and ids, in order of time."""

    name: str
    type: str
    neurons: int
    ms: np.ndarray
    ids: np.ndarray


def outcome(path: Path) -> dict[str, Any]:
    """Return statistics, health and timings of a finished run, as `--json` shows them."""
    found: dict[str, Any] = {"statistics": {}, "health": {}, "timings": {}}
    try:
        with h5py.File(path, "r") as file:
            _check_format(path, file)
            for population, group in file["statistics"].items():
                found["statistics"][population] = {n: _estimate(x) for n, x in group.items()}
            health = file["health"].attrs
            details = json.loads(health["details"])
            found["health"] = {"verdict": str(health["verdict"]), "details": details}
            found["timings"] = {name: _plain(x) for name, x in file["timings"].attrs.items()}
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise FileError(f"{path}: can't be read: {reason(error)}") from error
    return found


def _estimate(dataset: h5py.Dataset) -> dict[str, Any]:
    more = dataset.attrs
    found = {"value": _plain(dataset[()]), "se": _plain(more["se"]), "units": str(more["units"])}
    return found | ({"reason": str(more["reason"])} if "reason" in more else {})


def _plain(value: Any) -> Any:
    """Return a value that JSON knows: null for what is not finite."""
    if isinstance(value, (bytes, str)):
        return value if isinstance(value, str) else value.decode()
    if np.ndim(value):
        return [_plain(x) for x in value]
    return float(value) if np.isfinite(value) else None


def _check_format(path: Path, file: h5py.File) -> None:
    """Complain unless the file is one of ours, of a version that is known."""
    if file.attrs.get("format") != "snnrun":
        raise FileError(f"{path}: is no results file of snnrun")
    version = int(file.attrs["format_version"])
    if version > FORMAT_VERSION:
        raise FileError(
            f"{path}: has format version {version}; this snnrun reads up to {FORMAT_VERSION}:"
            " install a newer one"
        )


def spikes(path: Path, trial: int = 0) -> list[PopulationSpikes]:
    """Return the recorded spikes of a trial, population by population."""
    try:
        with h5py.File(path, "r") as file:
            _check_format(path, file)
            root = file[f"trials/{trial}"] if "trials" in file else file
            return [
                PopulationSpikes(
                    name=name,
                    type=str(file[f"nodes/{name}"].attrs["type"]),
                    neurons=int(group.attrs["n_neurons"]),
                    ms=group["timestamps"][:],
                    ids=group["node_ids"][:],
                )
                for name, group in root["spikes"].items()
            ]
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise FileError(f"{path}: can't be read: {reason(error)}") from error
