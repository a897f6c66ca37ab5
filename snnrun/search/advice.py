"""What a search says of itself: bounds to move where none is feasible, terms that steer nothing."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

from snnrun.search.importance import unit_place
from snnrun.search.record import Axis, Findings, Record

_FEWEST = 5  # candidates that a trend can be told from
_BY_CHANCE = 0.05  # probability that as much of a trend is none
_FEWEST_DONE = 10  # candidates from which a term can be called idle


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


def idle_terms(findings: Findings) -> list[str]:
    """Return, one sentence each, the terms whose statistic is the same in most candidates."""
    done = [record for record in findings.records if record.state == "done"]
    lines = []
    for name, goal in findings.goals.items():
        values = [r.statistics[goal.statistic] for r in done if goal.statistic in r.statistics]
        value, number = Counter(values).most_common(1)[0] if values else (None, 0)
        if len(done) >= _FEWEST_DONE and number > len(done) / 2:
            shown = "the same" if isinstance(value, tuple) else f"{value:.6g}"
            lines.append(
                f"term {name} hardly guides this search: {goal.statistic} is {shown} in {number}"
                f" of {len(done)} candidates"
            )
    return lines
