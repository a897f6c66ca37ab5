"""`snnrun sweep`: what it writes and says, how it ends, and how it goes on."""

import csv
import json
import re
import shutil
from pathlib import Path

import h5py
import pytest

from snnrun.engine import xla
from snnrun.engine.chunk import chunk
from snnrun.sweep import courses
from tests.cli.cut import interrupted_at

W = "network.projections.EE.weight"
QUICK = ("duration.ms=100", "duration.warmup_ms=0")
EXPLODES = "1e300"


@pytest.fixture
def sweep(cli):
    """Return `snnrun sweep` of 100 ms into the folder `s`."""

    def run(*arguments, quick=QUICK, out=("--out", "s")):
        return cli("sweep", *out, *arguments, *quick)

    return run


@pytest.fixture
def computed(monkeypatch):
    """A list of the points that are computed."""
    seen = []
    begun = courses.Courses.begun

    def count(self, point, folder):
        course = begun(self, point, folder)
        if course is not None:
            seen.append(point.index)
        return course

    monkeypatch.setattr(courses.Courses, "begun", count)
    return seen


def rows(folder="s", name="table.csv"):
    with Path(folder, name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def states(folder="s"):
    return [row["state"] for row in rows(folder)]


def status(index, folder="s"):
    return json.loads(Path(folder, "points", str(index), "status.json").read_text())


def files(folder):
    return sorted(p.name for p in Path(folder).iterdir())


class TestFolder:
    def test_all_that_is_in_it(self, sweep):
        outcome = sweep(f"{W}=1,2.5", "seed=1,2")
        assert (outcome.code, outcome.out) == (0, "4 points: 4 done\ntable:   s/table.csv\n")
        assert outcome.err.splitlines()[0] == (
            f"4 points in 1 group (1 compilation), by 1 process; into {Path('s').resolve()}"
        )
        assert files("s") == ["means.csv", "plan.json", "points", "table.csv", "table.h5"]
        assert files("s/points") == ["0", "1", "2", "3"]
        run = ["checkpoints", "config.yaml", "results.h5", "run.log", "status.json"]
        assert files("s/points/3") == run
        self._table()
        means = rows(name="means.csv")
        assert [(row[W], row["n"]) for row in means] == [("1", "2"), ("2.5", "2")]
        of = [float(row["E.firing_rate"]) for row in rows()][:2]
        assert float(means[0]["E.firing_rate"]) == pytest.approx(sum(of) / 2)
        with h5py.File("s/points/0/results.h5") as file:
            assert "E" not in file.get("spikes", {})
            assert file["statistics/E/firing_rate"][()] == of[0]
        with h5py.File("s/table.h5") as file:
            assert file.attrs

    @staticmethod
    def _table():
        found = rows()
        assert list(found[0])[:7] == [
            *("index", "state", "reason", W, "seed", "E.firing_rate", "E.firing_rate.se")
        ]
        assert [(row["index"], row["state"], row[W], row["seed"]) for row in found] == [
            ("0", "done", "1", "1"),
            ("1", "done", "1", "2"),
            ("2", "done", "2.5", "1"),
            ("3", "done", "2.5", "2"),
        ]
        rates = [float(row["E.firing_rate"]) for row in found]
        assert len(set(rates)) > 1 and all(1 < rate < 50 for rate in rates)

    def test_a_point_s_config_repeats_it(self, cli, sweep):
        sweep(f"{W}=1,2.5")
        assert cli("simulate", "--config", "s/points/1/config.yaml", "--out", "r").code == 0
        again = json.loads(Path("r/status.json").read_text())
        assert again["fingerprint"] == status(1)["fingerprint"] != status(0)["fingerprint"]
        assert again["statistics"] == status(1)["statistics"]

    def test_the_default_folder(self, cli):
        outcome = cli("sweep", "seed=1,2", "name=mine", "--quiet", *QUICK)
        assert (outcome.code, outcome.err) == (0, "")
        assert Path(outcome.out.strip()).parent == Path("outputs/mine")
        assert states(outcome.out.strip()) == ["done", "done"]

    def test_spikes_if_they_are_asked_for(self, sweep):
        assert sweep("seed=1,2", "record.spikes=[E]").code == 0
        with h5py.File("s/points/1/results.h5") as file:
            assert list(file["spikes"]) == ["E"]
            assert len(file["spikes/E/timestamps"]) > 100

    @pytest.mark.parametrize("overrides", [(), ("seed=3",), ("seed=choice(3)",)])
    def test_of_one_point(self, sweep, overrides):
        outcome = sweep(*overrides)
        assert outcome.code == 0
        assert outcome.out.startswith("1 point: 1 done\n")
        assert "1 point in 1 group (1 compilation)" in outcome.err
        assert files("s") == ["plan.json", "points", "table.csv", "table.h5"]

    def test_json(self, sweep):
        outcome = sweep(f"{W}=1,{EXPLODES}", "name=a,b", "--json")
        found = outcome.json
        assert (outcome.code, outcome.err) == (4, "")
        assert list(found) == [
            *("command", "state", "exit_code", "out", "statistics", "health", "timings"),
            *("points", "failures", "unchanging", "table"),
        ]
        rate = {"value": float(rows()[1]["E.firing_rate"]), "se": None, "units": "spikes/s"}
        assert found["statistics"][1]["E"]["firing_rate"] | {"se": None} == rate
        assert [h["verdict"] for h in found["health"]] == ["ok", "ok", "nan", "nan"]
        assert (found["command"], found["state"], found["exit_code"]) == ("sweep", "failed", 4)
        assert (found["out"], found["table"]) == ("s", "s/table.csv")
        assert found["points"] == {"done": 2, "unhealthy": 2}
        assert [(f["index"], f["state"]) for f in found["failures"]] == [
            (2, "unhealthy"),
            (3, "unhealthy"),
        ]
        assert found["failures"][0]["reason"].startswith("nan: ")
        assert found["unchanging"] == ["name"]
        assert found["timings"]["wall_s"] > 0

    def test_groups_of_other_populations_share_a_table(self, sweep):
        assert sweep("network=balanced_small,bg_bench").code == 0
        first, second = rows()
        assert first["E.firing_rate"] and not first["STN.firing_rate"]
        assert second["STN.firing_rate"] and not second["E.firing_rate"]


class TestDryRun:
    def test_in_words(self, sweep):
        outcome = sweep(f"{W}=range(0,1,0.1)", "network.scale=0.5,1", "seed=1,-1", "--dry-run")
        lines = outcome.out.splitlines()
        assert outcome.code == 0
        assert all(re.match(r"estimating the time … \d+ s", x) for x in outcome.err.splitlines())
        assert lines[:5] == [
            f"{W}: 0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, … 0.9 mV (10)",
            "network.scale: 0.5, 1 (2)",
            "seed: 1, -1 (2)",
            "40 points in 2 groups (2 compilations)",
            "20 of them are invalid and will fail",
        ]
        assert lines[5].startswith("about 0:") and lines[5].endswith(" MB by 1 process here")
        assert files(".") == []

    def test_json(self, sweep):
        outcome = sweep("seed=1,2,-1", "--dry-run", "--json")
        found = outcome.json
        assert (outcome.code, found["command"], found["exit_code"]) == (0, "sweep", 0)
        assert (found["points"], found["invalid"], found["groups"]) == (3, 1, [2])
        assert (found["compilations"], found["processes"]) == (1, 1)
        assert (found["out"], found["statistics"], found["health"]) == (None, {}, None)
        assert found["seconds"] > 0 and found["memory_mb"] > 1
        assert files(".") == []

    def test_as_many_programs_are_compiled_as_it_says(self, sweep, monkeypatch):
        seen = []

        def counted(plan, c, carry, first, steps, warmup):
            seen.append(plan)
            return chunk(plan, c, carry, first, steps, warmup)

        monkeypatch.setattr(xla, "chunk", counted)
        monkeypatch.setattr(xla, "_programs", {})
        axes = ("duration.ms=100,200", "network.scale=0.1,0.2", "engine.threads=1")
        assert sweep(*axes, quick=QUICK[1:]).code == 0
        assert len(seen) == 2
        found = sweep(*axes, "--dry-run", "--json", quick=QUICK[1:], out=()).json
        assert (len(found["groups"]), found["compilations"]) == (4, 2)


class TestFailures:
    def test_bad_points_in_the_middle(self, sweep):
        outcome = sweep(f"{W}=5,nan,{EXPLODES},6,1e5,foo,7")
        assert outcome.code == 4
        found = rows()
        assert states() == [*("done", "failed", "unhealthy", "done", "unhealthy", "failed", "done")]
        assert found[1]["reason"].startswith(f"{W}: must be a number or {{dist: …}}, not nan")
        assert found[2]["reason"].startswith("nan: x_E of neuron")
        assert found[4]["reason"].startswith("runaway: population E")
        assert "not 'foo'" in found[5]["reason"]
        assert all(found[i]["E.firing_rate"] for i in (0, 3, 6))
        assert not found[1]["E.firing_rate"]
        assert "7 points: 3 done, 2 unhealthy, 2 failed" in outcome.out
        for i, value in ((1, "nan"), (2, "1e+300"), (4, "100000.0"), (5, "foo")):
            assert f"point {i} ({W}={value}) {found[i]['state']}: {found[i]['reason']}" in (
                outcome.out
            )

    def test_they_leave_the_others_as_they_are(self, cli, sweep):
        sweep(f"{W}=5,{EXPLODES},6,1e5")
        cli("sweep", "--out", "good", f"{W}=5,6", *QUICK)
        prints = [status(i)["fingerprint"] for i in (0, 2)]
        assert prints == [status(i, "good")["fingerprint"] for i in (0, 1)]

    def test_nothing_but_bad_points(self, sweep):
        outcome = sweep("seed=-1,-2")
        assert outcome.code == 2
        assert outcome.err == "error: seed: must be at least 0, not -1 (override 'seed=-1')\n"
        assert files(".") == []

    def test_going_on_is_not_offered_where_it_is_no_use(self, sweep):
        assert "--resume" not in sweep("seed=-1,1").err

    def test_strict(self, sweep):
        silent = ("drive.X.rate=0,10", "network.populations.E.v_init=-65")
        assert sweep(*silent).code == 0
        assert states() == ["done", "done"]
        shutil.rmtree("s")
        assert sweep(*silent, "--strict").code == 4
        assert states() == ["unhealthy", "done"]
        assert rows()[0]["reason"].startswith("silent")

    @pytest.mark.parametrize(
        ("option", "expected"),
        [
            (("--fail-fast",), "done unhealthy queued queued queued"),
            (("--max-failures", "1"), "done unhealthy queued queued queued"),
            (("--max-failures", "2"), "done unhealthy done unhealthy queued"),
            (("--max-failures", "3"), "done unhealthy done unhealthy done"),
        ],
    )
    def test_enough_failures(self, sweep, option, expected):
        outcome = sweep(f"{W}=5,{EXPLODES},6,{EXPLODES},7", "engine.batch=1", *option)
        assert outcome.code == 4
        assert states() == expected.split()
        assert ("go on with: snnrun sweep --resume s" in outcome.err) == ("queued" in expected)


@pytest.fixture
def fails(monkeypatch):
    """Let points fail as they are begun: `{index: times}`."""
    left = {}
    built = courses.Courses.built

    def fail(self, point):
        course = built(self, point)
        if left.get(point.index, 0) and self._batches:
            left[point.index] -= 1
            raise RuntimeError("bad luck")
        return course

    monkeypatch.setattr(courses.Courses, "built", fail)
    return left


class TestAgain:
    def test_a_point_that_fails_once_is_tried_again(self, sweep, fails, computed):
        fails[1] = 1
        assert sweep("seed=1,2,3", "engine.batch=1", "--retries", "1").code == 0
        assert states() == ["done"] * 3
        assert computed == [0, 1, 2]

    def test_too_often(self, cli, sweep, fails, computed):
        fails[1] = 3
        outcome = sweep("seed=1,2,3", "engine.batch=1", "--retries", "1")
        assert (outcome.code, states()) == (4, ["done", "failed", "done"])
        assert rows()[1]["reason"] == "RuntimeError: bad luck"
        assert "go on with: snnrun sweep --resume s" in outcome.err
        computed.clear()
        assert cli("sweep", "--resume", "s", "--only", "failed").code == 4
        assert cli("sweep", "--resume", "s").code == 0
        assert (computed, states()) == ([1], ["done"] * 3)

    def test_only_what_failed(self, cli, sweep, fails, computed):
        fails[0] = 1
        options = ("seed=1,2,3,4", "engine.batch=1", "--fail-fast")
        # the first point makes the batch ready, so that it fails in the second try
        fails[0], fails[1] = 0, 1
        assert sweep(*options).code == 4
        assert states() == ["done", "failed", "queued", "queued"]
        computed.clear()
        outcome = cli("sweep", "--resume", "s", "--only", "failed")
        assert (outcome.code, computed) == (0, [1])
        assert "1 of them here" in outcome.err
        assert states() == ["done", "done", "queued", "queued"]
        assert "go on with" in outcome.err
        assert cli("sweep", "--resume", "s").code == 0
        assert (computed, states()) == ([1, 2, 3], ["done"] * 4)


class TestNeeded:
    def test_finished_points_of_another_sweep(self, cli, sweep, computed):
        sweep("seed=1,2,3")
        computed.clear()
        assert cli("sweep", "--out", "t", "seed=2,4", "--needed", *QUICK).code == 0
        assert computed == [1]
        assert status(0, "t")["fingerprint"] == status(1)["fingerprint"]
        assert rows("t")[0]["E.firing_rate"] == rows()[1]["E.firing_rate"]
        assert Path("t/points/0/results.h5").read_bytes() == (
            Path("s/points/1/results.h5").read_bytes()
        )
        assert "taken from " in Path("t/points/0/run.log").read_text()

    def test_single_runs(self, cli, computed):
        assert cli("simulate", "seed=2", "record.spikes=[]", "name=other", *QUICK).code == 0
        assert cli("simulate", "seed=3", *QUICK).code == 0  # has spikes, so it is another one
        outcome = cli("sweep", "seed=1,2,3", "--needed", "--quiet", *QUICK)
        assert (outcome.code, computed) == (0, [0, 2])
        assert states(outcome.out.strip()) == ["done"] * 3

    def test_not_without_it_nor_what_failed(self, cli, sweep, computed):
        sweep("seed=1,2")
        computed.clear()
        Path("s/points/0/status.json").write_text(json.dumps(status(0) | {"state": "failed"}))
        assert cli("sweep", "--out", "t", "seed=1,2", "--needed", *QUICK).code == 0
        assert computed == [0]
        assert cli("sweep", "--out", "u", "seed=1,2", *QUICK).code == 0
        assert computed == [0, 0, 1]

    def test_damaged_ones_are_passed_over(self, cli, sweep, computed):
        sweep("seed=1,2")
        computed.clear()
        Path("s/points/0/results.h5").unlink()
        Path("outputs/a").mkdir(parents=True)
        Path("outputs/a/plan.json").write_text("{")
        Path("outputs/a/results.h5").write_text("")
        assert cli("sweep", "--out", "t", "seed=1,2", "--needed", *QUICK).code == 0
        assert computed == [0]


class TestUnchanging:
    def test_a_dead_parameter_is_pointed_out(self, sweep):
        # no neuron of E gets so near to it
        outcome = sweep("network.populations.E.neuron.v_min=-1000,-2000", "seed=1,2")
        assert outcome.code == 0
        path = "network.populations.E.neuron.v_min"
        assert f"warning: {path} changed no result" in outcome.out
        assert "seed changed" not in outcome.out

    def test_one_that_matters_is_not(self, sweep):
        assert "changed no result" not in sweep(f"{W}=1,2", "seed=1,2").out


class TestResume:
    def test_what_is_over_is_not_computed_again(self, cli, sweep, computed):
        sweep("seed=1,2")
        before = [status(i) for i in (0, 1)]
        outcome = cli("sweep", "--resume", "s")
        assert (outcome.code, computed) == (0, [0, 1])
        assert [status(i) for i in (0, 1)] == before
        assert outcome.out.startswith("2 points: 2 done\n")

    @pytest.mark.parametrize("given", [(), ("seed=1,2", *QUICK), ("engine.batch=1",)])
    def test_what_is_missing(self, cli, sweep, monkeypatch, computed, given):
        interrupted_at(monkeypatch, 1000)
        outcome = sweep("seed=1,2")
        assert (outcome.code, states()) == (75, ["interrupted"] * 2)
        assert "interrupted by SIGUSR1" in outcome.err
        assert "go on with: snnrun sweep --resume s" in outcome.err
        shutil.rmtree("s/points/1")
        assert cli("sweep", "--resume", "s", *given).code == 0
        assert (states(), computed) == (["done"] * 2, [0, 1, 0, 1])

    def test_json_of_an_interrupted_one(self, sweep, monkeypatch):
        interrupted_at(monkeypatch, 1000)
        found = sweep("seed=1,2", "--json").json
        assert (found["state"], found["exit_code"]) == ("interrupted", 75)
        assert found["points"] == {"interrupted": 2}
        assert (found["statistics"], found["health"]) == ([{}, {}], [None, None])

    def test_with_other_overrides(self, cli, sweep):
        sweep("seed=1,2")
        outcome = cli("sweep", "--resume", "s", "seed=1,3", *QUICK)
        assert (outcome.code, outcome.out) == (2, "")
        assert "(- planned, + given): - seed=1,2  + seed=1,3;" in outcome.err
        what = ("precision=float64", "max_rate=3", "backend=reference", "delivery=dense")
        for change in (f"engine.{change}" for change in what):
            outcome = cli("sweep", "--resume", "s", change)
            assert outcome.code == 2
            assert f"override '{change}': a sweep goes on with its own config" in outcome.err

    def test_with_a_changed_config(self, cli):
        Path("mine/network").mkdir(parents=True)
        file = Path("mine/network/own.yaml")
        text = "defaults: [balanced_small]\nprojections: {EE: {weight: 7.5}}\n"
        file.write_text(text)
        arguments = ("-C", "mine", "network=own", "seed=1,2")
        assert cli("sweep", "--out", "s", *arguments, *QUICK).code == 0
        file.write_text(text.replace("7.5", "8"))
        outcome = cli("sweep", "--resume", "s")
        assert outcome.code == 2
        assert "the configuration was changed since the sweep was planned" in outcome.err
        assert f"{W}: 7.5 → 8;" in outcome.err
        file.write_text("defaults: [")
        assert cli("sweep", "--resume", "s").code == 2
        shutil.rmtree("mine")  # the plan has all that is needed
        assert cli("sweep", "--resume", "s").code == 0

    def test_with_other_threads(self, cli, sweep):
        sweep("seed=1,2", "engine.threads=1")
        for how in ("threads=2", "threads=1", "delivery=event"):
            again = cli("sweep", "--resume", "s", f"engine.{how}", "checkpoint.keep=1")
            assert again.code == 0, again.err

    def test_with_another_choice_of_what_is_swept(self, cli, sweep):
        sweep("engine.backend=xla,reference", "network.scale=0.1", "duration.ms=10")
        outcome = cli("sweep", "--resume", "s", "engine.backend=native")
        assert outcome.code == 2
        assert "override 'engine.backend=native': a sweep goes on with its own" in outcome.err

    @pytest.mark.parametrize(
        ("arguments", "code", "said"),
        [
            (("nowhere",), 5, "nowhere: there is no such folder"),
            (("mine",), 5, "mine: holds no plan.json"),
            (("mine", "--out", "x"), 2, "--out: can't be given with --resume mine"),
            (("mine", "--config", "x"), 2, "--config: can't be given with --resume"),
            (("mine", "-C", "x"), 2, "--config-dir: can't be given with --resume"),
            (("mine", "--dry-run"), 2, "--dry-run: can't be given with --resume"),
            (("mine", "--only", "bad"), 2, "--only bad: only 'failed' can be chosen"),
        ],
    )
    def test_what_can_t_go_on(self, cli, arguments, code, said):
        Path("mine").mkdir()
        outcome = cli("sweep", "--resume", *arguments)
        assert (outcome.code, outcome.out) == (code, "")
        assert outcome.err.startswith("error: ") and said in outcome.err

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"format_version": 2}, "has format version 2, this snnrun reads 1"),
            ({"points": 5}, "is damaged"),
        ],
    )
    def test_a_plan_of_another_version_or_damaged(self, cli, sweep, change, said):
        sweep("seed=1,2")
        file = Path("s/plan.json")
        file.write_text(json.dumps(json.loads(file.read_text()) | change))
        outcome = cli("sweep", "--resume", "s", "--json")
        assert (outcome.code, outcome.json["exit_code"]) == (5, 5)
        assert said in outcome.err and said in outcome.json["error"]


