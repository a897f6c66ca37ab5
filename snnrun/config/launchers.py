"""Jobs through Hydra's launcher plugins: joblib, submitit, or another that is installed.

A launcher starts processes that unpickle the task and Hydra's loader, compose the `hydra` node
again (nothing else) and call the task. Like here, code in their current folder is not found.
"""

import contextlib
import importlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from snnrun.config import hydra_app
from snnrun.config.choose import nearest
from snnrun.config.messages import from_parser
from snnrun.config.paths import home
from snnrun.errors import ConfigError, FileError, SnnrunError
from snnrun.store.disk import cause

_GROUP = "hydra/launcher"
_SETTING = "hydra.launcher."
_EXTRAS = {"joblib": "joblib", "submitit_local": "slurm", "submitit_slurm": "slurm"}
_IN_PLACE = "basic"  # one job after the other, in this process
_QUEUED_AGAIN = -1  # the exit code by which submitit ends a job that goes on later


def take_out(overrides: list[str]) -> tuple[list[str], list[str]]:
    """Part overrides into choices of a launcher and its settings, and the others."""
    with from_parser(overrides):
        parsed = hydra_app.parse(overrides)
    lines = [(str(p.input_line), _is_choice(p)) for p in parsed]
    return [line for line, ours in lines if ours], [line for line, ours in lines if not ours]


def check(choices: list[str]) -> None:
    """Complain of a launcher that there is not, or of settings that it does not have."""
    name, settings = _parted(choices)
    with hydra_app.application([]) as app:
        _check_there(app, name)
        _check_settings(app, name, settings)


def launch(
    choices: list[str], folder: Path, jobs: int, task: Callable[[int, int], Any]
) -> list[Any]:
    """Run `task(i, jobs)` for i in 0..jobs-1 through a launcher and wait until all have ended.

    `choices` are overrides as `take_out` returns them, `task` can be imported by another process.
    Returns what each job returned or, as a value, the exception that ended it. ConfigError where
    there is no such launcher, or where it can't be had with these settings.
    """
    name, settings = _parted(choices)
    folder = folder.resolve()
    if "${" in str(folder) or "%" in str(folder):  # Hydra and Slurm would put something in
        raise ConfigError(f"{folder}: no launcher works in a folder with % or ${{ in its name")
    with hydra_app.application([]) as app:
        _check_there(app, name)
        _check_settings(app, name, settings)
        lines = [f"{_GROUP}={name}", *(str(s.input_line) for s in settings), *_quiet(folder)]
        with _refusals(name):
            config = hydra_app.compose_launcher(app, lines)
            _check_plain(name, config)
        _guard_batch_jobs(config)
        job = _Job(task, jobs, apart=name != _IN_PLACE)
        with _installed_code_only(), contextlib.redirect_stdout(sys.stderr):
            returned = _launched(name, folder, jobs, lambda: hydra_app.launcher(app, config, job))
    return [_outcome(one) for one in returned]


class _Job(NamedTuple):
    """What is called in each process; its number is Hydra's. `apart`: not in this process."""

    task: Callable[[int, int], Any]
    jobs: int
    apart: bool

    def __call__(self, config: Any) -> Any:
        """Return the result, or the exception as a value that survives the way back."""
        del config  # that of Hydra, which is empty
        try:
            return self.task(int(HydraConfig.get().job.num), self.jobs)
        except Exception as error:
            return _portable(error)
        except BaseException as error:  # sys.exit, or an interruption
            if not self.apart or _is_queued_again(error):
                raise
            return _portable(error)


def _is_queued_again(error: BaseException) -> bool:
    ended = isinstance(error, SystemExit) and error.code == _QUEUED_AGAIN
    return ended and "SUBMITIT_EXECUTOR" in os.environ


def _portable(error: BaseException) -> BaseException:
    """Return an exception that any process can read: it, or one that says the same."""
    if isinstance(error, SnnrunError | KeyboardInterrupt | SystemExit):
        return error
    return RuntimeError(f"{type(error).__name__}: {error}")


def _is_choice(override: Override) -> bool:
    """Return whether an override chooses a launcher or sets something of it."""
    if override.is_delete() or override.package is not None:
        return False
    key = override.key_or_group
    return key == _GROUP or (key.startswith(_SETTING) and not _is_special(key))


def _is_special(path: str) -> bool:
    """Return whether a path has a key by which Hydra is told to call something."""
    return any(part.startswith("_") and part.endswith("_") for part in path.split("."))


def _parted(choices: list[str]) -> tuple[str, list[Override]]:
    """Return the name of the launcher and the overrides of its settings."""
    ours, others = take_out(choices)
    if others:
        raise ConfigError(f"override '{others[0]}': only the launcher's settings can be changed")
    parsed = hydra_app.parse(ours)
    name: Any = _IN_PLACE
    for override in parsed:
        if override.is_sweep_override():
            raise ConfigError(f"override '{override.input_line}': a launcher takes one value")
        if override.key_or_group == _GROUP:
            name = override.value()
    if not isinstance(name, str):
        raise ConfigError(f"{_GROUP} needs the name of one launcher")
    return name, [override for override in parsed if override.key_or_group != _GROUP]


