"""Sweeps brought to a real Slurm: as a job array of ours, and through Hydra's submitit launcher."""

import os
import sys
from pathlib import Path

import pytest

from snnrun.sweep.submit import script
from tests.slurm.cluster import Cluster, until

STUB = """\
#!/bin/sh
# Stands for snnrun: notes what it is asked for; the first time task 1 is interrupted.
echo "$@ cores $SRUN_CPUS_PER_TASK" >> "$3/asked $SLURM_ARRAY_TASK_ID"
[ $SLURM_ARRAY_TASK_ID = 1 ] && [ ! -e "$3/again" ] && touch "$3/again" && exit 75
[ $SLURM_ARRAY_TASK_ID = 2 ] && exit 4
exit 0
"""
SUBMIT = """\
import sys
from pathlib import Path
from snnrun.sweep.submit import submit
print(submit(Path(sys.argv[1]), 3, [sys.argv[2]]))
"""
LAUNCH = """\
import sys
from pathlib import Path
from snnrun.config.launchers import launch
from tests.slurm.test_launch import note
choices = ["hydra/launcher=submitit_slurm", *sys.argv[2:]]
print(launch(choices, Path(sys.argv[1]), 3, note))
"""


def note(i: int, jobs: int) -> list[object]:
    """A job that says where it is; the middle one fails."""
    if i == 1:
        raise ValueError("the middle one fails")
    return [i, jobs, "SLURM_JOB_ID" in os.environ, os.getcwd() in sys.path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / 'it\'s a 100% "sweep"'
    made.mkdir()
    return made


def submitted(cluster: Cluster, folder: Path, stub: Path) -> str:
    return cluster.run(sys.executable, "-c", SUBMIT, folder, stub, cwd=folder.parent).strip()


def test_each_task_of_a_submitted_sweep_gets_its_shard(one_node, folder, tmp_path):
    stub = tmp_path / "a stub"
    stub.write_text(STUB)
    stub.chmod(0o755)
    array = submitted(one_node, folder, stub)
    assert (folder / "submit.sh").read_text() == script(folder, 3, [str(stub)])
    one_node.wait(f"{array}_0", "COMPLETED")
    one_node.wait(f"{array}_2", "FAILED")
    assert one_node.job(f"{array}_2")["ExitCode"] == "4:0"
    until((folder / "again").exists, lambda: one_node.story(f"{array}_1"))
    one_node.start_soon(f"{array}_1")
    one_node.wait(f"{array}_1", "COMPLETED")
    assert one_node.job(f"{array}_1")["Restarts"] == "1"
    for task, times in enumerate((1, 2, 1)):
        asked = (folder / f"asked {task}").read_text().splitlines()
        assert asked == [f"sweep --resume {folder} --shard {task}/3 cores 1"] * times
        assert (folder / f"slurm-{array}_{task}.log").exists()


def test_the_user_s_own_variables_win_over_the_script(one_node, folder, tmp_path, monkeypatch):
    stub = tmp_path / "stub"
    stub.write_text("#!/bin/sh\n")
    stub.chmod(0o755)
    monkeypatch.setitem(one_node._env, "SBATCH_JOB_NAME", "mine")
    monkeypatch.setitem(one_node._env, "SBATCH_TIMELIMIT", "7")
    monkeypatch.setitem(one_node._env, "SBATCH_CPUS_PER_TASK", "2")
    array = submitted(one_node, folder, stub)
    one_node.wait(f"{array}_2", "COMPLETED")
    record = one_node.job(f"{array}_2")
    wanted = {"JobName": "mine", "TimeLimit": "00:07:00", "CPUs/Task": "2"}
    assert wanted.items() <= record.items()


@pytest.mark.slow
def test_hydra_s_launcher_runs_jobs_on_slurm(one_node, tmp_path):
    here = tmp_path / "here"
    here.mkdir()
    (here / "submitit.py").write_text("raise SystemExit('not installed code')")
    settings = "hydra.launcher.partition=debug", "hydra.launcher.timeout_min=5"
    printed = one_node.run(sys.executable, "-c", LAUNCH, tmp_path / "a b", *settings, cwd=here)
    first, failed, last = (
        [0, 3, True, False],
        "RuntimeError('ValueError: the middle one fails')",  # as it can leave its process
        [2, 3, True, False],
    )
    assert printed.splitlines()[-1] == f"[{first}, {failed}, {last}]"
    assert [p.name for p in (tmp_path / "a b").iterdir()] == [".submitit"]
