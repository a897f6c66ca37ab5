"""What a valid configuration is warned of, and what a swap says it changed."""

import dataclasses

import pytest

from snnrun import experiment
from snnrun.component import GROUPS, find, names
from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.errors import ConfigError
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
    (["statistics=snops", "duration=30s"], "overlooks latents that hold less than about 2.9%"),
    (["statistics=snops", "duration=140s"], None),
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
EE, EI, E = "network.projections.EE", "network.projections.EI", "network.populations.E.neuron"
STATE = "record.state.E={variables: [v], every_ms: 0.28}"
PULSE = "+drive.D={kind: constant_current, amplitude: 1, start_ms: 0.13, stop_ms: 0.23}"
# at dt 0.05: overrides, and what is said of the time that acts
TIMES = [
    ([f"{EE}.delay=1.53"], f"{EE}.delay: 1.53 ms is no multiple of dt (0.05 ms); 1.55 ms acts"),
    ([f"{EE}.delay=1.55"], None),
    ([f"{EE}.delay={{dist: uniform, low: 1.0, high: 1.01}}"], "ms is lost in steps of 0.05 ms"),
    ([f"{EE}.delay={{dist: uniform, low: 1.0, high: 3.0}}"], None),
    ([f"{E}.t_ref=0.02"], f"{E}.t_ref: 0.02 ms is no multiple of dt (0.05 ms); 0 ms acts"),
    ([f"{E}.t_ref=0"], None),
    ([f"{E}.t_ref={{dist: normal, mean: 2, std: 0.001}}"], f"{E}.t_ref: a spread of 0.00098 ms"),
    (["duration.ms=3000.02"], "duration.ms: 3000.02 ms is no multiple of dt (0.05 ms); 3000 ms"),
    (["duration.warmup_ms=0.12"], "duration.warmup_ms: 0.12 ms is no multiple"),
    ([STATE], "record.state.E.every_ms: 0.28 ms is no multiple of dt (0.05 ms); 0.3 ms acts"),
    (["record.counts={bin_ms: 10, last_ms: 0.11}"], "record.counts.last_ms: 0.11 ms is no"),
    (["checkpoint.every_ms=10.01"], "checkpoint.every_ms: 10.01 ms is no multiple"),
    (["checkpoint.at_ms=[10,10.05]"], "10.05 ms is no even number of steps of dt (0.05 ms); 10.1"),
    (["checkpoint.at_ms=[0.6,123.4]", "dt=0.1", f"{E}.t_ref=0.3"], None),
    ([PULSE, "+network.projections.DE={pre: D, post: E, weight: 1}"], "D.start_ms: 0.13 ms is no"),
    ([PULSE, "+network.projections.DE={pre: D, post: E, weight: 1}"], "; 0.25 ms acts"),
    (["statistics.firing_rate.window_ms=0.3", "duration.ms=140500.35", "dt=0.05"], None),
]
NORMAL, BELOW = "{{dist: normal, mean: {}, std: {}}}".format, "contradict the type of"
SIGNS = [
    ([f"{EE}.weight={NORMAL(20, 10)}"], f"2.28 % of the draws {BELOW} 'E' (excitatory); 'low: 0'"),
    ([f"{EE}.weight={NORMAL(20, 2)}"], None),
    ([f"{EE}.weight={{dist: normal, mean: 20, std: 10, low: 0}}"], None),
    ([f"{EE}.weight={{dist: uniform, low: -1, high: 3}}"], f"25 % of the draws {BELOW} 'E'"),
    (
        [f"{EI}.weight={NORMAL(-195, 195)}"],
        f"15.9 % of the draws {BELOW} 'I' (inhibitory); 'high: 0",
    ),
    ([f"{EI}.weight={{dist: uniform, low: -1, high: 0}}"], None),
]


@pytest.mark.parametrize(
    ("overrides", "expected"), CASES + TIMES + SIGNS, ids=lambda x: str(x)[:60]
)
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
    e, _ = build(compose([f"network={network}", "neuron=adex"], []))
    neuron = e.network.populations["E"].neuron
    assert neuron.c_m / neuron.g_l == tau_m
    e, _ = build(compose(["network=bg_bench", "neuron=lif"], []))
    assert e.network.populations["GPe"].neuron.tau_m == 20.0


def test_a_width_of_a_complete_config_is_told(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text(compose(["network=snops_sbn"], []).yaml)
    assert build(compose([], [], file))[1] == []
    (warning,) = build(compose(["network.sigma.E=0.2"], [], file))[1]
    assert warning.startswith("network.sigma.E: 0.2 is the width of no projection")


@pytest.mark.parametrize(
    ("window", "said"),
    [
        ("2.5", "must be a multiple of dt (1 ms), such as 2 or 3, not 2.5"),
        ("0.9", "must be at least dt (1 ms), not 0.9"),
        ("1000.001", "must be a multiple of dt (1 ms), such as 1000 or 1001, not 1000.001"),
    ],
)
def test_windows_are_whole_steps(window, said):
    paths = ("statistics.firing_rate.window_ms", "record.counts.bin_ms")
    overrides = ["network=izhikevich2003", "statistics=firing_rate", "record.counts.bin_ms=1"]
    for path in paths:
        with pytest.raises(ConfigError) as caught:
            build(compose([*overrides, f"{path}={window}"], []))
        assert f"{path}: {said} (override" in str(caught.value)


def test_every_time_says_how_it_is_counted():
    """But those that are none of the simulated network."""
    parts = [find(group, kind) for group in GROUPS for kind in names(group)]
    parts += [x for x in vars(experiment).values() if dataclasses.is_dataclass(x)]
    found = {
        f"{part.__name__}.{field.name}": parameter.in_steps
        for part in parts
        for field in dataclasses.fields(part)
        if (parameter := field.metadata.get("parameter")) and parameter.unit == "ms"
    }
    timed = {n: rule for n, rule in found.items() if n.endswith(("ms", "t_ref"))}
    assert len(timed) > 20
    assert [name for name, rule in timed.items() if not rule] == ["EngineOptions.chunk_ms"]
