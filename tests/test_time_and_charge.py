"""Two neurons, one synapse, end to end: when a spike acts, how much, and with which sign.

A fires because of a constant current; B only hears A. Everything is known in closed form.
"""

from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.cli.program import call

DT, C_M, TAU_M, TAU_S, E_L, V_TH, I_E = 0.1, 250.0, 10.0, 2.0, -70.0, -55.0, 600.0
NETWORK = """# @package _global_
dt: 0.1
duration: {{ms: 25, warmup_ms: 0}}
network:
  populations:
    A: {{size: 1, type: excitatory, neuron: {{kind: lif, i_e: 600}}, v_init: -70}}
    B: {{size: 1, type: excitatory, neuron: {{kind: lif}}, v_init: -70}}
  synapses:
    s: {{kind: exponential, tau: 2, normalization: {normalization}}}
  projections:
    BA: {{pre: A, post: B, synapse: s, weight: {weight}, delay: {delay},
         connect: {{kind: pairwise_bernoulli, p: 1}}}}
record:
  state: {{B: {{variables: [v, i_s], every_ms: 0.1}}}}
engine: {{precision: float64, backend: {backend}}}
"""
# V reaches threshold inside a step; the spike is stamped with that step's end
CROSSING = -TAU_M * np.log(1 - (V_TH - E_L) / (I_E * TAU_M / C_M))
SPIKE = np.ceil(CROSSING / DT) * DT


def run(folder: Path, **values: object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return A's spike times, and V (mV) and synaptic current (pA) of B at DT, 2 DT, …."""
    (folder / "network").mkdir()
    (folder / "network" / "pair.yaml").write_text(NETWORK.format(**values))
    outcome = call(
        *("simulate", "--quiet", "-C", str(folder), "network=pair", "--out", str(folder / "run"))
    )
    assert outcome.code == 0, outcome.err
    with h5py.File(folder / "run" / "results.h5") as file:
        report = file["report/B"]
        return (
            file["spikes/A/timestamps"][:],
            report["v/data"][:, 0].astype(float),
            report["i_s/data"][:, 0].astype(float),
        )


@pytest.mark.parametrize("backend", ["xla", "reference"])
@pytest.mark.parametrize("delay", [0.0, 0.1, 1.5])
@pytest.mark.parametrize(("normalization", "weight"), [("peak", 50.0), ("area", -100.0)])
def test_one_spike(
    tmp_path: Path, backend: str, delay: float, normalization: str, weight: float
) -> None:
    spikes, v, current = run(
        tmp_path, backend=backend, delay=delay, normalization=normalization, weight=weight
    )
    assert spikes[0] == pytest.approx(SPIKE, abs=1e-9)
    peak = weight if normalization == "peak" else weight / TAU_S
    t = DT * np.arange(1, v.size + 1)
    since = np.round(t - SPIKE - delay, 9)  # 0 where the spike arrives
    heard = np.where(since > 0, since, 0)
    course = np.exp(-heard / TAU_M) - np.exp(-heard / TAU_S)
    psp = peak / C_M * TAU_S * TAU_M / (TAU_M - TAU_S) * course
    first = t < spikes[1] + delay
    # results are written in float32: 1e-5 mV at -70 mV, 1e-6 of the current
    np.testing.assert_allclose(v[first], E_L + psp[first], atol=2e-5)
    expected = np.where(since > 0, peak * np.exp(-heard / TAU_S), 0)
    np.testing.assert_allclose(current[first], expected[first], atol=1e-4)
    assert np.sign(psp[first].sum()) == np.sign(weight)
    assert abs(psp[first]).max() > 0.05
