"""Exponential synapse: closed form and both normalisations."""

import numpy as np
import pytest

from tests.contracts import SynapseContract, preset


class TestExponential(SynapseContract):
    kind = "exponential"

    def charge(self, synapse):
        return 1.0 if synapse.normalization == "area" else synapse.tau

    @pytest.mark.parametrize("tau", [0.3, 5.0])
    @pytest.mark.parametrize("normalization", ["area", "peak"])
    def test_closed_form(self, tau, normalization):
        synapse = self.part(tau=tau, normalization=normalization)
        peak = 1 / tau if normalization == "area" else 1.0
        expected = peak * np.exp(-np.arange(200) * 0.1 / tau)
        np.testing.assert_allclose(self.one_spike(synapse, 20, 0.1), expected, rtol=1e-12)

    def test_peak_has_the_area_of_its_time_constant(self):
        synapse = self.part(normalization="peak", tau=3.0)
        area = self.one_spike(synapse, 200, 0.1, tau=1e12).sum() * 0.1
        assert area == pytest.approx(self.charge(synapse), rel=1e-9)


def test_mean_current_of_a_step_is_weighted_by_the_membrane():
    # integral of exp(-(dt - t) / tau_m) exp(-t / tau) over a step, in closed form
    dt, tau, tau_m = 0.5, 2.0, 10.0
    rate = 1 / tau - 1 / tau_m
    filtered = np.exp(-dt / tau_m) * -np.expm1(-rate * dt) / rate
    constant = -np.expm1(-dt / tau_m) * tau_m
    c = preset("synapse", "exponential", tau=tau).prepare(dt, np.array([tau_m, np.inf]))
    np.testing.assert_allclose(c.mean, [filtered / constant, 1.0], rtol=1e-13)


def test_unknown_normalization_is_refused():
    parameter = preset("synapse", "exponential").parameters()["normalization"]
    assert "area, peak" in parameter.problem("charge")
