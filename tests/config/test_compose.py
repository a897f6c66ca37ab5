"""Groups, the user's folders, choices of models, values: from overrides to one plain tree."""

import textwrap
from pathlib import Path

import pytest
import yaml

from snnrun.component import find
from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.errors import ConfigError

MINE = Path(__file__).parent / "data" / "my_network"


def tree(*overrides, dirs=(), config=None):
    """Return the composed tree."""
    return compose(list(overrides), list(dirs), config).tree


def write(folder, name, text):
    """Write a file of a user's config folder and return the folder."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return folder


@pytest.fixture(scope="module")
def plain():
    """Return the tree of the root's defaults."""
    return tree()


def test_the_root_runs_the_small_balanced_network_for_five_seconds(plain):
    assert plain["name"] == "balanced_small"
    assert plain["duration"] == {"ms": 5000.0, "warmup_ms": 500.0}
    assert plain["trials"] == 1
    assert set(plain["network"]["populations"]) == {"E", "I"}
    assert list(plain["drive"]) == ["X"]
    assert plain["record"]["spikes"] is None


def test_nothing_of_the_composition_is_left_in_the_tree(plain):
    assert set(plain) == {
        *("name", "seed", "dt", "trials"),
        *("duration", "network", "drive", "statistics", "record", "engine", "checkpoint"),
    }


@pytest.mark.parametrize(
    ("preset", "ms", "warmup"),
    [
        ("smoke", 100, 0),
        ("2s", 2000, 500),
        ("5s", 5000, 500),
        ("10s", 10000, 500),
        ("30s", 30000, 500),
        ("140s", 140500, 500),
    ],
)
def test_durations_are_those_of_the_contract(preset, ms, warmup):
    assert tree(f"duration={preset}")["duration"] == {"ms": ms, "warmup_ms": warmup}


def test_a_network_brings_its_own_dt_drive_and_statistics(plain):
    other = tree("network=snops_sbn")
    assert (other["name"], other["dt"]) == ("snops_sbn", 0.05)
    assert other["drive"]["X"]["positions"] == "grid"
    assert other["statistics"] == plain["statistics"]
    assert tree("network=mine", dirs=[MINE])["dt"] == 0.1


def test_a_value_is_put_where_its_path_says(plain):
    changed = tree("network.synapses.I.tau_decay=8", "seed=7")
    assert changed["network"]["synapses"]["I"]["tau_decay"] == 8
    assert changed["seed"] == 7
    changed["network"]["synapses"]["I"]["tau_decay"] = plain["network"]["synapses"]["I"][
        "tau_decay"
    ]
    assert {**changed, "seed": plain["seed"]} == plain


class TestUserFolders:
    def test_a_users_preset_shadows_the_shipped_one(self, tmp_path):
        write(tmp_path, "duration/2s.yaml", "ms: 2222.0\nwarmup_ms: 2.0")
        assert tree("duration=2s", dirs=[tmp_path])["duration"]["ms"] == 2222
        assert tree("duration=2s")["duration"]["ms"] == 2000

    def test_a_users_preset_stands_beside_the_shipped_ones(self, tmp_path):
        write(tmp_path, "duration/7s.yaml", "ms: 7000.0\nwarmup_ms: 500.0")
        assert tree("duration=7s", dirs=[tmp_path])["duration"]["ms"] == 7000
        assert tree("duration=smoke", dirs=[tmp_path])["duration"]["ms"] == 100

    def test_of_two_folders_the_first_wins_and_both_count(self, tmp_path):
        first = write(tmp_path / "a", "duration/2s.yaml", "ms: 1111.0\nwarmup_ms: 0.0")
        second = write(tmp_path / "b", "duration/2s.yaml", "ms: 2222.0\nwarmup_ms: 0.0")
        write(second, "duration/9s.yaml", "ms: 9000.0\nwarmup_ms: 0.0")
        assert tree("duration=2s", dirs=[first, second])["duration"]["ms"] == 1111
        assert tree("duration=2s", dirs=[second, first])["duration"]["ms"] == 2222
        assert tree("duration=9s", dirs=[first, second])["duration"]["ms"] == 9000

    def test_a_users_neuron_builds_on_a_shipped_one(self, tmp_path):
        write(tmp_path, "neuron/slow.yaml", "defaults: [eif, _self_]\n\ntau_m: 30.0")
        neurons = tree("neuron@network.populations.E.neuron=slow", dirs=[tmp_path])["network"]
        neuron = neurons["populations"]["E"]["neuron"]
        assert (neuron["kind"], neuron["tau_m"], neuron["v_th"]) == ("eif", 30, -50)

    def test_a_missing_folder_is_an_error(self, tmp_path):
        with pytest.raises(ConfigError, match="there is no such folder"):
            tree(dirs=[tmp_path / "nowhere"])


