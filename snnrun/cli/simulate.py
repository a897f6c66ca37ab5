"""`snnrun simulate`: one run."""

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnrun.cli import one_run
from snnrun.cli.attended import attended, ended_early
from snnrun.cli.options import (
    Config,
    ConfigDir,
    Debug,
    DryRun,
    FromCheckpoint,
    Json,
    LogEvery,
    Out,
    Overrides,
    Quiet,
    Resume,
    Strict,
    TimeLimit,
)
from snnrun.cli.resumed import alone
from snnrun.errors import UnhealthyError
from snnrun.interruption import Interruption

if TYPE_CHECKING:
    from snnrun.files import Job
    from snnrun.observe import Observer
    from snnrun.summary import Summary


def simulate(
    overrides: Overrides = None,
    out: Out = None,
    config: Config = None,
    config_dir: ConfigDir = None,
    resume: Resume = None,
    from_checkpoint: FromCheckpoint = None,
    time_limit: TimeLimit = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
    log_every: LogEvery = None,
    strict: Strict = False,
) -> None:
    """Run one experiment into a new folder, or go on with one.

    With trials=K it is repeated K times. For example:

    snnrun simulate network=snops_sbn duration=10s seed=3
    """
    del debug  # read where errors are reported
    begun = time.perf_counter()
    interruption = Interruption(time_limit)
    name = "simulate" if as_json else None
    with interruption.listening(), ended_early(name):
        if resume is not None:
            alone(resume, out, config, config_dir, dry_run, from_checkpoint=from_checkpoint)
            if _show_if_over(resume, overrides, quiet, as_json, strict):
                return
        job = _job(overrides, out, config, config_dir, resume, from_checkpoint, dry_run, as_json)
        if job is None:
            return
        from snnrun.report.progress import observer
        from snnrun.summary import conclude

        watcher = observer(quiet or as_json, log_every)
        with attended(job.files.folder, watcher, name):
            summary = _run(job, watcher, time.perf_counter() - begun, interruption)
            code = conclude(job.experiment, job.files.folder, summary, strict)
            with contextlib.suppress(KeyboardInterrupt):  # the run is over all the same
                one_run.draw(job.experiment, job.files.folder, summary)
    _report(job, summary, code, quiet, as_json)
    if code:
        one_run.fail(job.files.folder, summary)


def _job(
    overrides: list[str] | None,
    out: Path | None,
    config: Path | None,
    config_dir: list[Path] | None,
    resume: Path | None,
    from_checkpoint: Path | None,
    dry_run: bool,
    as_json: bool,
) -> "Job | None":
    """Return what is to be run; None where it was only to be shown."""
    from snnrun.cli.resumed import resumed, settled

    if resume is not None:
        return resumed(resume, overrides)
    composed, e, warnings = one_run.compose(overrides, config_dir, config)
    if dry_run:
        one_run.show_config(composed, "simulate", as_json)
        return None
    from snnrun.files import Files, Job
    from snnrun.store.folder import RunFolder

    if from_checkpoint is not None:
        from snnrun.store import checkpoint

        job = settled(from_checkpoint, e, out, composed.yaml)
        assert job.files.found is not None
        name = checkpoint.name_of(job.experiment.start * job.experiment.trials)
        checkpoint.write(job.files.folder.checkpoints / name, job.files.found)  # before config.yaml
    else:
        job = Job(e, Files(RunFolder.create(out, e.name), composed.yaml))
    one_run.begin(job.files.folder, composed, warnings)
    return job


def _run(
    job: "Job", watcher: "Observer", compose_s: float, interruption: Interruption
) -> "Summary":
    from snnrun.engine.setup import set_up
    from snnrun.runner import run

    set_up(job.experiment.engine.threads)
    job.files.compose_s = compose_s
    return run(*job, watcher, interruption)


def _show_if_over(
    path: Path, overrides: list[str] | None, quiet: bool, as_json: bool, strict: bool
) -> bool:
    """Show what a run has found that is over already."""
    from snnrun.cli.resumed import only_how, outcome

    found = outcome(path)
    if found is None:
        return False
    only_how(path, overrides)
    unhealthy = strict and found["health"]["verdict"] != "ok"
    code = found.pop("exit_code") or (3 if unhealthy else 0)
    _show(path, found, code, quiet, as_json)
    if code:
        raise UnhealthyError(f"the network is unhealthy; see {path}/status.json")
    return True


def _report(job: "Job", summary: "Summary", code: int, quiet: bool, as_json_: bool) -> None:
    from snnrun.summary import as_json

    found = as_json(job.experiment, summary) | _costs(job, summary)
    _show(job.files.folder.path, found, code, quiet, as_json_)


def _costs(job: "Job", summary: "Summary") -> dict[str, Any]:
    """Return what the run costs, where its config has an objective."""
    if "\nobjective:" not in job.files.config:
        return {}
    from snnrun.config.compose import compose
    from snnrun.config.search import cost_of

    try:
        cost = cost_of(compose([], [], job.files.folder.path / "config.yaml"), job.experiment)
    except Exception as error:  # the run is over, and stays so
        print(f"warning: no cost: {error}", file=sys.stderr)
        return {}
    if cost is None:
        return {}
    mean = cost.mean([cost.score(estimates) for _, estimates, _ in summary.per_trial])
    return {"costs": dict(zip(cost.objectives, mean.costs, strict=False)), "terms": mean.terms}


def _show(path: Path, found: dict[str, Any], code: int, quiet: bool, as_json: bool) -> None:
    if as_json:
        one_run.print_json("simulate", path, code, found)
    elif quiet:
        print(path)
    else:
        from snnrun.report.tables import show_summary

        show_summary(found, path)
