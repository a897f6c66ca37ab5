"""What a sweep has found: its table on disk, failures, swept keys that changed nothing."""

import dataclasses
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from snnrun.errors import FileError
from snnrun.store.disk import cause
from snnrun.store.lock import turn
from snnrun.store.table import write_table
from snnrun.summary import plain
from snnrun.sweep.plan import Plan
from snnrun.sweep.plan_file import NAME
from snnrun.sweep.states import STATES, table
from snnrun.sweep.table import Row, Table, dead, means, write_csv, write_means_csv

BAD = ("failed", "unhealthy")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a sweep stands: points in each state, those that failed, keys that changed nothing.

    `left`: whether there are points that a sweep that goes on would compute.
    """

    table: Table
    counts: dict[str, int]
    failures: list[Row]
    dead: list[str]
    left: bool

    @property
    def exit_code(self) -> int:
        """0, or 4 if points failed or were unhealthy."""
        return 4 if self.failures else 0


def outcome(plan: Plan, folder: Path) -> Outcome:
    """Return how a sweep stands now."""
    found = table(plan, folder)
    counts = Counter(row.state for row in found.rows)
    return Outcome(
        table=found,
        counts={state: counts[state] for state in STATES if counts[state]},
        failures=[row for row in found.rows if row.state in BAD],
        dead=dead(found),
        left=any(
            row.state not in ("done", "unhealthy") and plan.points[row.index].error is None
            for row in found.rows
        ),
    )


def as_plain(found: Table) -> dict[str, Any]:
    """Return statistics and health of each point, in their order, as plain JSON values."""
    return {
        "statistics": [_statistics(row, found) for row in found.rows],
        "health": [row.health for row in found.rows],
    }


def _statistics(row: Row, found: Table) -> dict[str, dict[str, Any]]:
    tree: dict[str, dict[str, Any]] = {}
    for (population, name), (value, se) in row.statistics.items():
        entry = {"value": value, "se": se, "units": found.units[population, name]}
        tree.setdefault(population, {})[name] = plain(entry)
    return tree


def concluded(plan: Plan, folder: Path) -> Outcome:
    """Return how a sweep stands now, and write its tables; FileError where they can't be."""
    try:
        with turn(folder / NAME):  # what is read last is written last
            found = outcome(plan, folder)
            _write_tables(found.table, folder)
    except OSError as error:
        raise FileError(f"{folder}: its tables can't be written: {cause(error)}") from error
    return found


def _write_tables(found: Table, folder: Path) -> None:
    """Write table.csv and table.h5, and means.csv where seeds were swept."""
    # others may do so at the same time where there are no locks
    with tempfile.TemporaryDirectory(prefix=".tables-", dir=folder) as made:
        place = Path(made)
        write_csv(found, place / "table.csv")
        write_table(found, place / "table.h5")
        if "seed" in found.swept and len(found.swept) > 1:
            write_means_csv(means(found), place / "means.csv")
        for path in place.iterdir():
            path.replace(folder / path.name)
