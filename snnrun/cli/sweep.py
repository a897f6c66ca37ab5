"""`snnrun sweep`: many runs of one experiment."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snnrun.cli.answer import answer
from snnrun.cli.attended import ended_early
from snnrun.cli.options import (
    Config,
    ConfigDir,
    Debug,
    DryRun,
    Json,
    LogEvery,
    Out,
    Overrides,
    Quiet,
    Strict,
    TimeLimit,
)
from snnrun.cli.resumed import alone
from snnrun.cli.sweeping import Asked, compute
from snnrun.errors import ConfigError
from snnrun.interruption import Interruption

if TYPE_CHECKING:
    from snnrun.sweep.plan import Plan
    from snnrun.sweep.shard import Shard

Resume = Annotated[
    Path | None, typer.Option("--resume", metavar="DIR", help="Go on with a sweep: what is left.")
]
Only = Annotated[
    str | None, typer.Option("--only", metavar="failed", help="With --resume: the failed points.")
]
Needed = Annotated[
    bool, typer.Option("--needed", help="Take finished runs of the same config from outputs/.")
]
Retries = Annotated[int, typer.Option("--retries", min=0, help="Tries of a failing point more.")]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="Begin no point after a failure.")]
MaxFailures = Annotated[
    int | None, typer.Option("--max-failures", min=1, help="Begin none after so many failures.")
]
ShardOption = Annotated[
    str | None,
    typer.Option("--shard", metavar="i/n", help="Every n-th point from i on (of a job array)."),
]
Submit = Annotated[bool, typer.Option("--submit", help="Submit a Slurm array that computes it.")]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask, however many points there are.")]


def sweep(
    overrides: Overrides = None,
    out: Out = None,
    config: Config = None,
    config_dir: ConfigDir = None,
    resume: Resume = None,
    only: Only = None,
    needed: Needed = False,
    retries: Retries = 0,
    fail_fast: FailFast = False,
    max_failures: MaxFailures = None,
    shard: ShardOption = None,
    submit: Submit = False,
    yes: Yes = False,
    time_limit: TimeLimit = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
    log_every: LogEvery = None,
    strict: Strict = False,
) -> None:
    """Run one experiment for every combination of some values.

    For example, where range ends before its second number:

    snnrun sweep network.projections.EE.weight=1,2,4 'drive.X.rate=range(5,25,5)' seed=1,2,3
    """
    del debug  # read where errors are reported
    interruption = Interruption(time_limit)
    with interruption.listening(), ended_early("sweep" if as_json else None):
        failing = retries, 1 if fail_fast else max_failures, strict, resume is not None
        said = quiet, as_json, log_every, shard is None and not submit and _is_own(out or resume)
        asked = Asked(_shard(shard), _only_failed(only, resume), needed, *failing, *said)
        choices, given = _parted(overrides)
        if resume is not None:
            alone(resume, out, config, config_dir, dry_run)
            plan, folder, how = _resumed(resume, given)
        elif begun := _begun(given, out, config, config_dir or [], asked, dry_run, yes):
            (plan, folder), how = begun, []
        else:
            return
        if submit:
            _submit(plan, folder, asked, how)
        else:
            compute(plan, folder, asked, how, choices, interruption)


def _only_failed(only: str | None, resume: Path | None) -> bool:
    if only not in (None, "failed"):
        raise ConfigError(f"--only {only}: only 'failed' can be chosen")
    if only and resume is None:
        raise ConfigError("--only failed: needs --resume DIR")
    return only is not None


def _shard(text: str | None) -> "Shard | None":
    from snnrun.sweep.shard import Shard

    return Shard.from_environment(os.environ) if text is None else Shard.parse(text)


def _is_own(folder: Path | None) -> bool:
    """Return whether this is a task of a job array with a folder for itself."""
    from snnrun.sweep.shard import has_own_folder

    shard = _shard(None)
    return shard is not None and shard.of > 1 and has_own_folder(folder, os.environ)


def _parted(overrides: list[str] | None) -> tuple[list[str], list[str]]:
    from snnrun.config.launchers import check, take_out

    choices, others = take_out(overrides or [])
    if choices:
        check(choices)
    return choices, others


def _resumed(folder: Path, given: list[str]) -> tuple["Plan", Path, list[str]]:
    from snnrun.sweep.begin import resumed

    plan, how = resumed(folder, given)
    return plan, folder, how


def _begun(
    given: list[str],
    out: Path | None,
    config: Path | None,
    config_dirs: list[Path],
    asked: Asked,
    dry_run: bool,
    yes: bool,
) -> tuple["Plan", Path] | None:
    """Return plan and folder of a new sweep; None where it was only to be shown."""
    from snnrun.report.progress import saying
    from snnrun.sweep import begin
    from snnrun.sweep.plan import make

    grid, composer = begin.grid_of(given, config_dirs, config)
    if grid.number > begin.MANY and not (yes or dry_run):
        _confirm(grid.number)

    def plan() -> "Plan":
        with saying("planning the points", asked.quiet or asked.as_json):
            made, warnings = make(given, config_dirs, config, grid, composer)
        for text in warnings:
            print(f"warning: {text}", file=sys.stderr)
        if asked.own_folder:
            begin.refuse_without_points(made, asked.shard)
        return made

    if dry_run:
        if grid.number > begin.MANY and not yes:
            raise ConfigError(f"{grid.number} points: too many to plan by accident; give --yes")
        _show_plan(plan(), asked)
        return None
    return begin.opened(out, given, config_dirs, config, asked.shard, plan)


def _confirm(number: int) -> None:
    """Ask whether so many points are meant."""
    if not sys.stdin.isatty():
        raise ConfigError(f"{number} points: give --yes if so many are meant")
    if not typer.confirm(f"{number} points. Go on?", err=True):
        raise ConfigError("nothing was done")


def _show_plan(plan: "Plan", asked: Asked) -> None:
    """Show what would be computed, and about how long it takes."""
    from snnrun.engine.setup import set_up
    from snnrun.report.progress import saying
    from snnrun.sweep.estimate import estimate

    set_up()
    scope = (p.index for p in plan.points if asked.shard is None or asked.shard.holds(p.index))
    with saying("estimating the time", asked.quiet or asked.as_json):
        found = estimate(plan, tuple(scope))
    if asked.as_json:
        answer("sweep", "done", 0, **found)
        return
    from snnrun.report.sweeps import show_plan
    from snnrun.sweep.states import swept_units

    values = [point.values for point in plan.points]
    show_plan(plan.swept, swept_units(plan), values, found)


def _submit(plan: "Plan", folder: Path, asked: Asked, how: list[str]) -> None:
    """Hand the sweep to Slurm."""
    from snnrun.sweep.local import jobs_for
    from snnrun.sweep.submit import program, submit

    options = ["--quiet", *how, *(["--strict"] if asked.strict else [])]
    options += ["--only", "failed"] if asked.only_failed else []
    options += ["--needed"] if asked.needed else []
    options += ["--retries", str(asked.retries)] if asked.retries else []
    jobs = jobs_for(plan)
    number = submit(folder, jobs, program(), options)
    if asked.as_json:
        answer("sweep", "queued", 0, folder, job=number, tasks=jobs)
    else:
        print(f"submitted job {number} with {jobs} tasks", file=sys.stderr)
        print(f"see snnrun inspect {folder}", file=sys.stderr)
        print(folder)
