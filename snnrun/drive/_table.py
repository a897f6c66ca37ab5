"""Poisson numbers from a table of 256 values: the alias method, one random word a number.

Source: Walker 1977, ACM Trans Math Softw 3:253.
"""

from typing import Any

import numpy as np

VALUES = 256


def poisson_table(mean: float, first: int = 0) -> np.ndarray:
    """Return the table `[256]` of `first`, `first` + 1, … (24 bits: threshold, 8 bits: alias)."""
    return _alias(_probabilities(mean, first))


def look_up(table: Any, word: Any, xp: Any) -> Any:
    """Return a number from 0 to 255 for each random word `[B, n]`, int32.

    `table`: `[256]`, or `[B, 256]` where lanes have their own.
    """
    column, table = word >> 24, xp.asarray(table)
    shared = table.ndim == 1
    entry = table[column] if shared else xp.take_along_axis(table, column.astype(np.int32), axis=1)
    kept = (word & 0xFFFFFF) < entry >> 8
    return xp.where(kept, column, entry & 0xFF).astype(np.int32)


def _probabilities(mean: float, first: int) -> np.ndarray:
    """Return the probabilities of `first`, `first` + 1, … of a Poisson variable, `[256]`."""
    k = first + np.arange(VALUES)
    if mean == 0:
        return (k == 0).astype(float)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, k[-1] + 1)))])
    p = np.exp(k * np.log(mean) - mean - log_factorial[k])
    return p / p.sum()


def _alias(p: np.ndarray) -> np.ndarray:
    """Return the alias table of probabilities `[256]`, packed into uint32."""
    share, alias = p * VALUES, np.arange(VALUES)
    small = [i for i in range(VALUES) if share[i] < 1]
    large = [i for i in range(VALUES) if share[i] >= 1]
    threshold = np.ones(VALUES)
    while small and large:
        low, high = small.pop(), large[-1]
        threshold[low], alias[low] = share[low], high
        share[high] -= 1 - share[low]
        if share[high] < 1:
            small.append(large.pop())
    packed = np.minimum(np.rint(threshold * 2**24), 2**24 - 1).astype(np.uint32) << np.uint32(8)
    return packed | alias.astype(np.uint32)