class TestExperiments:
    TEXT = """
        # @package _global_
        defaults:
          - override /network: balanced_small
          - override /duration: smoke
          - override /record: none
          - _self_

        seed: 9
        network: {scale: 0.5}
        """

    def test_an_experiment_of_the_users_folder(self, tmp_path):
        write(tmp_path, "experiments/mine/first.yaml", self.TEXT)
        found = tree("experiment=mine/first", dirs=[tmp_path])
        assert (found["name"], found["seed"], found["network"]["scale"]) == ("mine_first", 9, 0.5)
        assert (found["duration"]["ms"], found["record"]["spikes"]) == (100, [])

    def test_the_command_line_beats_the_experiment(self, tmp_path):
        write(tmp_path, "experiments/mine/first.yaml", self.TEXT)
        found = tree("experiment=mine/first", "seed=3", "duration=2s", dirs=[tmp_path])
        assert (found["seed"], found["duration"]["ms"]) == (3, 2000)

    def test_an_experiment_of_a_system_that_does_not_exist(self):
        with pytest.raises(ConfigError, match="experiment=nosuch/thing"):
            tree("experiment=nosuch/thing")

    def test_a_misspelled_experiment_gets_the_nearest_name(self, tmp_path):
        write(tmp_path, "experiments/mine/first.yaml", self.TEXT)
        with pytest.raises(ConfigError, match=r"did you mean '(mine/)?first'"):
            tree("experiment=mine/frist", dirs=[tmp_path])


class TestNeurons:
    SHARED = ("c_m", "tau_m", "e_l", "v_th", "v_reset", "t_ref", "i_e")

    def test_neuron_swaps_the_model_of_every_population(self, plain):
        swapped = tree("neuron=lif")["network"]["populations"]
        for name in ("E", "I"):
            before, after = plain["network"]["populations"][name]["neuron"], swapped[name]["neuron"]
            assert after["kind"] == "lif"
            assert {k: after[k] for k in self.SHARED} == {k: before[k] for k in self.SHARED}
            assert set(after) == {"kind", *find("neuron", "lif").parameters()}
            kept = {k: v for k, v in swapped[name].items() if k != "neuron"}
            assert kept == {
                k: v for k, v in plain["network"]["populations"][name].items() if k != "neuron"
            }

    def test_neuron_at_a_path_swaps_one(self, plain):
        found = tree("neuron@network.populations.E.neuron=lif")["network"]["populations"]
        assert found["E"]["neuron"]["kind"] == "lif"
        assert found["E"]["neuron"]["tau_m"] == 15
        assert found["I"] == plain["network"]["populations"]["I"]

    def test_values_reach_a_model_chosen_on_the_same_line(self):
        """The slope factor is a parameter of eif and not of the lif that it replaces."""
        path = "network.populations.E.neuron"
        found = tree(f"{path}.slope_factor=1.5", f"neuron@{path}=eif", "network=mine", dirs=[MINE])[
            "network"
        ]["populations"]
        assert (found["E"]["neuron"]["kind"], found["E"]["neuron"]["slope_factor"]) == ("eif", 1.5)
        assert found["I"]["neuron"]["kind"] == "lif"

    def test_a_value_for_a_parameter_that_the_new_model_lacks_is_an_error(self):
        path = "network.populations.E.neuron"
        composed = compose([f"neuron@{path}=lif", f"{path}.slope_factor=1.5"], [])
        with pytest.raises(ConfigError, match=rf"{path}.slope_factor: unknown key"):
            build(composed)

    def test_a_preset_of_the_same_model_brings_its_own_numbers(self):
        found = tree("neuron=eif_fast")["network"]["populations"]
        assert [found[p]["neuron"]["tau_m"] for p in "EI"] == [10, 10]

    def test_a_choice_at_a_path_that_does_not_exist_is_an_error(self):
        with pytest.raises(ConfigError, match=r"nothing at network\.populations\.Q\.neuron"):
            tree("neuron@network.populations.Q.neuron=lif")

    def test_a_swapped_network_runs_as_configured(self):
        experiment, _ = build(compose(["neuron=lif"], []))
        assert {p.neuron.kind for p in experiment.network.populations.values()} == {"lif"}


def test_connect_at_a_path_swaps_the_rule_and_keeps_p(plain):
    path = "network.projections.EE.connect"
    experiment, _ = build(compose([f"connect@{path}=fixed_outdegree"], []))
    rule = experiment.network.projections["EE"].connect
    assert (rule.kind, rule.p, rule.k) == ("fixed_outdegree", 0.1, None)


