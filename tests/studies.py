"""Searches without a network: spaces, costs in closed form, and the loop that asks and tells."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

NUMBERS = {
    "a": FloatDistribution(-3.0, 5.0),
    "b": FloatDistribution(1e-3, 10.0, log=True),
    "n": IntDistribution(2, 90),
    "m": IntDistribution(1, 1000, log=True),
}
MIXED = {**NUMBERS, "c": CategoricalDistribution(("x", "y", "z"))}
INFEASIBLE, FAILED = "infeasible", "failed"

Judge = Callable[[dict[str, Any]], Sequence[float] | str]


def plane(*names: str) -> dict[str, Any]:
    """Return a space of real numbers between 0 and 1."""
    return {name: FloatDistribution(0.0, 1.0) for name in names}


def bowl(values: dict[str, Any]) -> list[float]:
    """Return a cost with a minimum of 0.1 near a = 1, b = 0.1."""
    return [0.1 + (values["a"] - 1) ** 2 + math.log10(values["b"] / 0.1) ** 2]


def study(
    sampler: Any, objectives: int = 1, storage: Any = None, name: str | None = None
) -> optuna.Study:
    """Return a study to be minimised, the one of this name if there is one."""
    return optuna.create_study(
        storage=storage,
        sampler=sampler,
        study_name=name,
        directions=["minimize"] * objectives,
        load_if_exists=name is not None,
    )


def tell(study: optuna.Study, trial: optuna.Trial, verdict: Sequence[float] | str) -> None:
    """Tell a verdict as `snnrun.optimizer._base` says."""
    if verdict == FAILED:
        study.tell(trial, state=TrialState.FAIL)
    elif verdict == INFEASIBLE:
        trial.set_constraint("feasible", 1.0)
        study.tell(trial, [math.inf] * len(study.directions))
    else:
        study.tell(trial, list(verdict))


def go_on(
    study: optuna.Study, space: Any, judge: Judge, candidates: int, batch: int = 1
) -> list[dict[str, Any]]:
    """Ask and tell until there are so many candidates; return the parameters of all."""
    while (have := len(study.get_trials(deepcopy=False))) < candidates:
        asked = [study.ask(space) for _ in range(min(batch, candidates - have))]
        for trial in asked:
            tell(study, trial, judge(trial.params))
    return [t.params for t in study.get_trials(deepcopy=False)]


def branin(values: dict[str, Any]) -> list[float]:
    """Return Branin's function of x, y in [0, 1]: three minima of 0.397887."""
    x, y = 15 * values["x"] - 5, 15 * values["y"]
    valley = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return [valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10]


def branin_in_part(values: dict[str, Any]) -> list[float] | str:
    """Return Branin's function inside a disc around (0.6, 0.3); one minimum is in it."""
    outside = (values["x"] - 0.6) ** 2 + (values["y"] - 0.3) ** 2 > 0.3**2
    return INFEASIBLE if outside else branin(values)


def hartmann(values: dict[str, Any]) -> list[float]:
    """Return Hartmann's function of six numbers in [0, 1], plus 3.32237: its minimum is 0."""
    x = np.array([values[name] for name in sorted(values)])
    inner = (_HARTMANN_A * (x - 1e-4 * _HARTMANN_P) ** 2).sum(axis=1)
    return [3.32237 - float(np.array([1.0, 1.2, 3.0, 3.2]) @ np.exp(-inner))]


_HARTMANN_A = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
_HARTMANN_P = np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def least(study: optuna.Study) -> np.ndarray:
    """Return the least cost after each candidate, `[candidates]`."""
    costs = [t.value if t.value is not None else math.inf for t in study.trials]
    return np.minimum.accumulate(np.array(costs))
