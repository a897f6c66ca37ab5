"""The composed tree becomes a checked experiment; all problems come at once."""

import copy
import itertools
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from snnrun.config.build import build
from snnrun.config.compose import Composer, compose
from snnrun.distribution import Distribution
from snnrun.errors import ConfigError
from tests.cli.program import call

DATA = Path(__file__).parent / "data"


def built(*overrides, dirs=()):
    """Return the experiment of some overrides."""
    return build(compose(list(overrides), list(dirs)))[0]


def problems(*overrides):
    """Return what is wrong with some overrides."""
    composed = compose(list(overrides), [])
    with pytest.raises(ConfigError) as caught:
        build(composed)
    return caught.value.problems


def test_all_problems_come_at_once_each_with_its_place_and_source():
    found = problems(
        "seed=-1",
        "network.populations.E.sise=5",
        "network.projections.EE.delay=0.01",
        "network.synapses.I.tau_decay=0",
        "statistics.firing_rate.kind=firing_rat",
        "duration.ms=long",
        "network.projections.EI.connect.p=1.5",
        "record.compression=zip",
        "drive.X.rate=-3",
    )
    starts = [
        "seed: must be at least 0",
        "network.populations.E.sise: unknown key; did you mean 'size'?",
        "network.projections.EE.delay: must be 0 or at least dt (0.05 ms)",
        "network.synapses.I.tau_decay: must be above 0 ms",
        "statistics.firing_rate.kind: no statistics of kind 'firing_rat'; did you mean",
        "duration.ms: must be a number in ms",
        "network.projections.EI.connect.p: must be at most 1",
        "record.compression: must be one of none, lzf, gzip",
        "drive.X.rate: must be at least 0 sp/s",
    ]
    for start in starts:
        assert len([p for p in found if p.startswith(start)]) == 1, (start, found)
    assert len(found) == len(starts)
    assert all("(override '" in p for p in found)


INDEPENDENT = {  # of what is wrong with one value, a name, parts that don't fit, what is recorded
    "dt": "dt=0",
    "seed": "seed=-1",
    "size": "network.populations.I.size=many",
    "rate": "drive.X.rate=-3",
    "p": "network.projections.II.connect.p=1.5",
    "pre": "network.projections.EX.pre=Y",
    "post": "network.projections.IE.post=J",
    "synapse": "network.projections.EI.synapse=K",
    "no synapse": "network.projections.II.synapse=null",
    "no rule": "network.projections.EE.connect=null",
    "grid": "network.populations.E.positions=grid",
    "window": "statistics.firing_rate.window_ms=-1",
    "population": "statistics.fano_factor.population=Q",
    "spikes": "record.spikes=[E, Q]",
    "counts": "record.counts.populations=[Q]",
    "state": "+record.state.Z={every_ms: 1, variables: [v]}",
    "neurons": "+record.state.E={every_ms: 1, variables: [v], neurons: [10000]}",
    "checkpoints": "checkpoint.at_ms=[1e9]",
}


def test_none_of_several_problems_hides_another():
    composer = Composer([])

    def found(lines):
        with pytest.raises(ConfigError) as caught:
            build(composer.compose(lines))
        return [problem.partition(": ")[0] for problem in caught.value.problems]

    alone = {name: found([line]) for name, line in INDEPENDENT.items()}
    for name, places in alone.items():
        assert len({*places}) == 1, (name, places)
    for pair in itertools.combinations(INDEPENDENT, 2):
        together = found([INDEPENDENT[name] for name in pair])
        assert sorted(together) == sorted(alone[pair[0]] + alone[pair[1]]), pair
    everything = found(list(INDEPENDENT.values()))
    assert sorted(everything) == sorted(itertools.chain(*alone.values()))


def test_nothing_follows_from_a_part_with_problems():
    (found,) = problems("network.synapses.E=5", "record.state.E={every_ms: 1, variables: [i_E]}")
    assert found.startswith("network.synapses.E: must be a mapping")
    found = problems("network.populations.E=5", "statistics.fano_factor.population=E")
    assert [p.partition(":")[0] for p in found] == ["network.populations.E"]
    (found,) = problems("drive.X=5", "record.spikes=[X]")
    assert found.startswith("drive.X: must be a mapping")
    (found,) = problems("drive.X.rate=-1", "network.projections.EX.connect.p=0.1")
    assert found.startswith("drive.X.rate: must be at least 0")