class TestBadInput:
    def test_a_folder_that_is_taken(self, cli, sweep):
        sweep("seed=1,2")
        assert "s: already holds a sweep; go on with --resume s" in sweep("seed=1,2").err
        assert sweep("seed=1,2").code == 2
        assert "s: already holds a run (plan.json)" in cli("simulate", "--out", "s").err
        assert cli("simulate", "--out", "r", "--quiet", *QUICK).code == 0
        assert "r: already holds a run" in cli("sweep", "--out", "r", "seed=1,2").err
        Path("f").write_text("")
        assert cli("sweep", "--out", "f", "seed=1,2", *QUICK).code == 2

    def test_too_many_points(self, cli, monkeypatch):
        outcome = cli("sweep", "seed=range(0,10000000)", "--json")
        assert outcome.code == 2
        assert "10000000 points: give --yes if so many are meant" in outcome.err
        assert outcome.json["exit_code"] == 2
        assert cli("sweep", "seed=range(0,10000000)", "--dry-run").code == 2

    @pytest.mark.parametrize(("answer", "code"), [(False, 2), (True, 0)])
    def test_asked_in_a_terminal(self, sweep, monkeypatch, answer, code):
        monkeypatch.setattr("snnrun.sweep.begin.MANY", 1)
        monkeypatch.setattr("sys.stdin", _Terminal())
        asked = []
        monkeypatch.setattr("typer.confirm", lambda text, **_: asked.append(text) or answer)
        assert sweep("seed=1,2").code == code
        assert asked == ["2 points. Go on?"]
        assert Path("s").exists() == answer

    def test_yes(self, sweep, monkeypatch):
        monkeypatch.setattr("snnrun.sweep.begin.MANY", 1)
        assert sweep("seed=1,2").code == 2
        assert sweep("seed=1,2", "--yes").code == 0

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (("nosuch=1,2",), "nosuch: unknown key"),
            (("network.projections.EE.wieght=1,2",), "did you mean 'weight'?"),
            (("network=balanced_smal,x",), "did you mean 'balanced_small'?"),
            (("seed=range(5,5)",), "the range is empty"),
            (("seed=range(1,5,0)",), "needs a step other than 0"),
            (("seed=interval(1,5)",), "an interval has no single values"),
            (("experiment=glob(zz*)",), "matches nothing"),
            (("seed=1,2", "hydra.sweep.dir=x"), "Hydra's own settings can't be changed"),
            (("seed=1,2", "hydra/launcher=zz"), "hydra/launcher=zz: no such launcher"),
            (("seed=1,2", "hydra/launcher=joblib,basic"), "a launcher takes one value"),
            (("seed=1,2", "--shard", "2/2"), "the last one is 1/2"),
            (("seed=1,2", "--shard", "x"), "write i/n"),
            (("seed=1,2", "--shard=-1/2"), "write i/n"),
            (("seed=1,2", "--shard", "0/0"), "it is 1 or more"),
            (("seed=1,2", "--only", "failed"), "needs --resume DIR"),
            (("seed=1,2", "--config", "gone.yaml"), "gone.yaml: there is no such file"),
            (("seed=1,2", "-C", "gone"), "gone: there is no such folder"),
            (("seed=1,2", "--retries", "-1"), "--retries"),
            (("seed=1,2", "--max-failures", "0"), "--max-failures"),
        ],
    )
    def test_is_refused_before_anything_is_written(self, cli, arguments, said):
        outcome = cli("sweep", "--out", "s", *arguments)
        assert (outcome.code, outcome.out) == (2, "")
        assert said in " ".join(outcome.err.split())
        assert files(".") == []


