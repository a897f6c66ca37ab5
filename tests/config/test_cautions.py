"""What a valid configuration is warned of, and what a swap says it changed."""

import pytest

from snnrun.config.build import build
from snnrun.config.compose import compose
from tests.contracts import CONF

# overrides, and what the one who gave them should read; None: nothing
CASES = [
    ([], None),
    (["network=coba"], None),
    (["network=cuba", "neuron=adex"], None),
    (["network=izhikevich2003"], None),
    (["network.projections.EI.weight=195"], "network.projections.EI.weight: 195 contradicts"),
    (["network=coba", "network.synapses.I.e_rev=0"], "synapses.I.e_rev: 0 mV is above"),
    (["network=coba", "network.synapses.E.e_rev=-80"], "synapses.E.e_rev: -80 mV is not above"),
    (["synapse@network.synapses.E=exponential_conductance"], "are now nS (they were fC)"),
    (["neuron=adex"], "c_m stays 1, but the preset's other numbers are made for 281"),
    (["statistics=snops"], "22 windows for 50 neurons make the covariance singular"),
    (["statistics=snops", "duration=30s"], None),
    (["network=snops_sbn", "network.sigma.E=0.2"], None),
    (["network=snops_sbn", "drive=none"], "without projections EX, IX"),
    (["network=snops_sbn", "+network.sigma.Q=0.2"], "network.sigma.Q: 0.2 is the width of no proj"),
    (
        ["dt=0.001"],
        "dt: steps of 0.001 ms are too small for single precision, with errors of up to",
    ),
    (["dt=0.001"], "0.029 mV (v of network.populations.E.neuron)"),
    (["network=bg_bench", "dt=0.001"], "0.72 % (w of network.populations.STN.neuron)"),
    (["dt=0.001", "engine.precision=float64"], None),
    (["dt=0.001", "engine.backend=reference"], None),
    (["network.synapses.E.tau_decay=1000"], "0.12 % (i of network.synapses.E)"),
    (["+statistics.firing_rate.sample=900"], "firing_rate.sample: E has only 800 neurons"),
]


@pytest.mark.parametrize(("overrides", "expected"), CASES, ids=lambda x: str(x)[:60])
def test_warnings(overrides, expected):
    _, warnings = build(compose(overrides, []))
    if expected is None:
        assert warnings == []
    else:
        assert any(expected in warning for warning in warnings), warnings


@pytest.mark.parametrize("path", sorted((CONF / "network").glob("*.yaml")), ids=lambda p: p.stem)
def test_single_precision_is_enough_for_what_is_shipped(path):
    _, warnings = build(compose([f"network={path.stem}"], []))
    assert not any("precision" in warning for warning in warnings)


def test_another_drive_of_other_kind_is_told():
    private = [f"network.projections.{name}.connect=null" for name in ("EX", "IX")]
    _, warnings = build(compose(["drive=private_poisson", *private], []))
    assert any("drive.X: private_poisson instead of poisson" in warning for warning in warnings)


@pytest.mark.parametrize(("network", "tau_m"), [("cuba", 20.0), ("coba", 20.0)])
def test_a_swapped_neuron_keeps_its_membrane_time_constant(network, tau_m):
    experiment, _ = build(compose([f"network={network}", "neuron=adex"], []))
    neuron = experiment.network.populations["E"].neuron
    assert neuron.c_m / neuron.g_l == tau_m
    experiment, _ = build(compose(["network=bg_bench", "neuron=lif"], []))
    assert experiment.network.populations["GPe"].neuron.tau_m == 20.0


def test_a_width_of_a_complete_config_is_told(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(compose(["network=snops_sbn"], []).yaml)
    assert build(compose([], [], file))[1] == []
    (warning,) = build(compose(["network.sigma.E=0.2"], [], file))[1]
    assert warning.startswith("network.sigma.E: 0.2 is the width of no projection")
