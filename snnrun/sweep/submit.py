"""A sweep as an array of jobs on Slurm: each computes its share, and is queued again if it must."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from snnrun.errors import ConfigError, FileError
from snnrun.store.disk import write_atomically

_SCRIPT = """\
#!/bin/bash
# Computes the sweep in this folder with {jobs} jobs. Two minutes before its time limit Slurm
# signals a job, which saves a checkpoint and ends with code 75; it is queued again and goes on.
#
# What Slurm needs to know beside this comes from sbatch's own variables, which win over the lines
# below (as options of sbatch do over both): SBATCH_TIMELIMIT=12:00:00 SBATCH_PARTITION=long …
# There is none for --cpus-per-task: snnrun reads SBATCH_CPUS_PER_TASK when it writes this file.
# Edit it, and `sbatch` it, at will.
#
#SBATCH --job-name=snnrun
#SBATCH --array=0-{last}
#SBATCH --output={log}
#SBATCH --open-mode=append
#SBATCH --signal=USR1@120
#SBATCH --requeue
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={cpus}

export SRUN_CPUS_PER_TASK=$SLURM_CPUS_PER_TASK

srun {command} --shard "$SLURM_ARRAY_TASK_ID/{jobs}"
code=$?

# Not $SLURM_JOB_ID, which for one of the tasks means the whole array.
[ $code = 75 ] && exec scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_$SLURM_ARRAY_TASK_ID"
exit $code
"""


def program() -> list[str]:
    """Return what starts snnrun from anywhere, without the user's shell set-up."""
    installed = Path(sys.executable).with_name("snnrun")
    return [str(installed)] if installed.is_file() else [sys.executable, "-m", "snnrun"]


def script(folder: Path, jobs: int, command: list[str], options: Sequence[str] = ()) -> str:
    """Return the batch script of `jobs` jobs on the sweep in a folder.

    `command` starts snnrun (see `program`), `options` are more options of `snnrun sweep`.
    """
    folder = Path(os.path.abspath(folder))
    words = [_absolute(command[0]), *command[1:], "sweep", "--resume", str(folder), *options]
    log = f"{str(folder).replace('%', '%%')}/slurm-%A_%a.log"
    return _SCRIPT.format(
        jobs=jobs, last=jobs - 1, log=shlex.quote(log), cpus=_cpus(), command=shlex.join(words)
    )


def submit(folder: Path, jobs: int, command: list[str], options: Sequence[str] = ()) -> str:
    """Write `submit.sh` into the folder of a sweep, submit it, and return the job's number.

    ConfigError where there is no Slurm, FileError where it refuses.
    """
    sbatch = shutil.which("sbatch")
    if sbatch is None:
        raise ConfigError(
            "Slurm's sbatch is not on the PATH; submit on a login node of the cluster"
        )
    path = Path(os.path.abspath(folder)) / "submit.sh"
    write_atomically(path, script(folder, jobs, command, options).encode())
    done = subprocess.run([sbatch, "--parsable", str(path)], capture_output=True, text=True)
    if done.returncode:
        said = " ".join(done.stderr.replace("sbatch: error: ", "").split())
        raise FileError(f"{path}: sbatch refuses it: {said or f'code {done.returncode}'}")
    return done.stdout.strip().split(";")[0]  # a cluster's name may follow


def _absolute(name: str) -> str:
    """Return the path of a program."""
    found = shutil.which(name)
    if found is None:
        raise ConfigError(f"{name}: there is no such program")
    return os.path.abspath(found)


def _cpus() -> int:
    """Return the cores of each job: what is asked for, or what this job has."""
    for name in ("SBATCH_CPUS_PER_TASK", "SLURM_CPUS_PER_TASK"):
        given = os.environ.get(name, "")
        if given.isdecimal() and int(given) > 0:
            return int(given)
    return 1
