"""`snnrun simulate`: the run folder, the output, the records, and that results repeat."""

import json
import re
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml
from jax import monitoring

from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.course import draw_network
from snnrun.engine.run import Backend
from snnrun.network import contact_arrays
from snnrun.summary import summarise
from tests.cli.cut import interrupted_at
from tests.cli.program import SMOKE, call, finish, folder_of, start

ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00"
TIMINGS = {
    *("compose_s", "build_s", "trace_s", "compile_s", "cache", "simulate_s", "statistics_s"),
    *("write_s", "cpu_s", "steps_per_s", "updates_per_s", "synaptic_events_per_s"),
    *("neuron_updates_per_s", "realtime_factor", "peak_memory_mb"),
}
# 1000 neurons at some 6 spikes/s for 400 ms: enough for an equivalence to mean something
ACTIVE = ("duration.ms=400", "duration.warmup_ms=0", "statistics=firing_rate")


def simulate(*arguments):
    """Run quietly; return the folder."""
    return folder_of(call("simulate", *arguments, "--quiet"))


def spikes(folder, trial=None):
    """Return population → (times, ids)."""
    with h5py.File(folder / "results.h5", "r") as file:
        root = file if trial is None else file[f"trials/{trial}"]
        return {
            name: (group["timestamps"][:], group["node_ids"][:])
            for name, group in root["spikes"].items()
        }


def assert_same(a, b, least=1000, neurons=1000, seconds=0.4):
    """Check that two sets of spikes are one, and that there is something to compare."""
    assert a.keys() == b.keys()
    number = sum(ms.size for ms, _ in a.values())
    assert number >= least
    assert 1 <= number / neurons / seconds <= 100
    for name in a:
        np.testing.assert_array_equal(a[name][0], b[name][0])
        np.testing.assert_array_equal(a[name][1], b[name][1])


def statistics(file):
    """Return path → (value, attributes) of all statistics of a file or trial."""
    found = {}

    def visit(name, node):
        if isinstance(node, h5py.Dataset):
            found[name] = (node[()], dict(node.attrs))

    file["statistics"].visititems(visit)
    return found


@pytest.fixture(scope="module")
def active(tmp_path_factory):
    """Return the folder of a run with some thousand spikes."""
    return simulate(*ACTIVE, "--out", str(tmp_path_factory.mktemp("active") / "run"))


@pytest.fixture(scope="module")
def smoke(tmp_path_factory):
    """Return folder and outcome of a short small run with its progress on stderr."""
    folder = tmp_path_factory.mktemp("smoke") / "run"
    return folder, call("simulate", *SMOKE, "--out", str(folder))


