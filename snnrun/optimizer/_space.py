"""The search space as Optuna has it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from snnrun.errors import ConfigError
from snnrun.optimizer._base import Space
from snnrun.search.record import Axis


def space_of(axes: Mapping[str, Axis]) -> Space:
    """Return Optuna's distributions by axis; ConfigError with all that is wrong with bounds."""
    problems = [f"search.{name}: {text}" for name, axis in axes.items() for text in _wrong(axis)]
    if problems:
        raise ConfigError(*problems)
    return {name: _distribution(axis) for name, axis in axes.items()}


def _distribution(axis: Axis) -> BaseDistribution:
    if axis.choice:
        return CategoricalDistribution(axis.choice)
    if axis.whole:
        return IntDistribution(int(axis.low), int(axis.high), log=axis.log)
    return FloatDistribution(float(axis.low), float(axis.high), log=axis.log)


def _wrong(axis: Axis) -> list[str]:
    if axis.choice:
        return _wrong_choice(axis.choice)
    low, high = axis.low, axis.high
    if not (math.isfinite(low) and math.isfinite(high)):
        return ["low and high must be finite numbers"]
    problems = []
    if not low < high:
        problems.append(f"low ({low:g}) must be below high ({high:g})")
    if axis.log and low <= 0:
        problems.append(f"low must be above 0 where log is true, not {low:g}")
    if axis.whole and not (float(low).is_integer() and float(high).is_integer()):
        problems.append("low and high must be whole numbers where int is true")
    return problems


def _wrong_choice(choice: Sequence[Any]) -> list[str]:
    if any(not (c is None or isinstance(c, bool | int | float | str)) for c in choice):
        return ["each choice must be a number, a text, true, false or null"]
    twice = [c for i, c in enumerate(choice) if c in choice[:i]]
    return [f"{twice[0]!r} is there twice"] if twice else []


def refuse_points(points: Sequence[Mapping[str, Any]], space: Space) -> None:
    """Complain of start points that name what is not searched, or are outside: ConfigError."""
    problems = []
    for i, point in enumerate(points):
        for name, value in point.items():
            if name not in space:
                problems.append(f"start_points[{i}].{name}: is not in the search space")
            elif not _inside(space[name], value):
                problems.append(f"start_points[{i}].{name}: {value!r} is outside its bounds")
    if problems:
        raise ConfigError(*problems)


def _inside(distribution: BaseDistribution, value: Any) -> bool:
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    assert isinstance(distribution, IntDistribution | FloatDistribution)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    whole = isinstance(distribution, IntDistribution)
    fits = not whole or float(value).is_integer()
    return fits and distribution.low <= value <= distribution.high


def draw(trial: Trial, space: Space) -> dict[str, Any]:
    """Return the values of a candidate, drawn where it has none yet."""
    return {name: _suggested(trial, name, distribution) for name, distribution in space.items()}


def _suggested(trial: Trial, name: str, distribution: BaseDistribution) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return trial.suggest_categorical(name, distribution.choices)
    if isinstance(distribution, IntDistribution):
        return trial.suggest_int(name, distribution.low, distribution.high, log=distribution.log)
    assert isinstance(distribution, FloatDistribution)
    return trial.suggest_float(name, distribution.low, distribution.high, log=distribution.log)
