"""Merged contacts against a construction contact by contact; size classes."""

import numpy as np
import pytest

from snnrun import random
from snnrun.connect._base import Contacts
from snnrun.distribution import Distribution, draw
from snnrun.edges import Row, Shape, merge, size_class
from snnrun.engine.plan import Recording, make_plan
from snnrun.graph import receptor_order
from snnrun.network import contact_arrays
from tests.networks import DT, P, network

CASES = {
    "plain": {},
    "delays": {"delay": {"EE": 0.3, "EI": 2.0}},
    "drawn": {
        "weight": {"EE": Distribution("normal", 10.0, 3.0)},
        "delay": {"EI": Distribution("uniform", 0.1, 1.2), "IE": 0.7},
    },
}


def listed(net):
    """Return for each source its contacts (slot, weight, delay), projection by projection."""
    rows = {m: [] for m in range(max(s.stop for s in net.sources.values()))}
    order = receptor_order(net.spec.synapses)
    for name, contacts in net.contact_lists.items():
        p, size = net.spec.projections[name], contacts.target.size
        weight = draw(p.weight, random.generator(1, name, "weight"), size)
        delay = np.rint(draw(p.delay, random.generator(1, name, "delay"), size) / DT)
        slot = order[p.synapse] * net.size + net.neurons[p.post].start + contacts.target
        for source in range(contacts.start.size - 1):
            for i in range(contacts.start[source], contacts.start[source + 1]):
                entry = (int(slot[i]), weight[i] * net.spec.weight_factor, int(delay[i]))
                rows[net.sources[p.pre].start + source].append(entry)
    return rows


