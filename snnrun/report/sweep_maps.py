"""Phase diagrams: statistics over two swept paths, and columns of them over a third."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from snnrun.report.sweep_axis import plain
from snnrun.report.sweep_content import Content, quantity
from snnrun.report.sweep_marks import (
    FAILED,
    NO_VALUE,
    PENDING,
    SOME_FAILED,
    Legend,
    areas,
    shape,
)
from snnrun.sweep.table import Key

_WIDTH, _HEIGHT = 2.9, 2.2  # of a panel, inches
_COLOURS = "viridis"


def draw_maps(figure: Figure, shown: Content, keys: list[Key]) -> None:
    """Draw a phase diagram for each statistic and population, each with its own colour bar."""
    columns = _columns(keys)
    rows = math.ceil(len(keys) / columns)
    figure.set_size_inches(max(4.8, (_WIDTH + 0.7) * columns), (_HEIGHT + 0.3) * rows + 0.8)
    legend = Legend()
    for i, key in enumerate(keys):
        axes = figure.add_subplot(rows, columns, i + 1)
        _map(axes, shown, key, ..., legend)
        shown.axes[0].dress_x(axes, _WIDTH - 0.6, outer=i + columns >= len(keys))
        shown.axes[1].dress_y(axes, _HEIGHT - 0.4, outer=i % columns == 0)
        axes.set_title(plain(key[0]), fontsize=10)
        _bar(figure, [axes], shown, key, quantity(key, shown.units))
    legend.draw(figure)


def draw_columns(figure: Figure, shown: Content, keys: list[Key], columns: list[int]) -> None:
    """Draw a row of phase diagrams for each statistic and population, all in the same colours.

    `columns`: indices of the values of the third path.
    """
    figure.set_size_inches(max(4.8, 2.4 * len(columns) + 1.3), (_HEIGHT + 0.1) * len(keys) + 0.9)
    x, y, third = shown.axes
    legend, titles = Legend(), third.labels()
    grid = figure.subplots(len(keys), len(columns), squeeze=False)
    for i, key in enumerate(keys):
        for j, column in enumerate(columns):
            _map(grid[i, j], shown, key, (..., column), legend)
            x.dress_x(grid[i, j], 1.9, outer=i == len(keys) - 1)
            y.dress_y(grid[i, j], _HEIGHT - 0.4, outer=j == 0)
            if i == 0:
                value = f"{titles[column]} {plain(third.unit)}".rstrip()
                grid[i, j].set_title(f"{plain(third.path)}\n= {value}", fontsize=9)
        _bar(figure, list(grid[i]), shown, key, f"{key[0]}.{quantity(key, shown.units)}")
    legend.draw(figure)


def _columns(keys: list[Key]) -> int:
    """Return the number of columns: populations side by side, where there are few."""
    if len(keys) <= 3:
        return len(keys)
    populations = len({p for p, _ in keys})
    if populations in (2, 4):
        return 2 if len(keys) == 4 and populations == 2 else 4
    return 3


def _map(axes: Axes, shown: Content, key: Key, part: Any, legend: Legend) -> None:
    """Draw one phase diagram; `part`: which entries of the arrays it shows."""
    x, y = shown.axes[0].edges, shown.axes[1].edges
    mean = shown.mean[key][part]
    norm, _ = _norm(shown, key)
    axes.pcolormesh(x, y, np.ma.masked_invalid(mean).T, norm=norm, cmap=_COLOURS, rasterized=True)
    there = np.isfinite(mean)
    failed, pending, sick = shown.failed[part], shown.pending[part], shown.unhealthy[part]
    kinds = {
        "failed": (failed & ~there, FAILED),
        "some failed": (failed & there, SOME_FAILED),
        "no result": (pending, PENDING),
        "no value": (~there & ~failed & ~pending & ~sick, NO_VALUE),
    }
    for label, (where, look) in kinds.items():
        if where.any():
            areas(axes, x, y, where, look)
            legend.area(label, look)
    _unhealthy(axes, shown, part, legend)


def _unhealthy(axes: Axes, shown: Content, part: Any, legend: Legend) -> None:
    x, y = shown.axes[0], shown.axes[1]
    cell = 72 * min(_WIDTH / len(x.values), _HEIGHT / len(y.values))  # points
    size = float(np.clip(0.45 * cell, 1.5, 7))
    for verdict, where in shown.verdicts.items():
        look: dict[str, Any] = {"marker": shape(verdict), "lw": 0, "mfc": "white", "mec": "black"}
        i, j = np.nonzero(where[part])
        if i.size:
            at = x.positions[i], y.positions[j]
            axes.plot(*at, **look, ms=size, mew=min(0.7, size / 8))
            legend.line(f"unhealthy: {verdict}", **look, ms=6, mew=0.7)


def _norm(shown: Content, key: Key) -> tuple[Normalize, str]:
    """Return the colours of the healthy points' range, and on which side values are beyond it."""
    well, all_ = shown.healthy(key), shown.mean[key]
    if not well.size:
        return Normalize(0, 1), "neither"
    low, high = float(well.min()), float(well.max())
    below, above = bool(np.nanmin(all_) < low), bool(np.nanmax(all_) > high)
    if low == high:
        low, high = low - 0.05 * (abs(low) or 1), high + 0.05 * (abs(high) or 1)
    side = {(0, 0): "neither", (0, 1): "max", (1, 0): "min", (1, 1): "both"}[below, above]
    return Normalize(low, high), side


def _bar(figure: Figure, panels: list[Axes], shown: Content, key: Key, label: str) -> None:
    norm, side = _norm(shown, key)
    bar = figure.colorbar(ScalarMappable(norm, _COLOURS), ax=panels, extend=side, pad=0.02)
    bar.set_label(plain(label), fontsize=9)
    bar.ax.tick_params(labelsize=8)
    if side != "neither" and (note := "colours span the healthy points") not in shown.notes:
        shown.notes.append(note)
