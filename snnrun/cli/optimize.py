"""`snnrun optimize`: a search for parameters."""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from snnrun.cli import one_run
from snnrun.cli.answer import errors_in
from snnrun.cli.attended import ended_early
from snnrun.cli.options import (
    Config,
    ConfigDir,
    Debug,
    DryRun,
    Json,
    LogEvery,
    Overrides,
    Quiet,
    Strict,
    TimeLimit,
)
from snnrun.cli.resumed import alone
from snnrun.cli.searching import Place, Saying, work
from snnrun.interruption import Interruption

if TYPE_CHECKING:
    from snnrun.optimizer._study import Study
    from snnrun.search.begin import Plan
    from snnrun.search.simulate import Source

Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", help="Folder of the search, new or to go on with."),
]
Resume = Annotated[
    Path | None, typer.Option("--resume", metavar="DIR", help="Go on with a search.")
]
Candidates = Annotated[
    int | None, typer.Option("--candidates", min=1, help="How many in all, earlier ones included.")
]
Storage = Annotated[
    str | None,
    typer.Option(
        "--storage",
        metavar="URL",
        help="Where the study is: journal://PATH, sqlite:///PATH, postgresql://…, mysql://…,"
        " redis://… (default: OPTUNA_STORAGE, or a journal in the folder).",
    ),
]
StudyName = Annotated[
    str | None, typer.Option("--study", metavar="NAME", help="The study's name in the storage.")
]
Workers = Annotated[int, typer.Option("--workers", min=1, help="Processes that share the search.")]


def optimize(
    overrides: Overrides = None,
    out: Out = None,
    config: Config = None,
    config_dir: ConfigDir = None,
    resume: Resume = None,
    candidates: Candidates = None,
    storage: Storage = None,
    study: StudyName = None,
    workers: Workers = 1,
    time_limit: TimeLimit = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
    log_every: LogEvery = None,
    strict: Strict = False,
) -> None:
    """Search parameters whose network behaves as it should.

    With the same folder, or the same storage, it goes on where it was. For example:

    snnrun optimize experiment=snops/short_demo --candidates 60 --out fit
    """
    del debug  # read where errors are reported
    interruption = Interruption(time_limit)
    with interruption.listening(), ended_early("optimize" if as_json else None):
        from snnrun.report.progress import saying as during
        from snnrun.search.simulate import Source

        given = [*(overrides or []), *_total(candidates)]
        if resume is not None:
            alone(resume, out, config, config_dir, dry_run)
            plan, place = _resumed(resume, given, storage, study, strict)
        else:
            source = Source(tuple(given), tuple(config_dir or []), config, strict)
            plan, place = _new(source, out, storage, study, dry_run)
        if dry_run:
            one_run.show_config(plan.composed, "optimize", as_json)
            return
        with errors_in(place.folder):
            with during("opening the study", quiet or as_json):
                opened = _opened(plan, place, None if resume is None else given)
            work(plan, opened, place, workers, interruption, Saying(quiet, as_json, log_every))


def _total(candidates: int | None) -> list[str]:
    return [] if candidates is None else [f"optimizer.candidates={candidates}"]


def _resumed(
    folder: Path, given: list[str], storage: str | None, study: str | None, strict: bool
) -> tuple["Plan", Place]:
    """Return a search that was begun; only how it is computed, and how long, can be changed."""
    from snnrun.config.how import refuse_what
    from snnrun.search.begin import LASTING, composed, kept, planned

    source, url, name = kept(folder, storage, study)
    if how := [line for line in given if not line.startswith(LASTING)]:
        refuse_what(composed(source), how, "a search")
    whole = dataclasses.replace(
        source, overrides=(*source.overrides, *given), strict=strict or source.strict
    )
    return _told(planned(whole)), Place(folder, url, name)


def _new(
    source: "Source",
    out: Path | None,
    storage: str | None,
    study: str | None,
    dry_run: bool,
) -> tuple["Plan", Place]:
    from snnrun.search.begin import folder_of, place_of, planned

    plan = _told(planned(source))
    if dry_run:
        return plan, Place(Path(), None, "")
    folder = folder_of(out, plan.e.name)
    return plan, Place(folder, *place_of(folder, storage, study, plan.e.name))


def _opened(plan: "Plan", place: Place, again: list[str] | None) -> "Study":
    """Return the study of a search, new or to go on with; `again`: what is changed on resuming."""
    from snnrun.search.begin import keep, prolong, study_in, study_of

    study = (study_of if again is None else study_in)(plan, *place)
    for note in study.notes:
        print(f"warning: {note}", file=sys.stderr)
    study.start(plan.search.start_points)
    if again is None:
        keep(plan, *place)
    else:
        prolong(place.folder, again)
    return study


def _told(plan: "Plan") -> "Plan":
    for warning in plan.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return plan
