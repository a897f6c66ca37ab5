"""Backend xla in float64 against the plain NumPy twin, spike for spike over 200 ms."""

import numpy as np
import pytest

from snnrun.distribution import Distribution
from snnrun.engine.decode import decode
from snnrun.engine.plan import Recording, make_plan
from snnrun.engine.reference import ReferenceEngine
from snnrun.network import NetworkSpec, Population, Projection, build
from tests.contracts import preset
from tests.networks import (
    DT,
    assert_active,
    compiled,
    network,
    reference,
    same_spikes,
    simulate,
    v_init,
)

STEPS = round(200 / DT)

CASES = {
    "plain": {},
    "delays": {"delay": {"EE": 0.1, "EI": 1.0, "IE": 2.5, "EX": 0.3}},
    "drawn": {
        "weight": {
            "EE": Distribution("normal", 10.0, 3.0),
            "EI": Distribution("normal", -40.0, 8.0),
            "IE": Distribution("lognormal", 20.0, 5.0),
        },
        "delay": {
            "EE": Distribution("uniform", 0.2, 3.0),
            "EI": Distribution("normal", 1.0, 0.2),
            "II": 0.4,
        },
    },
}


@pytest.mark.parametrize("kind", ["eif", "lif"])
@pytest.mark.parametrize("case", CASES)
def test_spike_for_spike(kind, case):
    net = network(kind, keep_contacts=True, **CASES[case])
    xla, c = compiled(net, dtype="float64", drives=True, window_steps=300)
    v = v_init(1, net.size)
    run, twin = simulate(xla, c, v, [STEPS], warmup=0), reference(net, xla.plan, v, STEPS)
    assert_active(run.spikes[0], net.size, STEPS)
    assert same_spikes(run.spikes[0], decode(twin.words[:, 0], 0, STEPS))
    assert np.array_equal(run.outputs[0].fingerprint, twin.fingerprint)
    assert np.array_equal(run.outputs[0].counts, twin.counts)
    assert run.outputs[0].faults.tolist() == twin.faults.tolist()
    assert twin.faults.max() == -1


def test_lanes_are_the_trials_of_the_reference():
    net = network(keep_contacts=True)
    xla, c = compiled(net, lanes=3, dtype="float64", drives=True)
    run = simulate(xla, c, v_init(3, net.size), [STEPS])
    plan = make_plan(net, 1, "float64", Recording(drives=True))
    for trial in (1, 2):
        twin = reference(net, plan, v_init(3, net.size)[trial:], STEPS, trial)
        assert_active(run.spikes[trial], net.size, STEPS)
        assert same_spikes(run.spikes[trial], decode(twin.words[:, 0], 0, STEPS))


def mixed(kinds: tuple[str, str]) -> tuple[NetworkSpec, dict]:
    """Return populations of two models, driven by a current, with two kinds of synapse."""
    sizes = {"A": 60, "B": 40}
    # an EIF of c_m = 1 takes currents in mV/ms: with c_m = 250 it takes those of the LIF
    neurons = {"lif": {}, "eif": {"c_m": 250.0}}
    return NetworkSpec(
        populations={
            name: Population(
                size=sizes[name],
                type="excitatory",
                neuron=preset(
                    "neuron", kind, tau_m=Distribution("uniform", 8.0, 16.0), **neurons[kind]
                ),
                positions=None,
                v_init=-60.0,
            )
            for name, kind in zip(sizes, kinds, strict=True)
        },
        synapses={
            "fast": preset("synapse", "exponential", tau=2.0, normalization="peak"),
            "slow": preset("synapse", "biexponential"),
            "other": preset("synapse", "exponential", tau=7.0),
        },
        projections={
            name: Projection(
                pre=pre,
                post=post,
                connect=preset("connect", "fixed_outdegree", k=10) if synapse else None,
                synapse=synapse,
                weight=weight,
                delay=0.2,
            )
            for name, pre, post, synapse, weight in (
                ("AA", "A", "A", "fast", 20.0),
                ("BA", "A", "B", "slow", 100.0),
                ("AB", "B", "A", "other", -150.0),
                ("AD", "DC", "A", None, 1.0),
                ("BD", "DC", "B", None, 0.8),
            )
        },
        weight_scaling="none",
        per_trial=False,
    ), {"DC": preset("drive", "constant_current", amplitude=600.0, start_ms=10.0, stop_ms=180.0)}


@pytest.mark.parametrize("kinds", [("lif", "eif"), ("eif", "lif")], ids="-".join)
def test_models_synapses_and_currents_mixed(kinds):
    spec, drives = mixed(kinds)
    net = build(spec, drives, 1, DT, keep_contacts=True)
    xla, c = compiled(net, dtype="float64")
    v = np.random.default_rng(1).uniform(-70, -56, (1, net.size))
    run, twin = simulate(xla, c, v, [STEPS]), reference(net, xla.plan, v, STEPS)
    assert_active(run.spikes[0], net.size, STEPS, least=500)
    assert (run.spikes[0].step >= 100).all()  # nothing before the current
    assert same_spikes(run.spikes[0], decode(twin.words[:, 0], 0, STEPS))


def test_reference_in_chunks_is_the_reference():
    net = network(keep_contacts=True)
    plan = make_plan(net, 1, "float64", Recording())
    v = v_init(1, net.size)[0]
    whole, parts = (ReferenceEngine(plan, net, 1) for _ in range(2))
    whole.start(v, 0)
    parts.start(v, 0)
    output = whole.run(0, 640, 0)
    spikes, pieces = decode(output.words[:, 0], 0, 640), []
    for first, steps in ((0, 320), (320, 33), (353, 30), (383, 257)):
        part = parts.run(first, steps, 0)
        pieces.append(decode(part.words[:, 0], first, steps))
    assert np.array_equal(output.fingerprint, part.fingerprint)
    assert np.array_equal(output.total, part.total)
    assert spikes.step.size > 100
    assert np.array_equal(spikes.step, np.concatenate([p.step for p in pieces]))
    assert np.array_equal(spikes.source, np.concatenate([p.source for p in pieces]))


def test_single_precision_has_the_same_rates():
    # trajectories part after some tens of ms; rates over 1 s agree within sampling error
    net, rates = network(), []
    for dtype in ("float32", "float64"):
        xla, c = compiled(net, dtype=dtype)
        spikes = simulate(xla, c, v_init(1, net.size), [8192, 1808]).spikes[0]
        assert_active(spikes, net.size, 10_000)
        rates.append(spikes.step.size / net.size)
    assert rates[0] == pytest.approx(rates[1], rel=0.03)
