"""A run that goes on: where it was interrupted, or from another run's state."""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnrun.cli import one_run
from snnrun.errors import ConfigError, FileError

if TYPE_CHECKING:
    from snnrun.experiment import Experiment
    from snnrun.files import Job
    from snnrun.store.folder import RunFolder

_OVER = ("done", "unhealthy")


def outcome(path: Path) -> dict[str, Any] | None:
    """Return what a run that is over has found, None where one is not over."""
    from snnrun.store.lock import read_status
    from snnrun.store.read import outcome

    status = read_status(path)
    if status.get("state") not in _OVER:
        return None
    return {"exit_code": status.get("exit_code"), **outcome(path / "results.h5")}


def alone(
    resume: Path,
    out: Path | None,
    config: Path | None,
    config_dir: list[Path] | None,
    dry_run: bool,
    from_checkpoint: Path | None = None,
) -> None:
    """Complain of what can't be changed: what goes on keeps its folder and its config."""
    given = {
        "--out": out,
        "--config": config,
        "--config-dir": config_dir,
        "--dry-run": dry_run,
        "--from-checkpoint": from_checkpoint,
    }
    for name, value in given.items():
        if value:
            raise ConfigError(f"{name}: can't be given with --resume {resume}, which has its own")


def only_how(path: Path, overrides: list[str] | None) -> None:
    """Complain of overrides that would change what the run in a folder computes."""
    if overrides and (config := path / "config.yaml").is_file():
        from snnrun.config.compose import compose
        from snnrun.config.how import refuse_what

        refuse_what(compose([], [], config), overrides, "a run")


def resumed(path: Path, overrides: list[str] | None) -> "Job":
    """Return the rest of an interrupted run; only how it is computed can be changed."""
    from snnrun.checkpoints import latest
    from snnrun.files import Files, Job
    from snnrun.store.folder import RunFolder
    from snnrun.store.lock import read_status

    folder = RunFolder.reopen(path)
    if read_status(path).get("state") in _OVER:
        raise ConfigError(f"{path}: another process has just ended this run")
    _restore_config(folder)
    only_how(path, overrides)
    _, e, _ = one_run.compose(overrides, None, path / "config.yaml")
    config = (path / "config.yaml").read_text(encoding="utf-8")

    def warn(text: str) -> None:
        folder.log(f"warning: {text}")
        print(f"warning: {text}", file=sys.stderr)

    found = latest(folder, config, warn)
    if found is None:
        print("warning: there is no checkpoint; the run starts again", file=sys.stderr)
    else:
        about = found.about
        e = dataclasses.replace(e, start=about["start"], network_seed=about["network_seed"])
    return Job(e, Files(folder, config, found))


def _restore_config(folder: "RunFolder") -> None:
    """Write config.yaml again if somebody deleted it; each checkpoint has it."""
    from snnrun.checkpoints import latest

    if not (folder.path / "config.yaml").exists():
        found = latest(folder)
        if found is None:
            raise FileError(f"{folder.path}: config.yaml is gone, and no checkpoint is undamaged")
        folder.write("config.yaml", found.config)


def settled(path: Path, e: "Experiment", out: Path | None, config: str) -> "Job":
    """Return a new run from the state in a checkpoint, with that run's connectivity."""
    from snnrun.checkpoints import begin_from
    from snnrun.config.build import network_of
    from snnrun.files import Files, Job
    from snnrun.store import checkpoint
    from snnrun.store.folder import RunFolder

    if not path.is_file():
        raise FileError(f"--from-checkpoint {path}: there is no such file")
    saved = checkpoint.read(path)
    network = network_of(saved.config, saved.about["dt"], f"{path}: its config")
    e, found = begin_from(e, saved, network, config)
    return Job(e, Files(RunFolder.create(out, e.name), config, found))
