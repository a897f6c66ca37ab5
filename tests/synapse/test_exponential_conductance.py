"""Exponential conductance: closed form, reversal, and its effect on a membrane."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from snnrun.neuron._base import Inputs
from tests.contracts import SynapseContract, preset


class TestExponentialConductance(SynapseContract):
    kind = "exponential_conductance"

    def charge(self, synapse):
        return synapse.tau  # nS ms for a weight of 1 nS

    @pytest.mark.parametrize("tau", [0.3, 5.0])
    def test_closed_form(self, tau):
        expected = np.exp(-np.arange(200) * 0.1 / tau)
        found = self.one_spike(self.part(tau=tau), 20, 0.1)
        np.testing.assert_allclose(found, expected, rtol=1e-12)

    def test_second_input_is_the_current_at_zero_potential(self):
        synapse = self.part(e_rev=-80.0)
        c = synapse.prepare(0.1, np.array([20.0]))
        s = synapse.init((1,), float, np)
        _, (conductance, reversal_current) = synapse.step(s, np.array([3.0]), c)
        assert 2.9 < conductance[0] < 3
        assert reversal_current[0] == -80.0 * conductance[0]


@pytest.mark.parametrize(("e_rev", "weight"), [(0.0, 6.0), (-80.0, 67.0)])
@pytest.mark.parametrize("dt", [0.1, 0.05])
def test_postsynaptic_potential(e_rev, weight, dt):
    # exponential Euler: second order in dt around the exact course of V
    neuron = preset("neuron", "lif", c_m=200.0, tau_m=20.0, e_l=-60.0, v_th=-40.0)
    synapse = preset("synapse", "exponential_conductance", e_rev=e_rev)
    steps = round(60 / dt)
    c, k = neuron.prepare(dt), synapse.prepare(dt, np.array([neuron.tau_m]))
    s, g = neuron.init(np.full((1, 1), -60.0), c, np), synapse.init((1, 1), float, np)
    course = []
    for n in range(steps):
        g, (open_, pull) = synapse.step(g, np.full((1, 1), weight * (n == 0)), k)
        inputs = Inputs(np.zeros((1, 1)), conductance=open_, reversal_current=pull)
        s, _ = neuron.step(s, inputs, c, np)
        course.append(s.v[0, 0])

    def slope(t, v):
        conductance = weight * np.exp(-t / synapse.tau)
        return (10 * (-60 - v) + conductance * (e_rev - v)) / 200

    t = dt * np.arange(1, steps + 1)
    exact = solve_ivp(slope, (0, t[-1]), [-60.0], t_eval=t, rtol=1e-11, atol=1e-11).y[0]
    assert abs(exact + 60).max() > 2
    np.testing.assert_allclose(course, exact, atol=0.05 * dt)
