"""`snnrun optimize`: what it writes and says, and how it goes on."""

import json
import math
import shutil
from collections import Counter
from pathlib import Path

import optuna
import pytest

from tests.cli.searches import (
    BATCH,
    NETWORK,
    OTHER,
    RATE_I,
    SMALL,
    TERM,
    candidate,
    column,
    rows,
    search,
)

SIX = (*SMALL, BATCH, "optimizer.candidates=6")
FEASIBLE = "objective.feasible={ms: 300, population: E, above_rate: 0.5, min_neurons: 50}"
TPE = (*SMALL, "optimizer=tpe", "optimizer.startup=4", BATCH)
CHOICES = (*NETWORK, "objective=squared", "optimizer=random", TERM, BATCH, "optimizer.candidates=6")
LONGER = ("duration.ms=1000", "statistics.fano_factor.window_ms=200")
SHARED = ("percent_shared_variance", "shared_dimensionality", "shared_eigenspectrum")
FANO = "objective.terms.ff={statistic: fano_factor, population: E, target: 1}"
SEVERAL = ("optimizer=nsga2", RATE_I, "objective.several={a: [rate], b: [rate_I]}")
EXPLODES = "search.w={path: network.projections.EE.weight, choice: [3.0, 1.0e300]}"


@pytest.fixture(scope="module")
def six(tmp_path_factory):
    """Return the folder of a search of six candidates; not to be changed."""
    return search(tmp_path_factory.mktemp("six") / "s", *SIX)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the table of a search of twelve candidates that learns."""
    return rows(search(tmp_path_factory.mktemp("whole") / "s", *TPE, "--candidates", "12"))


@pytest.fixture
def copy(six, cli):
    """Return a copy of it in the current folder."""
    return Path(shutil.copytree(six, "s"))


class TestFolder:
    def test_all_that_is_in_it(self, six):
        names = ["best", "candidates", "config.yaml", "search.json", "study.journal", "table.csv"]
        assert sorted(p.name for p in six.iterdir()) == names
        assert sorted(p.name for p in (six / "candidates").iterdir()) == [
            f"{i}.json" for i in range(6)
        ]
        assert [p.name for p in (six / "best").iterdir()] == ["config.yaml"]
        assert not list(six.rglob("*.tmp"))

    def test_the_table(self, six):
        table = rows(six)
        assert list(table[0])[:6] == ["number", "state", "cost", "w", "tau", "term.rate"]
        assert [row["number"] for row in table] == list("012345")
        assert {row["state"] for row in table} == {"done"}
        for row in table:
            assert float(row["cost"]) == (float(row["E.firing_rate"]) - 5) ** 2
            assert row["cost"] == row["term.rate"]
            assert row["repeats"] == "1"
            assert 1 <= float(row["w"]) <= 10 and 4 <= float(row["tau"]) <= 16
        assert len({row["w"] for row in table}) == 6

    def test_each_candidate_is_repeated_by_its_overrides(self, six, cli, no_figure):
        for number, row in list(enumerate(rows(six)))[:3]:
            known = candidate(six, number)
            assert (known["number"], known["state"]) == (number, "done")
            assert {k: str(v) for k, v in known["values"].items()} == {
                "w": row["w"],
                "tau": row["tau"],
            }
            run = cli("simulate", *SMALL, *known["overrides"], "--json")
            assert run.code == 0, run.err
            assert run.json["costs"] == known["costs"] == {"cost": float(row["cost"])}
            assert run.json["terms"] == known["terms"]
            rate = run.json["statistics"]["I"]["firing_rate"]["value"]
            assert rate == float(row["I.firing_rate"])

    def test_the_best_is_repeated_by_its_config(self, six, cli, no_figure):
        least = min(map(float, column(six, "cost")))
        run = cli("simulate", "--config", str(six / "best/config.yaml"), "--json")
        assert run.code == 0, run.err
        assert run.json["costs"] == {"cost": least}

    def test_config_yaml_begins_the_same_search(self, six, cli):
        again = search("again", "--config", str(six / "config.yaml"))
        assert rows(again) == rows(six)

    def test_config_yaml_keeps_what_follows_from_a_parameter(self, cli):
        """A width that projections refer to is the same parameter in the search's own config."""
        width = "search.w={path: network.sigma.I, low: 0.05, high: 0.25}"
        small = ("network=snops_sbn", *NETWORK[1:], "network.scale=0.16", "objective=squared")
        one = (*small, "optimizer=random", width, TERM, "optimizer.candidates=3")
        search("one", *one)
        search("two", "--config", "one/config.yaml")
        assert rows("two") == rows("one")
        assert len({row["cost"] for row in rows("one")}) == 3

    def test_optuna_reads_it(self, six):
        backend = optuna.storages.journal.JournalFileBackend(str(six / "study.journal"))
        study = optuna.load_study(
            study_name="balanced_small", storage=optuna.storages.JournalStorage(backend)
        )
        assert study.best_value == min(map(float, column(six, "cost")))
        for trial, row in zip(study.trials, rows(six), strict=True):
            assert trial.value == float(row["cost"])
            assert trial.params == {"w": float(row["w"]), "tau": float(row["tau"])}
            assert trial.user_attrs["cost rate"] == trial.value
            assert trial.user_attrs["E.firing_rate"] == float(row["E.firing_rate"])
        assert json.loads(study.user_attrs["search"])["w"]["low"] == 1