def merged(edges):
    """Return the same from the arrays."""
    rows = {}
    for m in range(edges.scale.size // edges.segments):
        rows[m] = []
        for k in range(m * edges.segments, (m + 1) * edges.segments):
            for i in range(edges.start[k], edges.start[k + 1]):
                weight = edges.scale[k] * (1 if edges.weight is None else edges.weight[i])
                delay = edges.delay[k] + (0 if edges.extra is None else edges.extra[i])
                rows[m].append((int(edges.target[i]), weight, int(delay)))
    return rows


@pytest.mark.parametrize("case", CASES)
def test_equals_contact_by_contact(case):
    net = network(keep_contacts=True, **CASES[case])
    got, wanted = merged(net.edges), listed(net)
    assert sum(map(len, wanted.values())) == sum(net.contacts.values()) > 10_000
    assert got.keys() == wanted.keys()
    for m, row in wanted.items():
        assert [r[::2] for r in got[m]] == [r[::2] for r in row]
        np.testing.assert_allclose([r[1] for r in got[m]], [r[1] for r in row], rtol=1e-14)


@pytest.mark.parametrize("case", CASES)
def test_contacts_are_told_with_what_was_drawn_for_each(case):
    net = network(keep_contacts=True, **CASES[case])
    order, rows = receptor_order(net.spec.synapses), {}
    for name, arrays in contact_arrays(net).items():
        p = net.spec.projections[name]
        constant = {"weight": p.weight, "delay": p.delay}
        assert {*constant} - {*arrays} == {k for k, v in constant.items() if np.isscalar(v)}
        slot = order[p.synapse] * net.size + net.neurons[p.post].start
        for i, (source, target) in enumerate(
            zip(arrays["source_node_id"], arrays["target_node_id"], strict=True)
        ):
            weight, delay = (arrays[k][i] if k in arrays else v for k, v in constant.items())
            entry = (slot + int(target), weight * net.spec.weight_factor, round(delay / DT))
            rows.setdefault(net.sources[p.pre].start + int(source), []).append(entry)
    for m, row in merged(net.edges).items():
        assert [r[::2] for r in rows.get(m, [])] == [r[::2] for r in row]
        np.testing.assert_allclose([r[1] for r in rows.get(m, [])], [r[1] for r in row])


@pytest.mark.parametrize("case", CASES)
def test_arrays_are_well_formed(case):
    edges = network(**CASES[case]).edges
    assert (np.diff(edges.start) >= 0).all()
    assert edges.start[-1] <= edges.target.size
    assert (edges.start.dtype, edges.target.dtype) == (np.int32, np.uint16)
    assert edges.target.min() >= 0
    assert edges.target.max() < 3 * 200
    longest = 0 if edges.extra is None else edges.extra.max()
    assert edges.depth > max(edges.delay.max(), longest)
    assert (edges.weight is None) == (case != "drawn")
    assert (edges.extra is None) == (case != "drawn")


def test_drawn_delays_are_at_least_a_step():
    net = network(delay={"EE": Distribution("normal", 0.1, 0.3, low=DT)})
    (used,) = (net.edges.start[:-1].reshape(-1, net.edges.segments)[:160, 0],)
    first = net.edges.extra[used]
    assert first.min() == 1
    assert first.max() > 3
    assert network(delay={"EE": Distribution("uniform", 0.0, 0.0)}).edges.extra.max() == 0


@pytest.mark.parametrize(
    ("delay", "said"),
    [
        (
            Distribution("normal", 0.5, 0.3),
            r"EE.delay must be 0 or at least dt \(0.1 ms\); \d+ of 5\d{3} draws \((8.\d+|9.\d+) %\)"
            r" are below, down to -0\.\d+ ms: give the normal 'low: 0.1'$",
        ),
        (Distribution("lognormal", 0.3, 0.3), "are below, down to 0.0.*: give the lognormal 'low"),
        (Distribution("uniform", 0.0, 0.01), "draws .100 %. are below, .*: choose other bounds"),
        (
            Distribution("normal", 1990.0, 9.0),
            r"EE.delay must be at most 2000 ms \(20000 steps\); \d+ of 5\d{3} draws \(1[\d.]+ %\)"
            r" are above, up to 20[\d.]+ ms: give the normal 'high: 2000'$",
        ),
    ],
)
def test_drawn_delays_have_the_limits_of_constant_ones(delay, said):
    with pytest.raises(ValueError, match=said):
        network(delay={"EE": delay})


@pytest.mark.parametrize("case", CASES)
def test_seeds_share_one_size(case):
    nets = [network(seed=seed, **CASES[case]) for seed in range(20)]
    assert len({net.edges.start[-1] for net in nets}) > 10
    shapes = {
        tuple(None if x is None else np.shape(x) for x in vars(net.edges).values()) for net in nets
    }
    assert len(shapes) == 1
    assert len({make_plan(net, 1, "float32", Recording()) for net in nets}) == 1


def test_a_small_change_of_p_keeps_the_size():
    nets = [network(p={name: f * p for name, p in P.items()}) for f in (1.0, 0.995, 1.005)]
    assert len({net.edges.target.shape for net in nets}) == 1
    assert len({net.edges.start[-1] for net in nets}) == 3


def test_size_classes():
    sizes = [size_class(n) for n in range(1, 5000)]
    assert all(a >= n for n, a in enumerate(sizes, 1))
    assert all(a <= max(16, 1.125 * n) for n, a in enumerate(sizes, 1))
    assert all(size_class(a) == a for a in sizes)
    assert all(a >> (a.bit_length() - 4) << (a.bit_length() - 4) == a for a in sizes)
    assert sizes == sorted(sizes)


def test_size_class_holds_what_is_there():
    assert size_class(100, 250) == size_class(250) >= 250


def test_too_many_contacts():
    assert size_class(2**31 - 2**28) < 2**31
    with pytest.raises(OverflowError, match="at most 2147483647"):
        size_class(2**31)
    contacts = Contacts(np.zeros(11, np.int64), np.zeros(0, np.int32))
    row = Row(
        name="EE",
        sources=slice(0, 10),
        first_slot=0,
        weight=1.0,
        factor=1.0,
        delay=0.0,
        expected=(3e9, 0.0),
    )
    with pytest.raises(OverflowError):
        merge([row], {"EE": contacts}, Shape(10, 20), lambda *_: np.random.default_rng(1), DT)


def test_no_projections():
    edges = merge([], {}, Shape(10, 20), lambda *_: np.random.default_rng(1), DT)
    assert edges.start.tolist() == [0] * 11
    assert edges.depth == 1