class TestFolder:
    def test_holds_what_the_contract_says(self, smoke):
        folder, _ = smoke
        names = {p.name for p in folder.iterdir()}
        assert names == {
            *("config.yaml", "results.h5", "overview.png"),
            *("status.json", "run.log", "checkpoints"),
        }
        assert (folder / "checkpoints").is_dir()

    def test_status(self, smoke):
        status = json.loads((smoke[0] / "status.json").read_text())
        assert list(status) == [
            *("state", "reason", "exit_code", "host", "pid", "started", "updated", "timings"),
            *("statistics", "health", "fingerprint"),
        ]
        assert (status["state"], status["exit_code"]) == ("done", 0)
        assert isinstance(status["pid"], int)
        assert re.fullmatch(ISO, status["started"])
        assert re.fullmatch(ISO, status["updated"])
        assert status["started"] <= status["updated"]
        assert set(status["timings"]) == TIMINGS

    def test_config_is_the_one_of_the_dry_run(self, smoke):
        text = (smoke[0] / "config.yaml").read_text()
        assert text == call("simulate", *SMOKE, "--dry-run").out
        assert yaml.safe_load(text)["duration"]["ms"] == 100

    def test_figure_is_a_png(self, smoke):
        assert (smoke[0] / "overview.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"

    def test_figure_is_there_when_no_spikes_are_recorded(self, cli):
        assert (simulate(*SMOKE, "record=none") / "overview.png").exists()

    def test_log_tells_how_it_ended(self, smoke):
        last = (smoke[0] / "run.log").read_text().splitlines()[-1]
        assert re.fullmatch(ISO + " done: ok", last)

    def test_results_hold_what_the_contract_says(self, smoke):
        with h5py.File(smoke[0] / "results.h5", "r") as file:
            assert (file.attrs["magic"], file.attrs["magic"].dtype) == (0x0A7A, np.uint32)
            assert file.attrs["version"].tolist() == [0, 1]
            assert file.attrs["version"].dtype == np.uint32
            assert file.attrs["format"] == "snnrun"
            assert file["config"][()].decode() == (smoke[0] / "config.yaml").read_text()
            assert set(file["provenance"].attrs) == {
                *("snnrun", "jax", "numpy", "python", "platform", "device"),
                *("seed", "command", "started", "finished", "git"),
            }
            assert "duration=smoke" in file["provenance"].attrs["command"]
            assert re.fullmatch(ISO, file["provenance"].attrs["finished"])
            nodes = {name: dict(node.attrs) for name, node in file["nodes"].items()}
            assert nodes["E"] == {"size": 160, "type": "excitatory", "kind": "eif"}
            assert set(nodes) == {"E", "I", "X"}
            assert set(file["network"]) == {"EE", "EI", "IE", "II", "EX", "IX"}
            assert set(file["network/EI"].attrs) == {"pre", "post", "contacts", "kind"}
            assert file["network/EI"].attrs["pre"] == "I"
            assert set(file["timings"].attrs) == TIMINGS
            timings = dict(file["timings"].attrs)
            contacts = sum(p.attrs["contacts"] for p in file["network"].values())
            speed = timings["steps_per_s"]
            assert timings["updates_per_s"] == pytest.approx(contacts * speed)
            assert timings["neuron_updates_per_s"] == pytest.approx(200 * speed)
            assert file["health"].attrs["verdict"] == "ok"
            assert "rates" in json.loads(file["health"].attrs["details"])

    def test_statistics_say_what_they_are(self, smoke):
        with h5py.File(smoke[0] / "results.h5", "r") as file:
            found = statistics(file)
            spikes_e = file["spikes/E/timestamps"].size
        rate, attributes = found["E/firing_rate"]
        assert rate == pytest.approx(spikes_e / 160 / 0.1)
        assert {"units", "definition", "window_ms", "se"} <= set(attributes)
        assert (attributes["units"], attributes["window_ms"]) == ("spikes/s", 100)
        fano, attributes = found["E/fano_factor"]
        assert np.isnan(fano)
        assert "needs at least 2 windows of 200 ms" in attributes["reason"]

    def test_default_name(self, cli):
        folder = simulate(*SMOKE, "name=mine")
        assert re.fullmatch(r"outputs/mine/\d{8}-\d{6}-[0-9a-f]{6}", str(folder))
        assert folder.is_dir()
        assert [p.name for p in Path().iterdir()] == ["outputs"]  # Hydra writes nothing

    def test_a_folder_with_other_files_can_be_used(self, cli):
        Path("run").mkdir()
        Path("run/notes.txt").write_text("mine")
        assert (simulate(*SMOKE, "--out", "run") / "results.h5").exists()
        assert Path("run/notes.txt").read_text() == "mine"


@pytest.mark.usefixtures("no_figure")
class TestOutput:
    def test_lines_go_to_stderr_when_there_is_no_terminal(self, smoke):
        lines = smoke[1].err.splitlines()
        assert [line for line in lines if "…" in line] == [
            f"{s} …" for s in ("build", "compile", "simulate", "statistics")
        ]
        assert re.search(r"^100/100 ms, .* x real time, .* sp/s, 0 s left$", smoke[1].err, re.M)
        assert "\x1b" not in smoke[1].err + smoke[1].out
        assert "\r" not in smoke[1].err

    def test_a_summary_goes_to_stdout(self, smoke):
        folder, outcome = smoke
        for text in ("firing_rate", "health: ok", f"{folder}/results.h5", f"{folder}/overview.png"):
            assert text in outcome.out

    def test_json_is_one_object(self, cli):
        outcome = cli("simulate", *SMOKE, "--json", "--out", "run")
        found = json.loads(outcome.out)
        assert list(found) == [
            *("command", "state", "exit_code", "out", "statistics", "health", "timings")
        ]
        assert (found["command"], found["state"], found["exit_code"]) == ("simulate", "done", 0)
        assert found["out"] == "run"
        assert set(found["statistics"]) == {"E", "I"}
        rate = found["statistics"]["E"]["firing_rate"]
        assert set(rate) == {"value", "se", "se_over", "units"}
        assert rate["units"] == "spikes/s"
        assert found["statistics"]["E"]["fano_factor"]["value"] is None
        assert "NaN" not in outcome.out
        assert set(found["timings"]) == TIMINGS
        assert outcome.err == ""

    def test_quiet_prints_the_folder_only(self, cli):
        outcome = cli("simulate", *SMOKE, "--quiet", "--out", "run")
        assert (outcome.out, outcome.err) == ("run\n", "")

    def test_dry_run_shows_the_config_and_writes_nothing(self, cli):
        outcome = cli("simulate", *SMOKE, "--dry-run", "--out", "run")
        assert (outcome.code, outcome.err) == (0, "")
        assert yaml.safe_load(outcome.out)["network"]["scale"] == 0.2
        assert list(Path().iterdir()) == []

    def test_dry_run_as_json(self, cli):
        outcome = cli("simulate", *SMOKE, "--dry-run", "--json")
        config = yaml.safe_load(cli("simulate", *SMOKE, "--dry-run").out)
        assert outcome.json["config"] == config
        assert {**outcome.json, "config": None} == {
            **{"command": "simulate", "state": "done", "exit_code": 0, "out": None},
            **{"statistics": {}, "health": None, "timings": {}, "config": None},
        }

    def test_log_every(self, cli):
        arguments = (*SMOKE, "engine.chunk_ms=1.6", "--out", "run", "--log-every", "20")
        outcome = cli("simulate", *arguments)
        times = [int(t) for t in re.findall(r"^(\d+)/100 ms", outcome.err, re.M)]
        assert times == sorted(times)
        assert len(times) == 5
        assert all(20 * (i + 1) <= t < 20 * (i + 1) + 2 for i, t in enumerate(times))


def fail(error):
    """Return a function that raises an error."""

    def failing(*_, **__):
        raise error

    return failing


class TestAfterTheLastStep:
    """What fails once everything is simulated does not lose it."""

    @pytest.mark.parametrize(
        ("error", "why"),
        [
            (RuntimeError("no latex"), "RuntimeError: no latex"),
            (MemoryError(), "MemoryError"),
            (OSError(28, "No space left on device"), "the disk is full"),
            (ImportError("no module named PIL"), "no module named PIL"),
        ],
    )
    def test_a_figure_that_can_t_be_drawn(self, cli, monkeypatch, error, why):
        monkeypatch.setattr("snnrun.report.overview.draw", fail(error))
        outcome = cli("simulate", *SMOKE, "--out", "run", "--json")
        assert (outcome.code, outcome.json["state"]) == (0, "done")
        said = f"warning: no overview.png: run/overview.png: can't be drawn: {why}"
        assert outcome.err == f"{said}\n"
        assert Path("run/run.log").read_text().endswith(f" {said}\n")
        plotted = cli("plot", "run")
        assert plotted.code == (1 if isinstance(error, RuntimeError) else 5)
        assert plotted.err == f"error: run/overview.png: can't be drawn: {why}\n"

    def test_without_matplotlib(self, cli, monkeypatch):
        monkeypatch.setitem(sys.modules, "matplotlib", None)
        outcome = cli("simulate", *SMOKE, "--out", "run", "--quiet")
        assert (outcome.code, outcome.out) == (0, "run\n")
        assert (
            "warning: no overview.png: run/overview.png: can't be drawn: import of" in outcome.err
        )
        assert cli("plot", "run").code == 5

    def test_a_notebook_s_backend_and_the_user_s_settings(self, tmp_path, monkeypatch):
        monkeypatch.setenv("MPLBACKEND", "module://nowhere.backend_inline")
        (tmp_path / "matplotlibrc").write_text("text.usetex: True\n")
        outcome = finish(start("simulate", *SMOKE, "--out", "run", "--quiet", cwd=tmp_path))
        assert outcome == (0, "run\n", "")
        assert (tmp_path / "run" / "overview.png").exists()

    def test_the_state_is_saved_before_the_figure_is_drawn(self, cli, monkeypatch):
        def killed(*_):
            assert json.loads(Path("run/status.json").read_text())["state"] == "done"
            raise KeyboardInterrupt

        monkeypatch.setattr("snnrun.report.overview.draw", killed)
        assert cli("simulate", *SMOKE, "--out", "run").code == 0
        assert cli("inspect", "run", "--json").json["state"] == "done"

    @pytest.mark.usefixtures("no_figure")
    def test_a_statistic_that_fails(self, cli, monkeypatch):
        singular = np.linalg.LinAlgError("SVD did not converge")
        monkeypatch.setattr("snnrun.statistics.fano_factor.FanoFactor.estimate", fail(singular))
        outcome = cli("simulate", *SMOKE, "--json")
        assert outcome.code == 0, outcome.err
        found = outcome.json["statistics"]["E"]
        assert found["fano_factor"]["value"] is None
        assert found["fano_factor"]["reason"] == "LinAlgError: SVD did not converge"
        assert found["firing_rate"]["value"] > 0

    @pytest.mark.usefixtures("no_figure")
    def test_statistics_that_can_be_computed_later(self, cli, monkeypatch, active):
        with monkeypatch.context() as patch:
            patch.setattr("snnrun.course.summarise", fail(MemoryError()))
            outcome = cli("simulate", *ACTIVE, "--out", "run", "--json")
        assert (outcome.code, outcome.json["out"]) == (1, "run")
        assert outcome.json["error"] == "MemoryError: "
        with monkeypatch.context() as patch:  # nothing is simulated again
            patch.setattr("snnrun.engine.xla.XlaEngine.run", fail(AssertionError()))
            assert cli("simulate", "--resume", "run").code == 0
        assert_same(spikes(active), spikes(Path("run")))


@pytest.mark.usefixtures("no_figure")
def test_a_long_stage_is_said_to_go_on(cli, monkeypatch):
    monkeypatch.setattr("snnrun.observe.STILL_S", 0.01)
    monkeypatch.setattr("snnrun.report.progress._LINE_S", 0.02)

    def slow(*arguments):
        time.sleep(0.2)
        return summarise(*arguments)

    monkeypatch.setattr("snnrun.course.summarise", slow)
    assert "statistics … 0 s\n" in cli("simulate", *SMOKE).err


@pytest.mark.usefixtures("no_figure")
class TestJson:
    """One object in every case, with the keys of the contract."""

    KEYS = ("command", "state", "exit_code", "out", "statistics", "health", "timings")

    def found(self, outcome, state):
        assert list(outcome.json)[:7] == [*self.KEYS]
        assert (outcome.json["state"], outcome.json["exit_code"]) == (state, outcome.code)
        return outcome.json

    @pytest.mark.parametrize("command", ["simulate", "sweep", "optimize", "profile", "check"])
    def test_of_a_command_line_that_is_wrong(self, cli, command):
        outcome = cli(command, "--json", "--nosuch")
        found = self.found(outcome, "failed")
        assert (outcome.code, found["command"]) == (2, command)
        assert found["error"].startswith("No such option: --nosuch")
        assert "No such option: --nosuch" in outcome.err

    def test_of_a_bug(self, cli, monkeypatch):
        monkeypatch.setattr("snnrun.runner.choose", fail(IndexError("4")))
        outcome = cli("simulate", *SMOKE, "--out", "run", "--json")
        found = self.found(outcome, "failed")
        assert (outcome.code, found["out"], found["error"]) == (1, "run", "IndexError: 4")
        assert outcome.err.endswith("IndexError: 4\n")

    @pytest.mark.parametrize("command", ["simulate", "profile"])
    def test_of_a_dry_run(self, cli, command):
        found = self.found(cli(command, *SMOKE, "--dry-run", "--json"), "done")
        assert found["config"]["duration"]["ms"] == 100

    @pytest.mark.parametrize("command", ["simulate", "sweep", "optimize", "profile"])
    def test_of_what_was_interrupted_before_it_began(self, cli, command, monkeypatch):
        for place in ("snnrun.cli.one_run.compose", "snnrun.config.compose.compose"):
            monkeypatch.setattr(place, fail(KeyboardInterrupt()))
        for place in ("snnrun.sweep.begin.grid_of", "snnrun.search.begin.planned"):
            monkeypatch.setattr(place, fail(KeyboardInterrupt()))
        outcome = cli(command, *SMOKE, "--json")
        assert (self.found(outcome, "interrupted")["out"], outcome.code) == (None, 130)


@pytest.mark.usefixtures("no_figure")
class TestRepeats:
    def test_the_config_of_a_run_repeats_it_bit_for_bit(self, active, tmp_path):
        again = simulate("--config", str(active / "config.yaml"), "--out", str(tmp_path / "run"))
        assert_same(spikes(active), spikes(again))
        assert (again / "config.yaml").read_bytes() == (active / "config.yaml").read_bytes()

    def test_another_seed_is_another_run(self, active, tmp_path):
        other = simulate(*ACTIVE, "seed=2", "--out", str(tmp_path / "run"))
        assert spikes(active)["E"][0].tolist() != spikes(other)["E"][0].tolist()

    @pytest.mark.parametrize("chunk_ms", [1.6, 333.3])
    def test_the_split_into_chunks_changes_nothing(self, active, tmp_path, chunk_ms):
        split = f"engine.chunk_ms={chunk_ms}"
        assert_same(spikes(active), spikes(simulate(*ACTIVE, split, "--out", str(tmp_path / "r"))))

    def test_a_longer_run_begins_like_a_shorter_one(self, active, tmp_path):
        shorter = simulate(*ACTIVE, "duration.ms=250.05", "--out", str(tmp_path / "run"))
        long, short = spikes(active), spikes(shorter)
        begin = {n: (t[t < 250.1], i[: (t < 250.1).sum()]) for n, (t, i) in long.items()}
        assert_same(begin, short, seconds=0.25)

    def test_spikes_recorded_or_not_the_statistics_are_the_same(self, active, tmp_path):
        """With record=none, windows are counted on the device."""
        counted = simulate(
            *ACTIVE,
            "record=none",
            "statistics=default",
            "duration.ms=1000",
            "--out",
            str(tmp_path / "a"),
        )
        recorded = simulate(
            *ACTIVE, "statistics=default", "duration.ms=1000", "--out", str(tmp_path / "b")
        )
        with h5py.File(counted / "results.h5") as a, h5py.File(recorded / "results.h5") as b:
            assert list(a["spikes"]) == []
            assert b["spikes/E/timestamps"].size > 1000
            left, right = statistics(a), statistics(b)
            assert left.keys() == right.keys()
            for name in left:
                assert np.array_equal(left[name][0], right[name][0])
                assert np.isfinite(left[name][0])
            assert a["health"].attrs["details"] == b["health"].attrs["details"]

    def test_the_reference_backend_gives_the_same_spikes(self, tmp_path):
        tiny = ("network.scale=0.1", "duration.ms=300", "duration.warmup_ms=0")
        double = ("engine.precision=float64",)
        a = simulate(*tiny, *double, "engine.backend=xla", "--out", str(tmp_path / "a"))
        b = simulate(*tiny, *double, "engine.backend=reference", "--out", str(tmp_path / "b"))
        assert_same(spikes(a), spikes(b), least=100, neurons=100, seconds=0.3)

    def test_a_single_network_compiles_once(self, tmp_path):
        """Durations, seeds and other numbers are no reason to compile again."""
        compiled, programs = [], []

        def listen(event, seconds, **_):
            if event == "/jax/core/compile/backend_compile_duration":
                compiled.append(seconds)

        small = ("network.scale=0.17", "record=none", "statistics=firing_rate")
        runs = [
            ("duration=2s",),
            ("duration=5s",),
            ("duration.ms=7300",),
            ("duration=smoke", "seed=2"),
            ("duration=smoke", "seed=9", "network.projections.EE.weight=21", "drive.X.rate=5.5"),
            (
                "duration=smoke",
                "network.synapses.I.tau_decay=3",
                "network.populations.E.neuron.tau_m=14",
            ),
            ("duration=smoke", "network.projections.EI.connect.p=0.201"),
        ]
        monitoring.register_event_duration_secs_listener(listen)
        try:
            for i, run in enumerate(runs):
                folder = simulate(*small, *run, "--out", str(tmp_path / str(i)))
                programs.append(json.loads((folder / "status.json").read_text())["timings"])
        finally:
            monitoring.unregister_event_duration_listener(listen)
        assert len(compiled) == 1
        assert [t["cache"] for t in programs] == ["miss"] + ["hit"] * (len(runs) - 1)


@pytest.mark.usefixtures("no_figure")
class TestTrials:
    @pytest.fixture(scope="class")
    @classmethod
    def together(cls, tmp_path_factory):
        """Return the folder of three trials computed together."""
        out = tmp_path_factory.mktemp("trials") / "run"
        return simulate(*ACTIVE, "trials=3", "engine.batch=3", "--out", str(out))

    def test_each_has_its_own_group(self, together):
        with h5py.File(together / "results.h5", "r") as file:
            assert list(file["trials"]) == ["0", "1", "2"]
            for trial in file["trials"].values():
                assert set(trial) == {"spikes", "statistics", "health"}
                assert set(trial["spikes"]) == {"E", "I"}
                assert trial["health"].attrs["verdict"] == "ok"
            assert "spikes" not in file
            assert {"config", "provenance", "timings", "health", "statistics"} <= set(file)

    def test_statistics_are_means_with_standard_errors(self, together):
        with h5py.File(together / "results.h5", "r") as file:
            mean, attributes = statistics(file)["E/firing_rate"]
            each = [statistics(t)["E/firing_rate"][0] for t in file["trials"].values()]
        assert len(set(each)) == 3
        assert mean == pytest.approx(np.mean(each))
        assert attributes["se"] == pytest.approx(np.std(each, ddof=1) / np.sqrt(3))

    def test_trials_differ_and_the_first_is_the_run_alone(self, together, active):
        assert_same(spikes(together, 0), spikes(active))
        assert not np.array_equal(spikes(together, 0)["E"][0], spikes(together, 1)["E"][0])

    @pytest.mark.parametrize("batch", [1, 2])
    def test_together_or_apart_they_are_the_same(self, together, tmp_path, batch):
        out = str(tmp_path / "run")
        apart = simulate(*ACTIVE, "trials=3", f"engine.batch={batch}", "--out", out)
        for trial in range(3):
            assert_same(spikes(together, trial), spikes(apart, trial))
        with h5py.File(together / "results.h5") as a, h5py.File(apart / "results.h5") as b:
            assert statistics(a)["E/firing_rate"] == statistics(b)["E/firing_rate"]

    def test_connectivity_is_shared_unless_per_trial(self, tmp_path):
        small = (*SMOKE, "trials=2", "record.edges=true")
        folder = simulate(*small, "network.per_trial=true", "--out", str(tmp_path / "run"))
        with h5py.File(folder / "results.h5") as file:
            assert list(file["trials"]) == ["0", "1"]
            first, second = (file[f"trials/{k}/network"] for k in range(2))
            assert first == file["network"]
            for name in ("EE", "EI", "IX"):
                one, other = first[name], second[name]
                targets = other["target_node_id"][:]
                assert not np.array_equal(one["target_node_id"][:], targets)
                assert other["source_node_id"].size == targets.size > 100
                assert dict(other.attrs) == {**one.attrs, "contacts": targets.size}
        a, b = spikes(folder, 0), spikes(folder, 1)
        assert not np.array_equal(a["E"][0], b["E"][0])

    def test_contacts_of_each_trial_with_what_was_drawn_for_them(self, cli, monkeypatch):
        drawn = (
            *SMOKE,
            "network.projections.EI.weight={dist: uniform, low: -200, high: -100}",
            "network.projections.EI.delay={dist: uniform, low: 0.5, high: 3}",
            *("record.edges=true", "network.per_trial=true", "trials=3", "engine.batch=1"),
        )
        interrupted_at(monkeypatch, 640, 1500)
        assert cli("simulate", *drawn, "--out", "run").code == 75
        assert [cli("simulate", "--resume", "run").code for _ in range(2)] == [75, 0]
        e, _ = build(compose([*drawn], []))
        with h5py.File("run/results.h5") as file:
            for trial in range(3):
                for name, arrays in contact_arrays(draw_network(e, trial)).items():
                    group = file[f"trials/{trial}/network/{name}"]
                    assert set(group) == set(arrays)
                    assert ("weight" in group, "delay" in group) == (name == "EI", name == "EI")
                    for kind, values in arrays.items():
                        np.testing.assert_array_equal(group[kind][:], values)

    def test_json_has_the_means(self, cli):
        found = cli("simulate", *SMOKE, "trials=3", "--json").json
        assert found["statistics"]["E"]["firing_rate"]["se"] > 0
        assert found["health"]["verdict"] == "ok"


@pytest.mark.usefixtures("no_figure")
class TestRecords:
    def test_spikes_of_chosen_populations_and_drives(self, active, tmp_path):
        folder = simulate(*ACTIVE, "record.spikes=[X, E]", "--out", str(tmp_path / "run"))
        found, all_ = spikes(folder), spikes(active)
        assert set(found) == {"E", "X"}
        assert_same({"E": found["E"]}, {"E": all_["E"]}, neurons=800)
        ms, ids = found["X"]
        assert ms.size / 1000 / 0.4 == pytest.approx(5, rel=0.1)  # the drive's rate, sp/s
        assert ids.max() < 1000
        assert np.unique(ids).size > 800

    def test_one_population_can_be_named_alone(self, tmp_path):
        folder = simulate(*SMOKE, "record.spikes=I", "--out", str(tmp_path / "run"))
        assert set(spikes(folder)) == {"I"}

    def test_spikes_are_stamped_at_the_ends_of_steps(self, active):
        for ms, ids in spikes(active).values():
            assert np.all(np.diff(ms) >= 0)
            assert ms.min() >= 0.05
            assert ms.max() <= 400
            np.testing.assert_allclose(ms / 0.05, np.round(ms / 0.05), rtol=0, atol=1e-6)
            same = np.diff(ms) == 0
            assert np.all(np.diff(ids.astype(int))[same] > 0)

    @pytest.mark.parametrize(
        ("kept", "limits", "begin", "end"),
        [
            ("default", {}, 0, 400),
            ("default", {"from_ms": 35, "to_ms": 200}, 35, 200),
            ("none", {}, 0, 400),
            ("default", {"to_ms": 250}, 0, 250),
            ("none", {"last_ms": 130}, 270, 400),
            ("none", {"from_ms": 35, "to_ms": 200}, 35, 200),
        ],
    )
    def test_counts_are_those_of_the_spikes(self, active, tmp_path, kept, limits, begin, end):
        more = [f"record.counts.{name}={ms}" for name, ms in limits.items()]
        arguments = (*ACTIVE, f"record={kept}", "record.counts.bin_ms=20", *more)
        folder = simulate(*arguments, "--out", str(tmp_path / "run"))
        rows = (end - begin) // 20  # a partial last window is dropped
        with h5py.File(folder / "results.h5") as file:
            for name, size in (("E", 800), ("I", 200)):
                counts = file[f"counts/{name}"]
                assert counts.shape == (rows, size)
                assert counts.dtype.kind == "u"
                assert (counts.attrs["bin_ms"], counts.attrs["t_start_ms"]) == (20, begin)
                ms, ids = spikes(active)[name]
                row = np.ceil((ms - begin) / 20 - 1e-9).astype(int) - 1  # (0, 20] is window 0
                inside = (row >= 0) & (row < rows)
                expected = np.zeros((rows, size), int)
                np.add.at(expected, (row[inside], ids[inside].astype(int)), 1)
                assert expected.sum() > 100
                np.testing.assert_array_equal(counts[:], expected)

    def test_counts_of_chosen_populations(self, tmp_path):
        arguments = ("record.counts.bin_ms=20", "record.counts.populations=[I]")
        folder = simulate(*SMOKE, *arguments, "--out", str(tmp_path / "run"))
        with h5py.File(folder / "results.h5") as file:
            assert set(file["counts"]) == {"I"}

    def test_state(self, tmp_path):
        wanted = "record.state.E={variables: [v, i_E, refractory], every_ms: 0.5, neurons: [3, 7]}"
        folder = simulate(*SMOKE, wanted, "--out", str(tmp_path / "run"))
        with h5py.File(folder / "results.h5") as file:
            report = file["report/E"]
            assert set(report) == {"v", "i_E", "refractory"}
            units = {name: report[f"{name}/data"].attrs["units"] for name in report}
            assert units == {"v": "mV", "i_E": "pA", "refractory": "steps"}
            for group in report.values():
                assert group["data"].shape == (200, 2)
                assert group["data"].dtype == np.float32
                mapping = group["mapping"]
                assert mapping["node_ids"][:].tolist() == [3, 7]
                assert mapping["node_ids"].dtype == np.uint64
                assert mapping["index_pointers"][:].tolist() == [0, 1, 2]
                np.testing.assert_allclose(mapping["time"][:2:1], [0.5, mapping["time"][1]])
                first, stop, every = mapping["time"][:]
                assert np.arange(first, stop - every / 2, every).size == 200
                assert mapping["time"].attrs["units"] == "ms"
            v, current = report["v/data"][:], report["i_E/data"][:]
        assert -100 <= v.min() < v.max() < -10
        assert np.all(v.std(axis=0) > 0.5)
        assert current.min() >= 0
        assert current.max() > 0

    def test_state_shows_the_reset_after_a_spike(self, tmp_path):
        """v is v_reset at the end of the step that a spike is stamped with."""
        wanted = "record.state.E={variables: [v], every_ms: 0.05}"
        folder = simulate(*SMOKE, wanted, "--out", str(tmp_path / "run"))
        with h5py.File(folder / "results.h5") as file:
            v = file["report/E/v/data"][:]
        assert v.shape == (2000, 160)
        ms, ids = spikes(folder)["E"]
        assert ms.size > 30
        at = np.round(ms / 0.05).astype(int) - 1
        np.testing.assert_array_equal(v[at, ids.astype(int)], -65)

    @pytest.fixture(scope="class")
    @classmethod
    def all_of_v(cls, tmp_path_factory):
        """Return v of I every ms, `[100, 40]`."""
        wanted = "record.state.I={variables: [v], every_ms: 1}"
        folder = simulate(*SMOKE, wanted, "--out", str(tmp_path_factory.mktemp("v") / "run"))
        with h5py.File(folder / "results.h5") as file:
            return file["report/I/v/data"][:]

    @pytest.mark.parametrize(
        ("limits", "first", "rows"),
        [
            ("from_ms: 50", 51, 50),
            ("to_ms: 30", 1, 30),
            ("last_ms: 10", 91, 10),
            ("from_ms: 20, to_ms: 25", 21, 5),
        ],
    )
    def test_state_of_a_part_of_the_time(self, all_of_v, tmp_path, limits, first, rows):
        wanted = f"record.state.I={{variables: [v], every_ms: 1, {limits}}}"
        folder = simulate(*SMOKE, wanted, "engine.chunk_ms=8", "--out", str(tmp_path / "run"))
        with h5py.File(folder / "results.h5") as file:
            part = file["report/I/v"]
            assert part["data"].shape == (rows, 40)
            np.testing.assert_array_equal(part["data"][:], all_of_v[first - 1 : first - 1 + rows])
            begin, stop, every = part["mapping/time"][:]
            assert (begin, every) == (first, 1)
            assert np.arange(begin, stop - every / 2, every).size == rows

    def test_edges(self, tmp_path):
        folder = simulate(*SMOKE, "record.edges=true", "--out", str(tmp_path / "run"))
        with h5py.File(folder / "results.h5") as file:
            for name in ("EE", "EI", "IX"):
                group = file[f"network/{name}"]
                source, target = group["source_node_id"][:], group["target_node_id"][:]
                assert source.size == target.size == group.attrs["contacts"] > 100
                assert source.dtype == target.dtype == np.uint64
            post, pre = 160, 40
            source, target = (file[f"network/EI/{s}_node_id"][:] for s in ("source", "target"))
            assert source.max() < pre
            assert target.max() < post
            pairs = set(zip(source.tolist(), target.tolist(), strict=True))
            assert len(pairs) == source.size  # Bernoulli: no pair twice
            assert source.size == pytest.approx(pre * post * 0.2, rel=0.15)

    @pytest.mark.parametrize(
        ("kind", "filter_", "level"),
        [("none", None, None), ("lzf", "lzf", None), ("gzip", "gzip", 3)],
    )
    def test_compression(self, smoke, tmp_path, kind, filter_, level):
        arguments = (f"record.compression={kind}", "record.compression_level=3")
        folder = simulate(
            *SMOKE, *arguments, "record.counts.bin_ms=10", "--out", str(tmp_path / "r")
        )
        with h5py.File(folder / "results.h5") as file:
            for name in ("spikes/E/timestamps", "spikes/I/node_ids", "counts/E"):
                assert file[name].compression == filter_
                assert file[name].compression_opts == level
        for name, (ms, ids) in spikes(smoke[0]).items():
            np.testing.assert_array_equal(spikes(folder)[name][0], ms)
            np.testing.assert_array_equal(spikes(folder)[name][1], ids)


class TestHealth:
    def test_a_runaway_network_stops_early(self, cli):
        strong = ("network.scale=0.2", "duration=5s", "network.projections.EX.weight=5000")
        outcome = cli("simulate", *strong, "--out", "run", "--json")
        assert outcome.code == 0, outcome.err
        found = outcome.json
        assert (found["state"], found["exit_code"]) == ("unhealthy", 0)
        assert found["health"]["verdict"] == "runaway"
        assert found["health"]["details"]["above"] == 200
        status = json.loads(Path("run/status.json").read_text())
        assert (status["state"], status["exit_code"]) == ("unhealthy", 0)
        assert status["reason"].startswith("runaway: ")
        with h5py.File("run/results.h5") as file:
            assert file["spikes/E/timestamps"][-1] < 2000
            assert file["health"].attrs["verdict"] == "runaway"
        assert Path("run/overview.png").exists()

    @pytest.mark.usefixtures("no_figure")
    def test_max_rate_is_what_counts_as_runaway(self, cli):
        found = cli("simulate", *SMOKE, "engine.max_rate=2", "--json").json
        assert (found["state"], found["health"]["verdict"]) == ("unhealthy", "runaway")

    @pytest.mark.usefixtures("no_figure")
    def test_a_runaway_network_is_an_error_under_strict(self, cli):
        outcome = cli("simulate", *SMOKE, "engine.max_rate=2", "--strict", "--out", "run", "--json")
        assert outcome.code == 3
        assert (outcome.json["state"], outcome.json["exit_code"]) == ("unhealthy", 3)
        assert "unhealthy: runaway" in outcome.err
        assert json.loads(Path("run/status.json").read_text())["exit_code"] == 3

    def test_a_silent_network_is_done(self, cli):
        quiet = ("drive.X.rate=0", "duration.ms=400", "network.scale=0.2", "duration.warmup_ms=0")
        outcome = cli("simulate", *quiet, "--out", "run", "--json")
        assert outcome.code == 0, outcome.err
        assert (outcome.json["state"], outcome.json["health"]["verdict"]) == ("done", "silent")
        assert outcome.json["statistics"]["E"]["firing_rate"]["value"] == 0
        assert outcome.json["statistics"]["E"]["fano_factor"]["value"] is None
        with h5py.File("run/results.h5") as file:  # empty is written as empty
            assert file["spikes/E/timestamps"].shape == (0,)
            assert file["spikes/E"].attrs["n_neurons"] == 160
            assert "reason" in file["statistics/E/fano_factor"].attrs
        assert Path("run/overview.png").exists()

    @pytest.mark.usefixtures("no_figure")
    def test_a_silent_network_is_an_error_under_strict(self, cli):
        outcome = cli("simulate", *SMOKE, "drive.X.rate=0", "--strict", "--out", "run")
        assert outcome.code == 3
        assert "unhealthy: silent" in outcome.err
        assert json.loads(Path("run/status.json").read_text())["state"] == "unhealthy"

    @pytest.mark.usefixtures("no_figure")
    def test_a_healthy_network_passes_strict(self, cli):
        assert cli("simulate", *SMOKE, "--strict").code == 0

    @pytest.mark.usefixtures("no_figure")
    def test_what_is_not_finite_is_an_error(self, cli, monkeypatch):
        """A state variable that is not finite is found although the network looks alive."""
        original = Backend.prepare

        def spoilt(*arguments):
            ready = original(*arguments)
            fetch = ready.fetch

            def broken(output):
                found = fetch(output)
                places, values = np.full_like(found.faults, -1), found.values.copy()
                places[0, 0], values[0, 0] = 3, np.nan
                return found._replace(faults=places, values=values)

            ready.fetch = broken
            return ready

        monkeypatch.setattr(Backend, "prepare", spoilt)
        outcome = cli("simulate", *SMOKE, "--out", "run", "--json")
        assert outcome.code == 3
        assert "unhealthy: nan: v of neuron 3 of E is nan between 0 and 100 ms;" in outcome.err
        assert "make dt smaller" in outcome.err
        assert (outcome.json["state"], outcome.json["exit_code"]) == ("unhealthy", 3)
        status = json.loads(Path("run/status.json").read_text())
        assert (status["state"], status["exit_code"]) == ("unhealthy", 3)
        assert "nan" in status["reason"]

    @pytest.mark.usefixtures("no_figure")
    def test_numbers_too_large_for_the_precision_are_found(self, cli):
        """Without a warning of NumPy's, which would be an error here."""
        arguments = (*SMOKE, "network.projections.EX.weight=1e45", "engine.max_rate=1e9")
        outcome = cli("simulate", *arguments, "--out", "run")
        assert outcome.code in (2, 3), outcome.err
        assert "Traceback" not in outcome.err

    def test_an_unexpected_error_leaves_a_failed_run(self, cli, monkeypatch):
        def broken(*_):
            raise RuntimeError("out of luck")

        monkeypatch.setattr(Backend, "prepare", broken)
        outcome = cli("simulate", *SMOKE, "--out", "run")
        assert outcome.code == 1
        assert "out of luck" in outcome.err
        status = json.loads(Path("run/status.json").read_text())
        assert (status["state"], status["exit_code"]) == ("failed", 1)
        assert "out of luck" in status["reason"]