def test_a_problem_of_a_file_names_the_file(tmp_path):
    (tmp_path / "duration").mkdir()
    file = tmp_path / "duration" / "odd.yaml"
    file.write_text("ms: 100.0\nwarmup: 0.0\n")
    with pytest.raises(ConfigError) as caught:
        built("duration=odd", dirs=[tmp_path])
    unknown, missing = caught.value.problems
    assert unknown == f"duration.warmup: unknown key; did you mean 'warmup_ms'? ({file})"
    assert missing.startswith("duration.warmup_ms: missing; it is a number in ms: time at the")


def test_parts_are_what_the_tree_says():
    e = built("seed=7", "network.synapses.I.tau_decay=8", "trials=3", "network.scale=0.5")
    assert (e.seed, e.trials, e.dt, e.steps, e.warmup_steps) == (7, 3, 0.05, 100_000, 10_000)
    assert e.network.synapses["I"].tau_decay == 8
    assert {n: p.size for n, p in e.network.populations.items()} == {"E": 400, "I": 100}
    assert e.drives["X"].size == 500
    assert e.recorded == ["E", "I"]


def test_whole_numbers_are_taken_where_a_number_is_wanted():
    assert isinstance(
        built("network.synapses.I.tau_decay=8").network.synapses["I"].tau_decay, float
    )


def test_neuron_parameters_weights_delays_and_initial_potentials_may_be_distributions():
    e = built(
        "network.populations.E.neuron.tau_m={dist: normal, mean: 15, std: 1}",
        "network.projections.EE.weight={dist: lognormal, mean: 20, std: 5}",
        "network.projections.EE.delay={dist: uniform, low: 1, high: 2}",
        "network.populations.I.v_init=-60",
    )
    assert e.network.populations["E"].neuron.tau_m == Distribution("normal", 15.0, 1.0)
    assert e.network.projections["EE"].weight == Distribution("lognormal", 20.0, 5.0)
    assert e.network.projections["EE"].delay == Distribution("uniform", 1.0, 2.0)
    assert e.network.populations["E"].v_init == Distribution("uniform", -65.0, -50.0)
    assert e.network.populations["I"].v_init == -60.0


def test_normal_and_lognormal_may_have_bounds():
    path = "network.projections.EE.weight"
    weight = built(f"{path}={{dist: normal, mean: 20, std: 5, low: 0}}").network.projections["EE"]
    assert weight.weight == Distribution("normal", 20.0, 5.0, low=0.0)
    weight = built(f"{path}={{dist: lognormal, mean: 20, std: 5, low: 1, high: 90}}")
    wanted = Distribution("lognormal", 20.0, 5.0, low=1.0, high=90.0)
    assert weight.network.projections["EE"].weight == wanted


@pytest.mark.parametrize(
    ("delay", "said"),
    [
        ("{dist: uniform, low: 0, high: 5}", "must be 0 or at least dt (0.05 ms), not from 0 on"),
        ("{dist: normal, mean: 1, std: 1, low: 0}", "must be 0 or at least dt (0.05 ms), not from"),
        ("{dist: uniform, low: 1, high: 1001}", "must be at most 1000 ms (20000 steps), not 1001"),
        ("{dist: normal, mean: 1, std: 1, low: 0.05}", None),
        ("{dist: lognormal, mean: 1, std: 1}", None),
        ("{dist: uniform, low: 0, high: 0}", None),
    ],
)
def test_delays_that_may_be_drawn(delay, said):
    override = f"network.projections.EE.delay={delay}"
    if said is None:
        built(override)
    else:
        (found,) = problems(override)
        assert found.startswith(f"network.projections.EE.delay: {said}")


