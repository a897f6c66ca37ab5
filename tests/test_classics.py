"""The classic networks fire at the rates other simulators give for the same work.

Rates of peers (Brian2, NEST, GeNN, BrainPy) differ between draws of the network: CUBA 5.4-5.9,
COBA 18.4-22.0, Brunel 36.8-37.8 sp/s; lattices by less than 2 %.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import erfcx

from tests.cli.program import call


def rates(out: Path, *overrides: str) -> dict[str, float]:
    """Return the mean rate of each population and, as `all`, of all neurons."""
    outcome = call("simulate", "--json", "--out", str(out), "record=none", *overrides)
    assert outcome.code == 0, outcome.err
    found: dict[str, Any] = outcome.json["statistics"]
    return {name: s["firing_rate"]["value"] for name, s in found.items()}


def mean(found: dict[str, float], e: int = 4) -> float:
    """Return the mean over all neurons when `e` of `e` + 1 are excitatory."""
    return (e * found["E"] + found["I"]) / (e + 1)


@pytest.mark.parametrize(
    ("network", "low", "high"),
    [
        ("cuba", 5.1, 6.2),
        ("coba", 17.5, 22.5),
        ("lattice_bench", 6.9, 7.4),
        ("lattice_bench_izhikevich", 6.0, 6.6),
        ("izhikevich2003", 6.0, 8.5),
    ],
)
def test_rate(tmp_path, network, low, high):
    found = rates(tmp_path / "run", f"network={network}", "duration=5s")
    assert low < mean(found) < high


@pytest.mark.parametrize(("model", "peers"), [("", 6.745), ("_izhikevich", 6.57)])
def test_lattice_of_10_000(tmp_path, model, peers):
    names = (f"network=lattice_bench{model}", "network.scale=10", "duration=2s")
    assert mean(rates(tmp_path / "run", *names)) == pytest.approx(peers, rel=0.02)


def siegert(mu: float, sigma: float, tau: float, theta: float, reset: float, t_ref: float) -> float:
    """Return the rate (sp/s) of a LIF neuron under white noise; var(V) = sigma^2 / 2.

    1 / nu = t_ref + tau sqrt(pi) times the integral of exp(u^2) (1 + erf u) over
    (reset - mu) / sigma … (theta - mu) / sigma (Siegert 1951, Phys Rev 81:617).
    """
    low, high = (reset - mu) / sigma, (theta - mu) / sigma
    integral = quad(lambda u: erfcx(-u), low, high, epsabs=1e-12)[0]
    return float(1000 / (t_ref + tau * np.sqrt(np.pi) * integral))


NOISY = """# @package _global_
dt: {dt}
duration: {{ms: 2100, warmup_ms: 100}}
network:
  populations:
    E:
      size: 1000
      type: excitatory
      v_init: {{dist: uniform, low: -15, high: 15}}
      neuron: {{kind: lif, c_m: 10, tau_m: 10, e_l: 0, v_th: 15, v_reset: 0, t_ref: 2, i_e: {mu}}}
  projections: {{EX: {{pre: noise, post: E, weight: 1}}}}
drive: {{noise: {{kind: white_noise, mean: 0, sigma: {sigma}}}}}
statistics: {{firing_rate: {{kind: firing_rate}}}}
"""
# mu (mV), sigma (mV), rate (sp/s): NEST's test_siegert_neuron.py; the first is printed there
SIEGERT = [(15.0, np.sqrt(1.5), 27.1095934379), (10.0, 15.0, 55.784), (-5.0, 22.5, 34.357)]


@pytest.mark.parametrize(("mu", "sigma", "published"), SIEGERT)
def test_white_noise_gives_the_rate_of_siegert(tmp_path, mu, sigma, published):
    assert siegert(mu, sigma, 10, 15, 0, 2) == pytest.approx(published, rel=2e-5)
    # a threshold that is only looked at every dt is crossed later: it acts as if it were
    # 0.583 sigma sqrt(dt / tau) higher (Broadie et al. 1997, Math Finance 7:325)
    dt = 0.05
    (tmp_path / "network").mkdir()
    # with c_m = tau_m, one nS of leak: mV are pA; sigma sqrt(tau) is the intensity
    noise = float(sigma * np.sqrt(10))
    text = NOISY.format(dt=dt, mu=mu, sigma=noise)
    (tmp_path / "network" / "noisy.yaml").write_text(text)
    out = tmp_path / "run"
    found = rates(out, "-C", str(tmp_path), "network=noisy", "engine.max_rate=1000")["E"]
    shift = 0.5826 * sigma * np.sqrt(dt / 10)
    on_the_grid = siegert(mu, sigma, 10, 15 + shift, 0, 2 + dt / 2)
    assert found == pytest.approx(on_the_grid, rel=0.02)
    assert found == pytest.approx(published, rel=0.1)


def test_without_noise_it_is_the_closed_form(tmp_path):
    # mu 22.5 mV, sigma -> 0: 77.005 sp/s in NEST's test_siegert_neuron.py
    exact = 1000 / (2 + 10 * np.log(22.5 / 7.5))
    assert exact == pytest.approx(77.005, abs=5e-4)
    (tmp_path / "network").mkdir()
    text = NOISY.format(dt=0.05, mu=22.5, sigma=0.0)
    (tmp_path / "network" / "noisy.yaml").write_text(text)
    found = rates(tmp_path / "run", "-C", str(tmp_path), "network=noisy")["E"]
    # an interval ends on the grid: at most one dt longer, never shorter
    assert 1000 / (1000 / exact + 0.05) * 0.999 < found < exact * 1.001


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "low", "high"), [("brunel", 36.4, 38.2), ("brunel_v_reset_0", 31.0, 33.0)]
)
def test_brunel(tmp_path, network, low, high):
    found = rates(tmp_path / "run", f"network={network}", "duration=2s")
    assert low < found["E"] < high
    assert low < found["I"] < high
