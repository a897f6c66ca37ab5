"""Points of a sweep that are no plain values: failed, missing, unhealthy; and their legend."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, FigureBase
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

_SHAPES = {
    "nan": "X",
    "runaway": "^",
    "silent": "v",
    "identical": "s",
    "synchronous": "o",
    "nonstationary": "D",
}
_OTHER = "P"
FAILED = {"facecolor": "0.65", "edgecolor": "0.2", "hatch": "/////", "linewidth": 0.0}
SOME_FAILED = {"facecolor": "none", "edgecolor": "0.55", "hatch": "///", "linewidth": 0.0}
PENDING = {"facecolor": "0.88", "edgecolor": "0.88", "linewidth": 0.0}
NO_VALUE = {"facecolor": "white", "edgecolor": "0.6", "linewidth": 0.6}


@dataclass
class Legend:
    """What of a figure is explained below it: label → a sample of it, in order."""

    samples: dict[str, Artist] = field(default_factory=dict)

    def area(self, label: str, look: dict[str, Any]) -> None:
        """Explain an area."""
        self.samples.setdefault(label, Patch(**(look | {"linewidth": 0.6})))

    def line(self, label: str, **look: Any) -> None:
        """Explain a line or a symbol."""
        self.samples.setdefault(label, Line2D([], [], **look))

    def draw(self, figure: Figure, above: FigureBase | None = None) -> None:
        """Put the legend above the panels (or some), if there is anything to explain."""
        if self.samples:
            columns = min(len(self.samples), max(2, int(figure.get_figwidth() / 1.6)))
            (above or figure).legend(
                list(self.samples.values()),
                list(self.samples),
                loc="outside upper center",
                ncols=columns,
                fontsize=8,
                frameon=False,
            )


def shape(verdict: str) -> str:
    """Return the symbol of a verdict on a point."""
    return _SHAPES.get(verdict, _OTHER)


def areas(
    axes: Axes, x: np.ndarray, y: np.ndarray, where: np.ndarray, look: dict[str, Any], **more: Any
) -> None:
    """Fill cells `[X, Y]` of a grid with these edges `[X + 1]`, `[Y + 1]`.

    They are one shape: hatching many one by one takes many seconds.
    """
    i, j = np.nonzero(where)
    if i.size:
        left, right, low, high = x[i], x[i + 1], y[j], y[j + 1]
        corners = [(left, low), (right, low), (right, high), (left, high), (left, low)]
        codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
        outline = Path(np.moveaxis(np.array(corners), 2, 0).reshape(-1, 2), codes * i.size)
        axes.add_artist(PathPatch(outline, **look, **more))