def test_a_synapse_parameter_may_not_be_a_distribution():
    (found,) = problems("network.synapses.I.tau_decay={dist: normal, mean: 15, std: 1}")
    assert found.startswith("network.synapses.I.tau_decay: must be a number in ms")


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("{dist: gamma, mean: 1}", ".dist: no distribution 'gamma'; there is normal"),
        ("{dist: uniform, low: 2, high: 1}", ".high: must be at least low"),
        ("{dist: uniform, low: 2}", ".high: must be a number, not None"),
        ("{dist: uniform, low: 2, hgih: 3}", ".hgih: unknown key; did you mean 'high'?"),
        ("{dist: normal, mean: 1, std: -1}", ".std: must not be negative"),
        ("{dist: lognormal, mean: -1, std: 1}", ".std: must not be negative"),
        ("{dist: normal, mean: nan, std: 1}", ".mean: must be a number"),
        ("{mean: 1, std: 1}", ".dist: no distribution 'None'"),
        ("{dist: normal, mean: 1, std: 1, low: x}", ".low: must be a number, not 'x'"),
        ("{dist: normal, mean: 1, std: 1, low: 0, stream: r}", ".stream: can't be given with low"),
        ("{dist: normal, mean: 1, std: 1, high: -9}", ": less than 1% of the normal is below -9 ("),
        ("{dist: normal, mean: 1, std: 1, low: 9}", ": less than 1% of the normal is above 9 ("),
        ("{dist: normal, mean: 1, std: 1, low: 9, high: 8}", ".high: must be at least low (9)"),
        ("{dist: normal, mean: 1, std: 1, lwo: 0}", ".lwo: unknown key; did you mean 'low'?"),
        ("{dist: power, from: 1, to: 2, exponent: 1, low: 0}", ".low: unknown key"),
    ],
)
def test_wrong_distributions(value, problem):
    path = "network.populations.E.neuron.tau_m"
    found = problems(f"{path}={value}")
    assert any(p.startswith(path + problem) for p in found), found


def test_v_init_rests_unless_given():
    assert built("network.populations.E.v_init=null").network.populations["E"].v_init == -60.0


def test_two_parts_of_one_name_are_an_error():
    found = problems("drive.E={kind: poisson, size: 10, rate: 1}")
    assert "drive.E: a population has the same name" in found[0]


def test_a_current_drive_needs_no_rule_and_no_synapse():
    e = built(
        "+drive.dc={kind: constant_current, amplitude: 2.0}",
        "+network.projections.E_dc={pre: dc, post: E, weight: 1.5}",
    )
    assert e.network.projections["E_dc"].connect is None
    assert e.drives["dc"].stop_ms is None


def test_a_current_drive_refuses_a_rule_and_a_synapse():
    found = problems(
        "+drive.dc={kind: constant_current, amplitude: 2.0}",
        "+network.projections.E_dc={pre: dc, post: E, weight: 1.5, synapse: E,"
        " connect: {kind: pairwise_bernoulli}}",
    )
    assert len(found) == 2
    assert all(
        "drive 'dc' (constant_current) reaches every neuron by itself: set" in p for p in found
    )


def test_a_rule_in_space_needs_positions():
    found = problems(
        "network.projections.EE.connect={kind: gaussian_outdegree, p: 0.1, sigma: 0.1}",
    )
    assert any("'E' has no positions; set positions: grid" in p for p in found), found


def test_null_removes_a_named_part():
    e = built("statistics.fano_factor=null", "network.projections.EE=null")
    assert "fano_factor" not in e.statistics
    assert "EE" not in e.network.projections


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("dt=5e-324", "duration.ms: "),
        ("duration.ms=1e308", "duration.ms: "),
        ("statistics.fano_factor.window_ms=1e308", None),
        ("network.scale=1e308", "network.scale: must be at most 1e+06"),
        (f"network.scale=1{'0' * 400}", "network.scale: must be a number"),
        ("network.scale=1e6", "contacts; at most 2^31"),
        ("network.populations.E.size=2000000000", "network.populations.E.size: must be at most"),
        ("network.projections.EE.weight={dist: [a]}", "EE.weight.dist: no distribution"),
        (
            "network.projections.EE.connect={kind: fixed_outdegree, p: 1e308}",
            "EE.connect: ",
        ),
        (
            "network.projections.EE.connect={kind: fixed_total_number, p: 1e308}",
            "EE.connect: ",
        ),
        ("+network.sigma={E: 0}", "network.sigma.E: must be a number above 0"),
        ("+network.sigma={E: [1]}", "network.sigma.E: must be a number above 0"),
    ],
)
def test_numbers_no_machine_holds(override, says):
    if says is None:
        built(override)
    else:
        assert any(says in problem for problem in problems(override)), problems(override)


