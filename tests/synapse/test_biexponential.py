"""Bi-exponential synapse: closed form, alpha limit."""

import numpy as np
import pytest

from tests.contracts import SynapseContract, preset


def closed_form(t, rise, decay):
    return (np.exp(-t / decay) - np.exp(-t / rise)) / (decay - rise)


class TestBiexponential(SynapseContract):
    kind = "biexponential"

    def charge(self, synapse):
        return 1.0

    @pytest.mark.parametrize(
        ("rise", "decay"), [(1.0, 5.0), (1.0, 8.0), (5.0, 1.0), (0.1, 100.0), (3.0, 3.3)]
    )
    def test_closed_form(self, rise, decay):
        synapse = self.part(tau_rise=rise, tau_decay=decay)
        course = self.one_spike(synapse, 50, 0.05)
        expected = closed_form(np.arange(1000) * 0.05, rise, decay)
        np.testing.assert_allclose(course, expected, rtol=1e-11, atol=1e-15)

    @pytest.mark.parametrize("difference", [0.0, 1e-12, 1e-9, -1e-9])
    def test_equal_time_constants_are_the_alpha_function(self, difference):
        synapse = self.part(tau_rise=3.0, tau_decay=3.0 + difference)
        t = np.arange(400) * 0.1
        # the alpha function itself is off by (difference / tau) t / tau: 5e-9 at most here
        np.testing.assert_allclose(
            self.one_spike(synapse, 40, 0.1), t / 9 * np.exp(-t / 3), rtol=1e-8
        )

    @pytest.mark.parametrize(("rise", "decay"), [(1.0, 5.0), (3.0, 3.0), (3.0, 3.0 + 1e-9)])
    def test_area_in_special_cases(self, rise, decay):
        synapse = self.part(tau_rise=rise, tau_decay=decay)
        area = self.one_spike(synapse, 400, 0.1, tau=1e12).sum() * 0.1
        assert area == pytest.approx(1.0, rel=1e-9)

    def test_rise_and_decay_commute(self):
        courses = [
            self.one_spike(self.part(tau_rise=a, tau_decay=b), 30, 0.1)
            for a, b in [(1.0, 5.0), (5.0, 1.0)]
        ]
        np.testing.assert_allclose(*courses, rtol=1e-12, atol=1e-16)

    def test_peak_time(self):
        # d/dt = 0 at t = rise decay / (decay - rise) ln(decay / rise)
        course = self.one_spike(preset("synapse", "biexponential"), 20, 0.001)
        assert course.argmax() * 0.001 == pytest.approx(5 / 4 * np.log(5), abs=0.001)

    def test_sums_of_samples_at_the_start_of_steps_have_unit_area_too(self):
        # Euler: the course starts and ends at 0, so the sum is the trapezoid rule, O(dt^2)
        areas = [self.one_spike(self.part(), 400, dt).sum() * dt for dt in (0.1, 0.05)]
        # trapezoid: 1 - dt^2 / 12 * slope(0), slope(0) = 1 / (rise decay)
        np.testing.assert_allclose(areas, [1 - dt**2 / 12 / 5 for dt in (0.1, 0.05)], atol=1e-6)
