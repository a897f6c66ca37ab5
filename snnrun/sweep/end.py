"""What a sweep has found: its table on disk, failures, swept keys that changed nothing."""

import dataclasses
from collections import Counter
from pathlib import Path

from snnrun.store.table import write_table
from snnrun.sweep.plan import Plan
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


def write_tables(found: Outcome, folder: Path) -> None:
    """Write table.csv and table.h5, and means.csv where seeds were swept."""
    write_csv(found.table, folder / "table.csv")
    write_table(found.table, folder / "table.h5")
    if "seed" in found.table.swept and len(found.table.swept) > 1:
        write_means_csv(means(found.table), folder / "means.csv")
