"""What a search has found: its table, its best candidate as a config, how it ended."""

import dataclasses
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from snnrun.config.compose import Composer
from snnrun.errors import FileError
from snnrun.optimizer._study import Study
from snnrun.search.advice import bounds_advice, idle_terms
from snnrun.search.begin import Plan, alone
from snnrun.search.ledger import repeating
from snnrun.search.record import Findings, Goal, Record
from snnrun.search.table import write_table
from snnrun.store.disk import cause, write_atomically
from snnrun.summary import plain

_BAD = ("nan", "runaway")
_MOST_REASONS = 3


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a search stands: its findings, candidates in each state, those that failed.

    `units`: of each statistic, by name.
    """

    findings: Findings
    counts: dict[str, int]
    failures: list[Record]
    units: dict[str, str]

    @property
    def exit_code(self) -> int:
        """0, or 4 if candidates failed, ran away or were not finite, or none is feasible."""
        return 4 if self.failures or not self.findings.best else 0

    @property
    def left(self) -> bool:
        """Whether candidates wait, or are being simulated."""
        return bool(self.counts.get("waiting") or self.counts.get("running"))

    @property
    def why_none(self) -> str:
        """Why no candidate is feasible; "" where one is, or none was tried."""
        refused = [r.reason for r in self.findings.records if r.state in ("infeasible", "failed")]
        if self.findings.best or not refused:
            return ""
        common = Counter(refused).most_common(_MOST_REASONS)
        told = "; ".join(f"{number} x {reason}" for reason, number in common)
        advice = bounds_advice(self.findings) or "widen or move the bounds of search"
        return (
            f"none of {len(refused)} candidates is feasible: {told}; {advice}; or relax"
            " constraints and objective.feasible, where there are some"
        )


def outcome(plan: Plan, study: Study) -> Outcome:
    """Return how a search stands now."""
    findings = study.findings(plan.search.axes, _goals(plan))
    counts = Counter(record.state for record in findings.records)
    failures = [
        record
        for record in findings.records
        if record.state == "failed"
        or (record.state == "infeasible" and record.reason.startswith(_BAD))
    ]
    units = {name: statistic.units for name, statistic in plan.e.statistics.items()}
    return Outcome(findings, dict(counts), failures, units)


def _goals(plan: Plan) -> dict[str, Goal]:
    """Return what each term wants, with the unit of its statistic."""
    units = {name: statistic.units for name, statistic in plan.e.statistics.items()}
    return {
        name: goal._replace(unit=units.get(goal.statistic.partition(".")[2], ""))
        for name, goal in plan.search.objective.goals.items()
    }


def as_plain(found: Outcome) -> dict[str, Any]:
    """Return the best candidates, and notes on the search, as plain JSON values.

    With statistics and health of the one whose config is best/config.yaml.
    """
    findings = found.findings
    records = {record.number: record for record in findings.records}
    best = [
        {
            "number": number,
            "costs": dict(zip(findings.objectives, records[number].costs, strict=True)),
            "values": records[number].values,
            "terms": records[number].terms,
        }
        for number in findings.best
    ]
    notes = {"notes": idle_terms(findings)}
    if not best:
        return {"best": best, **notes}
    chosen = middle([records[number] for number in findings.best])
    return {
        "best": best,
        "statistics": _statistics(chosen, found.units),
        "health": chosen.health,
        **notes,
    }


def _statistics(record: Record, units: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Return the means over a candidate's networks; how they scatter is not kept."""
    tree: dict[str, dict[str, Any]] = {}
    for key, value in record.statistics.items():
        population, _, name = key.partition(".")
        entry = {"value": value, "se": None, "units": units.get(name, "")}
        tree.setdefault(population, {})[name] = plain(entry)
    return tree


def concluded(plan: Plan, study: Study, folder: Path) -> Outcome:
    """Return how a search stands now, and write its table and its best; FileError if it can't."""
    try:
        with alone(folder):
            found = outcome(plan, study)
            write_table(found.findings, folder / "table.csv")
            _write_best(plan, found.findings, folder / "best")
    except OSError as error:
        raise FileError(f"{folder}: can't be written: {cause(error)}") from error
    return found


def _write_best(plan: Plan, findings: Findings, folder: Path) -> None:
    """Write the config of the best; of several objectives a folder for each of the front too."""
    records = {record.number: record for record in findings.records}
    best = [records[number] for number in findings.best]
    if not best:
        return
    folder.mkdir(exist_ok=True)
    write_atomically(folder / "config.yaml", _config(plan, middle(best)).encode())
    if len(findings.objectives) < 2:
        return
    for old in folder.glob("[0-9]*"):
        if old.is_dir() and int(old.name) not in records.keys() & {*findings.best}:
            shutil.rmtree(old)
    for record in best:
        place = folder / str(record.number)
        place.mkdir(exist_ok=True)
        write_atomically(place / "config.yaml", _config(plan, record).encode())


def middle(front: Sequence[Record]) -> Record:
    """Return the one with the least sum of costs, each as a share of its range in the front."""
    lows = [min(costs) for costs in zip(*(r.costs for r in front), strict=True)]
    highs = [max(costs) for costs in zip(*(r.costs for r in front), strict=True)]

    def away(record: Record) -> float:
        parts = zip(record.costs, lows, highs, strict=True)
        return sum((cost - low) / ((high - low) or 1.0) for cost, low, high in parts)

    return min(front, key=lambda record: (away(record), record.number))


def _config(plan: Plan, record: Record) -> str:
    source = plan.source
    axes, seed = plan.search.axes, plan.seed
    own = repeating(axes, record.values, seed, record.number, record.repeats)
    composer = Composer(list(source.config_dirs), source.config)
    return composer.compose(list(source.overrides), own).yaml