class _Terminal:
    def isatty(self):
        return True


class TestConfigs:
    def test_a_complete_file(self, cli):
        assert cli("simulate", "--out", "r", f"{W}=3", "--quiet", *QUICK).code == 0
        outcome = cli("sweep", "--config", "r/config.yaml", "--out", "s", "seed=1,2")
        assert outcome.code == 0
        assert "weight: 3\n" in Path("s/points/1/config.yaml").read_text()
        assert status(0)["fingerprint"] != status(1)["fingerprint"]
        bad = cli("sweep", "--config", "r/config.yaml", "--out", "t", "network=brunel,cuba")
        assert bad.code == 2
        assert "with --config, only values can be changed" in bad.err

    def test_the_user_s_folders(self, cli):
        Path("mine/experiments/own").mkdir(parents=True)
        for name, weight in (("a", 1), ("b", 2)):
            Path(f"mine/experiments/own/{name}.yaml").write_text(
                f"# @package _global_\nnetwork: {{projections: {{EE: {{weight: {weight}}}}}}}\n"
            )
        outcome = cli("sweep", "-C", "mine", "experiment=glob(own/*)", "--out", "s", *QUICK)
        assert (outcome.code, states()) == (0, ["done", "done"])
        assert [row["experiment"] for row in rows()] == ["own/a", "own/b"]
        assert "weight: 2\n" in Path("s/points/1/config.yaml").read_text()


