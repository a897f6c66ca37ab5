"""Axes of a sweep in a config: read, changed by overrides, checked, and left out of single runs."""

import json
import re

import pytest

from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.errors import ConfigError
from snnrun.sweep.begin import grid_of
from snnrun.sweep.plan import make
from tests.cli.program import call

EI = "network.projections.EI.weight"
AXES = {
    EI: [-150, -100.5],
    "drive.X.rate": "range(4,8,2)",
    "network.scale": "0.2,0.4",
    "neuron": ["eif", "eif_fast"],
    "network.populations.I.v_init": [{"dist": "uniform", "low": -70, "high": -60}],
    "name": ["a", "null", "1"],
}


@pytest.fixture
def mine(tmp_path):
    """Return what writes an experiment with some axes, and the folder of it."""
    (tmp_path / "mine" / "experiments" / "my").mkdir(parents=True)

    def write(axes, name="one", **more):
        content = {"sweep": axes, "duration": {"ms": 100.0, "warmup_ms": 0.0}, **more}
        file = tmp_path / "mine" / "experiments" / "my" / f"{name}.yaml"
        file.write_text(f"# @package _global_\n{json.dumps(content)}\n")
        return tmp_path / "mine"

    return write


def swept(folder, *overrides, name="one"):
    """Return path → values of the points of an experiment's sweep."""
    grid, _ = grid_of([f"experiment=my/{name}", *overrides], [folder], None)
    points = [point.values for point in grid.points()]
    return {
        path: list({json.dumps(p[path]): p[path] for p in points}.values()) for path in points[0]
    }


def test_all_kinds_of_axes(mine):
    assert swept(mine(AXES)) == {
        EI: [-150, -100.5],
        "drive.X.rate": [4, 6],
        "network.scale": [0.2, 0.4],
        "neuron": ["eif", "eif_fast"],
        "network.populations.I.v_init": [{"dist": "uniform", "low": -70, "high": -60}],
        "name": ["a", "null", "1"],
    }


@pytest.mark.parametrize(
    "axes",
    [
        {"network": {"projections": {"EI": {"weight": [1, 2]}}}},
        {"network.projections": {"EI.weight": [1, 2]}},
        {EI: "1,2"},
        {EI: "choice(1,2)", "seed": None},
    ],
)
def test_a_path_may_be_written_in_parts(mine, axes):
    assert swept(mine(axes)) == {EI: [1, 2]}


def test_groups(mine):
    axes = {
        "network": ["balanced_small", "bg_bench"],
        "duration": "glob(1*)",
        "neuron@network.populations.E.neuron": ["eif", "lif"],
    }
    found = swept(mine(axes))
    assert found["network"] == ["balanced_small", "bg_bench"]
    assert found["duration"] == ["10s", "140s"]
    assert found["neuron@network.populations.E.neuron"] == ["eif", "lif"]


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["seed=5,6"], {EI: [1, 2], "drive.X.rate": [3, 4], "seed": [5, 6]}),
        (["drive.X.rate=7,8,9"], {EI: [1, 2], "drive.X.rate": [7, 8, 9]}),
        (["drive.X.rate=7"], {EI: [1, 2]}),
        (["sweep.drive.X.rate=[7]"], {EI: [1, 2], "drive.X.rate": [7]}),
        (["sweep.drive.X.rate=null", "sweep.seed='1,2'"], {EI: [1, 2], "seed": [1, 2]}),
        ([f"~sweep.{EI}"], {"drive.X.rate": [3, 4]}),
        (["sweep=null", "sweep.seed=[1,2]"], {"seed": [1, 2]}),
        (["sweep={drive: {X: {rate: [5]}}}"], {EI: [1, 2], "drive.X.rate": [5]}),
    ],
)
def test_the_command_line_wins(mine, overrides, expected):
    assert swept(mine({EI: [1, 2], "drive.X.rate": [3, 4]}), *overrides) == expected


def test_points_are_runs_without_axes(mine):
    folder = mine({EI: [1, 2], "seed": [3, 4]})
    lines = ["experiment=my/one", "trials=2"]
    grid, composer = grid_of(lines, [folder], None)
    plan, _ = make(lines, [folder], None, grid, composer)
    assert plan.swept == [EI, "seed"]
    assert [p.values for p in plan.points][1] == {EI: 1, "seed": 4}
    point = plan.composed(plan.points[1]).tree
    own = compose([*lines, f"{EI}=1", "seed=4", "record.spikes=[]"], [folder])
    assert json.dumps(point) == json.dumps(own.tree)
    assert "sweep" not in point
    assert own.axes == {EI: [1, 2], "seed": [3, 4]}


