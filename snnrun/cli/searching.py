"""Candidates are tried, by this process and others, and it is said how that went."""

import functools
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from snnrun.cli.answer import answer
from snnrun.errors import InterruptedRunError, SnnrunError
from snnrun.interruption import Interruption

if TYPE_CHECKING:
    from snnrun.optimizer._study import Study
    from snnrun.report.searching import Course
    from snnrun.search.begin import Plan
    from snnrun.search.end import Outcome


class Place(NamedTuple):
    """Where a search is: its folder, the storage that was asked for, the name of the study."""

    folder: Path
    storage: str | None
    name: str


class Saying(NamedTuple):
    """What is printed; `log_every`: simulated ms between plain lines."""

    quiet: bool
    as_json: bool
    log_every: float | None


def work(
    plan: "Plan",
    study: "Study",
    place: Place,
    workers: int,
    interruption: Interruption,
    saying: Saying,
) -> None:
    """Search, then write what was found and report."""
    from snnrun.observe import STILL_S
    from snnrun.report.progress import saying as during
    from snnrun.report.searching import Course
    from snnrun.search import end
    from snnrun.store.beat import regularly

    begun, silent = time.perf_counter(), saying.quiet or saying.as_json
    total, objectives = plan.search.optimizer.candidates, tuple(plan.search.objective.objectives)
    every = saying.log_every and saying.log_every / (plan.e.duration.ms * plan.e.trials)
    watcher = Course(total, objectives, silent, study.records(), every)
    spent: dict[str, float] = {}
    stopped: SnnrunError | None = None
    others, over = [_other(plan, place, workers) for _ in range(workers - 1)], False
    try:
        with regularly(STILL_S, watcher.still):
            _search(plan, study, place.folder, workers, interruption, watcher, spent)
        over = True
    except (KeyboardInterrupt, SnnrunError) as error:
        if isinstance(error, KeyboardInterrupt):
            error = InterruptedRunError(str(error) or "Ctrl-C")
        stopped = error
    finally:
        watcher.close()
        with during("waiting for the other workers", silent or not others):
            _wait(others, not over)
    with during("writing the table", silent):
        found = end.concluded(plan, study, place.folder)
    timings = {"wall_s": time.perf_counter() - begun, **{f"{k}_s": s for k, s in spent.items()}}
    _report(found, place, stopped, timings, saying)


def _search(
    plan: "Plan",
    study: "Study",
    folder: Path,
    workers: int,
    interruption: Interruption,
    watcher: "Course",
    spent: dict[str, float],
) -> None:
    """Be a worker of the search; counts the seconds `spent`."""
    from snnrun.engine.setup import set_up
    from snnrun.search.begin import processes_of
    from snnrun.search.ledger import Ledger
    from snnrun.search.pool import Pool
    from snnrun.search.worker import work

    search, processes = plan.search, processes_of(plan.e, workers)
    if processes == 1:
        set_up(threads=1)
    idle = functools.partial(watcher.batch, None, 0, 0.0)
    pool = Pool(plan.source, search.objective.feasible, processes, idle)
    ledger = Ledger(study, search.objective, search.axes, plan.seed, folder, spent)

    def tell() -> None:
        for record in study.records():
            watcher.told(record)

    interruption.savable = True  # what is not over waits in the study
    try:
        batch = plan.batch(processes)
        work(search, ledger, pool, batch, plan.e.trials, interruption, tell)
    finally:
        interruption.savable = False
        pool.close()


def _other(plan: "Plan", place: Place, workers: int) -> subprocess.Popen[bytes]:
    """Start another worker on this machine, with its share of the cores."""
    from snnrun.optimizer._storage import VARIABLE, without_password
    from snnrun.search.begin import processes_of

    command = [sys.executable, "-P", "-m", "snnrun", "optimize", "--quiet"]
    command += ["--resume", str(place.folder), "--study", place.name]
    root = str(Path(__file__).parents[2])  # -P: nothing is imported from the current folder
    env = os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    if place.storage and without_password(place.storage) == place.storage:
        command += ["--storage", place.storage]
    elif place.storage:  # others may read what is on a command line
        env[VARIABLE] = place.storage
    command += [f"engine.threads={processes_of(plan.e, workers)}"]
    command += [f"optimizer.candidates={plan.search.optimizer.candidates}"]
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, env=env, stdin=nowhere, stdout=nowhere, stderr=nowhere)


def _wait(others: list[subprocess.Popen[bytes]], end: bool) -> None:
    """Wait for the other workers, after asking them to end if they must."""
    for other in others:
        if end:
            other.terminate()
        code = other.wait()
        if code not in (0, 4, 75) and not end:
            print(f"warning: another worker ended with exit code {code}", file=sys.stderr)


def _report(
    found: "Outcome",
    place: Place,
    stopped: SnnrunError | None,
    timings: dict[str, float],
    saying: Saying,
) -> None:
    """Say how a search went; exit with its code."""
    from snnrun.report.searching import show_outcome
    from snnrun.search.end import as_plain

    code = stopped.exit_code if stopped else found.exit_code
    state = "interrupted" if code == 75 else "failed" if code else "done"
    why = f"{'interrupted by ' if code == 75 else ''}{stopped}" if stopped else ""
    if saying.as_json:
        more = {"candidates": found.counts, **as_plain(found)}
        more |= {"table": str(place.folder / "table.csv"), "timings": timings}
        error = why or found.why_none
        more |= {"error": error} if error else {}
        answer("optimize", state, code, place.folder, **more)
    else:
        show_outcome(found.findings, place.folder, saying.quiet, timings)
        if stopped is not None:
            print(why if code == 75 else f"error: {why}", file=sys.stderr)
        elif found.why_none:
            print(f"error: {found.why_none}", file=sys.stderr)
        if found.left or code == 75:
            print(f"go on with: snnrun optimize --resume {place.folder}", file=sys.stderr)
    if code:
        raise typer.Exit(code)
