"""LIF: exact against closed forms and numerical integration."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from snnrun.neuron._base import Inputs
from snnrun.synapse.biexponential import Biexponential
from snnrun.synapse.exponential import Exponential
from tests.contracts import NeuronContract, arrays, cast, preset, scanned


class TestLIF(NeuronContract):
    kind = "lif"
    strong = 5000.0
    moderate = 500.0
    first_order_steps = 1.0  # exact between steps: only the grid delays a spike


def potentials(neuron, currents, dt=0.1):
    """Return V at the end of each step, and who spiked."""
    c = neuron.prepare(dt)
    s, course = neuron.init(np.full((1, 1), neuron.e_l), c, np), []
    for current in currents:
        s, spiked = neuron.step(s, Inputs(np.full((1, 1), current)), c, np)
        course.append((s.v[0, 0], spiked[0, 0]))
    v, fired = np.array(course).T
    return v, fired.astype(bool)


def test_step_current_as_in_nest():
    # iaf_psc_exp with 1000 pA from 0.2 ms on: V = -70 + 40 (1 - exp(-(t - 0.2) / 10))
    v, fired = potentials(preset("neuron", "lif"), 1000.0 * (np.arange(60) >= 2))
    assert v[48] == pytest.approx(-55.0001, abs=1e-4)
    assert v[48] == pytest.approx(-70 + 40 * (1 - np.exp(-4.7 / 10)), abs=1e-10)
    assert (np.flatnonzero(fired) + 1).tolist() == [50]  # stamped 5.0 ms
    assert (v[49:60] == -70).all()


def test_potential_is_held_for_the_refractory_period():
    v, fired = potentials(preset("neuron", "lif"), np.full(200, 2000.0))
    spike = np.flatnonzero(fired)[0]
    assert (v[spike : spike + 21] == -70).all()  # reset, then 20 steps = 2 ms
    assert v[spike + 21] > -70


@pytest.mark.parametrize("current", [376.0, 500.0, 1000.0, 5000.0])
@pytest.mark.parametrize("dt", [0.1, 0.025])
def test_interspike_interval(current, dt):
    neuron = preset("neuron", "lif")
    drive = current * neuron.tau_m / neuron.c_m
    rise = np.log((drive + neuron.e_l - neuron.v_reset) / (drive + neuron.e_l - neuron.v_th))
    exact = neuron.t_ref + neuron.tau_m * rise
    _, fired = potentials(neuron, np.full(round(4 * exact / dt) + 4, current), dt)
    intervals = np.diff(np.flatnonzero(fired)) * dt
    assert intervals.size >= 2
    assert (intervals > exact - 1e-9).all()
    assert (intervals < exact + dt + 1e-9).all()


@pytest.mark.parametrize("dt", [0.128, 0.064, 0.032, 0.016, 0.008, 0.004, 0.002])
def test_smaller_steps_converge_in_single_precision(dt):
    # V_inf 0.2 mV above the threshold: the last millivolts are slow, and feel the smallest error
    neuron = preset("neuron", "lif", tau_m=20.0, i_e=190.0)
    v_inf = neuron.e_l + neuron.i_e * neuron.tau_m / neuron.c_m
    rise = np.log((v_inf - neuron.v_reset) / (v_inf - neuron.v_th))
    exact = neuron.t_ref + neuron.tau_m * rise
    c = cast(arrays(neuron.prepare(dt), 1), "float32")
    s = neuron.init(jnp.full((1, 1), neuron.v_reset, "float32"), c, jnp)
    nothing, one = jnp.zeros((1, 1), "float32"), jnp.ones((), "float32")
    run = jax.jit(scanned, static_argnums=(0, 5))
    _, fired = run(neuron.step, s, c, nothing, one, round(3 * exact / dt))
    intervals = np.diff(np.flatnonzero(fired)) * dt
    assert intervals.size >= 1
    assert abs(intervals - exact).max() < 2 * dt + 5e-4 * exact


def test_rheobase():
    neuron = preset("neuron", "lif")
    rheobase = (neuron.v_th - neuron.e_l) * neuron.c_m / neuron.tau_m
    fired = [potentials(neuron, np.full(3000, f * rheobase))[1].any() for f in (0.999, 1.001)]
    assert fired == [False, True]


def test_external_current_is_like_an_injected_one():
    neuron = preset("neuron", "lif")
    injected = potentials(neuron, np.full(500, 450.0))
    built_in = potentials(neuron.replace(i_e=450.0), np.zeros(500))
    assert injected[1].sum() >= 2
    np.testing.assert_allclose(injected[0], built_in[0], rtol=1e-12)
    assert np.array_equal(injected[1], built_in[1])


SYNAPSES = [
    Exponential(tau=2.0, normalization="peak"),
    Exponential(tau=10.0, normalization="area"),  # tau equal to that of the membrane
    Biexponential(tau_rise=1.0, tau_decay=5.0),
    Biexponential(tau_rise=2.0, tau_decay=10.0),
    Biexponential(tau_rise=10.0, tau_decay=10.0),
]


def slopes(neuron, synapse):
    """Return the differential equation of (x, i, v), and what a unit spike adds to x and i."""
    if isinstance(synapse, Exponential):
        jump = 1.0 if synapse.normalization == "peak" else 1 / synapse.tau
        rise, decay, jumps = np.inf, synapse.tau, np.array([0, jump, 0])
    else:
        rise, decay = synapse.tau_rise, synapse.tau_decay
        jumps = np.array([1 / rise, 0, 0])

    def slope(_, y):
        x, i, v = y
        return [-x / rise, (x - i) / decay, (neuron.e_l - v) / neuron.tau_m + i / neuron.c_m]

    return slope, jumps


@pytest.mark.parametrize("synapse", SYNAPSES, ids=repr)
def test_synaptic_potential_is_exact(synapse):
    dt, steps, weight = 0.5, 120, 300.0
    neuron = preset("neuron", "lif")
    arrivals = weight * np.isin(np.arange(steps), [2, 10, 11, 40])
    c = synapse.prepare(dt, np.array([neuron.tau_m]))
    s, currents = synapse.init((1,), np.float64, np), []
    for arrival in arrivals:
        s, (current,) = synapse.step(s, arrival, c)
        currents.append(current[0])
    v, fired = potentials(neuron, currents, dt)
    slope, jumps = slopes(neuron, synapse)
    y, expected = np.array([0.0, 0.0, neuron.e_l]), []
    for arrival in arrivals:
        y = solve_ivp(slope, (0, dt), y + arrival * jumps, rtol=1e-11, atol=1e-12).y[:, -1]
        expected.append(y[2])
    assert not fired.any()
    assert v.max() > neuron.e_l + 0.3
    np.testing.assert_allclose(v, expected, atol=1e-8)  # the integrator's own error


def test_reset_above_threshold_is_refused():
    assert preset("neuron", "lif", v_reset=-50.0).check(0.1)[0].startswith("v_reset")
