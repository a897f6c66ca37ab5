"""EIF: fixed points, upstroke and Euler steps."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from snnrun.neuron._base import Inputs
from tests.contracts import NeuronContract, preset


class TestEIF(NeuronContract):
    kind = "eif"
    strong = 20.0
    moderate = 1.0
    # Euler lags behind the upstroke, which is faster than any step at its end
    first_order_steps = 8.0


def run(neuron, current, steps, dt=0.05, v=None):
    """Return V at the end of each step, and who spiked, under a constant current."""
    c = neuron.prepare(dt)
    s, course = neuron.init(np.full((1, 1), neuron.e_l if v is None else v), c, np), []
    for _ in range(steps):
        s, spiked = neuron.step(s, Inputs(np.full((1, 1), current)), c, np)
        course.append((s.v[0, 0], spiked[0, 0]))
    v, fired = np.array(course).T
    return v, fired.astype(bool)


def slope(neuron, v, current):
    """Return dV/dt."""
    up = neuron.slope_factor * math.exp((v - neuron.v_th) / neuron.slope_factor)
    return (neuron.e_l - v + up) / neuron.tau_m + current / neuron.c_m


def rheobase(neuron):
    """Return the current at which the two fixed points meet, at V = v_th."""
    return (neuron.v_th - neuron.e_l - neuron.slope_factor) * neuron.c_m / neuron.tau_m


@pytest.mark.parametrize("slope_factor", [0.5, 2.0])
def test_rheobase(slope_factor):
    neuron = preset("neuron", "eif", slope_factor=slope_factor)
    fired = [run(neuron, f * rheobase(neuron), 8000)[1].any() for f in (0.99, 1.01)]
    assert fired == [False, True]


@pytest.mark.parametrize("fraction", [-1.0, 0.0, 0.5, 0.8])
def test_settles_at_the_lower_fixed_point(fraction):
    neuron = preset("neuron", "eif")
    current = fraction * rheobase(neuron)
    fixed = brentq(lambda v: slope(neuron, v, current), neuron.v_min, neuron.v_th)
    v, _ = run(neuron, current, 8000)
    assert v[-1] == pytest.approx(fixed, abs=1e-8)


def test_euler_steps_against_a_scalar_loop():
    neuron, dt, current = preset("neuron", "eif"), 0.05, 2.0
    expected, v, held = [], neuron.e_l, 0
    for _ in range(2000):
        if held:
            v, held = neuron.v_reset, held - 1
        else:
            v = max(v + dt * slope(neuron, v, current), neuron.v_min)
            if v >= neuron.v_peak:
                v, held = neuron.v_reset, round(neuron.t_ref / dt)
        expected.append(v)
    v, fired = run(neuron, current, 2000, dt)
    assert fired.sum() > 5
    np.testing.assert_allclose(v, expected, rtol=1e-10)  # rounding, amplified by the upstroke


@pytest.mark.parametrize("t_ref", [0.0, 0.5, 1.5])
def test_shortest_interval_is_one_step_more_than_the_refractory_period(t_ref):
    _, fired = run(preset("neuron", "eif", t_ref=t_ref), 1e6, 400)
    assert set(np.diff(np.flatnonzero(fired))) == {round(t_ref / 0.05) + 1}


def test_potential_is_bounded_below():
    neuron = preset("neuron", "eif")
    v, _ = run(neuron, -100.0, 400)
    assert v.min() == v[-1] == neuron.v_min


@pytest.mark.parametrize("above", [4.0, 5.0])
def test_upstroke_takes_the_time_of_the_exponential(above):
    neuron, dt = preset("neuron", "eif"), 1e-3
    start = neuron.v_th + above * neuron.slope_factor
    exact, _ = quad(lambda v: 1 / slope(neuron, v, 0.0), start, neuron.v_peak, limit=200)
    _, fired = run(neuron, 0.0, 4 * round(exact / dt), dt, v=start)
    # Euler lags by about half a step for each e-fold of the slope: 20 of them up to v_peak
    assert exact < (np.flatnonzero(fired)[0] + 1) * dt < exact + 20 * dt
    # without the leak: tau_m exp(-above); the leak makes it longer
    assert 1 < exact / (neuron.tau_m * math.exp(-above)) < 2


def test_spike_resets_and_holds():
    v, fired = run(preset("neuron", "eif"), 5.0, 1000)
    spike = np.flatnonzero(fired)[0]
    assert (v[spike : spike + 31] == -65).all()
    assert v[spike + 31] > -65


@pytest.mark.parametrize(
    ("changes", "name"), [({"v_min": -60.0}, "v_min"), ({"v_peak": -70.0}, "v_reset")]
)
def test_unordered_potentials_are_refused(changes, name):
    problems = preset("neuron", "eif", **changes).check(0.05)
    assert [p.split(":")[0] for p in problems] == [name]
