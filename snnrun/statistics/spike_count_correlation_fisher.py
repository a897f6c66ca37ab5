"""Spike-count correlation on Fisher's scale, not transformed back.

    z_sc = mean over pairs i < j of atanh(r_ij),    r_ij = corr(counts_i, counts_j) over windows

As in Wu et al. 2024, Nat Comput Sci 4:690. |r| is limited to 1 - 1e-10, as there. Neurons
whose count never varies, or that do not fire above min_rate, do not enter. Where more than
max_neurons enter and none are drawn, evenly spaced ones are used.

    name         unit  meaning
    population         population, all, or none for each
    window_ms    ms    counting window
    min_rate     sp/s  neurons at or below it are left out
    sample             neurons drawn; none: all that enter
    draws              such draws; their mean counts
    region             all, or central: 0.25 <= x, y <= 0.75
    max_neurons        most neurons whose pairs are computed
"""

import numpy as np

from snnrun.component import component, param
from snnrun.statistics._base import CountStatistic, fires_above, standardized, varies

_LIMIT = 1 - 1e-10
_TILE = 256  # neurons


@component
class SpikeCountCorrelationFisher(CountStatistic):
    """Mean pairwise Fisher z of the correlation of spike counts."""

    definition = "mean over pairs of atanh of the Pearson correlation of the counts"
    min_neurons = 2

    min_rate: float = param("sp/s", "neurons at or below it are left out", at_least=0)
    max_neurons: int = param("", "most neurons whose pairs are computed", at_least=2)

    def keep(self, counts: np.ndarray) -> np.ndarray:
        kept = np.flatnonzero(varies(counts) & fires_above(counts, self.window_ms, self.min_rate))
        if self.sample is None and kept.size > self.max_neurons:
            kept = kept[np.linspace(0, kept.size - 1, self.max_neurons).astype(int)]
        return np.isin(np.arange(counts.shape[1]), kept)

    def value(self, counts: np.ndarray) -> float:
        n, total = 0, 0.0
        for i in range(0, counts.shape[1], _TILE):
            rows = standardized(counts[:, i : i + _TILE])
            n += rows.shape[1]
            for j in range(i, counts.shape[1], _TILE):
                r = rows.T @ standardized(counts[:, j : j + _TILE]) / len(counts)
                fisher = np.arctanh(np.clip(r, -_LIMIT, _LIMIT))
                total += float(np.triu(fisher, i - j + 1).sum())  # each pair once
        return total / (n * (n - 1) / 2) if n > 1 else np.nan
