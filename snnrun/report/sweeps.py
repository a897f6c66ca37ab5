"""A sweep in words: what will be computed, how it went, how it stands."""

import sys
from pathlib import Path
from typing import Any

from rich.console import Console

from snnrun.report.points import clock

_MOST_SHOWN = 20


def show_plan(
    swept: list[str], units: dict[str, str], values: list[dict[str, Any]], found: dict[str, Any]
) -> None:
    """Print the plan of a sweep that is not begun; `units` of the swept values that have one."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    for path in swept:
        each = list(dict.fromkeys(str(v[path]) for v in values if path in v))
        shown = ", ".join(each[:8]) + (f", … {each[-1]}" if len(each) > 8 else "")
        unit = f" {units[path]}" if path in units else ""
        console.print(f"{path}: {shown}{unit} ({len(each)})")
    for line in found["lines"]:
        console.print(line)
    console.print(how_long(found))


def how_long(found: dict[str, Any]) -> str:
    """Return the time and the memory that a sweep is expected to need."""
    processes = found["processes"]
    by = f"{processes} process{'es' * (processes > 1)}"
    return f"about {clock(found['seconds'])} and {found['memory_mb']} MB by {by} here"


def show_outcome(found: Any, folder: Path, quiet: bool) -> None:
    """Print how a sweep went."""
    if quiet:
        print(folder)
        return
    console = Console(soft_wrap=True, highlight=False, markup=False)
    show_standing(found)
    console.print(f"table:   {folder}/table.csv")
    if found.counts.get("done") or found.counts.get("unhealthy"):
        print(f"picture: snnrun plot {folder}", file=sys.stderr)


def show_standing(found: Any) -> None:
    """Print the states of a sweep's points, why some failed, and what changed nothing."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(states(found.counts))
    for row in found.failures[:_MOST_SHOWN]:
        values = ", ".join(f"{path}={value}" for path, value in row.values.items())
        console.print(f"point {row.index} ({values}) {row.state}: {row.reason}")
    if len(found.failures) > _MOST_SHOWN:
        console.print(f"… and {len(found.failures) - _MOST_SHOWN} more in the table")
    for path in found.dead:
        console.print(f"warning: {path} changed no result")


def states(counts: dict[str, int]) -> str:
    """Return how many points are in each state."""
    total = sum(counts.values())
    each = ", ".join(f"{n} {state}" for state, n in counts.items())
    return f"{total} point{'s' * (total > 1)}: {each}"