class TestWhatItSays:
    def test_in_words(self, cli):
        outcome = cli("optimize", *SIX, "--out", "s")
        assert outcome.code == 0, outcome.err
        lines = outcome.out.splitlines()
        assert lines[0] == "6 candidates: 6 done"
        assert lines[1].startswith("best: candidate ")
        assert lines[-3:-1] == ["config:  s/best/config.yaml", "table:   s/table.csv"]
        assert lines[-1].startswith("seconds: ")
        assert "network.synapses.I.tau_decay" in outcome.out
        assert "6/6 candidates, 100 % feasible, best cost " in outcome.err
        assert outcome.err.splitlines()[-1] == "picture: snnrun plot s"

    def test_lines_by_simulated_time(self, cli):
        outcome = cli("optimize", *SIX, "--out", "s", "--log-every", "900")  # 3 of 300 ms
        said = [line.split("/")[0] for line in outcome.err.splitlines() if "left" in line]
        assert said == ["0", "3", "6"]

    def test_what_a_term_rests_on_is_said_beforehand(self, cli):
        short = ("experiment=snops/short_demo", "duration=5s", "--dry-run")
        said = cli("optimize", *short).err.splitlines()
        for name in ("shared", "dimensionality"):
            (line,) = (line for line in said if f"objective.terms.{name} (E." in line)
            assert "22 windows for 50 neurons make the covariance singular" in line
        assert not any(f"statistics.{name}:" in line for line in said for name in SHARED)

    def test_quiet_is_the_folder(self, copy, cli):
        outcome = cli("optimize", *SIX, "--out", "s", "--quiet")
        assert (outcome.code, outcome.out, outcome.err) == (0, "s\n", "")

    def test_json_is_one_object(self, copy, cli):
        outcome = cli("optimize", "--resume", "s", "--json")
        found = outcome.json
        assert (outcome.code, outcome.err) == (0, "")
        head = {k: found[k] for k in ("command", "state", "exit_code", "out", "candidates")}
        assert head == {
            "command": "optimize",
            "state": "done",
            "exit_code": 0,
            "out": "s",
            "candidates": {"done": 6},
        }
        least = min(map(float, column("s", "cost")))
        (best,) = found["best"]
        assert best["costs"] == {"cost": least}
        assert set(best["values"]) == {"w", "tau"}
        row = next(r for r in rows("s") if r["number"] == str(best["number"]))
        rate = {"value": float(row["E.firing_rate"]), "se": None, "units": "spikes/s"}
        assert found["statistics"]["E"]["firing_rate"] == rate
        assert found["health"]["verdict"] == "ok"
        assert found["table"] == "s/table.csv"

    def test_dry_run_is_the_config(self, cli):
        outcome = cli("optimize", *SIX, "--dry-run")
        assert outcome.code == 0
        assert "candidates: 6" in outcome.out
        found = cli("optimize", *SIX, "--dry-run", "--json").json
        assert (found["command"], found["config"]["optimizer"]["candidates"]) == ("optimize", 6)
        assert not list(Path().iterdir())

    def test_the_default_folder(self, cli):
        outcome = cli("optimize", *SIX, "--quiet")
        assert outcome.out.startswith("outputs/balanced_small/")
        assert Path(outcome.out.strip(), "table.csv").is_file()

    def test_inspect(self, copy, cli):
        outcome = cli("inspect", "s")
        assert outcome.code == 0, outcome.err
        assert outcome.out.startswith("6 candidates: 6 done\nbest: candidate ")
        found = cli("inspect", "s", "--json").json
        assert (found["state"], found["candidates"]) == ("done", {"done": 6})

    def test_plot(self, copy, cli):
        assert cli("plot", "s").out == "s/overview.png\n"
        outcome = cli("plot", "s", "--panel", "all")
        assert outcome.code == 0, outcome.err
        assert {"s/history.png", "s/slices.png", "s/landscape.png"} <= {*outcome.out.splitlines()}
        assert all(Path(name).stat().st_size > 1000 for name in outcome.out.splitlines())

    @pytest.mark.parametrize("command", ["inspect", "plot"])
    def test_looking_changes_nothing(self, command, copy, cli):
        before = (copy / "study.journal").read_bytes()
        assert cli(command, "s").code == 0
        assert (copy / "study.journal").read_bytes() == before


