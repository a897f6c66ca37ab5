"""Variables of the environment: what can't be used is said in a line each."""

import os
import subprocess
import sys

import pytest

from snnrun.batch import cores
from snnrun.cli.variables import refused
from tests.cli.program import ROOT


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        *(("JAX_DISABLE_JIT", value, "must be false, or not set") for value in ("1", "True")),
        ("JAX_NO_EXECUTION", "yes", "must be false, or not set"),
        ("JAX_TRANSFER_GUARD", "disallow", "must be allow or log, or not set"),
        ("JAX_TRANSFER_GUARD_HOST_TO_DEVICE", "disallow_explicit", "must be allow or log"),
        *(
            ("JAX_COMPILATION_CACHE_MAX_SIZE", value, "must be a whole number of bytes, such as")
            for value in ("10GB", "1e9", "1.5", "-", "many")
        ),
    ],
)
@pytest.mark.parametrize("command", ["simulate", "check"])
def test_a_value_that_can_not_be_used(cli, monkeypatch, command, name, value, right):
    monkeypatch.setenv(name, value)
    outcome = cli(command)
    assert (outcome.code, outcome.out, os.listdir()) == (2, "", [])
    assert outcome.err.startswith(f"error: {name}={value}: {right}")
    assert outcome.err.count("\n") == 1


def test_all_at_once_and_none_where_nothing_is_simulated(cli, monkeypatch):
    monkeypatch.setenv("JAX_DISABLE_JIT", "1")
    monkeypatch.setenv("JAX_TRANSFER_GUARD", "disallow")
    assert cli("simulate").err.count("error: JAX_") == 2
    assert cli("simulate", "--help").code == 0
    assert cli("show", "neuron").code == 0


def test_others_are_no_matter(cli, monkeypatch):
    for name in ("JAX_DISABLE_JIT", "JAX_ENABLE_COMPILATION_CACHE"):
        monkeypatch.setenv(name, "false")
    monkeypatch.setenv("JAX_COMPILATION_CACHE_MAX_SIZE", "-1")
    monkeypatch.setenv("JAX_TRANSFER_GUARD", "log")
    assert cli("simulate", "--dry-run").code == 0


CHECKED = """
import sys
from snnrun.cli.variables import check
from snnrun.cli.app import guarded
def use():
    import os
    check(os.environ)
    import jax
sys.exit(guarded(use))
"""


def run(**variables):
    return subprocess.run(
        [sys.executable, "-c", CHECKED],
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("JAX_ENABLE_X64", "maybe", "true or false"),
        ("JAX_NUM_CPU_DEVICES", "two", "a number"),
        ("JAX_TRANSFER_GUARD", "never", "one of allow, log, disallow, log_explicit, disallow_expl"),
        ("JAX_COMPILATION_CACHE_DIR", "gs://bucket/x", "a folder of this machine, not a URL"),
    ],
)
def test_what_jax_refuses_to_read(name, value, right):
    done = run(**{name: value})
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {name}={value}: must be {right}")
    assert done.stderr.count("\n") == 1


def test_other_errors_are_nobody_s_variable():
    assert refused(ValueError("invalid literal for int()")) is None


@pytest.mark.parametrize("text", ["abc", "²", "", "-1", "0", "1.5"])
def test_cores_that_a_scheduler_does_not_tell(monkeypatch, text):
    monkeypatch.delenv("SLURM_CPUS_PER_TASK", raising=False)
    free = cores()
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", text)
    assert cores() == free
