"""Several objectives against each other, two by two."""

import math
from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase

from snnrun.report.study_content import BEST, DOT, STAR, Content, Look

_MOST = 6  # panels


def pairs(objectives: int) -> list[tuple[int, int]]:
    """Return which objectives are drawn against each other."""
    return list(combinations(range(objectives), 2))[:_MOST]


def draw_front(place: FigureBase, shown: Content, inches: float) -> None:
    """Draw the candidates over each pair of objectives, and those that none beats in all."""
    del inches
    shown_pairs = pairs(len(shown.axes))
    every = math.comb(len(shown.axes), 2)
    if every > len(shown_pairs):
        shown.say(f"front: {len(shown_pairs)} of {every} pairs of objectives")
    columns = min(3, len(shown_pairs))
    rows = math.ceil(len(shown_pairs) / columns)
    grid = place.subplots(rows, columns, squeeze=False)
    for axes, (i, j) in zip(grid.flat, shown_pairs, strict=False):
        _pair(axes, shown, i, j)
    for axes in list(grid.flat)[len(shown_pairs) :]:
        axes.remove()


def _pair(axes: Axes, shown: Content, i: int, j: int) -> None:
    x, y = shown.costs[:, i], shown.costs[:, j]
    axes.plot(x, y, **DOT | {"ms": shown.dot}, rasterized=x.size > 2000)
    order = np.array(shown.best)[np.argsort(x[shown.best], kind="stable")]
    line: Look = {"color": BEST, "lw": 1.4, "drawstyle": "steps-post"}
    if len(shown.axes) == 2:  # of more it is a surface
        axes.plot(x[order], y[order], **line)
    axes.plot(x[order], y[order], **shown.star, zorder=4)
    shown.legend.line("candidate", **DOT | {"ms": 5})
    shown.legend.line("Pareto front", **STAR)
    shown.axes[i].dress(axes, "x")
    shown.axes[j].dress(axes, "y")
    axes.grid(visible=True, alpha=0.2, lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
