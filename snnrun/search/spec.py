"""What a search is asked to do."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from snnrun.objective._cost import Cost
from snnrun.search.constraint import Constraint
from snnrun.search.record import Axis

if TYPE_CHECKING:  # Optuna is slow to import
    from snnrun.optimizer._base import Optimizer


@dataclasses.dataclass(frozen=True)
class Search:
    """Axes by name, what candidates have to meet, those tried first, and what is minimised.

    `start_points`: values by axis; those that are missing are drawn. `warnings`: what its author
    may not have meant; `strict`: candidates with any unhealthy verdict are infeasible.
    """

    axes: dict[str, Axis]
    constraints: tuple[Constraint, ...]
    start_points: tuple[dict[str, Any], ...]
    objective: Cost
    optimizer: "Optimizer"
    warnings: tuple[str, ...] = ()
    strict: bool = False

    def violations(self, values: Mapping[str, Any]) -> dict[str, float]:
        """Return constraint → amount, above 0 where a candidate violates it."""
        return {c.text: c.violation(values) for c in self.constraints}


def draw(axes: Mapping[str, Axis], rng: np.random.Generator) -> dict[str, Any]:
    """Return a candidate that is uniform over the axes (their logarithms)."""
    return {name: _draw(axis, rng) for name, axis in axes.items()}


def _draw(axis: Axis, rng: np.random.Generator) -> Any:
    if axis.choice:
        return axis.choice[int(rng.integers(len(axis.choice)))]
    low, high = axis.low, axis.high
    if axis.log:
        drawn = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    elif axis.whole:
        return int(rng.integers(int(low), int(high), endpoint=True))
    else:
        drawn = float(rng.uniform(low, high))
    drawn = min(max(drawn, low), high)
    return round(drawn) if axis.whole else drawn
