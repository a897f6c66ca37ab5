"""The cost of a network: terms, each of which measures how far a statistic is from a wish.

    cost = sum_j w_j t_j / sum_j w_j

over the terms of an objective: over all of them, or over those that `several` lists for each of
several objectives. A term that weighs nothing is not computed. SNOPS's cost (Wu et al. 2024,
Nat Comput Sci 4:690) is that of `squared` with a target for each of its six statistics.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from snnrun.objective._base import Objective
from snnrun.objective._feasible import Feasible
from snnrun.objective._terms import Estimates, Term, value_of
from snnrun.search.record import Goal

COST = "cost"


class Scored(NamedTuple):
    """How good a network is: the terms by name, one cost for each objective.

    A term is its scaled distance, without its weight. Where a statistic has no value there are no
    costs, and `reason` says why.
    """

    terms: dict[str, float]
    costs: tuple[float, ...]
    reason: str = ""


@dataclasses.dataclass(frozen=True)
class Cost:
    """What is minimised: terms by name, measured by `kind`; `several`: objective → its terms."""

    kind: Objective
    terms: dict[str, Term]
    several: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    feasible: Feasible | None = None

    @property
    def objectives(self) -> dict[str, list[str]]:
        """The terms of each objective."""
        return self.several or {COST: list(self.terms)}

    @property
    def goals(self) -> dict[str, Goal]:
        """What each term wants."""
        return {name: term.goal for name, term in self.terms.items()}

    def score(self, estimates: Estimates) -> Scored:
        """Return terms and costs from the statistics of one network."""
        terms: dict[str, float] = {}
        reasons: dict[str, None] = {}  # each of them once
        for name, term in self.terms.items():
            value = value_of(estimates, term) if term.share else None
            if isinstance(value, str):
                reasons[value] = None
            elif value is not None:
                terms[name] = self._term(term, value)
        if reasons:
            return Scored(terms, (), "; ".join(reasons))
        costs = tuple(self._mean(terms, names) for names in self.objectives.values())
        if not all(map(math.isfinite, costs)):
            return Scored({}, (), "the cost is too large for a number; look at the scales")
        return Scored(terms, costs)

    def mean(self, scores: Sequence[Scored]) -> Scored:
        """Return the means over networks; without costs if one of them has none."""
        if not scores or not all(score.costs for score in scores):
            return Scored({}, (), "; ".join(dict.fromkeys(s.reason for s in scores if s.reason)))
        costs = zip(*(score.costs for score in scores), strict=True)
        names = scores[0].terms
        return Scored(
            {name: math.fsum(s.terms[name] for s in scores) / len(scores) for name in names},
            tuple(math.fsum(each) / len(scores) for each in costs),
        )

    def _term(self, term: Term, value: np.ndarray) -> float:
        of = self.kind.least if term.minimise else self.kind.distance
        with np.errstate(over="ignore"):
            return of(term.difference(value), term.variance)

    def _mean(self, terms: dict[str, float], names: list[str]) -> float:
        shares = [self.terms[name].share for name in names if name in terms]
        weighted = [self.terms[name].share * terms[name] for name in names if name in terms]
        return sum(weighted) / sum(shares)
