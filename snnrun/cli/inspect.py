"""`snnrun inspect`: how a run, a sweep or a search stands."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from snnrun.cli.answer import answer
from snnrun.cli.options import Debug, Json
from snnrun.errors import FileError

Place = Annotated[
    Path, typer.Argument(metavar="PATH", help="Folder of a run, a sweep or a search.")
]


def inspect(path: Place, as_json: Json = False, debug: Debug = False) -> None:
    """Show how a run, a sweep or a search stands, also while it runs."""
    del debug  # read where errors are reported
    if (path / "plan.json").is_file():
        _sweep(path, as_json)
    elif (path / "search.json").is_file():
        _search(path, as_json)
    elif (path / "status.json").is_file():
        _run(path, as_json)
    else:
        raise FileError(f"{path}: holds no run (status.json), sweep or search")


def _sweep(path: Path, as_json: bool) -> None:
    from snnrun.sweep.end import as_plain, outcome
    from snnrun.sweep.plan_file import read

    found = outcome(read(path), path)
    if as_json:
        rows = [{"index": r.index, "state": r.state, "reason": r.reason} for r in found.failures]
        counts = found.counts
        state = "running" if counts.get("running") else "done" if not found.left else "queued"
        more = as_plain(found.table)
        answer("inspect", state, 0, path, **more, points=counts, failures=rows)
        return
    from snnrun.report.sweeps import show_standing

    show_standing(found)


def _search(path: Path, as_json: bool) -> None:
    from snnrun.report.searching import show_standing
    from snnrun.search.begin import reopened
    from snnrun.search.end import as_plain, outcome

    found = outcome(*reopened(path))
    if as_json:
        state = "running" if found.counts.get("running") else "queued" if found.left else "done"
        answer("inspect", state, 0, path, candidates=found.counts, **as_plain(found))
        return
    show_standing(found.findings)


def _run(path: Path, as_json: bool) -> None:
    from snnrun.cli.resumed import outcome
    from snnrun.store.lock import standing

    status, found = standing(path), outcome(path) or {}
    found.pop("exit_code", None)
    if as_json:
        answer("inspect", status.get("state"), 0, path, reason=status.get("reason"), **found)
    elif found:
        from snnrun.report.tables import show_summary

        show_summary(found, path)
    else:
        print(_standing(status))
        if status.get("state") == "interrupted":
            print(f"go on with: snnrun simulate --resume {path}", file=sys.stderr)


def _standing(status: dict[str, Any]) -> str:
    """Return how a run stands that is not over."""
    reason = f": {status['reason']}" if status.get("reason") else ""
    who = f"process {status.get('pid')} on {status.get('host')}"
    return f"{status.get('state')}{reason} ({who}, last heard of {status.get('updated')})"
