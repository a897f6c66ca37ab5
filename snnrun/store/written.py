"""How far a results file was written, and what: known to the checkpoints beside it."""

import dataclasses
import zlib
from typing import Any

import numpy as np


@dataclasses.dataclass
class Written:
    """Rows of each growing dataset, the CRC-32 of their values, and when the run was started.

    `sums` and `started` are unknown to checkpoints of the first days.
    """

    rows: dict[str, int] = dataclasses.field(default_factory=dict)
    sums: dict[str, int] = dataclasses.field(default_factory=dict)
    started: str | None = None

    @classmethod
    def nothing(cls, paths: list[str]) -> "Written":
        """Return that nothing was written of these datasets."""
        return cls(dict.fromkeys(paths, 0), dict.fromkeys(paths, 0))

    @classmethod
    def of(cls, about: dict[str, Any]) -> "Written":
        """Return what a checkpoint says of the results file."""
        names = [field.name for field in dataclasses.fields(cls)]
        return cls(**{name: about[name] for name in names if name in about})

    def about(self) -> dict[str, Any]:
        """Return it as plain values."""
        return dataclasses.asdict(self)

    def add(self, path: str, rows: np.ndarray) -> None:
        """Count rows, as they are stored, in with those before."""
        self.rows[path] += len(rows)
        self.sums[path] = zlib.crc32(np.ascontiguousarray(rows).data, self.sums[path])
