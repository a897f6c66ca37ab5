"""A step without a part: the part does nothing, and the others do what they did."""

import dataclasses

import numpy as np
import pytest

from snnrun.engine.constants import make_constants
from snnrun.engine.plan import Recording, make_plan
from snnrun.engine.profiler import copied
from snnrun.engine.xla import XlaEngine
from snnrun.network import build
from snnrun.profile import leave_out
from tests.networks import DT, SIZES, drives, network, spec, v_init
from tests.neuron.own_reset import with_own_reset

STEPS = 512
NEURONS = SIZES["E"] + SIZES["I"]


@pytest.fixture(scope="module")
def whole():
    """Plan and constants of an active network whose inputs are recorded as well."""
    net = network("lif")
    plan = make_plan(net, 1, "float32", Recording(drives=True))
    return plan, make_constants(net, plan, 1, [0])


@pytest.fixture(scope="module")
def run(whole):
    """Return the state and output after some steps of a variant, by name."""
    made = {"whole": whole, "contacts": leave_out.no_contacts(*whole)}
    made |= {name: remove(*whole) for name, remove in leave_out.PARTS.items()}
    found = {}
    for name, (plan, c) in made.items():
        engine = XlaEngine(plan)
        engine.compile(c)
        c, carry = engine.start(c, v_init(1, NEURONS))
        carry, output = engine.run(c, carry, 0, STEPS, 0)
        found[name] = carry, engine.fetch(output)
    return found


def spikes(run, name):
    """Return the spikes of neurons and of inputs."""
    words = np.bitwise_count(run[name][1].words)
    return words[..., :NEURONS].sum(), words[..., NEURONS:].sum()


def test_the_network_is_active(run):
    neurons, inputs = spikes(run, "whole")
    assert neurons > 100 and inputs > 100


def test_without_contacts_nothing_arrives(run):
    assert np.any(run["whole"][0].state.arrivals)
    assert not np.any(run["contacts"][0].state.arrivals)
    assert spikes(run, "contacts")[1] == spikes(run, "whole")[1]


def test_without_neurons_none_spikes_and_the_input_is_added_up(run):
    state, output = run["neurons"]
    assert spikes(run, "neurons") == (0, spikes(run, "whole")[1])
    assert not np.any(output.total)
    assert np.any(state.state.neurons[0].v)
    assert abs(np.asarray(state.state.neurons[0].v).mean()) < 20  # a current, not about -60 mV


def test_without_neurons_those_that_reset_themselves_are_silent_too():
    net = build(with_own_reset(spec("lif"), "E"), drives(), 1, DT)
    plan = make_plan(net, 1, "float32", Recording())
    variants = [(plan, make_constants(net, plan, 1, [0]))]
    variants.append(leave_out.no_neurons(*variants[0]))
    totals = []
    for made, c in variants:
        engine = XlaEngine(made)
        engine.compile(c)
        c, carry = engine.start(c, v_init(1, NEURONS))
        totals.append(np.asarray(engine.run(c, carry, 0, STEPS, 0)[0].total).sum())
    assert totals[0] > 100 and totals[1] == 0


def test_without_synapses_their_state_is_never_touched(run):
    assert all(np.any(x) for x in run["whole"][0].state.synapses[0])
    assert not any(np.any(x) for x in run["synapses"][0].state.synapses[0])


def test_without_drives_only_they_are_silent(run):
    assert spikes(run, "drive")[1] == 0
    assert np.any(run["drive"][0].state.synapses[0].i) == (spikes(run, "drive")[0] > 0)


def test_without_recording_the_spikes_are_the_same(run):
    output = run["recording"][1]
    assert output.words.size == 0
    np.testing.assert_array_equal(output.total, run["whole"][1].total)
    np.testing.assert_array_equal(output.fingerprint, run["whole"][1].fingerprint)


def test_a_variant_is_one_plan_however_often_it_is_made(whole):
    for remove in leave_out.PARTS.values():
        again = remove(*whole)[0]
        assert remove(*whole)[0] == again != whole[0]
        assert hash(remove(*whole)[0]) == hash(again)


def test_only_parts_that_are_there_are_left_out(whole):
    plan, c = whole
    assert list(leave_out.parts(plan)) == ["neurons", "synapses", "drive", "recording"]
    silent, _ = leave_out.no_drives(plan, c)
    bare = dataclasses.replace(leave_out.no_recording(silent, c)[0], drives=())
    assert list(leave_out.parts(bare)) == ["neurons", "synapses"]


def test_traffic_counts_each_array_once(whole):
    plan, c = whole
    engine = XlaEngine(plan)
    engine.compile(c)
    c, carry = engine.start(c, v_init(1, NEURONS))
    moved = leave_out.traffic(plan, c, copied(carry).state)
    slots = 3 * NEURONS
    state = 4 * NEURONS + 4 * NEURONS + 3 * 4 * slots  # v, refractory, arrivals, x and i
    assert moved.state == 2 * state
    assert moved.ring == 0  # without delays
    assert moved.event == 4 + 4 + 2  # read and written, and a target of 16 bits
    assert moved.coefficients > 4 * NEURONS
