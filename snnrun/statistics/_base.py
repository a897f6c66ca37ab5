"""What every population statistic is.

Shapes: `W` windows, `N` neurons. Counts are `[W, N]`: spikes of each neuron in
non-overlapping windows that start at the end of the warm-up; a partial last window is
dropped. Standard errors are delete-one-block jackknife estimates over `BLOCKS` runs of
successive windows, so they allow for correlations in time shorter than a block.
"""

import itertools
from typing import Any, ClassVar, NamedTuple

import numpy as np

from snnrun.component import Component

BLOCKS = 10


class Estimate(NamedTuple):
    """A value with its standard error; `reason` says why it is NaN."""

    value: np.ndarray
    se: np.ndarray
    reason: str | None


class Statistic(Component):
    """A number (or vector) computed from spike counts.

    Every kind has the parameters `population` (none: each one, `all`: all neurons together)
    and `window_ms`.
    """

    units: ClassVar[str] = ""
    definition: ClassVar[str] = ""
    min_windows: ClassVar[int] = 2
    min_neurons: ClassVar[int] = 1
    population: str | None
    window_ms: float

    def keep(self, counts: np.ndarray) -> np.ndarray:
        """Return which neurons enter, `[N]` bool."""
        return np.ones(counts.shape[1], bool)

    def value(self, counts: np.ndarray) -> Any:
        """Return the statistic of `[W, N]` counts of the neurons that enter."""
        raise NotImplementedError

    def estimate(self, counts: np.ndarray) -> Estimate:
        """Return value and standard error for `[W, N]` counts of a population."""
        counts = np.asarray(counts, np.float64)
        if counts.shape[0] < self.min_windows:
            return _missing(
                f"needs at least {self.min_windows} windows of {self.window_ms:g} ms after the"
                f" warm-up; there are {counts.shape[0]}"
            )
        kept = counts[:, self.keep(counts)]
        if kept.shape[1] < self.min_neurons:
            return _missing(f"needs at least {self.min_neurons} such neurons; {kept.shape[1]} left")
        return Estimate(np.asarray(self.value(kept)), self._standard_error(kept), None)

    def _standard_error(self, counts: np.ndarray) -> np.ndarray:
        windows = counts.shape[0]
        if windows < 2 * BLOCKS:
            return np.asarray(np.nan)
        edges = np.linspace(0, windows, BLOCKS + 1).astype(int)
        with np.errstate(invalid="ignore", divide="ignore"):
            left_out = np.array(
                [
                    self.value(np.concatenate([counts[:a], counts[b:]]))
                    for a, b in itertools.pairwise(edges)
                ]
            )
        return np.asarray(np.sqrt((BLOCKS - 1) * left_out.var(axis=0)))


def _missing(reason: str) -> Estimate:
    return Estimate(np.asarray(np.nan), np.asarray(np.nan), reason)


def fires_above(counts: np.ndarray, window_ms: float, min_rate: float) -> np.ndarray:
    """Return which neurons fire at all and above `min_rate` (sp/s), `[N]` bool."""
    rate = counts.mean(axis=0) * 1000 / window_ms
    return (rate > min_rate) & (rate > 0)


def standardized(counts: np.ndarray) -> np.ndarray:
    """Return z-scores `[W, N']` (n in the variance) of the trains that vary."""
    centred = counts - counts.mean(axis=0)
    scale = np.sqrt((centred**2).mean(axis=0))
    return centred[:, scale > 0] / scale[scale > 0]
