"""Launchers: jobs really run in other processes, and what is wrong is said before."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest

from snnrun.config import hydra_app
from snnrun.config.launchers import launch, take_out
from snnrun.config.paths import home
from snnrun.errors import ConfigError, FileError

submitit = pytest.importorskip("submitit")
pytest.importorskip("joblib")

LAUNCHERS = {
    "joblib": ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"],
    "submitit_local": ["hydra/launcher=submitit_local", "hydra.launcher.timeout_min=5"],
    "basic": ["hydra/launcher=basic"],
}
ELSEWHERE = ["joblib", "submitit_local"]
OWN = "a b=c,'d'"
OUT = "TESTS_LAUNCHED_INTO"
PROGRAM = """\
import os, sys
from pathlib import Path

def task(i, jobs):
    (Path(os.environ["TESTS_LAUNCHED_INTO"]) / f"job {i}").touch()
    return i

if __name__ == "__main__":
    import program
    from snnrun.config.launchers import launch
    assert launch(sys.argv[2:], Path(sys.argv[1]), 2, program.task) == [0, 1]
"""
EVIL = "import os, pathlib\n(pathlib.Path(os.environ['TESTS_LAUNCHED_INTO']) / 'pwned').touch()\n"


class PickyError(Exception):
    """Can't be unpickled."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(f"{one} {two}")


def count(i: int, jobs: int) -> int:
    """Leave a file, as a worker leaves results."""
    (Path(os.environ[OUT]) / f"job {i} of {jobs}").write_text(str(os.getpid()))
    return 10 * i


def fail_each_otherwise(i: int, jobs: int) -> int:
    if i == 0:
        raise FileError("the disk is full", leave_at_once=True)
    if i == 1:
        raise PickyError("too", "picky")
    if i == 2:
        sys.exit(7)
    return i


def die_first(i: int, jobs: int) -> int:
    if i == 0:
        os._exit(9)
    return i


def give_up(i: int, jobs: int) -> NoReturn:
    raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that tasks write into; in it are a launcher's own and the current one, `here`."""
    monkeypatch.setenv(OUT, str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(home()))  # the tasks are here
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def run(choices: list[str], task: Any, jobs: int = 3) -> list[Any]:
    return launch(choices, Path(os.environ[OUT]) / OWN, jobs, task)


def refusal(*choices: str) -> str:
    with pytest.raises(ConfigError) as raised:
        run(list(choices), count)
    assert not list(Path(os.environ[OUT]).glob("job*"))
    return str(raised.value)


@pytest.mark.parametrize("name", LAUNCHERS)
def test_each_job_runs_once_and_nothing_else_is_written(name, out, capfd):
    assert run(LAUNCHERS[name], count) == [0, 10, 20]
    files = [out / f"job {i} of 3" for i in range(3)]
    here = {f.read_text() for f in files} == {str(os.getpid())}
    assert here == (name == "basic")
    assert set(out.iterdir()) == {*files, out / "here", out / OWN}
    wanted = {".submitit"} if name == "submitit_local" else set()
    assert {p.name for p in (out / OWN).iterdir()} == wanted
    assert list((out / "here").iterdir()) == []
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_failing_job_does_not_hide_the_others(name):
    full, picky, ended, fine = run(LAUNCHERS[name], fail_each_otherwise, jobs=4)
    assert isinstance(full, FileError)
    assert (str(full), full.leave_at_once) == ("the disk is full", True)
    assert isinstance(picky, RuntimeError)
    assert str(picky) == "PickyError: too picky"
    assert isinstance(ended, SystemExit)
    assert (ended.code, fine) == (7, 3)


def test_a_job_that_was_killed_does_not_hide_the_others(monkeypatch):
    monkeypatch.setattr(submitit.Job, "_results_timeout_s", 0)
    killed, other = run(LAUNCHERS["submitit_local"], die_first, jobs=2)
    assert "has not produced any output" in str(killed)
    assert other == 1


def test_a_pool_that_broke_is_the_outcome_of_all_its_jobs():
    outcomes = run(LAUNCHERS["joblib"], die_first)
    assert [type(one).__name__ for one in outcomes] == ["TerminatedWorkerError"] * 3


