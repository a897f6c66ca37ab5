"""Delivery against a dense matrix product."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from snnrun import random
from snnrun.distribution import Distribution, draw
from snnrun.engine.constants import make_constants
from snnrun.engine.deliver import deliver, multiply
from snnrun.engine.plan import Recording, make_plan
from snnrun.graph import receptor_order
from tests.networks import DT, network

PLAIN = {}
DELAYS = {"delay": {"EE": 0.3, "EI": 2.0, "IX": 0.1}}
DRAWN = {
    "weight": {"EE": Distribution("normal", 10.0, 3.0), "IX": Distribution("uniform", 0.0, 9.0)},
    "delay": {"EI": Distribution("uniform", 0.1, 1.2), "IE": 0.7},
}
CASES = pytest.mark.parametrize("changes", [PLAIN, DELAYS, DRAWN], ids=["plain", "delays", "drawn"])


def dense(net, depth):
    """Return `[D, M, slots]`: what a spike of a source adds to a slot, d steps later than next."""
    n, order = net.size, receptor_order(net.spec.synapses)
    sources = max(s.stop for s in net.sources.values())
    matrix = np.zeros((depth, sources, n * len(order)))
    for name, contacts in net.contact_lists.items():
        p, size = net.spec.projections[name], contacts.target.size
        weight = draw(p.weight, random.generator(1, name, "weight"), size)
        delay = np.rint(draw(p.delay, random.generator(1, name, "delay"), size) / DT).astype(int)
        source = np.repeat(np.arange(contacts.start.size - 1), np.diff(contacts.start))
        slot = order[p.synapse] * n + net.neurons[p.post].start + contacts.target
        at = (delay, net.sources[p.pre].start + source, slot)
        np.add.at(matrix, at, weight * net.spec.weight_factor)
    return matrix


def expected(net, plan, ring, fired, step):
    """Return the ring `[D, B, slots]` after the spikes `[B, M]` of a step."""
    after = ring.copy()
    for d, matrix in enumerate(dense(net, plan.depth)):
        after[(step + 1 + d) % plan.depth] += fired @ matrix
    return after


def delivered(net, plan, ring, fired, step, send=deliver):
    """Return the same from the engine."""
    c = make_constants(net, plan, 1, list(range(plan.lanes)))
    flags = np.zeros((plan.lanes, plan.padded_sources), np.uint8)
    flags[:, : plan.sources] = fired
    call = jax.jit(send, static_argnums=0)
    after = call(plan, c.edges, jnp.asarray(ring.reshape(-1)), flags.reshape(-1), jnp.int32(step))
    return np.asarray(after).reshape(ring.shape)


def both(changes, lanes, row, share, step=41):
    """Return expected and delivered rings for random spikes."""
    net = network(keep_contacts=True, **changes)
    plan = dataclasses.replace(make_plan(net, lanes, "float64", Recording()), row=row)
    rng = np.random.default_rng(1)
    fired = (rng.random((lanes, plan.sources)) < share).astype(np.uint8)
    ring = rng.normal(size=(plan.depth, lanes, plan.slots))
    given = net, plan, ring, fired, step
    return ring, expected(*given), delivered(*given)


@CASES
@pytest.mark.parametrize(("lanes", "row"), [(1, 64), (3, 32), (2, 512)])
def test_equals_a_dense_product(changes, lanes, row):
    ring, wanted, got = both(changes, lanes, row, share=0.1)
    assert (wanted != ring).sum() > 100
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12)  # other order of summation


@CASES
@pytest.mark.parametrize("lanes", [1, 3])
def test_the_product_itself(changes, lanes):
    net = network(keep_contacts=True, **changes)
    plan = make_plan(net, lanes, "float64", Recording(), dense=True)
    rng = np.random.default_rng(1)
    fired = (rng.random((lanes, plan.sources)) < 0.1).astype(np.uint8)
    ring = rng.normal(size=(plan.depth, lanes, plan.slots))
    given = net, plan, ring, fired, 41
    np.testing.assert_allclose(
        delivered(*given, send=multiply), expected(*given), rtol=0, atol=1e-12
    )


@CASES
def test_every_source_at_once(changes):
    _, wanted, got = both(changes, 2, 64, share=1.1)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-11)


@CASES
def test_no_spike_changes_nothing(changes):
    ring, _, got = both(changes, 2, 64, share=0.0)
    assert np.array_equal(ring, got)


@pytest.mark.parametrize("source", [0, 31, 32, 159, 160, 299])
def test_a_single_spike_at_the_edges(source):
    net = network(keep_contacts=True, **DRAWN)
    plan = make_plan(net, 1, "float64", Recording())
    fired = np.zeros((1, plan.sources), np.uint8)
    fired[0, source] = 1
    ring = np.zeros((plan.depth, 1, plan.slots))
    given = net, plan, ring, fired, 0
    assert expected(*given).any()
    np.testing.assert_allclose(delivered(*given), expected(*given), rtol=0, atol=1e-13)


def test_every_slot_of_the_ring_comes_round():
    for step in range(25):
        _, wanted, got = both(DELAYS, 1, 64, share=0.02, step=step)
        np.testing.assert_allclose(got, wanted, rtol=0, atol=1e-12)