class TestGoingOn:
    """`--candidates` is a total; the candidates are those of a search that did not stop."""

    def test_the_same_again(self, whole, cli):
        assert rows(search("s", *TPE, "--candidates", "12")) == whole

    def test_more_candidates_in_the_same_folder(self, whole, cli):
        search("s", *TPE, "--candidates", "8")
        assert rows("s") == whole[:8]
        search("s", *TPE, "--candidates", "12")
        assert rows("s") == whole

    def test_more_candidates_with_resume(self, whole, cli):
        search("s", *TPE, "--candidates", "8")
        outcome = cli("optimize", "--resume", "s", "--candidates", "12", "--quiet")
        assert (outcome.code, outcome.out) == (0, "s\n")
        assert rows("s") == whole

    def test_a_new_total_is_kept(self, whole, cli):
        search("s", *TPE, "--candidates", "4")
        more = ("--candidates", "12", "optimizer.batch=4", "engine.chunk_ms=50")
        assert cli("optimize", "--resume", "s", *more, "--time-limit", "0s").code == 75
        assert cli("optimize", "--resume", "s").code == 0
        assert rows("s") == whole

    def test_in_a_folder_that_was_moved_or_copied(self, copy, cli, tmp_path, monkeypatch):
        search("s", *SIX)  # the same again, as a job that is queued again does
        assert json.loads((copy / "search.json").read_text())["storage"] is None
        shutil.copytree("s", "t")
        assert cli("optimize", "--resume", "t", "--candidates", "7").code == 0
        assert cli("inspect", "t").out.startswith("7 candidates: 7 done")
        assert cli("inspect", "s").out.startswith("6 candidates: 6 done")
        Path("s").rename("u")
        monkeypatch.chdir("/")
        outcome = cli("optimize", "--resume", str(tmp_path / "u"), "--candidates", "7")
        assert outcome.code == 0, outcome.err
        assert rows(tmp_path / "u") == rows(tmp_path / "t")

    def test_where_an_earlier_version_named_the_journal(self, copy, cli, tmp_path):
        kept = json.loads((copy / "search.json").read_text())
        for before in ("journal://old/study.journal", f"journal://{tmp_path}/old/study.journal"):
            (copy / "search.json").write_text(json.dumps(kept | {"storage": before}))
            assert cli("inspect", "s").out.startswith("6 candidates: 6 done")

    def test_what_lies_in_the_folder_moves_with_it(self, copy, cli, tmp_path, monkeypatch):
        Path("m/own/duration").mkdir(parents=True)
        Path("m/own/duration/mine.yaml").write_text("ms: 300.0\nwarmup_ms: 0.0\n")
        file = ("-C", "m/own", "--storage", "sqlite:///m/fits.db", "duration=mine")
        given = [one for one in SIX if not one.startswith("duration")]
        search("m", *given, *file, "--candidates", "4")
        kept = json.loads(Path("m/search.json").read_text())
        assert (kept["config_dirs"], kept["storage"]) == (["own"], "sqlite:///fits.db")
        Path("m").rename("n")
        monkeypatch.chdir("/")
        outcome = cli("optimize", "--resume", str(tmp_path / "n"), "--candidates", "5")
        assert outcome.code == 0, outcome.err
        assert len(rows(tmp_path / "n")) == 5

    def test_files_of_targets_are_found_from_anywhere(self, cli, tmp_path, monkeypatch):
        Path("spikes.csv").write_text("\n".join(f"{10 * k + 5},{k % 20}" for k in range(100)))
        term = "objective.terms.rate={statistic: firing_rate, population: E, scale: 1}"
        for node in ("spikes.csv", "[spikes.csv]", "{files: spikes.csv, neurons: 20}"):
            given = (*SIX[:-3], BATCH, term, f"objective.targets={node}")
            search("s", *given, "--candidates", "2")
            monkeypatch.chdir("/")
            assert cli("inspect", str(tmp_path / "s")).code == 0
            outcome = cli("optimize", "--resume", str(tmp_path / "s"), "--candidates", "3")
            assert outcome.code == 0, outcome.err
            monkeypatch.chdir(tmp_path)
            search("s", *given, "--candidates", "4")
            assert column("s", "number") == list("0123")
            shutil.rmtree("s")

    def test_start_points_come_where_there_is_room(self, cli):
        points = "start_points=[{w: 2.0}, {w: 3.0}, {w: 4.0}]"
        search("s", *SIX, points, "--candidates", "1")
        assert cli("optimize", "--resume", "s", "--candidates", "4").code == 0
        assert column("s", "w")[:3] == ["2.0", "3.0", "4.0"]

    def test_strict_once_is_strict_for_good(self, cli):
        search("s", *SIX, "--strict", "--candidates", "4")
        assert cli("optimize", "--resume", "s", "--candidates", "6").code == 0
        outcome = cli("optimize", *SIX, "--out", "s")
        assert outcome.code == 2
        assert "  - strict: true\n  + strict: false" in outcome.err

    def test_fewer_candidates_take_none_away(self, copy, cli):
        before = rows("s")
        assert cli("optimize", "--resume", "s", "--candidates", "3").code == 0
        assert rows("s") == before

    def test_how_it_is_computed_may_change(self, copy, cli):
        outcome = cli("optimize", "--resume", "s", "--candidates", "7", "engine.chunk_ms=50")
        assert outcome.code == 0, outcome.err
        assert len(rows("s")) == 7

    def test_a_table_that_was_deleted(self, copy, cli):
        before = rows("s")
        (copy / "table.csv").unlink()
        shutil.rmtree(copy / "best")
        assert cli("optimize", "--resume", "s").code == 0
        assert rows("s") == before
        assert (copy / "best/config.yaml").is_file()

    def test_moved_elsewhere(self, copy, cli):
        copy.rename("t")
        assert cli("optimize", "--resume", "t", "--candidates", "7").code == 0
        assert len(rows("t")) == 7

    def test_time_limit(self, copy, cli):
        outcome = cli("optimize", "--resume", "s", "--candidates", "9", "--time-limit", "0s")
        assert outcome.code == 75
        assert "interrupted by the time limit" in outcome.err
        assert outcome.err.splitlines()[-1] == "go on with: snnrun optimize --resume s"
        assert len(rows("s")) == 6


