"""Costs against each parameter, and all parameters of each candidate as a line."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.figure import FigureBase

from snnrun.report.study_content import BEST, COLOURS, DOT, STAR, Content, Look
from snnrun.report.study_history import above

_MOST_LINES = 1000
_LETTERS = 14  # of a name below an upright axis


def draw_slices(
    place: FigureBase, shown: Content, inches: float, names: list[str], columns: int
) -> None:
    """Draw the cost over some parameters, a row of panels for each objective.

    Where there is one objective, the panels are in as many rows as they need.
    """
    objectives = len(shown.axes)
    rows = math.ceil(len(names) / columns)
    grid = place.subplots(rows * objectives, columns, squeeze=False)
    for place_, axes in np.ndenumerate(grid):
        part, column = place_[0] // objectives, place_[1]
        k, i = place_[0] % objectives, part * columns + column
        if i >= len(names):
            axes.remove()
            continue
        _slice(axes, shown, names[i], k, inches / columns - 0.5)
        if column:
            axes.set_ylabel("")
            axes.tick_params(labelleft=False)
        if k < objectives - 1:
            axes.set_xlabel("")


def _slice(axes: Axes, shown: Content, name: str, k: int, inches: float) -> None:
    parameter, at = shown.parameters[name], shown.positions[name]
    x, y = parameter.spread(at, at.size), shown.costs[:, k]
    axes.plot(x, y, **DOT | {"ms": shown.dot}, rasterized=at.size > 2000)
    axes.plot(x[shown.best], y[shown.best], **shown.star, zorder=4)
    shown.legend.line("candidate", **DOT | {"ms": 5})
    shown.legend.line(best_label(shown), **STAR)
    shown.axes[k].dress(axes, "y")
    parameter.dress(axes, "x", inches)
    axes.grid(visible=True, alpha=0.2, lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if k == 0:
        above(axes, shown, lambda records: _spread(shown, name, records))


def _spread(shown: Content, name: str, records: list) -> np.ndarray:
    return shown.parameters[name].spread(shown.places(name, records), len(records))


def best_label(shown: Content) -> str:
    """Return what the best candidates are called in the legend."""
    return "best" if len(shown.axes) == 1 else "Pareto front"


def draw_parallel(place: FigureBase, shown: Content, inches: float) -> None:
    """Draw each candidate as a line through its parameters and costs, the best on top.

    Colours are costs; where there are several objectives, only the front has them.
    """
    axes = place.subplots()
    names, objectives = list(shown.parameters), range(len(shown.axes))
    heights = [*(_height(shown, name) for name in names)]
    lines = np.stack([*heights, *(_cost_height(shown, k) for k in objectives)], axis=1)
    order = np.argsort(-shown.costs[:, 0], kind="stable")[-_MOST_LINES:]
    if order.size < len(shown.done):
        shown.say(f"lines: the best {order.size} of {len(shown.done)} done candidates")
    if len(objectives) == 1:
        _ways(axes, shown, lines, order, {"lw": 0.9, "cmap": COLOURS})
        _ways(axes, shown, lines, np.array(shown.best), {"lw": 2.2, "color": BEST})
        shown.legend.line(f"{best_label(shown)} (line)", color=BEST, lw=2.2)
    else:
        _ways(axes, shown, lines, order, {"lw": 0.7, "color": "0.8"})
        _ways(axes, shown, lines, np.array(shown.best), {"lw": 1.4, "cmap": COLOURS})
        shown.say("parallel lines: the front in colours, the others grey")
    _posts(axes, shown, names, inches)
    bar = place.colorbar(ScalarMappable(shown.axes[0].norm(), COLOURS), ax=axes, pad=0.02)
    shown.axes[0].dress_bar(bar)


def _ways(axes: Axes, shown: Content, lines: np.ndarray, which: np.ndarray, look: Look) -> None:
    """Draw the lines `[C, posts]` of some candidates."""
    which = which[np.isfinite(lines[which]).all(axis=1)]
    x = np.arange(lines.shape[1])
    ways = LineCollection([np.column_stack([x, lines[i]]) for i in which], **look)
    if "cmap" in look:
        ways.set(array=shown.costs[which, 0], norm=shown.axes[0].norm())
        ways.set_alpha(float(np.clip(15 / math.sqrt(max(1, which.size)), 0.35, 0.9)))
    ways.set_rasterized(which.size > 100)
    axes.add_collection(ways)


def _height(shown: Content, name: str) -> np.ndarray:
    """Return where candidates are along a parameter, from 0 to 1 `[C]`."""
    parameter, at = shown.parameters[name], shown.positions[name]
    return parameter.unit_interval(parameter.spread(at, at.size))


def _cost_height(shown: Content, k: int) -> np.ndarray:
    cost = shown.axes[k]
    low, high = cost.even(np.array(cost.limits(0.0)))
    return (cost.even(shown.costs[:, k]) - low) / (high - low)


def _posts(axes: Axes, shown: Content, names: list[str], inches: float) -> None:
    """Draw an upright axis for each parameter and cost, with its ticks."""
    gap = inches / (len(names) + len(shown.axes))
    for i, name in enumerate(names):
        parameter = shown.parameters[name]
        at, labels = parameter.ticks(5)
        _post(axes, i, parameter.unit_interval(np.array(at)), labels)
    for k, cost in enumerate(shown.axes):
        low, high = cost.limits(0.0)
        _post(axes, len(names) + k, np.array([0.0, 1.0]), [f"{low:.3g}", f"{high:.3g}"])
    labels = [shown.parameters[name].label(_LETTERS) for name in names] + [
        c.label for c in shown.axes
    ]
    axes.set_xticks(range(len(labels)), labels, fontsize=9)
    if max(map(len, labels)) * 0.075 > gap:
        for text in axes.get_xticklabels():
            text.set(rotation=30, ha="right", rotation_mode="anchor")
    axes.set(xlim=(-0.25, len(labels) - 0.55), ylim=(-0.03, 1.03), yticks=[])
    axes.tick_params(axis="x", length=0)
    axes.spines[:].set_visible(False)


def _post(axes: Axes, x: int, heights: np.ndarray, labels: list[str]) -> None:
    axes.plot([x, x], [0, 1], color="0.3", lw=0.9, zorder=5)
    for height, label in zip(heights, labels, strict=True):
        axes.plot([x, x + 0.03], [height, height], color="0.3", lw=0.9, zorder=5)
        box = {"facecolor": "white", "alpha": 0.75, "pad": 0.6, "edgecolor": "none"}
        look: Look = {"fontsize": 7, "va": "center", "ha": "left", "bbox": box, "zorder": 6}
        axes.text(x + 0.05, height, label, **look)
