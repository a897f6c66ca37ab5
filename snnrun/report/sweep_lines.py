"""Statistics over one swept path: a panel a statistic, a line a population."""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from snnrun.report.sweep_axis import Axis, plain
from snnrun.report.sweep_content import Content, quantity
from snnrun.report.sweep_marks import FAILED, PENDING, SOME_FAILED, Legend, areas, shape
from snnrun.sweep.table import Key

_COLOURS = ("#1f5fa8", "#c0392b", "#2e8b57", "#e08e0b", "#7a4fa3", "#4aa5b5", "#8c6d46", "#444444")
_BEYOND = 5.0  # unhealthy points this many times above all others don't set the axis
_SIZE = (3.1, 2.5)  # of a panel, inches


def draw_lines(figure: Figure, shown: Content, groups: list[list[Key]]) -> None:
    """Draw a panel for each group of statistics of the same name."""
    (axis,) = shown.axes
    columns = math.ceil(math.sqrt(len(groups))) if len(groups) < 10 else 4
    rows = math.ceil(len(groups) / columns)
    size = _SIZE if len(groups) > 1 else (4.8, 3.4)
    figure.set_size_inches(max(4.8, size[0] * columns), size[1] * rows + 0.7)
    populations = list(dict.fromkeys(p for group in groups for p, _ in group))
    colours = {p: _COLOURS[i % len(_COLOURS)] for i, p in enumerate(populations)}
    legend = Legend()
    for i, group in enumerate(groups):
        axes = figure.add_subplot(rows, columns, i + 1)
        _panel(axes, shown, group, colours, legend)
        axis.dress_x(axes, size[0] - 0.7, outer=i + columns >= len(groups))
        axes.set_ylabel(plain(quantity(group[0], shown.units)), fontsize=9)
        axes.tick_params(axis="y", labelsize=8)
    legend.draw(figure)


def _panel(
    axes: Axes, shown: Content, group: list[Key], colours: dict[str, str], legend: Legend
) -> None:
    (axis,) = shown.axes
    joined = axis.numeric and axis.path != "seed"
    shifts = _shifts(axis, len(group))
    for (p, name), at in zip(group, shifts, strict=True):
        look: dict[str, Any] = {"color": colours[p], "marker": "o", "ms": 3.5}
        look["lw"] = 1.2 if joined else 0
        se = np.nan_to_num(shown.se[p, name])
        axes.errorbar(at, shown.mean[p, name], se, label=p, elinewidth=1.0, capsize=1.5, **look)
        legend.line(p, **look)
    _limit(axes, shown, group)
    _unhealthy(axes, shown, group, shifts, colours, legend)
    _bands(axes, shown, legend)
    axes.grid(visible=True, axis="y", alpha=0.25, lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)


def _shifts(axis: Axis, lines: int) -> list[np.ndarray]:
    """Return where each line has its points: categories side by side, numbers where they are."""
    if axis.numeric:
        return [axis.positions] * lines
    return [axis.positions + 0.12 * (i - (lines - 1) / 2) for i in range(lines)]


def _limit(axes: Axes, shown: Content, group: list[Key]) -> None:
    """Let the axis end above the healthy points where the others are far beyond."""
    well = np.concatenate([shown.healthy(key) for key in group])
    all_ = np.concatenate([shown.mean[key][np.isfinite(shown.mean[key])] for key in group])
    if well.size and well.max() > 0 and all_.max() > _BEYOND * well.max():
        low = min(0.0, well.min())
        axes.set_ylim(low - 0.05 * (well.max() - low), well.max() + 0.25 * (well.max() - low))
        note = "symbols at the upper edge: points beyond it"
        if note not in shown.notes:
            shown.notes.append(note)


def _unhealthy(
    axes: Axes,
    shown: Content,
    group: list[Key],
    shifts: list[np.ndarray],
    colours: dict[str, str],
    legend: Legend,
) -> None:
    bottom, top = axes.get_ylim()
    finite = [np.isfinite(shown.mean[key]) for key in group]
    for verdict, where in shown.verdicts.items():
        look = {"marker": shape(verdict), "ms": 7, "lw": 0, "mfc": "white"}
        for i, (key, x) in enumerate(zip(group, shifts, strict=True)):
            edge = top - 0.07 * i * (top - bottom)  # so that none hides another
            y = np.where(shown.mean[key] > top, edge, shown.mean[key])
            _symbols(axes, x, y, where & finite[i], look | {"mec": colours[key[0]]})
        without = where & ~np.any(finite, axis=0)
        floor = np.full(without.shape, bottom)
        _symbols(axes, shown.axes[0].positions, floor, without, look | {"mec": "black"})
        legend.line(f"unhealthy: {verdict}", **look, mec="black")
    axes.set_ylim(bottom, top)


def _symbols(
    axes: Axes, x: np.ndarray, y: np.ndarray, where: np.ndarray, look: dict[str, Any]
) -> None:
    if where.any():  # an empty one would be laid out as if it were at the figure's corner
        axes.plot(x[where], y[where], **look, clip_on=False, zorder=4)


def _bands(axes: Axes, shown: Content, legend: Legend) -> None:
    """Mark where points failed or are missing over the whole height."""
    finished = np.any([np.isfinite(mean) for mean in shown.mean.values()], axis=0)
    kinds = {
        "failed": (shown.failed & ~finished, FAILED),
        "some failed": (shown.failed & finished, SOME_FAILED),
        "no result": (shown.pending, PENDING),
    }
    for label, (where, look) in kinds.items():
        if where.any():
            height, across = np.array([0.0, 1.0]), axes.get_xaxis_transform()
            edges = shown.axes[0].edges
            areas(axes, edges, height, where[:, None], look, transform=across, zorder=0.5)
            legend.area(label, look)
