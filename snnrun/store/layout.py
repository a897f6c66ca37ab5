"""What a results file will hold: populations whose spikes, and variables that are written."""

import dataclasses
from typing import Any

import numpy as np

ROWS = 16384  # of a chunk on disk
OBJECT = 1 << 14  # bytes that HDF5 needs for a dataset, at most


@dataclasses.dataclass(frozen=True)
class SpikeTrains:
    """A population (or drive) whose spikes are written."""

    name: str
    neurons: int


@dataclasses.dataclass(frozen=True)
class Report:
    """A state variable that is written."""

    population: str
    variable: str
    units: str
    neurons: np.ndarray
    every_ms: float
    first_ms: float
    stop_ms: float


@dataclasses.dataclass(frozen=True)
class Layout:
    """What the file will hold for each trial; `trials` > 1 puts it under /trials/<k>.

    `edges`: of projections whose contacts each trial draws anew, the arrays and their dtypes.
    """

    trials: int
    t_stop_ms: float
    spikes: tuple[SpikeTrains, ...]
    reports: tuple[Report, ...]
    compression: str
    compression_level: int
    t_start_ms: float = 0.0
    edges: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)

    def growing(self) -> list[str]:
        """Return the paths of the datasets that grow."""
        each = [
            f"spikes/{s.name}/{name}" for s in self.spikes for name in ("timestamps", "node_ids")
        ]
        each += [_data_of(report) for report in self.reports]
        found = [self.root(trial) + path for trial in range(self.trials) for path in each]
        edges = [
            f"network/{name}/{array}" for name, arrays in self.edges.items() for array in arrays
        ]
        return found + [
            self.root(trial) + path for trial in range(1, self.trials) for path in edges
        ]

    def size(self, rows: dict[str, int]) -> int:
        """Return how many bytes the description has at most, with so many rows of each path."""
        neurons = {_data_of(report): report.neurons.size for report in self.reports}
        size = self.trials * sum(40 * n + 8 * OBJECT for n in neurons.values())
        for path in self.growing():
            row = max([8, *(4 * n for name, n in neurons.items() if path.endswith(name))])
            size += OBJECT + (rows[path] * row + 2 * max(8 * ROWS, row) if rows.get(path) else 0)
        return size

    def stored(self) -> dict[str, Any]:
        """Return how h5py is asked to store growing datasets."""
        if self.compression == "none":
            return {}
        level = {"gzip": {"compression_opts": self.compression_level}}
        return {"compression": self.compression, "shuffle": True, **level.get(self.compression, {})}

    def root(self, trial: int) -> str:
        """Return the group of a trial."""
        return f"trials/{trial}/" if self.trials > 1 else ""


def _data_of(report: Report) -> str:
    return f"report/{report.population}/{report.variable}/data"
