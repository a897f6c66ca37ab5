"""What is wanted of statistics, in words and numbers."""

import math

import numpy as np

from snnrun.search.record import Goal

_SHORT = {"spikes/s": "sp/s"}


def is_vector(goal: Goal) -> bool:
    """Return whether a target has several elements."""
    return goal.target is not None and len(goal.target) > 1


def wanted(goal: Goal) -> str:
    """Return in words what is wanted of a statistic."""
    unit = f" {_SHORT.get(goal.unit, goal.unit)}" if goal.unit else ""
    if is_vector(goal):
        return "norm of the difference"
    if goal.target is not None:
        return f"target {goal.target[0]:.4g}{unit}"
    if goal.low is not None and goal.high is not None:
        return f"range {goal.low:.4g} to {goal.high:.4g}{unit}"
    if goal.low is not None:
        return f"at least {goal.low:.4g}{unit}"
    return "to be minimised" if goal.high is None else f"at most {goal.high:.4g}{unit}"


def off_target(goal: Goal, value: float | tuple[float, ...]) -> float | None:
    """Return how far a statistic is from what is wanted, over sqrt(scale).

    Below it is negative, in a range it is 0, of a vector it is the norm of the difference. None
    where it has no value, or as little as possible is wanted.
    """
    found = np.atleast_1d(np.asarray(value, float))
    if not np.isfinite(found).all():
        return None
    if goal.target is not None:
        wanted = padded(goal.target, found.size)
        apart = padded(tuple(found), wanted.size) - wanted
        size = float(apart[0]) if apart.size == 1 else float(np.linalg.norm(apart))
    elif goal.low is not None or goal.high is not None:
        low = -math.inf if goal.low is None else goal.low
        high = math.inf if goal.high is None else goal.high
        size = float(found[0] - np.clip(found[0], low, high))
    else:
        return None
    return size / math.sqrt(goal.scale)


def padded(numbers: tuple[float, ...], size: int) -> np.ndarray:
    """Return a vector of at least a size, with zeros at its end."""
    return np.pad(np.asarray(numbers, float), (0, max(0, size - len(numbers))))