class TestShards:
    def test_two_shares_of_one_folder(self, sweep, computed):
        first = sweep("seed=1,2,3", "--shard", "0/2")
        assert (first.code, computed, states()) == (0, [0, 2], ["done", "queued", "done"])
        assert "2 of them here" in first.err
        assert sweep("seed=1,2,3", "--shard", "1/2").code == 0
        assert (computed, states()) == ([0, 2, 1], ["done"] * 3)

    def test_a_shard_of_another_sweep(self, cli, sweep):
        sweep("seed=1,2", "--shard", "0/2")
        outcome = sweep("seed=1,3", "--shard", "1/2")
        assert outcome.code == 2
        assert "- seed=1,2  + seed=1,3" in outcome.err

    def test_more_shards_than_points(self, sweep):
        outcome = sweep("seed=1,2", "--shard", "5/9")
        assert outcome.code == 0
        assert "nothing is left to compute here (--shard 5/9 takes every 9th point" in outcome.err
        assert states() == ["queued", "queued"]


class TestTaskOfAnArray:
    """Task 3 of 1 … 4: every 4th point, from 2 on."""

    @pytest.fixture(autouse=True)
    def _task(self, monkeypatch):
        for name, value in {"ID": 3, "MIN": 1, "MAX": 4, "STEP": 1, "COUNT": 4}.items():
            monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", str(value))

    @pytest.mark.parametrize("out", [("--out", "runs/3"), ()])
    def test_without_a_point_of_its_own_sweep(self, cli, out):
        outcome = cli("sweep", *QUICK, "seed=1,2", *out)
        assert (outcome.code, outcome.out, files(".")) == (2, "", [])
        assert outcome.err == (
            "error: this task of a job array has none of the 2 points of its sweep: --shard 2/4"
            " takes every 4th point, from 2 on; --shard 0/1 takes all (give all tasks the same"
            " --out for a sweep that they share)\n"
        )

    def test_with_some_points_of_its_own_sweep(self, cli, computed):
        outcome = cli("sweep", *QUICK, "seed=1,2,3", "--out", "runs/3", "--quiet")
        assert (outcome.code, computed) == (0, [2])
        assert "warning: runs/3: 2 of 3 points are left to other tasks of this job" in outcome.err
        assert cli("sweep", "--resume", "runs/3", "--shard", "0/1", "--quiet").code == 0
        assert computed == [2, 0, 1]
        assert "warning" not in cli("sweep", "--resume", "runs/3", "--quiet").err

    def test_without_a_point_of_a_sweep_that_all_share(self, cli):
        outcome = cli("sweep", *QUICK, "seed=1,2", "--out", "runs/grid")
        assert outcome.code == 0
        assert "nothing is left to compute here (--shard 2/4 takes every 4th" in outcome.err
        assert "warning" not in outcome.err
