"""The plan of a sweep on disk: complete, equal when read again, refused when it was changed."""

import copy
import json
import math
from pathlib import Path

import pytest

from snnrun.config.build import build
from snnrun.config.compose import Composer, compose
from snnrun.config.reader import read as read_config
from snnrun.errors import ConfigError, FileError
from snnrun.sweep.begin import grid_of, resumed, summary_of
from snnrun.sweep.plan import hash_of, make, with_spikes_if_asked
from snnrun.sweep.plan_file import NAME, read, write

W = "network.projections.EE.weight"
EE = "network.projections.EE"
TAU = "network.populations.E.neuron.tau_m"


def planned(*overrides, dirs=(), config=None):
    """Return the plan of some overrides."""
    grid, composer = grid_of([*overrides], [*dirs], config)
    return make([*overrides], [*dirs], config, grid, composer)[0]


def alone(point, dirs=()):
    """Return the config of a point, composed by itself."""
    tree = compose(point.overrides, [*dirs]).tree
    with_spikes_if_asked(tree, point.overrides)
    return tree


SWEEPS = {
    "values": (f"{W}=1,2.5,1e-5", "seed=range(1,4)"),
    "the same number as int, float and minus": (f"{W}=0,0.0,-0.0,1,1.0",),
    "groups": ("network=balanced_small,bg_bench", "seed=1,2"),
    "other sizes": ("network.scale=0.5,1,2", "network.populations.E.size=10,20"),
    "a part": ("neuron@network.populations.E.neuron=lif,eif,adex",),
    "parts everywhere": ("neuron=lif,izhikevich", "synapse@network.synapses.E=glob(exp*)"),
    "a drive or none": ("drive=none,poisson,white_noise",),
    "lists": ("record.spikes=[E],[],[E,I],null",),
    "dicts": (f"{W}=1,{{dist:normal,mean:10,std:1}},{{dist:uniform,low:1,high:2}}",),
    "new nodes": ("+record.state.E={variables:[v],every_ms:1},{variables:[v],every_ms:1.0}",),
    "numbers in lists": (
        "+record.state.E={variables:[v],every_ms:1,neurons:[0,1]},"
        "{variables:[v],every_ms:1,neurons:[1]}",
    ),
    "experiments": ("experiment=glob(b*)", "duration=smoke"),
    "words": ("name=a,'null','1',b.c", "engine.backend=native,xla"),
    "invalid ones between": ("seed=-1,1,foo,2", f"{W}=1,x"),
    "presets that are not there": ("network=nosuch,balanced_small,brunel",),
    "no swept key": ("seed=3",),
}


