"""Which trials are computed together: results do not depend on it; what does not fit is said."""

import os
import subprocess
import sys

import h5py
import jax
import numpy as np
import pytest

from snnrun import batch
from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.engine import native
from snnrun.errors import ConfigError
from snnrun.preflight import sizes
from tests.cli.program import ROOT, call

FEW = ["network=balanced_small", "trials=5", "duration.ms=400", "duration.warmup_ms=0"]


def experiment(*overrides):
    return build(compose([*FEW, *overrides], []))[0]


def trains(out, *overrides):
    """Return everything that a run writes of its trials: `{path: array}`."""
    outcome = call("simulate", "--quiet", "--out", str(out), *FEW, *overrides)
    assert outcome.code == 0, outcome.err
    found = {}
    with h5py.File(out / "results.h5") as file:
        file["trials"].visititems(
            lambda name, node: (
                found.update({name: node[()]}) if isinstance(node, h5py.Dataset) else None
            )
        )
    return found


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k], equal_nan=True) for k in a)


@pytest.mark.parametrize("network", ["network.per_trial=false", "network.per_trial=true"])
@pytest.mark.parametrize("backend", ["native", pytest.param("xla", marks=pytest.mark.slow)])
def test_any_batch_and_any_threads_give_the_same(tmp_path, network, backend):
    given = (network, f"engine.backend={backend}")
    alone = trains(tmp_path / "alone", *given, "engine.batch=1", "engine.threads=1")
    spikes = [v for k, v in alone.items() if k.endswith("timestamps")]
    assert sum(map(len, spikes)) > 1000
    assert len({len(x) for x in spikes}) > 5  # the trials differ
    for lanes, threads in ((5, 1), (2, 2), (1, 3), (3, 1)):
        options = (f"engine.batch={lanes}", f"engine.threads={threads}")
        together = trains(tmp_path / f"{lanes}-{threads}", *given, *options)
        assert same(alone, together)


def test_trials_are_spread_over_the_threads():
    sizes = [(1, 5, 1), (2, 3, 2), (4, 2, 3), (9, 1, 5)]
    for threads, lanes, at_once in sizes:
        chosen = batch.choose(experiment(f"engine.threads={threads}"))
        assert (chosen.lanes, len(chosen.devices)) == (lanes, at_once)


def test_large_networks_are_run_one_by_one():
    assert batch.choose(experiment("network=brunel", "engine.threads=1")).lanes == 1
    assert batch.choose(experiment("engine.threads=1", "trials=1000")).lanes == 16


def test_cores_are_those_of_the_job(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)
    assert batch.cores() == 8
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "3")
    assert batch.cores() == 3
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "16")
    assert batch.cores() == 8


class TestLongRing:
    """Three synapses of 50 000 neurons, and delays of so many steps."""

    def delayed(self, steps, *overrides):
        delay = f"network.projections.EI.delay={steps * 0.05}"
        return experiment("network.scale=50", delay, *overrides)

    def test_is_refused_before_anything_is_built(self, monkeypatch):
        monkeypatch.setattr(native, "ready", lambda: False)
        with pytest.raises(ConfigError, match=r"longest delay \(20000 steps\) and 150000 targets"):
            batch.choose(self.delayed(20000))
        monkeypatch.setattr(native, "ready", lambda: True)
        monkeypatch.setattr(sizes, "memory", lambda *_: {"program": 0.0})
        assert batch.choose(self.delayed(20000, "engine.threads=1")).lanes == 1

    @pytest.mark.parametrize("how", ["backend=xla", "delivery=dense"])
    def test_is_a_problem_of_a_configuration_that_wants_no_kernel(self, how):
        with pytest.raises(
            ConfigError, match=r"make an input ring of 3e\+09 numbers; at most 2\^31"
        ):
            self.delayed(20000, f"engine.{how}")

    def test_of_many_trials_is_refused_too(self, monkeypatch):
        monkeypatch.setattr(sizes, "memory", lambda *_: {"program": 0.0})
        e = self.delayed(10000, "engine.backend=xla")
        assert batch.choose(e).lanes == 1
        with pytest.raises(ConfigError, match="2 trials together"):
            batch.choose(self.delayed(10000, "engine.backend=xla", "engine.batch=2"))


class TestMemory:
    def test_a_batch_that_does_not_fit_is_refused_with_the_figure(self, monkeypatch):
        monkeypatch.setattr(batch, "available_mb", lambda: 60.0)
        own = "network.per_trial=true"
        with pytest.raises(ConfigError) as error:
            batch.choose(experiment("trials=100", "engine.batch=100", own))
        assert "engine.batch: for 100 trials together" in str(error.value)
        assert "60 MB are available here; at most" in str(error.value)
        fits = int(str(error.value).rsplit("at most ", 1)[1].split()[0])
        assert batch.choose(experiment("trials=100", f"engine.batch={fits}", own)).lanes == fits
        with pytest.raises(ConfigError):
            batch.choose(experiment("trials=100", f"engine.batch={fits + 1}", own))

    def test_the_automatic_batch_is_made_smaller(self, monkeypatch):
        free = experiment("trials=100", "engine.threads=2", "network.per_trial=true")
        assert (batch.choose(free).lanes, len(batch.choose(free).devices)) == (16, 2)
        monkeypatch.setattr(batch, "available_mb", lambda: 60.0)
        assert 1 <= batch.choose(free).lanes < 16
        monkeypatch.setattr(batch, "available_mb", lambda: 1.0)
        assert (batch.choose(free).lanes, len(batch.choose(free).devices)) == (1, 1)


class TestDevices:
    def test_more_than_there_are_is_an_error(self):
        with pytest.raises(ConfigError, match=r"4 asked for, JAX finds 1 CPU device"):
            batch.choose(experiment("engine.devices=4"))

    def test_a_platform_that_is_not_there_is_an_error(self, tmp_path):
        done = subprocess.run(
            [sys.executable, "-m", "snnrun", "simulate", "duration=smoke", "--out", "x"],
            env={**os.environ, "JAX_PLATFORMS": "cuda", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
        )
        assert done.returncode == 2
        assert "JAX_PLATFORMS=cuda: JAX finds no such device here" in done.stderr
        assert "Traceback" not in done.stderr

    def test_groups_go_to_all_devices(self, tmp_path):
        # two devices of one CPU stand for two GPUs
        script = (
            "import jax, sys; jax.config.update('jax_num_cpu_devices', 2);"
            "from snnrun import batch; two = list(jax.devices());"
            "batch._workers = lambda e: two;"
            "from snnrun.cli.app import main; sys.argv[0] = 'snnrun'; main()"
        )
        out = tmp_path / "two"
        done = subprocess.run(
            [sys.executable, "-c", script, "simulate", "--quiet", "--out", str(out), *FEW],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert len(jax.devices()) == 1
        one = trains(tmp_path / "one", "engine.threads=1")
        with h5py.File(out / "results.h5") as file:
            both = {k: file["trials"][k][()] for k in one}
        assert same(one, both)
