"""Spike counts in windows, gathered chunk by chunk for statistics, health and records.

From spikes, every requested window is counted by itself. From counts kept on the device,
all requests are sums of one base window that divides them and their origins.
They are kept in the smallest unsigned integers that hold them, a byte as a rule.

Shapes: `N` neurons, `W` windows.
"""

import math
from typing import NamedTuple

import numpy as np


class Windows(NamedTuple):
    """Non-overlapping windows of `size` steps from step `origin` on, until step `end`."""

    origin: int
    size: int
    end: int

    @property
    def number(self) -> int:
        """How many whole windows there are."""
        return max(0, (self.end - self.origin) // self.size)


def base_of(requests: list[Windows]) -> tuple[int, int]:
    """Return (origin, size) of the coarsest windows that all requests are sums of."""
    origin = min(r.origin for r in requests)
    return origin, math.gcd(*(r.size for r in requests), *(r.origin - origin for r in requests))


class Tally:
    """Counts `[W, N]`, unsigned, of one trial for each requested kind of window."""

    def __init__(self, requests: list[Windows], neurons: int, base: tuple[int, int] | None) -> None:
        self._base = base
        self._neurons = neurons
        kinds = {base} if base is not None else {r[:2] for r in requests}
        end = max(r.end for r in requests)
        counted = [Windows(origin, size, end) for origin, size in kinds]
        self._counts = {r: np.zeros((r.number, neurons), np.uint8) for r in counted}

    def add_spikes(self, step: np.ndarray, source: np.ndarray) -> None:
        """Count spikes of neurons `source` in steps `step`."""
        for windows in self._counts:
            row = (step - windows.origin) // windows.size
            inside = (row >= 0) & (row < windows.number)
            if inside.any():
                low, high = int(row[inside].min()), int(row[inside].max()) + 1
                flat = (row[inside] - low) * self._neurons + source[inside]
                new = np.bincount(flat, minlength=(high - low) * self._neurons)
                self._add(windows, low, new.reshape(high - low, -1))

    def add_counts(self, first_row: int, rows: np.ndarray) -> None:
        """Add base-window counts `[rows, N]`, dropping rows before the origin or past the end."""
        (windows,) = self._counts
        low, high = max(0, first_row), min(windows.number, first_row + len(rows))
        if low < high:
            self._add(windows, low, rows[low - first_row : high - first_row])

    def _add(self, windows: Windows, low: int, new: np.ndarray) -> None:
        """Add integers `[rows, N]` from row `low` on; where they don't fit, widen the counts."""
        counts, rows = self._counts[windows], slice(low, low + len(new))
        total = np.add(counts[rows], new, dtype=np.int64)
        wide = np.promote_types(counts.dtype, np.min_scalar_type(int(total.max(initial=0))))
        self._counts[windows] = counts = counts.astype(wide, copy=False)
        counts[rows] = total

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what was counted so far, by name."""
        return {f"{w.origin}_{w.size}": counts for w, counts in self._counts.items()}

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Go on from what `arrays` returned."""
        for w, counts in self._counts.items():
            found = arrays[f"{w.origin}_{w.size}"]
            if found.shape != counts.shape:
                raise ValueError(f"counts have shape {found.shape}, not {counts.shape}")
            self._counts[w] = found.copy()

    def counts(self, windows: Windows) -> np.ndarray:
        """Return the counts `[W, N]` of a requested kind of window: a view where they are kept."""
        if self._base is None:
            (found,) = (c for r, c in self._counts.items() if r[:2] == windows[:2])
            return found[: windows.number]
        (counts,) = self._counts.values()
        per, first = (
            windows.size // self._base[1],
            (windows.origin - self._base[0]) // self._base[1],
        )
        part = counts[first : first + windows.number * per]
        if per == 1:
            return part
        each = part.reshape(windows.number, per, self._neurons)
        return each.sum(axis=1, dtype=np.min_scalar_type(int(part.max(initial=0)) * per))
