"""Decoding of packed words against a loop over bits."""

import numpy as np
import pytest

from snnrun.engine.decode import decode


def loop(words, first):
    """Return (step, source) of every set bit, by step, then source."""
    return sorted(
        (first + 32 * k + bit, source)
        for k, row in enumerate(words)
        for source, word in enumerate(row)
        for bit in range(32)
        if int(word) >> bit & 1
    )


@pytest.mark.parametrize("share", [0.01, 0.5, 1.1])
@pytest.mark.parametrize("first", [0, 64, 2_000_000_000])
def test_equals_a_loop(share, first):
    bits = np.random.default_rng(1).random((5, 7, 32)) < share
    words = (bits * (np.uint32(1) << np.arange(32, dtype=np.uint32))).sum(-1).astype(np.uint32)
    spikes = decode(words, first, 160)
    assert spikes.step.size == bits.sum()
    assert list(zip(spikes.step.tolist(), spikes.source.tolist(), strict=True)) == loop(
        words, first
    )
    assert (spikes.step.dtype, spikes.source.dtype) == (np.int64, np.int32)


def test_blocks_that_did_not_run_are_left_out():
    words = np.full((4, 2), 1, np.uint32)  # a spike in the first step of each block
    assert decode(words, 0, 33).step.tolist() == [0, 0, 32, 32]
    assert decode(words, 0, 32).step.tolist() == [0, 0]
    assert decode(words, 0, 0).step.size == 0


def test_silence():
    assert decode(np.zeros((3, 4), np.uint32), 0, 96).source.size == 0


def test_a_view_with_strides():
    words = np.arange(24, dtype=np.uint32).reshape(3, 2, 4)
    a, b = decode(words[:, 1], 0, 96), decode(words[:, 1].copy(), 0, 96)
    assert np.array_equal(a.step, b.step)
    assert np.array_equal(a.source, b.source)
