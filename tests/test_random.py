"""Random streams: known answers, names, uniformity."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.random import threefry_2x32
from scipy.stats import chisquare, kstest

from snnrun.random import generator, normal_pair, stream_key, threefry2x32

ONES = 0xFFFFFFFF
PI = (0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3)
# rounds, key, counter, words: kat_vectors of Random123 (Salmon et al. 2011)
KNOWN = [
    (20, (0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
    (20, (ONES, ONES), (ONES, ONES), (0x1CB996FC, 0xBB002BE7)),
    (20, *PI, (0xC4923A9C, 0x483DF7A0)),
    (13, (0, 0), (0, 0), (0x9D1C5EC6, 0x8BD50731)),
    (13, (ONES, ONES), (ONES, ONES), (0xFD36D048, 0x2D17272C)),
    (13, *PI, (0xBA3E4725, 0xF27D669E)),
]


def words(key, c0, c1, rounds=13, xp=np):
    """Return `[..., 2]` uint32 for counters that broadcast."""
    key = tuple(xp.asarray([k], np.uint32) for k in key)
    c0, c1 = (xp.atleast_1d(xp.asarray(c, np.uint32)) for c in (c0, c1))
    return np.stack(threefry2x32(key, c0, c1, rounds), axis=-1)


@pytest.mark.parametrize(("rounds", "key", "counter", "expected"), KNOWN)
@pytest.mark.parametrize("xp", [np, jnp])
def test_known_answers(rounds, key, counter, expected, xp):
    assert words(key, *counter, rounds, xp).ravel().tolist() == list(expected)


def test_twenty_rounds_are_those_of_jax():
    rng = np.random.default_rng(1)
    key, count = rng.integers(2**32, size=(2, 2), dtype=np.uint32)[0], np.arange(64) * 77777777
    count = count.astype(np.uint32)
    theirs = np.asarray(threefry_2x32(jnp.asarray(key), jnp.asarray(count)))
    assert np.array_equal(words(key, count[:32], count[32:], 20).T.ravel(), theirs)


def test_numpy_and_jax_agree():
    rng = np.random.default_rng(2)
    c0, c1 = rng.integers(2**32, size=(2, 1000), dtype=np.uint32)
    for key in rng.integers(2**32, size=(5, 2), dtype=np.uint32):
        assert np.array_equal(words(key, c0, c1), words(key, c0, c1, xp=jnp))


def test_words_are_uniform_and_uncorrelated():
    # counters as simulations use them: index and step from 0 on; all bits of both words
    index, step = np.meshgrid(np.arange(500), np.arange(400))
    drawn = words(stream_key(1, "X", "noise"), index.ravel(), step.ravel())
    n = len(drawn)
    for word in drawn.T:
        assert chisquare(np.bincount(word >> 24, minlength=256)).pvalue > 1e-3
        assert chisquare(np.bincount(word & 0xFF, minlength=256)).pvalue > 1e-3
        assert kstest(word / 2**32, "uniform").pvalue > 1e-3
    u = drawn / 2**32
    # SD of the mean: 1 / sqrt(12 n); of the variance: sqrt(1 / 180 n)
    np.testing.assert_allclose(u.mean(axis=0), 0.5, atol=5 / np.sqrt(12 * n))
    np.testing.assert_allclose(u.var(axis=0), 1 / 12, atol=5 / np.sqrt(180 * n))
    grid = u[:, 0].reshape(400, 500)
    pairs = [(u[:, 0], u[:, 1]), (grid[1:], grid[:-1]), (grid[:, 1:], grid[:, :-1])]
    for a, b in pairs:
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 5 / np.sqrt(n)


def test_one_bit_of_the_counter_changes_half_of_the_words():
    counters = np.concatenate([[0], 1 << np.arange(32)]).astype(np.uint32)
    for drawn in (words((1, 2), counters, 0), words((1, 2), 0, counters)):
        flipped = np.bitwise_count(drawn[1:] ^ drawn[0])
        assert flipped.mean() == pytest.approx(16, abs=5 * np.sqrt(8 / flipped.size))


def test_streams_differ_by_each_part_of_their_name():
    parts = [(0, 1, 2**63 - 1), ("E", "I", "EE"), ("noise", "contacts"), (0, 1, 17)]
    names = list(itertools.product(*parts))
    keys = {tuple(stream_key(*name).tolist()) for name in names}
    assert len(keys) == len(names)


def test_parts_of_a_name_do_not_run_together():
    assert not np.array_equal(stream_key(1, "1E", "x"), stream_key(11, "E", "x"))
    assert not np.array_equal(stream_key(1, "E", "Ix"), stream_key(1, "EI", "x"))
    assert not np.array_equal(stream_key(1, "E", "x1", 0), stream_key(1, "E", "x", 10))


def test_keys_stay_as_they_are():
    # a change would silently change every published result: recorded values
    assert stream_key(1, "E", "noise").tolist() == [1484785417, 877395393]
    assert generator(1, "E", "contacts").integers(1000, size=3).tolist() == [163, 30, 611]


def test_a_key_can_be_changed_by_its_owner():
    key = stream_key(1, "E", "noise")
    key[0] = 0
    assert stream_key(1, "E", "noise")[0] != 0


def test_generators_are_named():
    a, b, c = (generator(1, name, "contacts").random(1000) for name in ("E", "E", "I"))
    assert np.array_equal(a, b)
    assert abs(np.corrcoef(a, c)[0, 1]) < 5 / np.sqrt(1000)


@pytest.mark.parametrize(("dtype", "close"), [("float32", 3e-6), ("float64", 1e-13)])
def test_normals_are_those_of_box_and_muller(dtype, close):
    low, high = np.random.default_rng(3).integers(2**32, size=(2, 20_000), dtype=np.uint32)
    bits = 24 if dtype == "float32" else 32
    u = (((low >> (32 - bits)) + 0.5) / 2.0**bits).astype(dtype).astype(float)
    angle = 2 * np.pi * ((high >> (32 - bits)) / 2.0**bits - 0.5)
    radius = np.sqrt(-2 * np.log(u))
    a, b = normal_pair(low, high, np.ones((), dtype), np)
    assert a.dtype == b.dtype == dtype
    np.testing.assert_allclose(a, radius * np.cos(angle), atol=close)
    np.testing.assert_allclose(b, radius * np.sin(angle), atol=close)
