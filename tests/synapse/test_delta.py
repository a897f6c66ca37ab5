"""Voltage jump: all of it, once, at the start of the step it arrives in."""

import numpy as np

from snnrun.neuron._base import Inputs
from tests.contracts import SynapseContract, preset


class TestDelta(SynapseContract):
    kind = "delta"
    lasting = False

    def test_area_of_one_spike(self):
        # a jump has no area: its height is the weight, whatever dt
        for dt in (0.05, 0.1, 1.0):
            assert self.one_spike(self.part(), 40, dt).sum() == 1


def test_membrane_jumps_and_decays():
    neuron, synapse = preset("neuron", "lif"), preset("synapse", "delta")
    c, s = neuron.prepare(0.1), neuron.init(np.full((1, 1), -70.0), neuron.prepare(0.1), np)
    course = []
    for arrival in (0.0, 4.0, 0.0, 0.0):
        _, (jump,) = synapse.step(None, np.full((1, 1), arrival), None)
        s, _ = neuron.step(s, Inputs(0.0, jump=jump), c, np)
        course.append(s.v[0, 0])
    expected = -70 + 4 * np.exp(-0.1 * np.arange(1, 4) / neuron.tau_m)
    np.testing.assert_allclose(course, [-70.0, *expected], rtol=1e-13)


def test_a_refractory_neuron_hears_nothing():
    neuron = preset("neuron", "lif", t_ref=0.3)
    c = neuron.prepare(0.1)
    s = neuron.init(np.full((1, 1), -70.0), c, np)
    jumps, v, fired = [20.0, 20.0, 20.0, 20.0, 20.0], [], []
    for jump in jumps:
        s, spiked = neuron.step(s, Inputs(0.0, jump=np.full((1, 1), jump)), c, np)
        v.append(s.v[0, 0])
        fired.append(bool(spiked[0, 0]))
    assert fired == [True, False, False, False, True]  # three steps without it
    assert v == [neuron.v_reset] * 5
