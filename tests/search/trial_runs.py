"""A search whose networks fire at rates that are made up: nothing is simulated."""

import functools
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from snnrun.health import Health
from snnrun.interruption import Interruption
from snnrun.objective._feasible import Judged
from snnrun.optimizer._desk import Candidate
from snnrun.search.begin import Plan, planned, study_of
from snnrun.search.ledger import Ledger
from snnrun.search.simulate import Simulated, Source, Wanted, failed
from snnrun.search.spec import Search
from snnrun.search.trying import Trying
from snnrun.statistics._base import Estimate
from tests.cli.searches import SMALL

WEIGHT = "network.projections.EE.weight"
KEY = ("E", "firing_rate")
FIRST = 200.0  # ms of a short run
TOOK = {"simulate": 1.0}  # seconds

planned_once = functools.cache(planned)


def plan_of(*overrides: str) -> Plan:
    """Return the plan of a small search."""
    return planned_once(Source((*SMALL, *overrides)))


def fires(rate: float) -> Simulated:
    """Return what a network found that fires at a rate."""
    estimate = Estimate(np.asarray(rate), np.asarray(np.nan), None)
    return Simulated({KEY: estimate}, Health("ok", {}), Judged({}, ""), TOOK)


def has_no_rate() -> Simulated:
    """Return what a network found that has no statistics."""
    estimate = Estimate(np.asarray(np.nan), np.asarray(np.nan), "no neuron fires")
    return Simulated({KEY: estimate}, Health("silent", {}), Judged({}, ""), TOOK)


def is_infeasible(amount: float = 0.5) -> Simulated:
    """Return what a network found that fires too much."""
    judged = Judged({"rate_high": amount, "few_neurons": -1.0}, "E fires too much")
    return Simulated({}, Health("ok", {}), judged, TOOK)


def is_synchronous() -> Simulated:
    """Return what a network found that fires together."""
    return fires(7.0)._replace(health=Health("synchronous", {"population": "E"}))


def runs_away() -> Simulated:
    """Return what a network found that ran away."""
    return Simulated({}, Health("runaway", {}), Judged({"stopped": 1.5}, "runaway"), TOOK)


def can_not_be() -> Simulated:
    """Return that there is no such network."""
    return failed("network.scale: must be above 0", broken=False)


def breaks() -> Simulated:
    """Return that simulating failed."""
    return failed("the process that simulated it died", broken=True)


Answer = Callable[[float, int, bool], Simulated]


class Answers:
    """Instead of a pool: `answer(weight, trial, first)`, `first` in the short run.

    `asked`: all that was, as weight, trial, first.
    """

    def __init__(self, answer: Answer, processes: int = 1) -> None:
        self._answer, self.processes = answer, processes
        self.asked: list[tuple[float, int, bool]] = []

    def simulate(self, wanted: Sequence[Wanted], interruption: Interruption) -> list[Simulated]:
        """Return an answer to each, in order."""
        interruption.check()
        return [self._one(dict(one.changes), one.trial) for one in wanted]

    def _one(self, changes: dict[str, Any], trial: int) -> Simulated:
        what = changes[WEIGHT], trial, changes.get("duration.ms") == FIRST
        self.asked.append(what)
        return self._answer(*what)


class Tries:
    """A search in a folder, of which candidates are tried that are chosen here."""

    def __init__(self, folder: Path, *overrides: str) -> None:
        self.plan = plan_of(*overrides)
        self.folder = folder
        self.study = study_of(self.plan, folder, None, "tried")
        self.study.start(self.plan.search.start_points)
        objective, axes = self.search.objective, self.search.axes
        self.ledger = Ledger(self.study, objective, axes, self.plan.seed, folder)

    @property
    def search(self) -> Search:
        """What is searched."""
        return self.plan.search

    def all(
        self, pool: Any, *weights: float, networks: int = 1, best: Any = None, tau: float = 8.0
    ) -> list[Any]:
        """Try candidates of these weights; return their records."""
        asked = self.study.ask(len(weights))
        pairs = zip(asked, weights, strict=True)
        ones = [Candidate(c.number, {"w": w, "tau": tau}) for c, w in pairs]
        trying = Trying(self.search, self.ledger, pool, Interruption(), ones)
        trying.all(networks, best)
        assert trying.left == []
        records = {record.number: record for record in self.study.records()}
        return [records[one.number] for one in ones]

    def file(self, number: int) -> Any:
        """Return the file of a candidate."""
        return json.loads((self.folder / f"candidates/{number}.json").read_text())
