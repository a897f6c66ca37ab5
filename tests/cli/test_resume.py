"""A run that was interrupted goes on as if nothing had happened: `--resume`, `--time-limit`."""

import json
import os
import signal
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from snnrun.interruption import Interruption
from snnrun.store import checkpoint
from tests.cli.cut import interrupted_at
from tests.cli.files import assert_same_results
from tests.cli.program import finish, start

RECORD = ("record.state.E.variables=[v]", "record.state.E.every_ms=3.1")
SMALL = ("duration=2s", "network.scale=0.2", *RECORD)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return the folder of an undisturbed run with two trials."""
    from tests.cli.program import call

    folder = tmp_path_factory.mktemp("whole") / "run"
    assert call("simulate", *SMALL, "trials=3", "--out", str(folder), "--quiet").code == 0
    return folder


@pytest.mark.parametrize(
    "changes", [(), ("engine.batch=2", "engine.chunk_ms=7.3")], ids=["", "how"]
)
def test_goes_on_to_the_same_results(cli, monkeypatch, whole, changes):
    left = interrupted_at(monkeypatch, 1777, 8000, 20011, 33333)
    assert cli("simulate", *SMALL, "trials=3", "--out", "run", "--quiet").code == 75
    times = 1
    while (outcome := cli("simulate", "--resume", "run", "--quiet", *changes)).code == 75:
        times += 1
    assert (outcome.code, left, times) == (0, [], 4), outcome.err
    assert_same_results(whole / "results.h5", "run/results.h5")


def test_on_another_backend(cli, monkeypatch):
    double = (*SMALL, "engine.precision=float64", "--quiet")
    assert cli("simulate", *double, "--out", "whole").code == 0
    interrupted_at(monkeypatch, 1777)
    assert cli("simulate", *double, "--out", "run").code == 75
    monkeypatch.setattr("snnrun.engine.native.ready", lambda: False)  # a machine without it
    assert cli("simulate", "--resume", "run", "--quiet", "engine.delivery=event").code == 0
    assert_same_results("whole/results.h5", "run/results.h5")


def test_every_trial_on_its_own_graph_and_core(cli, monkeypatch):
    arguments = (*SMALL, "trials=3", "network.per_trial=true", "engine.threads=2", "--quiet")
    assert cli("simulate", *arguments, "engine.batch=1", "--out", "whole").code == 0
    interrupted_at(monkeypatch, 3000, 9001)
    assert cli("simulate", *arguments, "engine.batch=1", "--out", "run").code == 75
    assert cli("simulate", "--resume", "run", "--quiet").code == 75
    assert cli("simulate", "--resume", "run", "--quiet", "engine.batch=3").code == 0
    assert_same_results("whole/results.h5", "run/results.h5")


def test_trials_that_wait_keep_their_state(cli, monkeypatch, whole):
    """Also over several interruptions, while trials before them go on."""
    interrupted_at(monkeypatch, 1777, 8000, 20011)
    one = ("engine.batch=1", "engine.threads=1", "--quiet")
    assert cli("simulate", *SMALL, "trials=3", "--out", "run", "--quiet").code == 75
    assert [cli("simulate", "--resume", "run", *one).code for _ in range(3)] == [75, 75, 0]
    assert_same_results(whole / "results.h5", "run/results.h5")


def test_a_run_that_was_never_saved_starts_again(cli, whole):
    assert cli("simulate", *SMALL, "trials=3", "--out", "run", "--quiet").code == 0
    file = Path("run/status.json")
    file.write_text(json.dumps(json.loads(file.read_text()) | {"state": "running"}))
    assert cli("simulate", "--resume", "run", "--quiet").code == 0
    assert_same_results(whole / "results.h5", "run/results.h5")


def test_a_run_that_is_over_is_shown(cli, whole):
    outcome = cli("simulate", "--resume", str(whole), "--json")
    assert (outcome.code, outcome.json["state"]) == (0, "done")
    assert outcome.json["statistics"]["E"]["firing_rate"]["value"] > 1
    assert cli("simulate", "--resume", str(whole), "--quiet").out == f"{whole}\n"
    assert "firing_rate" in cli("simulate", "--resume", str(whole)).out


def test_json_of_an_interrupted_run(cli, monkeypatch):
    interrupted_at(monkeypatch, 640)
    outcome = cli("simulate", *SMALL, "--out", "run", "--json")
    assert outcome.code == outcome.json["exit_code"] == 75
    assert (outcome.json["state"], outcome.json["out"]) == ("interrupted", "run")


def test_the_time_limit(cli):
    outcome = cli("simulate", *SMALL, "--out", "run", "--time-limit", "0.001s")
    assert outcome.code == 75
    assert "interrupted by the time limit; its state is saved" in outcome.err
    assert cli("simulate", "--resume", "run", "--quiet").code == 0


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("1d", 86400), ("2.5s", 2.5)]
)
def test_times(text, seconds):
    from snnrun.cli.options import seconds as read

    assert read(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "m", "1x", "-3s", "1m30"])
def test_no_times(cli, text):
    outcome = cli("simulate", *SMALL, "--time-limit", text)
    assert outcome.code == 2
    assert "is no time; write 90s, 30m, 2h, or 1h30m" in " ".join(outcome.err.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("seed=2",), "override 'seed=2': a run goes on with its own config"),
        *(
            (
                (f"engine.{change}",),
                f"override 'engine.{change}': a run goes on with its own config",
            )
            for change in ("precision=float64", "backend=xla", "delivery=dense")
        ),
        *(
            ((f"engine.{limit}=1",), f"override 'engine.{limit}=1': a run goes on with its own")
            for limit in ("max_rate", "max_voltage", "max_conductance", "no_such_key")
        ),
        (
            ("engine.threads=1", "engine={max_rate: 1}"),
            "only how it is computed can be changed: engine.delivery (auto, event), engine.batch,"
            " engine.threads,",
        ),
        (("--out", "x"), "--out: can't be given with --resume"),
        (("--config", "x"), "--config: can't be given with --resume"),
        (("--dry-run",), "--dry-run: can't be given with --resume"),
    ],
)
def test_only_how_it_is_computed_can_be_changed(cli, monkeypatch, arguments, said):
    interrupted_at(monkeypatch, 640)
    assert cli("simulate", *SMALL, "--out", "run", "--quiet").code == 75
    outcome = cli("simulate", "--resume", "run", *arguments)
    assert outcome.code == 2
    assert said in outcome.err


@pytest.mark.parametrize("what", ["nothing", "empty", "file"])
def test_what_is_no_run(cli, tmp_path, what):
    if what == "empty":
        (tmp_path / "run").mkdir()
    elif what == "file":
        (tmp_path / "run").write_text("")
    outcome = cli("simulate", "--resume", "run")
    assert outcome.code == 5
    assert "run: there is no such folder" in outcome.err or "so no run was begun" in outcome.err


def test_a_config_that_was_changed(cli, monkeypatch):
    interrupted_at(monkeypatch, 640)
    assert cli("simulate", *SMALL, "--out", "run", "--quiet").code == 75
    file = Path("run/config.yaml")
    file.write_text(file.read_text().replace("seed: 1", "seed: 2"))
    outcome = cli("simulate", "--resume", "run")
    assert outcome.code == 5
    assert "belongs to another config" in outcome.err


def test_a_damaged_checkpoint_is_passed_over(cli, monkeypatch, whole):
    interrupted_at(monkeypatch, 3000, 9000)
    assert cli("simulate", *SMALL, "trials=3", "--out", "run", "--quiet").code == 75
    assert cli("simulate", "--resume", "run", "--quiet").code == 75
    last, _ = checkpoint.newest(Path("run/checkpoints"))
    with last.open("r+b") as file:
        file.seek(5000)
        file.write(b"x")
    outcome = cli("simulate", "--resume", "run", "--quiet")
    assert outcome.code == 0
    said = f"warning: passed over {last}: is damaged (its checksum differs)"
    assert said in outcome.err and said in Path("run/run.log").read_text()
    assert_same_results(whole / "results.h5", "run/results.h5")


def test_a_folder_that_another_process_works_in(tmp_path):
    process = start("simulate", "duration=140s", "network.scale=0.2", "--out", "run", cwd=tmp_path)
    try:
        while not (tmp_path / "run" / "results.h5").exists():
            assert process.poll() is None
        outcome = finish(start("simulate", "--resume", "run", cwd=tmp_path))
        assert outcome.code == 2
        assert "run: another process works in it; wait until it ends" in outcome.err
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def test_checkpoints_are_thinned_out_but_those_asked_for(cli):
    wanted = ("checkpoint.every_ms=300", "checkpoint.at_ms=[123.4,700]", "checkpoint.final=true")
    assert (
        cli("simulate", *SMALL, *wanted, "checkpoint.keep=2", "--out", "run", "--quiet").code == 0
    )
    steps = sorted(int(p.removeprefix("step_")[:-3]) for p in os.listdir("run/checkpoints"))
    assert steps == [2468, 14000, 30000, 36000, 40000]
    about = checkpoint.read(checkpoint.newest(Path("run/checkpoints"))[0]).about
    assert about["trials"]["0"]["over"] and about["kept"]


def test_a_second_ctrl_c_leaves_at_once(cli, monkeypatch):
    asked = Interruption()
    with asked.listening():
        asked.savable = True
        signal.raise_signal(signal.SIGINT)
        assert asked.reason == "SIGINT"
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


class TestFromCheckpoint:
    """`--from-checkpoint`: a new run from a settled state."""

    @pytest.fixture
    def saved(self, cli):
        """Return the checkpoint in the middle of a run."""
        wanted = ("checkpoint.at_ms=[1000]", "checkpoint.final=true")
        assert cli("simulate", *SMALL, *wanted, "--out", "first", "--quiet").code == 0
        return "first/checkpoints/step_20000.h5"

    def test_the_same_config_gives_the_same_spikes(self, cli, saved):
        assert (
            cli("simulate", *SMALL, "--from-checkpoint", saved, "--out", "run", "--quiet").code == 0
        )
        with h5py.File("first/results.h5") as first, h5py.File("run/results.h5") as second:
            for name in ("E", "I"):
                whole, late = (f[f"spikes/{name}/timestamps"][:] for f in (first, second))
                assert late.size > 300
                assert np.array_equal(whole[whole > 1000], late)
                assert second[f"spikes/{name}"].attrs["t_start_ms"] == 1000

    def test_a_longer_run(self, cli, saved):
        end, late = "first/checkpoints/step_40000.h5", ("duration=2s", "duration.ms=3000")
        run = cli("simulate", *SMALL, *late, "--from-checkpoint", end, "--out", "run", "--quiet")
        assert run.code == 0, run.err
        assert cli("simulate", *SMALL, *late, "--out", "whole", "--quiet").code == 0
        with h5py.File("whole/results.h5") as first, h5py.File("run/results.h5") as second:
            whole, late = (f["spikes/E/timestamps"][:] for f in (first, second))
        assert np.array_equal(whole[whole > 2000], late)

    def test_another_seed_is_other_noise_on_the_same_connectivity(self, cli, saved):
        changes = ("seed=7", "trials=2", "record.edges=true")
        run = cli(
            "simulate", *SMALL, *changes, "--from-checkpoint", saved, "--out", "run", "--quiet"
        )
        assert run.code == 0, run.err
        assert cli("simulate", *SMALL, "record.edges=true", "--out", "same", "--quiet").code == 0
        with h5py.File("same/results.h5") as first, h5py.File("run/results.h5") as second:
            for edges in ("source_node_id", "target_node_id"):
                assert np.array_equal(first[f"network/EE/{edges}"], second[f"network/EE/{edges}"])
            trains = [second[f"trials/{k}/spikes/E/timestamps"][:] for k in (0, 1)]
            assert all(t.size > 100 and t.min() > 1000 for t in trains)
            assert not np.array_equal(*trains)

    def test_state_goes_by_name(self, cli, saved):
        """With populations, synapses and projections listed the other way round."""
        tree = yaml.safe_load(Path("first/config.yaml").read_text())
        network = tree["network"]
        for part in ("populations", "synapses", "projections"):
            network[part] = dict(reversed(network[part].items()))
        Path("other.yaml").write_text(yaml.safe_dump(tree, sort_keys=False))
        how = ("duration.ms=1100", "duration.warmup_ms=0", "engine.precision=float64", "--quiet")
        for config in ("first/config.yaml", "other.yaml"):
            changes = ("--config", config, "--from-checkpoint", saved, "--out", f"by_{config[0]}")
            run = cli("simulate", *changes, *how)
            assert run.code == 0, run.err
        with h5py.File("by_f/results.h5") as first, h5py.File("by_o/results.h5") as second:
            for name in ("E", "I"):
                ours, theirs = (f[f"spikes/{name}/timestamps"][:] for f in (first, second))
                assert ours.size > 15
                assert np.array_equal(ours, theirs)

    def test_it_can_be_interrupted_too(self, cli, saved, monkeypatch):
        changes = ("network.projections.EI.weight=-2", "--from-checkpoint", saved, "--quiet")
        assert cli("simulate", *SMALL, *changes, "--out", "whole").code == 0
        interrupted_at(monkeypatch, 25000)
        assert cli("simulate", *SMALL, *changes, "--out", "run").code == 75
        assert cli("simulate", "--resume", "run", "--quiet").code == 0
        assert_same_results("whole/results.h5", "run/results.h5")

    def test_trials_that_wait_keep_their_state(self, cli, saved, monkeypatch):
        changes = ("trials=2", "engine.batch=1", "engine.threads=1", "--quiet")
        changes += ("--from-checkpoint", saved)
        assert cli("simulate", *SMALL, *changes, "--out", "whole").code == 0
        interrupted_at(monkeypatch, 25000)
        assert cli("simulate", *SMALL, *changes, "--out", "run").code == 75
        assert cli("simulate", "--resume", "run", "--quiet").code == 0
        assert_same_results("whole/results.h5", "run/results.h5", spikes=500)

    @pytest.mark.parametrize(
        ("changes", "code", "said"),
        [
            (("dt=0.1",), 2, "was saved with dt=0.05, this run has dt=0.1"),
            (("duration.ms=900",), 2, "is of t = 1000 ms; duration.ms (900) must be longer"),
            (("network.scale=0.4",), 2, "E has 160 neurons in the checkpoint, 320 here; I has 40"),
            (
                ("neuron=lif",),
                2,
                "E is eif in the checkpoint, lif here; I is eif in the checkpoint, lif here",
            ),
        ],
    )
    def test_what_does_not_fit(self, cli, saved, changes, code, said):
        run = cli("simulate", *SMALL, *changes, "--from-checkpoint", saved, "--out", "run")
        assert run.code == code
        assert said in run.err

    def test_every_trial_needs_its_state(self, cli):
        wanted = ("trials=2", "checkpoint.final=true", "--out", "two", "--quiet")
        assert cli("simulate", *SMALL, *wanted).code == 0
        saved = "two/checkpoints/step_80000.h5"
        more = (*SMALL, "duration.ms=2100", "--from-checkpoint", saved, "--quiet")
        outcome = cli("simulate", *more, "trials=3", "--out", "three")
        assert outcome.code == 2
        assert "holds no state of trial 2; set trials to at most 2" in outcome.err
        assert cli("simulate", *more, "trials=2", "--out", "other").code == 0

    def test_no_checkpoint(self, cli, saved):
        for path, said in (
            ("none.h5", "there is no such file"),
            ("first/results.h5", "is no checkpoint"),
        ):
            run = cli("simulate", *SMALL, "--from-checkpoint", path, "--out", "run")
            assert run.code == 5
            assert said in run.err


class TestEnds:
    """Runs that end where one would not look."""

    def test_trials_of_one_chunk_each(self, cli):
        short = ("duration.ms=50", "duration.warmup_ms=0", "network.scale=0.2", "trials=30")
        how = ("engine.batch=1", "engine.threads=1", "--quiet")
        assert cli("simulate", *short, *how, "--out", "whole").code == 0
        assert cli("simulate", *short, *how, "--out", "run", "--time-limit", "0.001s").code == 75
        assert cli("simulate", "--resume", "run", "--quiet").code == 0
        assert_same_results("whole/results.h5", "run/results.h5")

    def test_a_checkpoint_at_the_very_end(self, cli):
        at = ("checkpoint.at_ms=[2000]", "checkpoint.every_ms=625.05")
        assert cli("simulate", *SMALL, *at, "--out", "run", "--quiet").code == 0
        names = [path.name for path in checkpoint.newest(Path("run/checkpoints"))]
        assert names == [f"step_{n}.h5" for n in (40000, 37504, 25002, 12502)]

    def test_a_network_without_synapses(self, cli, monkeypatch):
        none = [f"~network.projections.{name}" for name in ("EE", "EI", "IE", "II")]
        arguments = ("network=izhikevich2003", *none, "~network.synapses", "duration.ms=300")
        arguments += ("duration.warmup_ms=0", "--quiet")
        assert cli("simulate", *arguments, "--out", "whole").code == 0
        interrupted_at(monkeypatch, 100)
        assert cli("simulate", *arguments, "--out", "run").code == 75
        assert cli("simulate", "--resume", "run", "--quiet").code == 0
        assert_same_results("whole/results.h5", "run/results.h5", spikes=0)

    def test_strictness_of_a_run_that_is_over(self, cli):
        silent = ("duration=smoke", "network.scale=0.2", "drive.X.rate=0", "--quiet")
        assert cli("simulate", *silent, "--out", "run").code == 0
        assert cli("simulate", "--resume", "run", "--strict").code == 3
        assert cli("simulate", "--resume", "run", "seed=9").code == 2

    def test_sigterm_before_there_is_a_folder(self, cli, monkeypatch):
        def ended(*_):
            signal.raise_signal(signal.SIGTERM)

        monkeypatch.setattr("snnrun.cli.one_run.compose", ended)
        outcome = cli("simulate", *SMALL, "--json")
        assert outcome.code == outcome.json["exit_code"] == 143

    def test_sigterm_before_a_run_has_gone_on(self, cli, monkeypatch):
        interrupted_at(monkeypatch, 640)
        assert cli("simulate", *SMALL, "--out", "run", "--quiet").code == 75
        with monkeypatch.context() as patch:
            patch.setattr("snnrun.runner.choose", lambda e: signal.raise_signal(signal.SIGTERM))
            assert cli("simulate", "--resume", "run", "--quiet").code == 75
        assert cli("simulate", "--resume", "run", "--quiet").code == 0

    def test_one_ctrl_c_after_another_signal_is_the_first(self):
        asked = Interruption()
        with asked.listening():
            asked.savable = True
            signal.raise_signal(signal.SIGUSR1)
            signal.raise_signal(signal.SIGINT)
            assert asked.reason == "SIGINT"