class TestSpaces:
    @pytest.mark.slow
    def test_whole_numbers_and_choices(self, cli, no_figure):
        axes = (
            "search.n={path: network.populations.I.size, low: 20, high: 40, int: true}",
            "search.own={path: network.projections.EE.connect.allow_autapses,"
            " choice: [true, false]}",
        )
        search("s", *SMALL, *axes, BATCH, "optimizer.candidates=2")
        assert {row["own"] for row in rows("s")} <= {"true", "false"}
        known = candidate("s", 1)
        assert isinstance(known["values"]["n"], int)
        run = cli("simulate", *SMALL, *axes, *known["overrides"], "--json")
        assert run.json["costs"] == known["costs"]

    def test_constraints_and_start_points(self, cli):
        more = ("start_points=[{w: 2.0, tau: 9.0}, {w: 9.5, tau: 9.0}, {tau: 5}]",)
        constraints = "constraints=['tau >= 2 * w']"
        outcome = cli("optimize", *SIX, *more[:1], constraints, "--out", "s")
        assert outcome.code == 2
        assert "start_points.1: violates 'tau >= 2 * w'" in outcome.err
        search("s", *SIX, "start_points=[{w: 2.0, tau: 9.0}, {tau: 5}]", constraints)
        table = rows("s")
        assert (table[0]["w"], table[0]["tau"], table[1]["tau"]) == ("2.0", "9.0", "5.0")
        for row in table:
            bad = float(row["tau"]) < 2 * float(row["w"])
            assert row["state"] == ("infeasible" if bad else "done")
            assert row["reason"] == ("violates tau >= 2 * w" if bad else "")
            assert (row["cost"] == "") == bad
        assert {row["state"] for row in table} == {"infeasible", "done"}

    def test_several_objectives(self, cli, no_figure):
        several = (RATE_I, "objective.several={E: [rate], I: [rate_I]}", "optimizer=nsga2")
        search("s", *SIX, *several)
        costs = {r["number"]: (float(r["E"]), float(r["I"])) for r in rows("s")}
        front = {
            n
            for n, c in costs.items()
            if not any(d != c and d[0] <= c[0] and d[1] <= c[1] for d in costs.values())
        }
        assert {p.name for p in Path("s/best").iterdir()} == {*front, "config.yaml"}
        number = min(front)
        run = cli("simulate", "--config", f"s/best/{number}/config.yaml", "--json")
        assert tuple(run.json["costs"].values()) == costs[number]
        found = cli("optimize", "--resume", "s", "--json").json
        assert {str(best["number"]) for best in found["best"]} == front
        assert cli("inspect", "s").out.splitlines()[1].startswith(f"front: {len(front)} candidate")
        assert cli("plot", "s", "--panel", "front").code == 0

    def test_intensification_is_repeated_bit_for_bit(self, cli, no_figure):
        snops = ("optimizer=snops", "optimizer.startup=4", "optimizer.samples=100")
        repeats = ("optimizer.min_repeats=2", "optimizer.max_repeats=3")
        search("s", *SIX, *snops, *repeats, FEASIBLE)
        counts = [int(n) for n in column("s", "repeats")]
        assert max(counts) > 1
        best = min(rows("s"), key=lambda row: float(row["cost"]))
        run = cli("simulate", "--config", "s/best/config.yaml", "--json")
        assert run.json["costs"] == {"cost": float(best["cost"])}
        assert run.json["statistics"]["E"]["firing_rate"]["value"] == float(best["E.firing_rate"])
        assert math.isfinite(float(best["cost.se"]))

    @pytest.mark.parametrize("kind", ["tpe", pytest.param("gp", marks=pytest.mark.slow)])
    def test_the_worst_are_not_run_long(self, kind, cli):
        chosen = (f"optimizer={kind}", "optimizer.prune=0.5", "optimizer.candidates=24")
        short = FEASIBLE.replace("300", "200")
        whole = rows(search("whole", *SMALL, *chosen, BATCH, short))
        states = Counter(row["state"] for row in whole)
        assert states["pruned"] >= 1 and states["done"] >= 10
        assert {row["cost"] for row in whole if row["state"] == "pruned"} == {""}
        search("parts", *SMALL, *chosen, BATCH, short, "--candidates", "12")
        assert rows(search("parts", *SMALL, *chosen, BATCH, short)) == whole
        assert cli("plot", "whole", "--panel", "all").code == 0


