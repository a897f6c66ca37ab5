"""The points of a sweep are computed, and it is said how that went."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from snnrun.cli.answer import answer, errors_in
from snnrun.errors import InterruptedRunError, SnnrunError
from snnrun.interruption import Interruption

if TYPE_CHECKING:
    from snnrun.sweep.end import Outcome
    from snnrun.sweep.orders import Orders
    from snnrun.sweep.plan import Plan
    from snnrun.sweep.shard import Shard

_LONG_S = 60.0  # of a sweep whose time is estimated before it begins


class Asked(NamedTuple):
    """What the command line says of a sweep besides its points."""

    shard: "Shard | None"
    only_failed: bool
    needed: bool
    retries: int
    most_failures: int | None
    strict: bool
    resume: bool
    quiet: bool
    as_json: bool
    log_every: float | None  # simulated ms between plain lines
    own_folder: bool  # a task of a job array that shares the sweep with no other


def compute(
    plan: "Plan",
    folder: Path,
    asked: Asked,
    how: list[str],
    choices: list[str],
    interruption: Interruption,
) -> None:
    """Compute what is left of a sweep, write its tables and report."""
    from snnrun.report.progress import saying
    from snnrun.sweep import end

    begun, silent = time.perf_counter(), asked.quiet or asked.as_json
    with errors_in(folder):
        with saying("looking at the points", silent):
            orders = _orders(plan, folder, asked, how)
        if not silent:
            _say_what(plan, orders, bool(choices), asked.shard)
        if asked.own_folder:
            _say_what_is_left(plan, folder, asked)
        stopped, broken = _computed(plan, orders, asked, choices, interruption)
        with saying("writing the tables", silent):
            found = end.concluded(plan, folder)
    code = stopped.exit_code if stopped else found.exit_code
    _report(found, folder, asked, code, stopped, time.perf_counter() - begun)
    if broken:
        sys.stdout.flush()
        os._exit(code)
    if code:
        raise typer.Exit(code)


def _computed(
    plan: "Plan",
    orders: "Orders",
    asked: Asked,
    choices: list[str],
    interruption: Interruption,
) -> tuple[SnnrunError | None, bool]:
    """Compute points; returns what stopped that, and whether to leave without tidying up."""
    from snnrun.observe import STILL_S
    from snnrun.report.progress import saying
    from snnrun.store.beat import regularly
    from snnrun.sweep import local
    from snnrun.sweep.watch import Watch

    silent = asked.quiet or asked.as_json
    watch = Watch(orders, silent, _points_a_line(plan, asked))
    try:
        if choices and orders.scope:
            with saying("jobs of the launcher compute the points", silent):
                return local.launched(plan, orders, choices), False
        if orders.scope:
            enough = _enough(watch, asked.most_failures)
            with regularly(STILL_S, watch.still):
                return None, local.compute(plan, orders, watch.hear, interruption, enough)
    except KeyboardInterrupt as error:
        return InterruptedRunError(str(error) or "Ctrl-C"), False
    except SnnrunError as error:
        return error, False
    finally:
        watch.close()
    return None, False


def _points_a_line(plan: "Plan", asked: Asked) -> float | None:
    """Return after how many points a plain line is printed; None where that is not asked for."""
    if asked.log_every is None:
        return None
    return asked.log_every / (plan.base["duration"]["ms"] * plan.base["trials"])


def _say_what(plan: "Plan", orders: "Orders", elsewhere: bool, shard: "Shard | None") -> None:
    """Say what will be computed, and how long that takes where it is worth to find out."""
    from snnrun.sweep.local import accelerated, rough_seconds, said

    print("\n".join(said(plan, orders, shard)), file=sys.stderr)
    if elsewhere or accelerated() or rough_seconds(plan, orders.scope) < _LONG_S:
        return
    from snnrun.engine.setup import set_up
    from snnrun.report.progress import saying
    from snnrun.report.sweeps import how_long
    from snnrun.sweep.estimate import estimate

    set_up(orders.threads)
    with saying("estimating the time", quiet=False):
        found = estimate(plan, orders.scope)
    print(how_long(found), file=sys.stderr)


def _say_what_is_left(plan: "Plan", folder: Path, asked: Asked) -> None:
    """Warn of points that no other task of the job array will compute."""
    from snnrun.sweep.begin import scope_of

    scope, _ = scope_of(plan, folder, None, asked.resume, asked.only_failed)
    left = [index for index in scope if asked.shard is not None and not asked.shard.holds(index)]
    if left and asked.shard is not None:
        print(
            f"warning: {folder}: {len(left)} of {len(plan.points)} points are left to other tasks"
            f" of this job array, which must have the same --out ({asked.shard.text})",
            file=sys.stderr,
        )


def _enough(watch: Any, most: int | None) -> Callable[[], bool]:
    return lambda: most is not None and watch.failed >= most


def _orders(plan: "Plan", folder: Path, asked: Asked, how: list[str]) -> "Orders":
    from snnrun.sweep.begin import has_died, scope_of
    from snnrun.sweep.local import free_cores, processes_for
    from snnrun.sweep.needed import finished
    from snnrun.sweep.orders import Orders

    scope, again = scope_of(plan, folder, asked.shard, asked.resume, asked.only_failed)
    free = free_cores(plan, how)
    number = processes_for(plan, scope, free)
    places = [Path("outputs"), folder.resolve().parent]
    return Orders(
        folder=folder.resolve(),
        scope=scope,
        again=again,
        how=tuple(how),
        retries=asked.retries,
        strict=asked.strict,
        processes=number,
        apart=asked.resume and has_died(folder, scope),
        threads=max(1, free // number),
        needed=finished(places) if asked.needed else {},
    )


def _report(
    found: "Outcome",
    folder: Path,
    asked: Asked,
    code: int,
    stopped: SnnrunError | None,
    seconds: float,
) -> None:
    """Say how a sweep went."""
    from snnrun.sweep.end import as_plain

    state = "interrupted" if code == 75 else "failed" if code else "done"
    if asked.as_json:
        failures = [
            {"index": r.index, "state": r.state, "reason": r.reason} for r in found.failures
        ]
        more = {"points": found.counts, "failures": failures, "unchanging": found.dead}
        more |= {"table": str(folder / "table.csv"), "timings": {"wall_s": seconds}}
        more |= as_plain(found.table) | ({"error": str(stopped)} if stopped else {})
        answer("sweep", state, code, folder, **more)
        return
    from snnrun.report.sweeps import show_outcome

    show_outcome(found, folder, asked.quiet)
    if stopped is not None:
        print(f"{'interrupted by ' if code == 75 else 'error: '}{stopped}", file=sys.stderr)
    if found.left:
        print(f"go on with: snnrun sweep --resume {folder}", file=sys.stderr)
