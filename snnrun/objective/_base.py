"""What every objective is: a measure of how far a statistic is from what is wanted of it."""

from typing import ClassVar

import numpy as np

from snnrun.component import Component, component, param


@component
class Objective(Component):
    """How distances are measured. The nodes are as in the config; `_cost.Cost` has them checked."""

    definition: ClassVar[str] = ""

    terms: dict = param("", "by name: what is wanted of a statistic", optional=True)
    targets: str | list | dict = param(
        "", "file, or files, with values for terms that have none", optional=True
    )
    several: dict = param("", "objectives: lists of terms", optional=True)
    feasible: dict = param("", "what a short run must show first", optional=True)

    def distance(self, difference: np.ndarray, variance: float) -> float:
        """Return how much a difference `[]` or `[n]` costs."""
        raise NotImplementedError

    def least(self, value: np.ndarray, variance: float) -> float:
        """Return what a statistic `[]` or `[n]` costs that is to be minimised."""
        raise NotImplementedError