class TestWhatFailed:
    def test_candidates_that_run_away(self, cli):
        outcome = cli("optimize", *CHOICES, EXPLODES, "--out", "s")
        assert outcome.code == 4
        table = rows("s")
        assert {row["state"] for row in table} == {"done", "infeasible"}
        bad = [row for row in table if row["state"] == "infeasible"]
        assert all(row["reason"].startswith(("runaway", "nan")) for row in bad)
        assert all(row["w"] == "1e+300" for row in bad)
        found = cli("optimize", "--resume", "s", "--json")
        assert (found.code, found.json["state"]) == (4, "failed")
        assert found.json["candidates"] == {"done": 6 - len(bad), "infeasible": len(bad)}

    def test_none_is_feasible(self, cli):
        none = FEASIBLE.replace("}", ", max_rate: 0.5}")
        outcome = cli("optimize", *SIX, none, "--out", "s")
        assert outcome.code == 4
        assert "6 candidates: 6 infeasible" in outcome.out
        last = outcome.err.splitlines()[-1]
        assert last.startswith("error: none of 6 candidates is feasible: ")
        assert "neurons of E fire at" in last
        assert "at most 0.5 are allowed" in last
        assert "; candidate " in last and last.endswith(
            "; or relax constraints and objective.feasible, where there are some"
        )
        assert not Path("s/best").exists()
        assert [row["state"] for row in rows("s")] == ["infeasible"] * 6
        again = cli("optimize", "--resume", "s", "--json")
        assert (again.code, again.json["best"]) == (4, [])
        assert again.json["error"].startswith("none of 6 candidates is feasible")
        assert cli("inspect", "s").code == 0
        assert "no candidate is done, so there is nothing to draw" in cli("plot", "s").err