def _check_there(app: Any, name: str) -> None:
    """Complain about a launcher that is not installed, or needs what is not."""
    known = hydra_app.options(app, _GROUP)
    if name not in known and name in _EXTRAS:
        raise ConfigError(
            f"{_GROUP}={name}: is not installed: pip install 'snnrun[{_EXTRAS[name]}]';"
            f" there is {', '.join(known)}"
        )
    if name not in known:
        raise ConfigError(f"{_GROUP}={name}: no such launcher{nearest(name, known)}")
    if name == "submitit_slurm" and shutil.which("srun") is None:
        raise ConfigError(f"{_GROUP}={name}: Slurm's srun is not on the PATH; use a login node")


def _check_settings(app: Any, name: str, settings: list[Override]) -> None:
    """Complain about settings that the launcher does not have."""
    known = hydra_app.keys(app, f"{_GROUP}/{name}")
    for override in settings:
        key = override.key_or_group.removeprefix(_SETTING).split(".")[0]
        if key not in known:
            line = override.input_line
            raise ConfigError(
                f"override '{line}': no such setting of the launcher {name}{nearest(key, known)}"
            )


def _quiet(folder: Path) -> list[str]:
    """Return what has Hydra write nothing of its own; submitit's files go to .submitit."""
    return [
        "hydra.mode=MULTIRUN",
        f"hydra.sweep.dir={hydra_app.quoted(str(folder))}",
        "hydra.sweep.subdir=.",
        "hydra.output_subdir=null",
        "hydra.job.chdir=false",
        "hydra/job_logging=none",
        "hydra/hydra_logging=none",
    ]


@contextlib.contextmanager
def _refusals(name: str) -> Iterator[None]:
    """Turn what is wrong with a setting into a ConfigError."""
    try:
        yield
    except (HydraException, OmegaConfBaseException) as error:
        first = str(error).splitlines()[0]
        reason = str(error.__cause__ or error).splitlines()[0]
        _, merging, setting = first.partition("Error merging override ")
        where = f"override '{setting}'" if merging else f"{_GROUP}={name}"
        raise ConfigError(f"{where}: {reason}") from error


def _check_plain(name: str, config: DictConfig) -> None:
    """Complain about what would have Hydra call something, however it got into a setting."""
    node = OmegaConf.to_container(config.hydra.launcher, resolve=True)
    assert isinstance(node, dict)
    for key, value in ((str(key), value) for key, value in node.items()):
        if key != "_target_" and (_is_special(key) or _has_special(value)):
            raise ConfigError(f"{_GROUP}={name}: {key}: keys such as _target_ are not allowed")


def _has_special(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_is_special(str(key)) or _has_special(value[key]) for key in value)
    return isinstance(value, list) and any(_has_special(item) for item in value)


def _guard_batch_jobs(config: DictConfig) -> None:
    """Have a batch script keep the current folder out, even if it does not get the environment."""
    if "setup" in config.hydra.launcher:
        config.hydra.launcher.setup = [
            "export PYTHONSAFEPATH=1",
            *(config.hydra.launcher.setup or []),
        ]


@contextlib.contextmanager
def _installed_code_only() -> Iterator[None]:
    """Hide the current folder from imports, here and in processes started meanwhile.

    Unless this package itself is imported from it.
    """
    here, own = os.path.realpath("."), str(home())
    listed = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    kept = [place for place in listed if place and os.path.realpath(place) != here]
    changed = {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(kept)}
    if own == here:
        changed["PYTHONPATH"] = os.pathsep.join([own, *kept])
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    hidden = contextlib.nullcontext() if own == here else hydra_app.installed_code_only()
    try:
        with hidden:
            yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _launched(name: str, folder: Path, jobs: int, launcher: Callable[[], Any]) -> list[Any]:
    """Return what the launcher gives for each job; what it raises itself is no job's fault."""
    try:
        with _no_job_hides_others(name):
            return list(launcher().launch([[] for _ in range(jobs)], initial_job_idx=0))
    except OSError as error:
        raise FileError(f"{folder}: {cause(error)}") from error
    except Exception as error:
        if name.startswith("submitit") or isinstance(error, TypeError | ValueError):
            said = str(error).replace("sbatch: error: ", "")
            reason = " ".join(said.split()) or type(error).__name__
            raise ConfigError(f"{_GROUP}={name}: {reason[:300]}") from error
        return [error] * jobs  # processes died


@contextlib.contextmanager
def _no_job_hides_others(name: str) -> Iterator[None]:
    """Go on waiting after a job of submitit that was killed: its launcher would raise there."""
    if not name.startswith("submitit"):
        yield
        return
    submitit: Any = importlib.import_module("submitit")
    before = submitit.AutoExecutor

    class Patient(before):  # type: ignore[misc, valid-type]
        """Returns jobs whose results can be asked for whatever became of them."""

        def map_array(self, *arguments: Any) -> list[Any]:
            """Submit the jobs."""
            return [_Submitted(job) for job in super().map_array(*arguments)]

    submitit.AutoExecutor = Patient
    try:
        yield
    finally:
        submitit.AutoExecutor = before


class _Submitted(NamedTuple):
    """A job of submitit."""

    job: Any

    def results(self) -> list[Any]:
        """Wait, and return the result or the reason why there is none."""
        try:
            return list(self.job.results())
        except Exception as error:
            return [error]


def _outcome(returned: Any) -> Any:
    """Return the value of what a launcher gave for a job."""
    if isinstance(returned, BaseException):
        return returned
    return returned._return_value  # the property would raise and print what failed
