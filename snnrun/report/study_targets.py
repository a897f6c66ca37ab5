"""What was wanted of each statistic, and what the best candidate has."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.ticker import MaxNLocator

from snnrun.report.goals import is_vector, off_target, padded, wanted
from snnrun.report.study_content import BEST, BLUE, DARK, Content, Look
from snnrun.report.sweep_axis import plain, shortened
from snnrun.search.record import Goal

_FAR = 10.0  # in sqrt(scale), beyond which the axis is logarithmic
_SMALL = 0.01  # of a vector's largest element, below which its end is left out
_MOST_VECTORS = 3


def draw_targets(place: FigureBase, shown: Content, inches: float) -> None:
    """Draw how far each term is from its target, and vectors element by element."""
    rows = _rows(shown)
    long = [name for name in rows if is_vector(shown.findings.goals[name])][:_MOST_VECTORS]
    widths = [max(1.0, inches - 2.4 * len(long)), *[2.4] * len(long)]
    (axes, *others) = place.subplots(1, 1 + len(long), squeeze=False, width_ratios=widths)[0]
    _distances(axes, shown, rows)
    for panel, name in zip(others, long, strict=True):
        _vector(panel, shown, name, rows[name])
    several = len(shown.axes) > 1
    which = f"candidate {shown.done[shown.chosen].number}"
    axes.set_title(f"{which}{', amid the front' if several else ', the best'}", fontsize=9)
    if several:
        shown.say(f"{which} is the one of the front nearest to the best of each objective")


def has_targets(shown: Content) -> bool:
    """Return whether there is anything to compare."""
    return bool(_rows(shown))


def _rows(shown: Content) -> dict[str, Any]:
    """Return term → statistic of the candidate that stands for the search."""
    found = shown.done[shown.chosen].statistics
    goals = shown.findings.goals.items()
    return {name: found[goal.statistic] for name, goal in goals if goal.statistic in found}


def _distances(axes: Axes, shown: Content, rows: dict[str, Any]) -> None:
    goals = shown.findings.goals
    away = {name: off_target(goals[name], value) for name, value in rows.items()}
    known = {i: x for i, x in enumerate(away.values()) if x is not None}
    axes.axvspan(-1, 1, color="0.9", lw=0)
    axes.axvline(0, color=DARK, lw=1)
    shown.say("grey: within √scale of the target")
    axes.barh(list(known), list(known.values()), 0.16, color=BLUE)
    axes.plot(list(known.values()), list(known), "o", color=BLUE, ms=6)
    _scale(axes, max([1.0, *map(abs, known.values())]))
    axes.set_yticks(range(len(rows)), [plain(name) for name in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("(achieved − target) / √scale", fontsize=9)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    right: Look = {"transform": axes.get_yaxis_transform(), "fontsize": 8, "va": "center"}
    for i, (name, value) in enumerate(rows.items()):
        axes.text(1.02, i, plain(_said(goals[name], value)), **right)


def _scale(axes: Axes, largest: float) -> None:
    if largest > _FAR:
        axes.set_xscale("asinh", linear_width=1.0)
        powers = range(math.ceil(math.log10(largest)) + 1)
        step = math.ceil(len(powers) / 3)
        at = [10.0**p for p in powers if p % step == 0]
        axes.set_xticks([*(-x for x in reversed(at)), 0, *at], minor=False)
        axes.set_xticklabels([f"{x:g}" for x in axes.get_xticks()])
        axes.minorticks_off()
    axes.set_xlim(-1.25 * largest, 1.25 * largest)


def _said(goal: Goal, value: Any) -> str:
    text = wanted(goal)
    if is_vector(goal):
        return text
    return f"{float(np.ravel(value)[0]):.4g}, {text}"


def _vector(axes: Axes, shown: Content, name: str, value: Any) -> None:
    goal = shown.findings.goals[name]
    size = max(len(goal.target or ()), np.size(value))
    wanted, found = padded(goal.target or (), size), padded(tuple(np.atleast_1d(value)), size)
    large = np.maximum(abs(wanted), abs(found))
    last = int(np.flatnonzero(large >= _SMALL * large.max())[-1]) + 1 if large.any() else size
    shown_ = min(size, max(last, 5))
    x = np.arange(1, shown_ + 1)
    axes.plot(x, wanted[:shown_], "s-", color=DARK, ms=4, lw=1, mfc="white", label="target")
    axes.plot(x, found[:shown_], "o-", color=BEST, ms=3.5, lw=1.4, label="achieved")
    axes.set_title(plain(shortened(name)), fontsize=9)
    axes.set_ylabel(plain(goal.unit.replace("^2", "²")), fontsize=9)
    axes.set_xlabel("element", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.legend(fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
