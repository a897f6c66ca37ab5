"""A trial goes on from its snapshot as if it had never stopped: other lanes, delays, backends."""

import dataclasses

import numpy as np
import pytest

from snnrun.engine import native
from snnrun.engine.constants import make_constants
from snnrun.engine.decode import decode
from snnrun.engine.handover import handed_over, misfits
from snnrun.engine.plan import Recording, make_plan
from snnrun.engine.reference import ReferenceEngine
from snnrun.engine.snapshot import put, take
from snnrun.engine.xla import XlaEngine
from snnrun.network import NetworkSpec, Population
from tests.contracts import preset
from tests.networks import cell, network, v_init

STEPS, CUT = 4000, 1777
SIZES = {"a": 3, "b": 2, "c": 4}
MODELS = {"a": "eif", "b": "lif", "c": "eif"}
SYNAPSES = {"s": "exponential", "t": "biexponential", "u": "exponential"}
DELAYS = {"delay": {"EI": 0.8, "IE": 0.3}}
BUILT = pytest.mark.skipif(not native.ready(), reason="the kernel is not built")
BACKENDS = [pytest.param(True, id="native", marks=BUILT), pytest.param(False, id="xla")]


def compiled(net, lanes, is_native, dtype="float32", depth=None):
    plan = make_plan(net, lanes, dtype, Recording(), native=is_native)
    plan = dataclasses.replace(plan, depth=depth or plan.depth)
    c = make_constants(net, plan, 1, list(range(lanes)))
    engine = XlaEngine(plan)
    engine.compile(c)
    return engine, c


def spikes_of(engine, c, carry, first, steps):
    """Return the carry afterwards and the spikes of each lane."""
    carry, output = engine.run(c, carry, first, steps, 0)
    words = engine.fetch(output).words
    return carry, [decode(w, first, steps) for w in words.transpose(1, 0, 2)]


@pytest.mark.parametrize("is_native", BACKENDS)
@pytest.mark.parametrize("delays", [{}, DELAYS], ids=["", "delays"])
def test_goes_on_in_other_lanes(is_native, delays):
    net = network("eif", **delays)
    engine, c = compiled(net, 3, is_native)
    moved, carry = engine.start(c, v_init(3, net.size))
    carry, _ = spikes_of(engine, moved, carry, 0, CUT)
    snapshots = engine.snapshots(carry, CUT)
    carry, whole = spikes_of(engine, moved, carry, CUT, STEPS - CUT)
    assert sum(s.step.size for s in whole) > 1000
    after = engine.snapshots(carry, STEPS)

    more = engine.plan.depth + 7 if delays else None
    alone, c = compiled(net, 2, is_native, depth=more)
    c = c._replace(drive_keys=make_constants(net, alone.plan, 1, [2, 1]).drive_keys)
    moved, carry = alone.restart(c, [snapshots[2], snapshots[1]], CUT)
    carry, found = spikes_of(alone, moved, carry, CUT, STEPS - CUT)
    for lane, trial in enumerate((2, 1)):
        assert np.array_equal(found[lane].step, whole[trial].step)
        assert np.array_equal(found[lane].source, whole[trial].source)
    for name, x in alone.snapshots(carry, STEPS)[0].items():
        wanted = after[2][name]
        assert np.array_equal(x[: len(wanted)] if name == "ring" else x, wanted), name


@pytest.mark.parametrize("delays", [{}, DELAYS], ids=["", "delays"])
def test_backends_take_over_from_each_other(delays):
    net = network("eif", keep_contacts=True, **delays)
    engine, c = compiled(net, 1, False, "float64")
    v = v_init(1, net.size)
    moved, carry = engine.start(c, v)
    carry, before = spikes_of(engine, moved, carry, 0, CUT)
    (mine,) = engine.snapshots(carry, CUT)
    twin = ReferenceEngine(engine.plan, net, 1)
    twin.start(v[0], 0)
    twin.run(0, CUT, 0)
    (its,) = take(engine.plan, twin.carry(CUT), CUT)
    assert before[0].step.size > 500
    assert set(mine) == set(its)
    for name, x in mine.items():
        np.testing.assert_allclose(x, its[name], rtol=1e-7, atol=1e-7, err_msg=name)
    again = ReferenceEngine(engine.plan, net, 1)
    again.start(v[0], 0)
    again.go_on(put(engine.plan, twin.carry(CUT), [mine], CUT), CUT)
    _, wanted = spikes_of(engine, moved, carry, CUT, 1000)
    found = decode(again.run(CUT, 1000, 0).words[:, 0], CUT, 1000)
    assert np.array_equal(found.step, wanted[0].step)
    assert np.array_equal(found.source, wanted[0].source)


