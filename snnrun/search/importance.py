"""How much each parameter decides whether a candidate is among the best: PED-ANOVA.

S. Watanabe, A. Bansal, F. Hutter: PED-ANOVA: Efficiently quantifying hyperparameter importance in
arbitrary subspaces, IJCAI 2023 (arXiv 2304.10255), algorithm 1: with p the density of all
candidates along a parameter and q that of the best ones,

    importance = sum_x p(x) (q(x) / p(x) - 1)^2,    then relative to the sum over parameters.

Densities are on a grid over the bounds, by Gaussian kernels of Scott's width and one uniform
kernel; of a choice, by counts and one more spread over all.
"""

import math

import numpy as np

from snnrun.search.record import Axis, Findings, Record
from snnrun.sweep.table import is_number, token

FEWEST = 10  # candidates that it can be told from
_GRID = 50
_SHARE, _LEAST = 0.1, 5  # of the candidates, and how many at least, that are the best


def importance(findings: Findings, objective: int = 0) -> dict[str, float]:
    """Return axis → share of the importance for an objective, the largest first.

    Of the candidates that are done. Empty where these are fewer than `FEWEST`; all 0 where no
    parameter makes a difference.
    """
    done = [record for record in findings.records if record.state == "done"]
    done = [r for r in done if all(name in r.values for name in findings.axes)]
    if len(done) < FEWEST:
        return {}
    costs = np.array([record.costs[objective] for record in done])
    best = costs <= np.sort(costs)[best_of(len(done)) - 1]
    found = {name: _divergence(name, axis, done, best) for name, axis in findings.axes.items()}
    total = sum(found.values()) or 1.0
    return {n: found[n] / total for n in sorted(found, key=lambda n: found[n], reverse=True)}


def best_of(candidates: int) -> int:
    """Return how many of so many candidates are called the best."""
    return max(_LEAST, math.ceil(_SHARE * candidates))


def _divergence(name: str, axis: Axis, done: list[Record], best: np.ndarray) -> float:
    """Return the divergence of the density of the best from that of all, along an axis."""
    values = [record.values[name] for record in done]
    if axis.choice:
        place = {token(value): i for i, value in enumerate(axis.choice)}
        at = np.array([place.get(token(value), -1) for value in values])
        of_all, of_best = (_shares(at[w], len(place)) for w in (at >= 0, (at >= 0) & best))
    else:
        at = np.array([unit_place(axis, value) for value in values])
        of_all, of_best = (_density(at[w]) for w in (np.isfinite(at), np.isfinite(at) & best))
    return float(np.sum(of_all * (of_best / of_all - 1) ** 2))


def unit_place(axis: Axis, value: float) -> float:
    """Return where a number lies between the bounds of an axis, in its scale: 0 to 1, else NaN."""
    if not is_number(value):
        return math.nan
    low, high, x = axis.low, axis.high, float(value)
    if axis.log:
        if x <= 0:
            return math.nan
        low, high, x = math.log(low), math.log(high), math.log(x)
    return (x - low) / (high - low)


def _shares(at: np.ndarray, choices: int) -> np.ndarray:
    return (np.bincount(at, minlength=choices) + 1 / choices) / (at.size + 1)


def _density(at: np.ndarray) -> np.ndarray:
    """Return the density of places `[C]` between 0 and 1, on the cells of the grid; sum 1."""
    grid = (np.arange(_GRID) + 0.5) / _GRID
    kernels = np.exp(-0.5 * ((grid - at[:, None]) / _width(at)) ** 2)
    kernels /= kernels.sum(axis=1, keepdims=True)
    return (kernels.sum(axis=0) + 1 / _GRID) / (at.size + 1)


def _width(at: np.ndarray) -> float:
    """Return Scott's width of a kernel, at least half a cell of the grid."""
    if at.size < 2:
        return 0.5 / _GRID
    spread = min(at.std(ddof=1), np.subtract(*np.percentile(at, [75, 25])) / 1.34)
    return max(1.059 * float(spread) * at.size**-0.2, 0.5 / _GRID)
