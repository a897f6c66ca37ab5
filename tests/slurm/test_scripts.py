"""What the job scripts of experiments/cluster ask for of programs that only take notes."""

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

SCRIPTS = Path(__file__).parents[2] / "experiments" / "cluster"
NOTES = '#!/bin/sh\necho "$(basename "$0")" "$@" >> "$NOTES"\nexit {code}\n'
JOB = {"SLURM_JOB_ID": "12", "SLURM_CPUS_PER_TASK": "1"}
TASK = {"SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3", **JOB}


class Script(NamedTuple):
    """A job script, its environment, and what it should ask for, given `runs/a dt=0.1`."""

    name: str
    env: dict[str, str]
    run: str
    overrides: str
    requeue: str
    command: str = "simulate"
    begun: str = "config.yaml"


ONE = Script("requeue", JOB, "runs/a", "dt=0.1", "scontrol requeue 12")
MANY = Script("requeue_array", TASK, "runs/a/3", "dt=0.1 seed=3", "scontrol requeue 12_3")
SWEEP = Script(
    *("sweep_array", TASK, "runs/a", "dt=0.1", "scontrol requeue 12_3", "sweep", "plan.json")
)
SEARCH = Script(
    *("search_array", TASK, "runs/a", "dt=0.1", "scontrol requeue 12_3", "optimize", "search.json")
)


@pytest.fixture(params=[ONE, MANY, SWEEP, SEARCH], ids=lambda script: script.name)
def script(request: pytest.FixtureRequest) -> Script:
    return request.param


def call(script: Script, folder: Path, code: int) -> tuple[int, list[str]]:
    """Run a script where snnrun ends with a code; return its own code and its commands."""
    for name, ends in {"srun": code, "scontrol": 0}.items():
        program = folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(NOTES.format(code=ends))
        program.chmod(0o755)
    notes = folder / "notes"
    path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **script.env, "NOTES": str(notes), "PATH": path}
    words = ["bash", str(SCRIPTS / f"{script.name}.sbatch"), "runs/a", "dt=0.1"]
    done = subprocess.run(words, cwd=folder, env=env)
    return done.returncode, notes.read_text().splitlines()


def test_the_first_time_it_begins(script, tmp_path):
    first = f"srun snnrun {script.command} {script.overrides} --out {script.run}"
    assert call(script, tmp_path, code=0) == (0, [first])


def test_a_run_that_has_begun_is_resumed(script, tmp_path):
    run = tmp_path / script.run
    run.mkdir(parents=True)
    (run / script.begun).write_text("{}")
    again = f"srun snnrun {script.command} --resume {script.run}"
    assert call(script, tmp_path, code=0) == (0, [again])


def test_after_an_interruption_it_is_queued_again(script, tmp_path):
    code, commands = call(script, tmp_path, code=75)
    assert (code, commands[1:]) == (0, [script.requeue])


@pytest.mark.parametrize("code", [1, 2, 3, 5, 130, 143])
def test_any_other_end_is_the_job_s_end(script, tmp_path, code):
    ended, commands = call(script, tmp_path, code=code)
    assert (ended, len(commands)) == (code, 1)


def test_a_job_submitted_again_goes_on_in_the_same_log_and_is_signalled_in_time(script):
    text = (SCRIPTS / f"{script.name}.sbatch").read_text()
    options = [line.removeprefix("#SBATCH ") for line in text.splitlines() if "#SBATCH" in line]
    assert {"--requeue", "--open-mode=append", "--signal=USR1@120"} <= set(options)