def test_an_interruption_is_an_outcome_elsewhere_and_goes_on_here():
    (outcome,) = run(LAUNCHERS["joblib"], give_up, jobs=1)
    assert isinstance(outcome, KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        run(LAUNCHERS["basic"], give_up, jobs=1)


@pytest.mark.parametrize("name", ELSEWHERE)
def test_code_in_the_current_folder_is_not_loaded(name, out):
    for path in ("hydra_plugins/evil.py", "submitit.py", "joblib.py"):
        (out / "here" / path).parent.mkdir(exist_ok=True)
        (out / "here" / path).write_text(EVIL)
    (out / "program.py").write_text(PROGRAM)
    listed = os.pathsep.join([str(home()), str(out), ""])  # the last one is the current folder
    command = [sys.executable, out / "program.py", out / OWN, *LAUNCHERS[name]]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": listed}, capture_output=True)
    assert (done.stdout, done.returncode) == (b"", 0), done.stderr.decode()
    assert len(list(out.glob("job*"))) == 2
    assert not (out / "pwned").exists()


def test_what_is_changed_for_the_processes_is_as_before_afterwards():
    before = list(sys.path), dict(os.environ)
    run(LAUNCHERS["basic"], count)
    assert (sys.path, dict(os.environ)) == before


def test_without_a_launcher_jobs_run_one_after_the_other():
    assert run([], count) == [0, 10, 20]


def test_overrides_are_parted():
    ours = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "++hydra.launcher.setup=['a b']"]
    others = [
        "seed=1,2",
        "drive@drive.X=poisson",
        "hydra.run.dir=x",
        "hydra/job_logging=none",
        "hydra/launcher@seed=joblib",
        "~hydra/launcher",
        "~hydra.launcher.n_jobs",
        "hydra.launcher={_target_: os.system}",
        "hydra.launcher._target_=os.system",
        "+hydra.launcher.setup._target_=os.system",
        "hydra.launchers.n=1",
    ]
    mixed = [word for pair in zip(others, ours, strict=False) for word in pair]
    assert take_out([*mixed, *others[3:]]) == (ours, others)
    assert take_out([]) == ([], [])
    with pytest.raises(ConfigError, match="not understood"):
        take_out(["hydra.launcher.n_jobs=[1"])


def test_a_launcher_that_is_not_installed_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(hydra_app, "options", lambda app, group: ["basic"])
    assert refusal(*LAUNCHERS["joblib"]) == (
        "hydra/launcher=joblib: is not installed: pip install 'snnrun[joblib]'; there is basic"
    )
    assert "pip install 'snnrun[slurm]'" in refusal("hydra/launcher=submitit_slurm")


def test_slurm_s_launcher_needs_slurm(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert "srun is not on the PATH" in refusal("hydra/launcher=submitit_slurm")


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        (["hydra/launcher=joblb"], "no such launcher; did you mean 'joblib'?"),
        (["hydra/launcher=../../x"], "no such launcher; there is basic"),
        (["hydra/launcher=joblib,basic"], "a launcher takes one value"),
        (["hydra/launcher=[joblib]"], "needs the name of one launcher"),
        (["hydra.launcher.n_jobs=2"], "no such setting of the launcher basic"),
        (["hydra/launcher=joblib", "hydra.launcher.n_job=2"], "did you mean 'n_jobs'?"),
        (["hydra/launcher=joblib", "hydra.launcher.n_jobs=x"], "n_jobs=x': Value 'x'"),
        (["hydra/launcher=joblib", "hydra.launcher.n_jobs=0"], "has no meaning"),
        (["hydra/launcher=joblib", "hydra.launcher.n_jobs=1,2"], "a launcher takes one value"),
        (["hydra/launcher=joblib", "hydra.launcher.timeout=${a}"], "key 'a' not found"),
        (["hydra/launcher=submitit_local", "hydra.launcher.nodes=3"], "only one node"),
        (["hydra/launcher=joblib", "hydra.run.dir=x"], "only the launcher's settings"),
        (["hydra/launcher=joblib", "seed=1"], "only the launcher's settings"),
        (["hydra.launcher._target_=os.getcwd"], "only the launcher's settings"),
    ],
)
def test_what_is_wrong_is_said(choices, said):
    assert said in refusal(*choices)


@pytest.mark.parametrize("name", ["50%j", "${a}"])
def test_a_folder_that_would_be_rewritten_is_refused(name, out):
    with pytest.raises(ConfigError, match="in its name"):
        launch([], out / name, 1, count)


@pytest.mark.skipif(not Path("/usr/bin/env").exists(), reason="needs an executable to name srun")
def test_settings_can_not_make_hydra_call_something(out, monkeypatch):
    (out / "srun").symlink_to("/usr/bin/env")
    monkeypatch.setenv("PATH", str(out))
    value = "{a: {_target_: os.getcwd}}"
    setting = f"+hydra.launcher.additional_parameters={value}"
    assert "_target_ are not allowed" in refusal("hydra/launcher=submitit_slurm", setting)