class TestBadInput:
    """One short message and its exit code; nothing is written or lost."""

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("search.w.low=11",), "search.w.high: must be above low (11), not 10"),
            (("search.w.path=network.nope",), "search.w.path: there is no network.nope"),
            (("search.w.path=network.projections.EE.pre",), "is no number but 'E'; write choice"),
            (("search.w.path=trials",), "search.w.path: each candidate has a trials of its own"),
            (("search.w.path=seed",), "search.w.path: each candidate has a seed of its own"),
            (("search.w.path=network.per_trial",), "each candidate has a network.per_trial of"),
            ((FEASIBLE.replace("300", "900"),), "feasible.ms: must be at most duration.ms (300)"),
            (
                (*LONGER, FEASIBLE.replace("300", "200"), FANO, "optimizer.prune=0.5"),
                "optimizer.prune: E.fano_factor has no value in the short run: it needs 2 windows",
            ),
            (("objective.terms.rate.statistic=isi_cv",), "objective.terms.rate.statistic: "),
            (("optimizer=none",), "error: optimizer: must be a mapping with a 'kind'; there is"),
            (("objective=none",), "objective"),
            (("optimizer.candidates=0",), "optimizer.candidates: "),
            (("--candidates", "0"), "--candidates"),
            (("--workers", "0"), "--workers"),
            (("--storage", "nonsense"), "error: storage: nonsense: is no file that exists"),
            (("--storage", "mongo://x"), "error: storage: mongo://x: is no file that exists"),
            (("optimizer=nsga2", RATE_I, "objective.several={a: [rate], b: [nope]}"), "no term"),
            (("optimizer.prune=0.5",), "optimizer.prune: needs objective.feasible: the short run"),
            (("optimizer.prune=50",), "optimizer.prune: must be at most 0.9"),
            ((*SEVERAL, FEASIBLE, "optimizer.prune=0.5"), "prune: must be null with 2 objectives"),
            (("optimizer=cmaes", RATE_I, "objective.several={a: [rate], b: [rate_I]}"), "use tpe"),
        ],
    )
    def test_usage(self, arguments, message, cli):
        outcome = cli("optimize", *SIX, *arguments, "--out", "s")
        assert outcome.code == 2
        assert message in outcome.err
        assert "Traceback" not in outcome.err
        assert not list(Path().iterdir())

    def test_problems_of_the_network_and_of_the_search_come_together(self, cli):
        broken = ("network.projections.EX.pre=Y", "statistics.fano_factor.kind=fan", "dt=0")
        axes = ("search.w.low=11", "optimizer.candidates=0", "constraints=['w <= x']")
        outcome = cli("optimize", *SIX, *broken, *axes, "--out", "s")
        assert outcome.code == 2
        places = [line.split(": ")[1] for line in outcome.err.splitlines()]
        assert places == [
            *("dt", "statistics.fano_factor.kind", "network.projections.EX.pre"),
            *("search.w.high", "constraints.0", "optimizer.candidates"),
        ]

    def test_nothing_to_search(self, cli):
        outcome = cli("optimize", *NETWORK)
        assert outcome.code == 2
        assert outcome.err.startswith("error: there is nothing to search: give search.NAME.path")

    @pytest.mark.parametrize(
        "url",
        ["sqlite:////nowhere/x.db", "postgresql://me:secret@127.0.0.1:1/x", "journal:///no/where"],
    )
    def test_a_storage_that_can_not_be_reached(self, url, cli):
        outcome = cli("optimize", *SIX, "--storage", url, "--out", "s")
        assert outcome.code == 5
        assert "secret" not in outcome.err
        assert len(outcome.err.splitlines()) == 1
        assert not list(Path().iterdir())

    @pytest.mark.parametrize(
        ("change", "line"),
        [
            ("search.w.high=9", "  + search.w.high: 9"),
            ("objective.terms.rate.target=6", "  + objective.terms.rate.target: 6"),
            ("objective.terms.rate.weight=2", "  + objective.terms.rate.weight: 2.0"),
            ("constraints=['w <= 9']", "w <= 9"),
            ("network.scale=0.1", "  + network.scale: 0.1"),
            ("seed=8", "  + seed: 8"),
            ("optimizer.seed=8", "  + optimizer.seed: 8"),
            ("engine.precision=float64", '  + engine.precision: "float64"'),
            ("engine.max_rate=3", "  + engine.max_rate: 3.0"),
            ("engine.backend=reference", '  + engine.backend: "reference"'),
            ("engine.delivery=dense", '  + engine.delivery: "dense"'),
        ],
    )
    def test_another_search_in_the_folder(self, change, line, copy, cli):
        before = {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()}
        outcome = cli("optimize", *SIX, change, "--out", "s")
        assert outcome.code == 2
        assert "was begun with another configuration (- then, + now)" in outcome.err
        assert line in outcome.err
        assert {p: p.read_bytes() for p in copy.rglob("*") if p.is_file()} == before

    def test_another_config_on_resume(self, copy, cli):
        what = ("max_rate=3", "backend=reference", "delivery=dense", "precision=float64")
        for change in ("search.w.high=9", *(f"engine.{change}" for change in what)):
            outcome = cli("optimize", "--resume", "s", change)
            assert outcome.code == 2
            assert f"override '{change}': a search goes on with its own config" in outcome.err
        assert cli("optimize", "--resume", "s", "--out", "t").code == 2

    def test_a_folder_that_holds_a_run(self, cli, no_figure):
        assert cli("simulate", *SMALL, "--out", "r").code == 0
        outcome = cli("optimize", *SIX, "--out", "r")
        assert (outcome.code, outcome.err.split(";")[0]) == (
            2,
            "error: r: already holds a run (config.yaml, results.h5, status.json)",
        )

    def test_a_folder_that_holds_a_search(self, copy, cli):
        for command in ("simulate", "sweep"):
            outcome = cli(command, *SMALL, "--out", "s")
            assert outcome.code == 2
            assert "already holds a run (config.yaml, search.json)" in outcome.err
        outcome = cli("simulate", "--resume", "s")
        assert outcome.code == 2
        assert outcome.err == "error: s: holds a search; go on with snnrun optimize --resume s\n"

    @pytest.mark.parametrize("command", ["optimize --resume", "inspect", "plot"])
    def test_a_folder_without_a_search(self, command, cli):
        Path("empty").mkdir()
        for name in ("empty", "nowhere"):
            outcome = cli(*command.split(), name)
            assert (outcome.code, len(outcome.err.splitlines())) == (5, 1)

    @pytest.mark.parametrize("command", ["optimize --resume", "inspect", "plot"])
    def test_a_study_that_is_gone(self, command, copy, cli):
        (copy / "study.journal").unlink()
        outcome = cli(*command.split(), "s")
        assert outcome.code == 5
        assert outcome.err == "error: s/study.journal: there is no such file\n"
        assert not (copy / "study.journal").exists()

    @pytest.mark.parametrize("content", ["", "{}", "[1", '{"format": "snnrun search"}', "null"])
    def test_damaged_files(self, content, copy, cli):
        (copy / "search.json").write_text(content)
        outcome = cli("optimize", "--resume", "s")
        assert (outcome.code, len(outcome.err.splitlines())) == (5, 1)
        assert "search.json: is " in outcome.err

    def test_a_damaged_journal(self, copy, cli):
        (copy / "study.journal").write_bytes(b"nonsense")
        outcome = cli("optimize", "--resume", "s")
        assert (outcome.code, len(outcome.err.splitlines())) == (5, 1)

    @pytest.mark.parametrize(
        ("recording", "message"),
        [
            ("0.5,0\n200.5,0\n450.0,0\n", "neurons"),
            ("".join(f"{t},{t % 100}\n" for t in range(1, 150)), "too short"),
        ],
    )
    def test_a_recording_with_too_little(self, recording, message, cli):
        Path("r.csv").write_text("time_ms,neuron\n" + recording)
        term = "objective.terms.r={statistic: spike_count_correlation, population: E}"
        longer = ("duration.ms=600", "objective.targets=r.csv")
        outcome = cli("optimize", *SIX, term, *longer, "--out", "s")
        assert outcome.code == 2
        assert "r.csv" in outcome.err
        assert message in outcome.err
        assert not Path("s").exists()


