"""A sampler that asks a model of the study where to look next."""

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from snnrun import random
from snnrun.optimizer._acquisition import Acquisition, Model, Observed, Search
from snnrun.optimizer._base import Space
from snnrun.optimizer._cube import Cube

Design = Callable[[int, int, int], np.ndarray]


def uniform(seed: int, number: int, dimensions: int) -> np.ndarray:
    """Return an independent random point `[D]`."""
    return random.generator(seed, "optimizer", "uniform", number).random(dimensions)


def sobol(seed: int, number: int, dimensions: int) -> np.ndarray:
    """Return a point `[D]` of the scrambled Sobol' sequence of this seed."""
    from scipy.stats.qmc import Sobol

    key = int(random.stream_key(seed, "optimizer", "sobol")[0])
    sequence = Sobol(dimensions, scramble=True, seed=key)
    if number:
        sequence.fast_forward(number)
    return np.asarray(sequence.random(1)[0])


class SpaceSampler(BaseSampler):
    """A sampler that knows the space from the start and chooses all parameters together."""

    def __init__(self, seed: int, space: Space, design: Design) -> None:
        self._seed = seed
        self._space = dict(space)
        self._cube = Cube(space)
        self._design = design

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the whole space."""
        return self._space

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the parameters of a candidate."""
        return self._cube.values(self.point(study, trial.number))

    def point(self, study: Study, number: int) -> np.ndarray:
        """Return the place `[D]` of a candidate in the cube."""
        del study
        return self._design(self._seed, number, self._cube.dimensions)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Complain: nothing outside the space is searched."""
        raise ValueError(f"{param_name} is not in the search space, or with another distribution")


@dataclasses.dataclass(frozen=True)
class Procedure:
    """The first `startup` candidates follow `design`, the others `model` and `search`."""

    startup: int
    design: Design
    model: Model
    search: Search


class ModelSampler(SpaceSampler):
    """A sampler that maximises an acquisition function.

    The model is fitted to what was told, whoever told it; candidates that are being simulated
    (others of the batch, other workers) are taken into account by `Acquisition.pretending`.
    """

    def __init__(self, seed: int, space: Space, procedure: Procedure) -> None:
        super().__init__(seed, space, procedure.design)
        self._procedure = procedure
        self._fitted: tuple[bytes, Acquisition] | None = None  # a batch needs one fit

    def point(self, study: Study, number: int) -> np.ndarray:
        """Return the place `[D]` of a candidate in the cube."""
        seen = observed(study, number, self._cube)
        if number < self._procedure.startup or not seen.feasible.any():
            return super().point(study, number)
        acquisition = self._acquisition(seen).pretending(seen.pending)
        best = seen.points[np.argmin(np.where(seen.feasible, seen.cost, math.inf))]
        rng = random.generator(self._seed, "optimizer", "acquisition", number)
        return self._procedure.search.best(acquisition, self._cube, best, rng)

    def _acquisition(self, seen: Observed) -> Acquisition:
        arrays = (seen.points, seen.cost, seen.feasible)
        key = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
        if self._fitted is None or self._fitted[0] != key:
            self._fitted = key, self._procedure.model.acquisition(seen)
        return self._fitted[1]


def observed(study: Study, number: int, cube: Cube) -> Observed:
    """Return what a study knows when candidate `number` is asked, in the order of numbers.

    A candidate is feasible if no constraint is above 0 and its cost is finite; those that failed
    tell nothing. What a pruned one cost in its short run can't be compared with the cost of a long
    one: it counts as the `_BAD` quantile of these.
    """
    trials = sorted(study.get_trials(deepcopy=False), key=lambda trial: trial.number)
    sign = -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
    names = cube.names
    told = [(t, *_outcome(t, sign)) for t in trials if t.state == TrialState.COMPLETE]
    costs = [cost for _, cost, feasible in told if feasible]
    if costs:
        bad = float(np.quantile(costs, _BAD))
        told += [(t, bad, True) for t in trials if t.state == TrialState.PRUNED]
        told.sort(key=lambda one: one[0].number)
    pending = [
        t
        for t in trials  # others draw while this reads
        if t.state == TrialState.RUNNING and t.params.keys() >= names and t.number != number
    ]
    points = cube.points([t.params for t, *_ in told])
    return Observed(
        points=points,
        features=cube.features(points),
        cost=np.array([cost for _, cost, _ in told], float),
        feasible=np.array([feasible for *_, feasible in told], bool),
        pending=cube.features(cube.points([t.params for t in pending])),
    )


_BAD = 0.75


def _outcome(trial: FrozenTrial, sign: float) -> tuple[float, bool]:
    """Return cost and feasibility."""
    cost = math.inf if trial.value is None else sign * trial.value
    if any(violation > 0 for violation in trial.constraints.values()):
        return math.inf, False
    return cost, math.isfinite(cost)