def test_a_scale_that_makes_too_many_neurons():
    (first, *_) = problems("network=brunel", "+network.scale=1e6")
    assert first.startswith("network.populations.E.size: times network.scale = 1e+06 is above 107")


@pytest.mark.parametrize("where", ["network.populations", "network.projections", "drive.X"])
@pytest.mark.parametrize("value", ["5", "[1,2]", "word"])
def test_a_value_where_a_mapping_belongs_is_a_problem(where, value):
    with pytest.raises(ConfigError, match=where):
        built(f"{where}={value}")


# Whatever stands in a file: a message or an experiment, never another error.
LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.sampled_from("EX ")
NODES = st.recursive(
    LEAVES,
    lambda x: st.lists(x, max_size=2) | st.dictionaries(st.sampled_from("EIX"), x),
    max_leaves=4,
)
PATHS = [
    *("seed", "name", "duration", "duration.ms", "network", "network.populations"),
    *("network.populations.E", "network.populations.E.neuron", "network.populations.E.v_init"),
    *("network.synapses", "network.synapses.E", "network.synapses.E.kind", "network.projections"),
    *("network.projections.EE", "network.projections.EE.connect", "network.projections.EE.delay"),
    *("network.projections.EE.pre", "drive", "drive.X", "statistics", "statistics.fano_factor"),
    *("record", "record.spikes", "record.state", "record.state.E", "record.counts", "engine"),
]


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Return a folder with a complete config, and its tree."""
    composed = compose(["duration=smoke"], [])
    return tmp_path_factory.mktemp("complete"), composed.tree


def outcome(file):
    """Return the experiment of a complete config, or the error."""
    try:
        return build(compose([], [], file))[0]
    except ConfigError as error:
        return error


@settings(max_examples=100, deadline=None, derandomize=True)
@given(path=st.sampled_from(PATHS), value=NODES)
def test_any_value_anywhere_in_a_file_gives_a_message_or_an_experiment(complete, path, value):
    folder, tree = complete
    changed = copy.deepcopy(tree)
    *parents, last = path.split(".")
    node = changed
    for name in parents:
        node = node.setdefault(name, {})
    node[last] = value
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(changed))
    found = outcome(file)
    if isinstance(found, ConfigError):
        assert found.problems
        assert all(p.strip() for p in found.problems)
    else:
        assert found.duration.ms > 0


@pytest.fixture(scope="module")
def own_run(tmp_path_factory):
    """Return what one run of the network from scratch found."""
    out = tmp_path_factory.mktemp("mine") / "run"
    arguments = ("-C", str(DATA / "my_network"), "network=mine", "duration=2s", "seed=3")
    outcome = call("simulate", *arguments, "--out", str(out), "--json")
    assert outcome.code == 0, outcome.err
    return outcome.json


class TestOwnNetwork:
    """A network from scratch, in a folder that is not ours."""

    def test_it_fires_irregularly_and_asynchronously(self, own_run):
        assert own_run["health"]["verdict"] == "ok"
        for population in ("E", "I"):
            found = own_run["statistics"][population]
            assert 3 < found["firing_rate"]["value"] < 15
            assert 0.3 < found["fano_factor"]["value"] < 1
            assert abs(found["spike_count_correlation"]["value"]) < 0.1

    def test_its_parts_are_those_of_the_file(self):
        e = built("network=mine", dirs=[DATA / "my_network"])
        assert e.network.populations["E"].neuron.tau_m == Distribution("normal", 20.0, 1.0)
        assert e.network.populations["I"].neuron.v_th == -55.0  # from the preset of its kind
        assert {s.normalization for s in e.network.synapses.values()} == {"peak"}
        assert e.network.projections["EE"].connect.k == 40
        assert e.network.projections["EX"].delay == 0.0
        assert e.network.weight_scaling == "none"

    def test_the_file_is_short(self):
        text = (DATA / "my_network" / "network" / "mine.yaml").read_text()
        assert len(text.splitlines()) <= 35
