"""The compiled chunk: nothing depends on how steps and lanes are cut."""

import numpy as np
import pytest

from snnrun.engine.constants import make_constants
from snnrun.engine.plan import Sample
from snnrun.engine.reference import _mix
from tests.networks import (
    assert_active,
    compiled,
    network,
    reference,
    same_spikes,
    simulate,
    v_init,
)

STEPS = 4000
WINDOW = 250
DELAYS = {"delay": {"EI": 0.8, "IE": 0.3}}


@pytest.fixture(scope="module", params=["eif", "lif"])
def engine(request):
    """A compiled engine for three lanes, with delays, drives recorded and counts kept."""
    net = network(request.param, **DELAYS)
    return net, *compiled(net, lanes=3, drives=True, window_steps=WINDOW)


@pytest.fixture(scope="module")
def whole(engine):
    """The run in one chunk, which is active."""
    net, xla, c = engine
    run = simulate(xla, c, v_init(3, net.size), [STEPS], warmup=77)
    for spikes in run.spikes:
        assert_active(spikes, net.size, STEPS)
    return run


ODD = [1, 6, 24, 1, 33, 31, 700, 3, 15, 2, 1184, 500, 1500]  # some end and begin inside a block
SPLITS = [[32] * 125, [992, 992, 992, 992, 32], [32, 3968], [2016, 1984], ODD]


@pytest.mark.parametrize("chunks", SPLITS, ids=len)
def test_any_split_gives_the_same(engine, whole, chunks):
    net, xla, c = engine
    assert sum(chunks) == STEPS
    run = simulate(xla, c, v_init(3, net.size), chunks, warmup=77)
    assert all(same_spikes(a, b) for a, b in zip(run.spikes, whole.spikes, strict=True))
    assert np.array_equal(run.outputs[-1].fingerprint, whole.outputs[-1].fingerprint)


def test_last_chunk_may_end_anywhere(engine, whole):
    net, xla, c = engine
    for steps in (1, 31, 33, 1999):
        run = simulate(xla, c, v_init(3, net.size), [steps])
        for lane, spikes in zip(whole.spikes, run.spikes, strict=True):
            first = lane.step < steps
            assert np.array_equal(spikes.step, lane.step[first])
            assert np.array_equal(spikes.source, lane.source[first])


def test_lanes_differ(whole):
    a, b, c = whole.spikes
    assert not (same_spikes(a, b) or same_spikes(a, c) or same_spikes(b, c))


def test_lanes_together_or_apart_are_the_same_bit_for_bit(engine, whole):
    net, *_ = engine
    alone, _ = compiled(net, lanes=1, drives=True, window_steps=WINDOW)
    for lane in range(3):
        c, v = make_constants(net, alone.plan, 1, [lane]), v_init(3, net.size)[lane : lane + 1]
        run = simulate(alone, c, v, [STEPS], warmup=77)
        assert_active(run.spikes[0], net.size, STEPS)
        assert same_spikes(run.spikes[0], whole.spikes[lane])
        marks = (run.outputs[0].fingerprint[0], whole.outputs[0].fingerprint[lane])
        assert np.array_equal(*marks)


