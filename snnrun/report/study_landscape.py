"""The cost over two parameters."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import FigureBase
from matplotlib.tri import LinearTriInterpolator, Triangulation
from scipy.spatial import KDTree

from snnrun.report.study_content import COLOURS, MARKS, STAR, Content, Look
from snnrun.report.study_slices import best_label

_CELLS = 160  # along each axis, of what is interpolated
_MARK: Look = {"marker": "x", "lw": 0, "color": "0.5", "ms": 3.5, "mew": 0.8}


def draw_landscape(place: FigureBase, shown: Content, inches: tuple[float, float]) -> None:
    """Draw the first cost over the two most important parameters; `inches`: width, height.

    Where only two are searched, it is interpolated between the candidates.
    """
    axes = place.subplots()
    x, y = in_order(shown)
    at = [shown.parameters[n].spread(shown.positions[n], len(shown.done)) for n in (x, y)]
    cost, costs = shown.axes[0], shown.costs[:, 0]
    look: Look = {"cmap": COLOURS, "norm": cost.norm()}
    if others := len(shown.parameters) - 2:
        shown.say(f"landscape: candidates differ in {others} more parameters too")
    else:
        _between(axes, shown, x, y, look)
    order = np.argsort(-costs, kind="stable")  # the best on top
    size = (1.5 * shown.dot) ** 2
    edge: Look = {"edgecolors": "white", "linewidths": 0.3 if len(costs) < 500 else 0.0}
    axes.scatter(at[0][order], at[1][order], size, costs[order], **look, **edge, zorder=2)
    _without(axes, shown, x, y)
    axes.plot(at[0][shown.best], at[1][shown.best], **shown.star, zorder=4)
    shown.legend.line(best_label(shown), **STAR)
    shown.parameters[x].dress(axes, "x", inches[0] - 1.5)
    shown.parameters[y].dress(axes, "y", inches[1] - 0.7)
    bar = place.colorbar(ScalarMappable(cost.norm(), COLOURS), ax=axes, pad=0.02)
    cost.dress_bar(bar)


def in_order(shown: Content) -> list[str]:
    """Return the two most important parameters, numbers before choices, as they were given."""
    ranked = sorted(shown.ranked, key=lambda n: bool(shown.parameters[n].axis.choice))[:2]
    return [name for name in shown.parameters if name in ranked]


def _between(axes: Axes, shown: Content, x: str, y: str, look: Look) -> None:
    """Draw the cost between the candidates, if they allow it."""
    first, second = shown.parameters[x], shown.parameters[y]
    if first.axis.choice or second.axis.choice:
        return
    done = np.stack([p.unit_interval(shown.positions[p.name]) for p in (first, second)])
    there = np.isfinite(done).all(axis=0)
    grid = (np.arange(_CELLS) + 0.5) / _CELLS
    found = _interpolated(done[:, there], shown.axes[0].even(shown.costs[there, 0]), grid)
    if found is None:
        return
    found[_nearer_to(_places(shown, x, y), done[:, there], grid)] = np.nan
    edges = np.linspace(0, 1, _CELLS + 1)
    mesh = np.ma.masked_invalid(shown.axes[0].uneven(found))
    places = first.from_unit_interval(edges), second.from_unit_interval(edges)
    axes.pcolormesh(*places, mesh, **look, rasterized=True, zorder=1)
    shown.say("landscape: interpolated linearly between the candidates, which are dots")


def _interpolated(at: np.ndarray, values: np.ndarray, grid: np.ndarray) -> np.ndarray | None:
    """Return values at `at` `[2, C]` on a grid `[Y, X]`; None where these are in one line."""
    _, first = np.unique(np.round(at, 12), axis=1, return_index=True)
    if first.size < 4 or np.linalg.matrix_rank(at[:, first] - at[:, first[:1]], tol=1e-6) < 2:
        return None
    try:
        triangles = Triangulation(*at[:, first])
        found = LinearTriInterpolator(triangles, values[first])(*np.meshgrid(grid, grid))
    except (RuntimeError, ValueError):  # nearly in one line
        return None
    return np.ma.filled(found, np.nan)


def _places(shown: Content, x: str, y: str) -> np.ndarray:
    """Return where infeasible candidates are, between 0 and 1 `[2, candidates]`."""
    infeasible = shown.others["infeasible"]
    both = [shown.parameters[n].unit_interval(shown.places(n, infeasible)) for n in (x, y)]
    at = np.stack(both)
    return at[:, np.isfinite(at).all(axis=0)]


def _nearer_to(bad: np.ndarray, good: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return which places of a grid `[Y, X]` are nearer to an infeasible candidate."""
    x, y = np.meshgrid(grid, grid)
    if not bad.size:
        return np.zeros(x.shape, bool)
    at = np.stack([x.ravel(), y.ravel()], axis=1)
    nearest = KDTree(np.concatenate([good, bad], axis=1).T).query(at)[1]
    return (nearest >= good.shape[1]).reshape(x.shape)


def _without(axes: Axes, shown: Content, x: str, y: str) -> None:
    """Mark the candidates that have no cost."""
    for label, look in (MARKS | {"infeasible": _MARK}).items():
        if records := shown.others[label]:
            all_, count = shown.parameters, len(records)
            both = [all_[n].spread(shown.places(n, records), count) for n in (x, y)]
            axes.plot(*both, **shown.mark(look, count), zorder=1.5, rasterized=count > 2000)
            shown.legend.line(label, **look)
