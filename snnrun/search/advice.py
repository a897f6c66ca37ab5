"""Which bounds to move where no candidate is feasible."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

from snnrun.search.importance import unit_place
from snnrun.search.record import Axis, Findings, Record

_FEWEST = 5  # candidates that a trend can be told from
_BY_CHANCE = 0.05  # probability that as much of a trend is none


def bounds_advice(findings: Findings) -> str:
    """Return bounds beyond which less is violated, and the candidate that violates the least.

    Of those that were simulated: what `constraints` forbid is not. Empty where there is none.
    """
    told = [record for record in findings.records if record.violations and record.seconds]
    if not told:
        return ""
    amounts = [math.fsum(record.violations.values()) for record in told]
    moves = [_move(name, axis, told, amounts) for name, axis in findings.axes.items()]
    nearest = told[int(np.argmin(amounts))]
    values = ", ".join(f"{name} {_shown(value)}" for name, value in nearest.values.items())
    tried = [f"try {' and '.join(filter(None, moves))}"] if any(moves) else []
    return "; ".join([*tried, f"candidate {nearest.number} comes nearest: {values}"])


def _move(name: str, axis: Axis, told: Sequence[Record], amounts: Sequence[float]) -> str:
    """Return which bound of an axis to move; "" where no direction is better."""
    if axis.choice:
        return ""
    at = np.array([unit_place(axis, record.values.get(name, math.nan)) for record in told])
    known = np.isfinite(at)
    x, y = at[known], np.array(amounts)[known]
    if known.sum() < _FEWEST or not (np.ptp(x) and np.ptp(y)):
        return ""
    trend = spearmanr(x, y)
    if trend.pvalue > _BY_CHANCE:
        return ""
    if trend.statistic > 0:
        return f"search.{name}.low below {axis.low:g}"
    return f"search.{name}.high above {axis.high:g}"


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