def test_experiments_with_other_axes_are_not_mixed(mine):
    folder = mine({"seed": [1, 2]})
    mine({"seed": [1, 2, 3]}, name="two")
    lines = ["experiment=my/one,my/two"]
    plan, _ = make(lines, [folder], None, *grid_of(lines, [folder], None))
    errors = [p.error for p in plan.points if p.values["experiment"] == "my/two"]
    assert errors == ["sweep: this point's config has other axes; sweep it by itself"] * 2
    assert [p.error for p in plan.points if p.values["experiment"] == "my/one"] == [None] * 2


WRONG = {
    "no mapping": (5, "sweep: must be a mapping {path: values}"),
    "no list": ({"seed": 5}, "sweep.seed: must be a list of values, or text such as"),
    "one word": ({"seed": "five"}, "sweep.seed: must be a list of values, or text such as"),
    "empty": ({"seed": []}, "sweep.seed: is empty; give its values"),
    "empty range": ({"seed": "range(5,5)"}, "sweep.seed: the range is empty"),
    "interval": ({"seed": "interval(1,5)"}, "sweep.seed: an interval has no single values"),
    "grammar": ({"seed": "range(1"}, "sweep.seed: not understood"),
    "no such path": (
        {"network.projections.EZ.weight": [1]},
        "sweep.network.projections.EZ.weight: 1 can't be: network.projections.EZ",
    ),
    "no such key": ({"sede": [1, 2]}, "sweep.sede: 1 can't be: sede: unknown key; did you mean"),
    "no such value": ({"seed": [-1, 2]}, "sweep.seed: -1 can't be: seed: must be at least 0"),
    "numbers of a group": ({"network": [1]}, "sweep.network: must hold the names of presets"),
    "experiments": ({"experiment": ["a"]}, "sweep.experiment: an experiment can't choose others"),
    "a search": ({"optimizer.seed": [1]}, "sweep.optimizer.seed: 'optimizer' is of a search, and"),
    "hydra": ({"hydra.job.name": ["a"]}, "sweep.hydra.job.name: Hydra's own settings can't"),
}


@pytest.mark.parametrize(("axes", "said"), WRONG.values(), ids=WRONG)
def test_what_can_not_be_swept(mine, axes, said):
    folder = mine(axes)
    with pytest.raises(ConfigError) as caught:
        build(compose(["experiment=my/one"], [folder]))
    assert caught.value.problems[0].startswith(said)
    if " can't be: " not in said:  # else the points say why
        with pytest.raises(ConfigError, match=re.escape(said)):
            grid_of(["experiment=my/one"], [folder], None)


def test_all_that_is_wrong_comes_at_once_and_says_where(mine):
    folder = mine({"drive.X.rate": [], "seed": 5}, trials=0)
    with pytest.raises(ConfigError) as caught:
        build(compose(["experiment=my/one"], [folder]))
    found = caught.value.problems
    assert [p.partition(":")[0] for p in found] == ["trials", "sweep.drive.X.rate", "sweep.seed"]
    assert all(p.endswith("my/one.yaml)") for p in found)


@pytest.mark.parametrize("path", ["drive.X.rate", "drive.X"])
def test_a_value_is_swept_or_searched(mine, path):
    search = {"rate": {"path": "drive.X.rate", "low": 1.0, "high": 5.0}}
    with pytest.raises(ConfigError, match=r"search\.rate looks for its value; remove one of both"):
        build(compose(["experiment=my/one"], [mine({path: [5, 6]}, search=search)]))
    build(compose(["experiment=my/one"], [mine({"seed": [5, 6]}, search=search)]))


def test_an_axis_written_twice_on_the_command_line_is_explained():
    with pytest.raises(
        ConfigError, match=r"sweep\.seed: write its values as a list, or sweep seed=…"
    ):
        grid_of(["sweep.seed=1,2"], [], None)


def test_commands(mine):
    folder = mine({"seed": [1, 2], "network.scale": "0.1,0.2"})
    given = ("-C", str(folder), "experiment=my/one")
    shown = call("show", *given)
    assert shown.out.endswith("sweep:\n  seed:\n  - 1\n  - 2\n  network.scale: 0.1,0.2\n")
    assert call("show", *given, "--json").json["sweep"] == {
        "seed": [1, 2],
        "network.scale": "0.1,0.2",
    }
    checked = call("check", *given, "--quiet")
    assert "sweep:  seed: 1, 2\nsweep:  network.scale: 0.1,0.2\n" in checked.out
    (folder.parent / "config.yaml").write_text(shown.out)
    found = call(
        "sweep", "--config", str(folder.parent / "config.yaml"), "--dry-run", "--json"
    ).json
    assert (found["points"], found["invalid"]) == (4, 0)
    run = call("simulate", *given, "network.scale=0.1", "--dry-run")
    assert run.code == 0
    assert all(line.startswith("warning: statistics") for line in run.err.splitlines())
    assert "sweep" not in run.out