def test_what_does_not_fit_is_said():
    small, large = network("eif", **DELAYS), network("lif")
    engine, c = compiled(small, 1, False)
    moved, carry = engine.start(c, v_init(1, small.size))
    (snapshot,) = engine.snapshots(engine.run(moved, carry, 0, 320, 0)[0], 320)
    other, c = compiled(large, 1, False)
    with pytest.raises(ValueError, match=r"spikes are due \d+ steps later, but delays end at 1"):
        other.restart(c, [snapshot], 320)
    with pytest.raises(ValueError, match=r"word has shape \(5,\), not"):
        engine.restart(c, [snapshot | {"word": np.zeros(5, np.uint32)}], 320)
    with pytest.raises(ValueError, match="there is no total"):
        engine.restart(c, [{k: v for k, v in snapshot.items() if k != "total"}], 320)


class TestHandover:
    """Populations and synapses keep their state in a network that lists them otherwise."""

    def spec(self, populations="abc", synapses="stu", **sizes):
        return NetworkSpec(
            populations={
                name: Population(
                    size=sizes.get(name, SIZES[name]),
                    type="excitatory",
                    neuron=cell(MODELS[name]),
                    positions=None,
                    v_init=0.0,
                )
                for name in populations
            },
            synapses={name: preset("synapse", SYNAPSES[name]) for name in synapses},
            projections={},
            weight_scaling="none",
            per_trial=False,
        )

    def state(self, neurons, models, receptors, kinds):
        """Return a state whose every value says where it belongs.

        `neurons`: populations, one letter a neuron; `models`: the same of each model;
        `receptors`: synapses; `kinds`: (fields, synapses) of each kind.
        """

        def value(*names):
            return sum(ord(letter) * 128.0**i for i, letter in enumerate("".join(names)))

        def numbered(letters, *names):
            seen = [letters[:i].count(x) for i, x in enumerate(letters)]
            pairs = zip(letters, seen, strict=True)
            return np.array([value(*names, x) + k / 8 for x, k in pairs])

        slots = np.concatenate([numbered(neurons, s) for s in receptors])
        found = {name: numbered(neurons, name[0]) for name in ("total", "word", "fingerprint")}
        found |= {"arrivals": slots, "ring": np.stack([slots, slots + 0.5, 0 * slots])}
        for i, letters in enumerate(models):
            found |= {f"neurons/{i}/{f}": numbered(letters, f[0]) for f in ("v", "refractory")}
        for i, (fields, names) in enumerate(kinds):
            for field in fields:
                rows = [numbered(neurons, field, s) for s in names]
                found[f"synapses/{i}/{field}"] = np.stack(rows)
        return found

    def test_by_name(self):
        before = self.state("aaaccccbb", ["aaacccc", "bb"], "sut", [("i", "su"), ("xi", "t")])
        after = self.state("bbccccaaa", ["bb", "ccccaaa"], "tus", [("xi", "t"), ("i", "us")])
        old, new = self.spec(), self.spec("bca", "tus")
        assert misfits(old, new) == []
        there = handed_over(before, old, new)
        assert set(there) == set(after)
        for name, x in after.items():
            assert np.array_equal(there[name], x), name
        again = handed_over(after, new, old)
        assert all(np.array_equal(again[name], x) for name, x in before.items())

    def test_a_new_synapse_is_at_rest(self):
        old, new = self.spec(synapses="st"), self.spec(synapses="stu")
        state = self.state("aaaccccbb", ["aaacccc", "bb"], "st", [("i", "s"), ("xi", "t")])
        assert misfits(old, new) == []
        found = handed_over(state, old, new)
        assert np.array_equal(found["synapses/0/i"], [state["synapses/0/i"][0], np.zeros(9)])
        wanted = np.insert(state["ring"].reshape(3, 2, 9), 1, 0, axis=1).reshape(3, 27)
        assert np.array_equal(found["ring"], wanted)

    def test_what_has_no_state_or_another_one(self):
        said = misfits(self.spec("ab", a=3, b=3), self.spec("cb", a=2, b=4))
        assert said == [
            "population a is only in the checkpoint",
            "b has 3 neurons in the checkpoint, 4 here",
            "population c is not in the checkpoint",
        ]
        (said,) = misfits(self.spec(), self.spec(synapses="st"))
        assert said == "synapse u is only in the checkpoint; keep it, with weights of 0"

    def test_arrays_of_another_network(self):
        state = self.state("aaaccccbb", ["aaacccc", "bb"], "sut", [("i", "su"), ("xi", "t")])
        for name in state:
            with pytest.raises(ValueError, match=f"its {name} is not that of"):
                handed_over(state | {name: state[name][..., :1]}, self.spec(), self.spec("cab"))
