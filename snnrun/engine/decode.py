"""Packed words become spikes: (step, source) pairs in order of time.

Shapes: `K` blocks of 32 steps, `Z` recorded sources, `E` spikes.
"""

from typing import NamedTuple

import numpy as np

from snnrun.engine.plan import BLOCK


class Spikes(NamedTuple):
    """Steps `[E]` int64 and sources `[E]` int32, sorted by step, then source."""

    step: np.ndarray
    source: np.ndarray


def decode(words: np.ndarray, first: int, steps: int) -> Spikes:
    """Return the spikes of one lane's words `[K, Z]` uint32, a chunk of `steps` from `first`.

    Its first word is that of the block in which step `first` lies.
    """
    begin = first // BLOCK * BLOCK
    words = words[: -(-(first + steps - begin) // BLOCK)]
    block, source = np.nonzero(words)
    bytes_ = np.ascontiguousarray(words[block, source]).astype("<u4").view(np.uint8)
    bits = np.unpackbits(bytes_.reshape(-1, 4), axis=1, bitorder="little")
    row, bit = np.nonzero(bits)
    step = begin + block[row] * BLOCK + bit
    order = np.argsort(step, kind="stable")
    return Spikes(step[order], source[row][order].astype(np.int32))
