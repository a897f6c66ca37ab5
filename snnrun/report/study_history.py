"""How a search went: the cost of each candidate, and the best so far, over candidates and time."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.ticker import MaxNLocator

from snnrun.report.study_content import BEST, DOT, MARKS, Content, Look
from snnrun.search.record import Record

_MOST_BARS = 300  # candidates, above which errors are not drawn
_TIMES = ((3 * 86400, 86400.0, "days"), (7200, 3600.0, "hours"), (120, 60.0, "minutes"))


def draw_history(place: FigureBase, shown: Content, inches: float) -> None:
    """Draw the costs over the candidates, a panel an objective; `inches`: the width."""
    del inches
    last = max(record.number for record in shown.over)
    gap = max(0.5, 0.02 * last)
    grid = place.subplots(len(shown.axes), 1, sharex=True, squeeze=False)
    for k, axes in enumerate(grid[:, 0]):
        _costs(axes, shown, k, shown.numbers, last)
        axes.set_xlim(-gap, last + gap)
        axes.tick_params(labelbottom=k == len(grid) - 1)
    above(grid[0, 0], shown, lambda records: np.array([float(r.number) for r in records]))
    grid[-1, 0].set_xlabel("candidate", fontsize=9)
    grid[-1, 0].xaxis.set_major_locator(MaxNLocator(7, integer=True))


def draw_times(place: FigureBase, shown: Content, inches: float) -> None:
    """Draw the costs over the time since the first candidate was begun."""
    del inches
    seconds, per, unit = _since(shown.done, shown.over)
    last = max(float(seconds.max()) / per, 1e-9)
    grid = place.subplots(len(shown.axes), 1, sharex=True, squeeze=False)
    for k, axes in enumerate(grid[:, 0]):
        _costs(axes, shown, k, seconds / per, last)
        axes.set_xlim(0, 1.03 * last)
        axes.tick_params(labelbottom=k == len(grid) - 1)
    grid[-1, 0].set_xlabel(f"time ({unit})", fontsize=9)


def has_times(shown: Content) -> bool:
    """Return whether it is known when each candidate ended."""
    return all(record.ended is not None for record in shown.done)


def _since(done: list[Record], all_: list[Record]) -> tuple[np.ndarray, float, str]:
    """Return when candidates ended (s) `[C]`, and a unit of time: its seconds and name."""
    begun = min(record.ended - record.seconds for record in all_ if record.ended is not None)
    seconds = np.array([float(record.ended or begun) - begun for record in done])
    for least, per, unit in _TIMES:
        if seconds.max() > least:
            return seconds, per, unit
    return seconds, 1.0, "s"


def _costs(axes: Axes, shown: Content, k: int, x: np.ndarray, last: float) -> None:
    """Draw the costs of an objective over `x` `[C]`, and the least so far, up to `last`."""
    costs, order = shown.costs[:, k], np.argsort(x, kind="stable")
    dots: Look = DOT | {"ms": shown.dot}
    _errors(axes, shown, k, x)
    axes.plot(x, costs, **dots, label="candidate", rasterized=costs.size > 2000)
    line: Look = {"color": BEST, "lw": 1.6, "drawstyle": "steps-post"}
    least = np.minimum.accumulate(costs[order])
    axes.plot([*x[order], last], [*least, least[-1]], **line, label="best so far")
    shown.legend.line("candidate", **DOT | {"ms": 5})
    shown.legend.line("best so far", **line)
    shown.axes[k].dress(axes, "y")
    axes.grid(visible=True, axis="y", alpha=0.25, lw=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="x", labelsize=8)


def _errors(axes: Axes, shown: Content, k: int, x: np.ndarray) -> None:
    """Draw the standard errors of candidates that had several networks."""
    se = np.array([r.se[k] if len(r.se) > k else np.nan for r in shown.done], float)
    several = np.isfinite(se) & (se > 0)
    if several.any() and se.size <= _MOST_BARS:
        at, costs = x[several], shown.costs[several, k]
        axes.errorbar(at, costs, se[several], fmt="none", ecolor=DOT["color"], elinewidth=0.8)
        shown.say("bars: standard error of the mean over networks")


def above(axes: Axes, shown: Content, place: Callable[[list[Record]], np.ndarray]) -> None:
    """Mark candidates without a cost above a panel, `place` says where on its x axis."""
    height = 1.03
    for label, look in MARKS.items():
        x = place(shown.others[label])
        x = x[np.isfinite(x)]
        if x.size:
            across = axes.get_xaxis_transform()
            faint: Look = {"alpha": float(np.clip(100 / x.size, 0.1, 1))}
            y = np.full(x.size, height)
            axes.plot(x, y, transform=across, clip_on=False, **look, **faint, label=label)
            shown.legend.line(label, **look)
            height += 0.05
