"""Reading results.h5."""

from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from snnrun.errors import FileError


class PopulationSpikes(NamedTuple):
    """Spikes of one population: times (ms) and ids, in order of time."""

    name: str
    type: str
    neurons: int
    ms: np.ndarray
    ids: np.ndarray


def spikes(path: Path, trial: int = 0) -> list[PopulationSpikes]:
    """Return the recorded spikes of a trial, population by population."""
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != "snnrun":
                raise FileError(f"{path}: is no results file of snnrun")
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
    except (OSError, KeyError) as error:
        raise FileError(f"{path}: can't be read: {error}") from error
