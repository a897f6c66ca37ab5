"""Submission: what the batch script says and does, with programs that only take notes."""

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from snnrun.errors import ConfigError, FileError
from snnrun.sweep.submit import program, script, submit

NOTES = '#!/bin/sh\nprintf "%s\\n" "$(basename "$0")" "$@" >> "$NOTES"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose name needs quotes."""
    made = tmp_path / "it's 50% a\"b $HOME"
    made.mkdir()
    return made


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What programs were called with, word by word; they are the only ones found first."""
    path = tmp_path / "notes"
    monkeypatch.setenv("NOTES", str(path))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    for name in ("SBATCH_CPUS_PER_TASK", "SLURM_CPUS_PER_TASK"):
        monkeypatch.delenv(name, raising=False)
    return path


def fake(tmp_path: Path, name: str, does: str = "") -> Path:
    path = tmp_path / "bin" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(NOTES + does)
    path.chmod(0o755)
    return path


def directives(text: str) -> list[str]:
    lines = [line.removeprefix("#SBATCH ") for line in text.splitlines() if "#SBATCH" in line]
    return [shlex.split(line)[0] for line in lines]


def test_the_script_asks_slurm_for_what_a_sweep_needs(folder, notes):
    log = str(folder).replace("%", "%%")
    assert directives(script(folder, 4, ["/bin/true"])) == [
        "--job-name=snnrun",
        "--array=0-3",
        f"--output={log}/slurm-%A_%a.log",
        "--open-mode=append",
        "--signal=USR1@120",
        "--requeue",
        "--ntasks=1",
        "--cpus-per-task=1",
    ]


@pytest.mark.parametrize("name", ["SBATCH_CPUS_PER_TASK", "SLURM_CPUS_PER_TASK"])
def test_the_cores_are_those_asked_for(name, folder, notes, monkeypatch):
    monkeypatch.setenv(name, "6")
    assert "--cpus-per-task=6" in directives(script(folder, 4, ["/bin/true"]))
    monkeypatch.setenv(name, "many")
    assert "--cpus-per-task=1" in directives(script(folder, 4, ["/bin/true"]))


@pytest.mark.parametrize(("code", "ends", "requeued"), [(0, 0, 0), (75, 0, 1), (4, 4, 0)])
def test_a_task_computes_its_share_and_is_queued_again_only_where_it_must(
    code, ends, requeued, folder, notes, tmp_path
):
    fake(tmp_path, "srun", f"exit {code}\n")
    fake(tmp_path, "scontrol")
    (tmp_path / "job.sh").write_text(script(folder, 4, ["/bin/true", "a b"], ["--retries", "2"]))
    task = {"SLURM_ARRAY_JOB_ID": "12", "SLURM_ARRAY_TASK_ID": "3", "SLURM_CPUS_PER_TASK": "1"}
    done = subprocess.run(["bash", tmp_path / "job.sh"], env={**os.environ, **task})
    asked = ["srun", "/bin/true", "a b", "sweep", "--resume", str(folder), "--retries", "2"]
    again = ["scontrol", "requeue", "12_3"] * requeued
    assert notes.read_text().splitlines() == [*asked, "--shard", "3/4", *again]
    assert done.returncode == ends


def test_paths_are_absolute(tmp_path, notes, monkeypatch):
    monkeypatch.chdir(tmp_path)
    snnrun = fake(tmp_path, "my snnrun")
    text = script(Path("runs"), 2, ["my snnrun"])
    assert f"srun '{snnrun}' sweep --resume {tmp_path / 'runs'} --shard" in text
    assert f"--output={tmp_path}/runs/slurm-%A_%a.log" in directives(text)
    assert Path(program()[0]).is_absolute()
    with pytest.raises(ConfigError, match="there is no such program"):
        script(Path("runs"), 2, ["not-there"])


@pytest.mark.parametrize("answer", ["4711", "4711;cluster"])
def test_submit_writes_the_script_and_returns_the_job(answer, folder, notes, tmp_path):
    fake(tmp_path, "sbatch", f"echo '{answer}'\n")
    assert submit(folder, 3, ["/bin/true"]) == "4711"
    written = folder / "submit.sh"
    assert written.read_text() == script(folder, 3, ["/bin/true"])
    assert notes.read_text().splitlines() == ["sbatch", "--parsable", str(written)]


def test_what_sbatch_says_is_passed_on(folder, notes, tmp_path):
    fake(tmp_path, "sbatch", "echo 'sbatch: error: invalid partition: nope' >&2; exit 1\n")
    with pytest.raises(FileError, match=r"submit\.sh: sbatch refuses it: invalid partition: nope"):
        submit(folder, 3, ["/bin/true"])


def test_without_slurm_nothing_is_written(folder, monkeypatch):
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(ConfigError, match="sbatch is not on the PATH"):
        submit(folder, 3, ["/bin/true"])
    assert list(folder.iterdir()) == []