@pytest.mark.parametrize("overrides", SWEEPS.values(), ids=SWEEPS)
def test_it_is_the_same_when_read_again_and_composes_each_point(tmp_path, overrides):
    plan = planned(*overrides)
    assert write(plan, tmp_path)
    again = read(tmp_path)
    assert again == plan
    for point in again.points:
        if point.error is not None:
            assert (point.group, point.hash, point.changes) == (-1, "", [])
    valid = [point for point in again.points if point.error is None]
    for point in {p.hash: p for p in (valid[0], valid[len(valid) // 2], valid[-1])}.values():
        composed, expected = again.composed(point), alone(point)
        assert json.dumps(composed.tree) == json.dumps(expected)  # also the order, and types
        assert point.hash == hash_of(expected)
    for point in valid:
        build(again.composed(point))


def test_a_point_is_the_run_of_the_same_overrides():
    lines = ("network.populations.E={size: 10}", "network.populations.E={v_init: -65.0}")
    lines += ("+record.state={E: {every_ms: 1}}", "record.state={E: {variables: [v]}}")
    plan = planned(*lines, "seed=1,2", "record.spikes=[E]")
    for seed, point in enumerate(plan.points, 1):
        expected = compose([*lines, f"seed={seed}", "record.spikes=[E]"], [])
        assert json.dumps(plan.composed(point).tree) == json.dumps(expected.tree)


@pytest.mark.parametrize(
    ("overrides", "groups", "compilations"),
    [
        (["duration.ms=100,200,300"], 3, 1),
        (["duration=2s,5s", f"{W}=1,2", "duration.warmup_ms=0,50"], 4, 1),
        (["duration=2s,5s", "network.scale=0.1,0.2"], 4, 2),
        (["duration=2s,5s", "neuron=eif,lif", "network.scale=0.1"], 4, 2),
        (["neuron=eif,lif"], 2, 2),
    ],
)
def test_durations_share_a_program(overrides, groups, compilations):
    plan = planned(*overrides)
    assert len(plan.groups) == groups
    assert plan.compilations(range(groups)) == compilations
    assert plan.compilations([0]) == 1
    many = "s" * (compilations > 1)
    assert f"in {groups} groups ({compilations} compilation{many})" in summary_of(plan)[0]


def test_invalid_points_say_why_and_the_others_count_on():
    plan = planned("seed=-1,1,foo,2")
    assert [point.values for point in plan.points] == [{"seed": s} for s in (-1, 1, "foo", 2)]
    errors = [point.error for point in plan.points]
    assert errors[1] is errors[3] is None
    assert errors[0] == "seed: must be at least 0, not -1 (override 'seed=-1')"
    assert errors[2].startswith("seed: must be a whole number")
    assert plan.base["seed"] == 1
    assert plan.groups[0].points == 2


def test_without_any_valid_point_there_is_no_plan():
    with pytest.raises(ConfigError, match="must be at least 0, not -1"):
        planned("seed=-1,-2")


def test_warnings_of_all_points_come_once():
    grid, composer = grid_of([f"{W}=1,-2,-2", "seed=1,2"], [], None)
    warnings = make([], [], None, grid, composer)[1]
    assert len(warnings) == 1
    assert "-2 contradicts the type of 'E'" in warnings[0]


def test_many_warnings_of_one_key_are_counted():
    values = ",".join(str(1.001 + n) for n in range(7))
    grid, composer = grid_of([f"{EE}.delay={values}", f"{W}=-2"], [], None)
    warnings = make([], [], None, grid, composer)[1]
    said = [
        f"{EE}.delay: {n}.001 ms is no multiple of dt (0.05 ms); {n} ms acts" for n in (1, 2, 3)
    ]
    assert [w for w in warnings if "delay" in w] == [*said, f"{EE}.delay: 4 more such warnings"]
    assert len(warnings) == 5


def test_spikes_are_recorded_only_if_that_is_written_out():
    assert planned("seed=1,2").base["record"]["spikes"] == []
    assert planned("seed=1,2", "record.spikes=null").base["record"]["spikes"] is None
    assert planned("seed=1,2", "record.spikes=[I]").base["record"]["spikes"] == ["I"]


def test_a_config_file_and_user_s_folders(tmp_path):
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "mine.yaml").write_text(
        "defaults: [balanced_small]\nprojections: {EE: {weight: 7.5}}\n"
    )
    plan = planned("network=mine,balanced_small", dirs=[tmp_path])
    assert [plan.composed(p).tree for p in plan.points] == [
        alone(p, [tmp_path]) for p in plan.points
    ]
    assert plan.about["config_dirs"] == [str(tmp_path)]
    file = tmp_path / "config.yaml"
    file.write_text(compose(["seed=5", f"{W}=3"], []).yaml)
    plan = planned("seed=1,2", config=file)
    assert [(p.values, plan.composed(p).tree["seed"]) for p in plan.points] == [
        ({"seed": s}, s) for s in (1, 2)
    ]
    assert plan.about["config"] == str(file)


def test_what_lies_in_its_folder_moves_with_it(tmp_path, monkeypatch):
    folder, outside = tmp_path / "s", tmp_path / "conf"
    for place in (folder / "own/duration", outside):
        place.mkdir(parents=True)
    (folder / "own/duration/mine.yaml").write_text("ms: 100.0\nwarmup_ms: 0.0\n")
    monkeypatch.chdir(tmp_path)
    plan = planned("duration=mine", "seed=1,2", dirs=(Path("s/own"), Path("conf")))
    assert write(plan, folder)
    assert json.loads((folder / NAME).read_text())["config_dirs"] == ["own", str(outside)]
    assert read(folder) == plan
    moved = folder.rename(tmp_path / "moved")
    (tmp_path / "s/own/duration").mkdir(parents=True)  # another, at the old place
    (tmp_path / "s/own/duration/mine.yaml").write_text("ms: 200.0\nwarmup_ms: 0.0\n")
    monkeypatch.chdir("/")
    assert resumed(moved, [])[0].about["config_dirs"] == [str(moved / "own"), str(outside)]


def test_only_one_process_writes_it(tmp_path):
    assert write(planned("seed=1,2"), tmp_path)
    assert not write(planned("seed=3,4"), tmp_path)
    assert [point.values["seed"] for point in read(tmp_path).points] == [1, 2]
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


@pytest.fixture(scope="module")
def plan():
    return planned(f"{W}=1,2", "seed=1,2")


class TestDamage:
    @pytest.fixture
    def content(self, plan, tmp_path):
        write(plan, tmp_path)
        return json.loads((tmp_path / NAME).read_text())

    @pytest.mark.parametrize("where", ["base", "changes", "hash"])
    def test_a_changed_point_is_refused(self, tmp_path, content, where):
        if where == "base":
            content["base"]["seed"] = 77
        elif where == "changes":
            content["points"][3]["changes"][0][1] = 77
        else:
            content["points"][3]["hash"] = "0" * 64
        (tmp_path / NAME).write_text(json.dumps(content))
        plan = read(tmp_path)
        point = plan.points[0 if where == "base" else 3]
        with pytest.raises(FileError, match=r"plan\.json: point . was changed; make a new sweep"):
            plan.composed(point)

    @pytest.mark.parametrize(
        "changes", [[[["nosuch", "x"], 1]], [[[], 1]], [["seed"]], [[["seed", "x"], 1]], [5], None]
    )
    def test_changes_that_lead_nowhere(self, tmp_path, content, changes):
        content["points"][3]["changes"] = changes
        (tmp_path / NAME).write_text(json.dumps(content))
        with pytest.raises(FileError):
            (plan := read(tmp_path)).composed(plan.points[3])

    def test_of_another_version(self, tmp_path, content):
        (tmp_path / NAME).write_text(json.dumps(content | {"format_version": 2, "snnrun": "9.8"}))
        with pytest.raises(FileError, match=r"version 2, this snnrun reads 1;.*snnrun 9\.8") as e:
            read(tmp_path)
        assert e.value.exit_code == 5

    def test_of_something_else(self, tmp_path, content):
        (tmp_path / NAME).write_text(json.dumps(content | {"format": "a knitting pattern"}))
        with pytest.raises(FileError, match=r"plan\.json: is no plan of a sweep"):
            read(tmp_path)

    @pytest.mark.parametrize(
        "text",
        [
            b"",
            b"{",
            b"[]",
            b"5",
            b"null",
            b'"x"',
            b"\xff\xfe\x00",
            b"{}",
            b"[" * 100_000,
            b"\0" * 9,
        ],
    )
    def test_no_json_or_other_json(self, tmp_path, text):
        (tmp_path / NAME).write_bytes(text)
        with pytest.raises(FileError) as error:
            read(tmp_path)
        assert str(tmp_path / NAME) in str(error.value)

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
    def test_cut_off(self, tmp_path, content, share):
        file = tmp_path / NAME
        whole = file.read_bytes()
        file.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(FileError, match="is damaged"):
            read(tmp_path)

    @pytest.mark.parametrize(
        "key", ["points", "groups", "base", "swept", "overrides", "name", "config_dirs", "config"]
    )
    def test_other_kinds_of_values(self, tmp_path, content, key):
        kinds = [None, 5, "x", {}, [[]], [5], {"a": 1}, True, 1e300]
        texts = ("swept", "overrides", "config_dirs")
        fine = {text: ["x", {}, {"a": 1}] for text in texts}  # as lists of text
        fine |= {"name": ["x"], "config": ["x", None], "base": [{}, {"a": 1}], "points": [{}]}
        for kind in kinds:
            if kind not in fine.get(key, []):
                (tmp_path / NAME).write_text(json.dumps(content | {key: kind}))
                with pytest.raises(FileError, match="is damaged"):
                    read(tmp_path)

    @pytest.mark.parametrize("key", ["points", "groups", "base", "swept", "format", "overrides"])
    def test_without_a_key(self, tmp_path, content, key):
        del content[key]
        (tmp_path / NAME).write_text(json.dumps(content))
        with pytest.raises(FileError, match="is damaged"):
            read(tmp_path)

    @pytest.mark.parametrize(
        "change",
        [{"index": 7}, {"group": 1}, {"group": -1}, {"group": None}, {"x": 1}, {"values": None}],
    )
    def test_a_point_that_is_none(self, tmp_path, content, change):
        content["points"][2] |= change
        (tmp_path / NAME).write_text(json.dumps(content))
        with pytest.raises(FileError, match="is damaged"):
            read(tmp_path)

    def test_no_plan(self, tmp_path):
        with pytest.raises(FileError, match=r"holds no plan\.json"):
            read(tmp_path)


class TestHash:
    def test_what_only_says_how_leaves_it_as_it_is(self):
        tree = compose(["seed=1"], []).tree
        how = ("threads=3", "batch=7", "devices=1", "chunk_ms=3", "delivery=event")
        others = [*(f"engine.{x}" for x in how), "checkpoint.keep=9", "name=other"]
        assert hash_of(compose(["seed=1", *others], []).tree) == hash_of(tree)

    def test_all_else_changes_it(self):
        """Every single leaf of the config, but those."""
        tree = compose([], []).tree
        before = hash_of(tree)
        free = {
            ("name",),
            *(("engine", k) for k in ("batch", "threads", "devices", "chunk_ms", "min_pace")),
        }
        seen = 0
        for path in _leaves(tree):
            changed = copy.deepcopy(tree)
            node = changed
            for name in path[:-1]:
                node = node[name]
            node[path[-1]] = "other"
            same = path in free or path[0] == "checkpoint"
            assert (hash_of(changed) == before) == same, path
            seen += not same
        assert seen > 80

    def test_of_a_config_on_disk(self, tmp_path):
        """Numbers of every size and words that look like something else come back as they were."""
        composer = Composer([])
        for i, overrides in enumerate(
            (
                [f"{W}=1e-5", "dt=0.05", "record.spikes=[]"],
                [f"{W}=1e300", f"{EE}.connect.p=0.30000000000000004"],
                [f"{W}=-0.0", "name='null'"],
                [f"{W}=100000000000000000000", "name='1'"],
                [f"{W}={{dist:normal,mean:1e+16,std:1E-7}}", "name=1e5"],
                ["experiment=snops/sbn"],
            )
        ):
            composed = composer.compose(overrides)
            (tmp_path / f"{i}.yaml").write_text(composed.yaml)
            again = read_config(tmp_path / f"{i}.yaml", "it")[1]
            assert hash_of(again) == hash_of(composed.tree), overrides


def _leaves(node, path=()):
    if isinstance(node, dict) and node:
        for name, each in node.items():
            yield from _leaves(each, (*path, name))
    else:
        yield path


def test_values_that_are_no_numbers_come_back(tmp_path):
    plan = planned(f"{W}=1,nan,inf")
    write(plan, tmp_path)
    again = read(tmp_path)
    assert math.isnan(again.points[1].values[W])
    assert again.points[2].values[W] == math.inf
