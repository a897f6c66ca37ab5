"""Costs against each parameter, and all parameters of each candidate as a line."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.figure import FigureBase

from snnrun.report.study_content import BEST, COLOURS, DOT, STAR, Content
from snnrun.report.study_history import above

_MOST_LINES = 1000


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
    axes.plot(x[shown.best], y[shown.best], **STAR, zorder=4)
    shown.legend.line("candidate", **DOT | {"ms": 5})
    shown.legend.line(best_label(shown), **STAR)
    shown.axes[k].dress(axes, "y")
    parameter.dress_x(axes, inches)
    axes.grid(visible=True, alpha=0.2, lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    if k == 0:
        above(axes, shown, *(_spread(shown, name, of) for of in (shown.infeasible, shown.failed)))


def _spread(shown: Content, name: str, records: list) -> np.ndarray:
    return shown.parameters[name].spread(shown.places(name, records), len(records))


def best_label(shown: Content) -> str:
    """Return what the best candidates are called in the legend."""
    return "best" if len(shown.axes) == 1 else "Pareto front"


def draw_parallel(place: FigureBase, shown: Content, inches: float) -> None:
    """Draw each candidate as a line through its parameters and costs, the best on top."""
    axes = place.subplots()
    names = list(shown.parameters)
    heights = [_height(shown, name) for name in names]
    heights += [_cost_height(shown, k) for k in range(len(shown.axes))]
    lines = np.stack(heights, axis=1)  # [C, parameters + objectives]
    order = np.argsort(-shown.costs[:, 0], kind="stable")[-_MOST_LINES:]
    order = order[np.isfinite(lines[order]).all(axis=1)]
    if order.size < len(shown.done):
        shown.say(f"lines: the best {order.size} of {len(shown.done)} candidates")
    x = np.arange(lines.shape[1])
    norm = shown.axes[0].norm()
    faint = float(np.clip(15 / math.sqrt(max(1, order.size)), 0.35, 0.9))
    ways = [np.column_stack([x, lines[i]]) for i in order]
    drawn = LineCollection(ways, array=shown.costs[order, 0], norm=norm, cmap=COLOURS)
    drawn.set(alpha=faint, linewidth=0.9, rasterized=True)
    axes.add_collection(drawn)
    best = [i for i in shown.best if np.isfinite(lines[i]).all()]
    look = {"color": BEST, "lw": 2.2 if len(best) == 1 else 1.3}
    axes.add_collection(LineCollection([np.column_stack([x, lines[i]]) for i in best], **look))
    shown.legend.line(best_label(shown), **look)
    _posts(axes, shown, names, inches)
    bar = place.colorbar(ScalarMappable(norm, COLOURS), ax=axes, pad=0.02)
    bar.set_label(shown.axes[0].label, fontsize=9)
    bar.ax.tick_params(labelsize=8)


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
    labels = [shown.parameters[name].label for name in names] + [c.label for c in shown.axes]
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
        look = {"fontsize": 7, "va": "center", "ha": "left", "bbox": box, "zorder": 6}
        axes.text(x + 0.05, height, label, **look)