class TestStorages:
    def test_sqlite(self, six, cli, monkeypatch):
        url = ("--storage", "sqlite:///fits.db", "--study", "fit")
        search("s", *SIX, *url)
        assert rows("s") == rows(six)
        assert not Path("s/study.journal").exists()
        study = optuna.load_study(study_name="fit", storage="sqlite:///fits.db")
        assert len(study.trials) == 6
        outcome = cli("optimize", "--resume", "s", "--candidates", "7", "--quiet")
        assert outcome.code == 0, outcome.err
        monkeypatch.chdir("s")
        assert cli("inspect", ".").out.startswith("7 candidates: 7 done")  # from elsewhere
        monkeypatch.chdir("..")
        search("s", *SIX, "--candidates", "8")  # the folder knows where the study is
        assert len(rows("s")) == 8
        assert cli("inspect", "s").out.startswith("8 candidates: 8 done")
        assert search("t", *SIX, *url, "--candidates", "9")  # another folder, the same study
        assert len(rows("t")) == 9
        Path("fits.db").rename("gone.db")
        assert "fits.db: there is no such file" in cli("inspect", "s").err
        assert not Path("fits.db").exists()

    def test_a_folder_has_one_study(self, copy, cli):
        outcome = cli("optimize", *SIX, "--out", "s", "--storage", "sqlite:///fits.db")
        assert outcome.code == 2
        told = f"--storage: s holds a search in journal://{Path('s/study.journal').absolute()}"
        assert told in outcome.err
        outcome = cli("optimize", *SIX, "--out", "s", "--study", "other")
        assert outcome.code == 2
        assert "--study: s holds a search" in outcome.err
        assert not Path("fits.db").exists()

    def test_the_variable_of_optuna(self, copy, cli, monkeypatch):
        monkeypatch.setenv("OPTUNA_STORAGE", "journal://fits.journal")
        search("t", *SIX)
        assert not Path("t/study.journal").exists()
        assert cli("optimize", "--resume", "s", "--candidates", "7").code == 0
        assert len(rows("s")) == 7  # where it was begun
        monkeypatch.delenv("OPTUNA_STORAGE")
        assert cli("optimize", "--resume", "t", "--candidates", "8").code == 0
        assert len(rows("t")) == 8

    def test_an_empty_variable_is_none(self, cli, monkeypatch):
        monkeypatch.setenv("OPTUNA_STORAGE", "")
        search("t", *SIX)
        assert Path("t/study.journal").exists()

    def test_a_password_is_not_kept(self, copy, cli, monkeypatch):
        kept = json.loads((copy / "search.json").read_text())
        kept["storage"] = "postgresql://me:***@127.0.0.1:1/x"
        (copy / "search.json").write_text(json.dumps(kept))
        outcome = cli("optimize", "--resume", "s")
        assert outcome.code == 2
        assert "--storage: missing; the password of postgresql://me:***@" in outcome.err
        monkeypatch.setenv("OPTUNA_STORAGE", "postgresql://me:secret@127.0.0.1:1/x")
        outcome = cli("optimize", "--resume", "s")
        assert outcome.code == 5
        assert "secret" not in outcome.err

    def test_a_study_that_is_not_there(self, copy, cli):
        outcome = cli("optimize", "--resume", "s", "--study", "other")
        assert (outcome.code, outcome.err) == (
            5,
            "error: s/study.journal: holds no study 'other'\n",
        )

    @pytest.mark.slow
    def test_two_searches_of_one_name(self, cli):
        url = ("--storage", "sqlite:///fits.db")
        search("s", *SIX, *url)
        outcome = cli(
            "optimize",
            *NETWORK,
            "objective=squared",
            "optimizer=random",
            OTHER,
            TERM,
            *url,
            "--out",
            "t",
        )
        assert outcome.code == 2
        assert "take a new --out or --study" in outcome.err
        assert not Path("t").exists()