def counted(run, chunks, warmup, neurons):
    """Return the counts `[W, B, N]` of whole windows, added up over chunks."""
    total = np.zeros((STEPS // WINDOW + 2, 3, neurons), int)
    first = 0
    for output, steps in zip(run.outputs, chunks, strict=True):
        row = (first // 32 * 32 - warmup) // WINDOW
        for i, counts in enumerate(output.counts):
            if counts.any():
                total[row + i] += counts
        first += steps
    return total


@pytest.mark.parametrize("warmup", [0, 32, 77, 511])
@pytest.mark.parametrize("chunks", [[STEPS], [992, 992, 992, 992, 32], [32] * 125, ODD], ids=len)
def test_counts_are_those_of_the_spikes(engine, warmup, chunks):
    net, xla, c = engine
    run = simulate(xla, c, v_init(3, net.size), chunks, warmup)
    wanted = np.zeros((STEPS // WINDOW + 2, 3, net.size), int)
    for lane, spikes in enumerate(run.spikes):
        own = spikes.source < net.size
        np.add.at(wanted, ((spikes.step[own] - warmup) // WINDOW, lane, spikes.source[own]), 1)
    assert wanted.sum() > 3000
    # windows before the warm-up have negative numbers: they lie at the end of both arrays
    assert np.array_equal(counted(run, chunks, warmup, net.size), wanted)


def fingerprint(spikes, neurons):
    """Return the hash of each train, from decoded spikes."""
    raster = np.zeros((STEPS, neurons), np.uint32)
    own = spikes.source < neurons
    raster[spikes.step[own], spikes.source[own]] = 1
    mark = np.zeros((neurons, 2), np.uint32)
    for block in raster.reshape(-1, 32, neurons):
        word = (block << np.arange(32, dtype=np.uint32)[:, None]).sum(0, dtype=np.uint32)
        mark = _mix(mark, word)
    return mark


def test_fingerprint_is_that_of_the_spikes(engine, whole):
    net, *_ = engine
    for lane, spikes in enumerate(whole.spikes):
        mark = whole.outputs[-1].fingerprint[lane]
        assert np.array_equal(mark, fingerprint(spikes, net.size))
        trains = {tuple(spikes.step[spikes.source == i]) for i in range(net.size)}
        assert len(np.unique(mark, axis=0)) == len(trains) > 100


@pytest.mark.parametrize("chunks", [[STEPS], [992, 992, 992, 992, 32], ODD], ids=len)
def test_total_is_that_of_the_spikes(engine, chunks):
    net, xla, c = engine
    run, first = simulate(xla, c, v_init(3, net.size), chunks), 0
    for output, steps in zip(run.outputs, chunks, strict=True):
        first += steps
        for lane, spikes in enumerate(run.spikes):
            source = spikes.source[(spikes.step < first) & (spikes.source < net.size)]
            assert np.array_equal(output.total[lane], np.bincount(source, minlength=net.size))


def test_counts_alone_are_the_same_as_with_spikes(engine, whole):
    net, *_ = engine
    xla, c = compiled(net, lanes=3, window_steps=WINDOW, spikes=False)
    moved, carry = xla.start(c, v_init(3, net.size))
    output = xla.fetch(xla.run(moved, carry, 0, STEPS, 77)[1])
    windows = STEPS // WINDOW + 2
    assert output.words.size == 0
    assert output.counts.sum() >= 3000
    assert np.array_equal(output.counts[:windows], whole.outputs[0].counts[:windows])
    assert np.array_equal(output.fingerprint, whole.outputs[0].fingerprint)


def test_nan_is_noticed_in_its_lane(engine):
    net, xla, c = engine
    v = v_init(3, net.size)
    v[1, 7] = np.nan
    moved, carry = xla.start(c, v)
    # a neuron with NaN stays so: neither comparison with the threshold holds
    assert xla.fetch(xla.run(moved, carry, 0, 32, 0)[1]).faults[:, 0].tolist() == [-1, 7, -1]


SAMPLES = (
    Sample("E", "v", 5, None),
    Sample("I", "v", 7, (0, 39, 3)),
    Sample("I", "i_E", 16, None),
    Sample("E", "i_I", 1, (2,)),
)


def sampled(run, chunks):
    """Return the samples of each variable over all chunks."""
    parts, first = [[] for _ in SAMPLES], 0
    for output, steps in zip(run.outputs, chunks, strict=True):
        for part, sample, data in zip(parts, SAMPLES, output.samples, strict=True):
            part.append(data[: (first + steps) // sample.every - first // sample.every, 0])
        first += steps
    return [np.concatenate(part) for part in parts]


@pytest.fixture(scope="module")
def sampling():
    """A compiled engine that samples, and the output of the reference."""
    net = network("eif", keep_contacts=True, **DELAYS)
    xla, c = compiled(net, dtype="float64", samples=SAMPLES)
    return xla, c, reference(net, xla.plan, v_init(1, net.size), 640)


@pytest.mark.parametrize("chunks", [[640], [32] * 20, [96, 320, 224], [1, 30, 2, 607]], ids=len)
def test_samples_are_those_of_the_reference(sampling, chunks):
    xla, c, twin = sampling
    run = simulate(xla, c, v_init(1, xla.plan.neurons), chunks)
    for sample, got, wanted in zip(SAMPLES, sampled(run, chunks), twin.samples, strict=True):
        assert len(got) == 640 // sample.every
        assert np.ptp(got) > 0.01
        # rounding, amplified by up to exp(4) in 64 ms; spikes are the same
        np.testing.assert_allclose(got, wanted[: len(got), 0], rtol=1e-8, atol=1e-8)