class TestNone:
    def test_drive_none_removes_drives_their_projections_and_their_synapses(self, plain):
        composed = compose(["drive=none"], [])
        network = composed.tree["network"]
        assert composed.tree["drive"] == {}
        assert set(network["projections"]) == {"EE", "EI", "IE", "II"}
        assert set(network["synapses"]) == {"E", "I"}
        assert network["populations"] == plain["network"]["populations"]
        assert composed.notes == ["drive=none: without projections EX, IX"]
        build(composed)

    def test_statistics_none(self):
        assert tree("statistics=none")["statistics"] == {}

    def test_record_none(self):
        assert tree("record=none")["record"]["spikes"] == []


def test_one_statistic_alone():
    found = tree("statistics=firing_rate")["statistics"]
    assert list(found) == ["firing_rate"]
    given = {name: value for name, value in found["firing_rate"].items() if value is not None}
    assert given == {"kind": "firing_rate", "window_ms": 100.0}


def test_a_drive_of_another_kind_keeps_its_name():
    found = tree("network=mine", "drive=poisson", dirs=[MINE])["drive"]
    assert list(found) == ["X"]
    assert found["X"]["kind"] == "poisson"


class TestDeletion:
    def test_of_a_statistic(self, plain):
        found = tree("~statistics.fano_factor")["statistics"]
        assert set(found) == set(plain["statistics"]) - {"fano_factor"}

    def test_of_a_projection(self, plain):
        found = tree("~network.projections.EE")["network"]["projections"]
        assert set(found) == set(plain["network"]["projections"]) - {"EE"}

    def test_of_all_drives(self):
        assert tree("~drive")["drive"] == {}

    def test_of_nothing_is_one_short_message(self):
        with pytest.raises(ConfigError, match=r"override '~network\.nothing'") as caught:
            tree("~network.nothing")
        assert "\n" not in str(caught.value)


def test_interpolation_reaches_the_projections():
    found = tree("network=snops_sbn", "network.sigma.I=0.2")["network"]["projections"]
    sigmas = {name: p["connect"]["sigma"] for name, p in found.items()}
    assert sigmas == {"EE": 0.1, "IE": 0.1, "EI": 0.2, "II": 0.2, "EX": 0.05, "IX": 0.05}


def test_an_interpolation_of_nothing_says_where_it_stands(tmp_path):
    write(
        tmp_path,
        "network/odd.yaml",
        "# @package _global_\ndefaults: [balanced_small, _self_]\nseed: ${no.such.key}",
    )
    with pytest.raises(ConfigError, match=r"seed.*no\.such\.key"):
        tree("network=odd", dirs=[tmp_path])


def test_a_node_with_a_kind_replaces_one_of_another_kind():
    path = "network.projections.EE.connect"
    rule = "{kind: fixed_outdegree, k: 10}"
    experiment, _ = build(compose([f"{path}={rule}"], []))
    rule = experiment.network.projections["EE"].connect
    assert (rule.kind, rule.k, rule.p) == ("fixed_outdegree", 10, None)


class TestCompleteFile:
    @pytest.fixture
    def file(self, tmp_path):
        """Return a complete config on disk."""
        composed = compose(["neuron=lif", "network=snops_sbn", "duration=2s"], [])
        path = tmp_path / "config.yaml"
        path.write_text(composed.yaml)
        return path

    def test_gives_the_tree_it_was_written_from(self, file):
        before = tree("neuron=lif", "network=snops_sbn", "duration=2s")
        again = compose([], [], file)
        assert again.tree == before == yaml.safe_load(again.yaml)
        assert again.yaml == file.read_text()

    def test_floats_and_whole_numbers_stay_what_they_are(self, file):
        def types(node):
            return {k: types(v) for k, v in node.items()} if isinstance(node, dict) else type(node)

        before = tree("neuron=lif", "network=snops_sbn", "duration=2s")
        assert types(tree(config=file)) == types(before)

    def test_values_can_be_changed(self, file):
        found = tree("seed=5", "~statistics.fano_factor", config=file)
        assert found["seed"] == 5
        assert "fano_factor" not in found["statistics"]
        assert found["network"] == tree(config=file)["network"]

    @pytest.mark.parametrize(
        "choice", ["neuron=eif", "network=balanced_small", "drive@drive.X=poisson"]
    )
    def test_groups_cannot_be_chosen(self, file, choice):
        with pytest.raises(ConfigError, match="only values can be changed") as caught:
            tree(choice, config=file)
        assert str(caught.value).startswith(f"'{choice}'")

    def test_the_files_own_folder_is_no_config_folder(self, file):
        write(file.parent, "duration/2s.yaml", "ms: 1.0")
        assert tree(config=file)["duration"]["ms"] == 2000
