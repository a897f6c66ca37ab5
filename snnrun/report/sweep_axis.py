"""An axis of a picture of a sweep: the values of one swept path, in order."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis as Scale
from matplotlib.ticker import MaxNLocator, NullLocator

from snnrun.sweep.table import Table, is_number, text, token

_TICKS = 12  # values that get a tick of their own, at most
_LABEL = 38  # characters of a line of an axis label
_CATEGORY = 18


@dataclass(frozen=True, eq=False)
class Axis:
    """`values` `[V]` in order; `positions` `[V]` and `edges` `[V + 1]` where they are drawn.

    Numbers lie where they are, and texts (or a mixture) at 0, 1, …; `log`: on a logarithmic scale;
    `unit`: '' where it has none or it is not known.
    """

    path: str
    values: list[Any]
    numeric: bool
    log: bool
    positions: np.ndarray
    edges: np.ndarray
    unit: str = ""

    @property
    def label(self) -> str:
        """Return its path with its unit."""
        return f"{self.path} ({self.unit})" if self.unit else self.path

    @classmethod
    def of(cls, table: Table, path: str) -> "Axis":
        """Return the axis of a swept path."""
        found: list[Any] = [row.values.get(path) for row in table.rows]
        values = list({token(value): value for value in found}.values())
        numeric = all(is_number(value) and math.isfinite(value) for value in values)
        numeric = numeric and len({float(value) for value in values}) == len(values)
        if numeric:
            values.sort()
        positions = np.array(values if numeric else range(len(values)), float)
        log = numeric and _is_geometric(positions)
        unit = table.swept_units.get(path, "")
        return cls(path, values, numeric, log, positions, _edges(positions, log), unit)

    def place(self) -> dict[str, int]:
        """Return token of a value → index."""
        return {token(value): i for i, value in enumerate(self.values)}

    def labels(self) -> list[str]:
        """Return how the values are written: numbers as short as they can be told apart."""
        if not self.numeric:
            return [plain(shortened(text(value))) for value in self.values]
        for digits in range(3, 17):
            found = [f"{value:.{digits}g}" for value in self.values]
            if len(set(found)) == len(found):
                break
        return found

    def dress_x(self, axes: Axes, inches: float, outer: bool = True) -> None:
        """Set limits, scale, ticks and, where it is an outer one, the label of the x axis."""
        axes.set(xscale="log" if self.log else "linear", xlim=self.edges[[0, -1]])
        labels = self.labels()
        crowded = max(map(len, labels)) * len(labels) > 14 * inches and not self.numeric
        self._ticks(axes.xaxis, np.full(len(labels), 0.17) if crowded else _widths(labels), inches)
        if crowded:
            for label in axes.get_xticklabels():
                label.set(rotation=35, ha="right", rotation_mode="anchor")
        axes.tick_params(axis="x", labelsize=8, labelbottom=outer)
        if outer:
            axes.set_xlabel(plain(wrapped(self.label)), fontsize=9)

    def dress_y(self, axes: Axes, inches: float, outer: bool = True) -> None:
        """Set limits, scale, ticks and, where it is an outer one, the label of the y axis."""
        axes.set(yscale="log" if self.log else "linear", ylim=self.edges[[0, -1]])
        self._ticks(axes.yaxis, np.full(len(self.values), 0.17), inches)
        axes.tick_params(axis="y", labelsize=8, labelleft=outer)
        if outer:
            axes.set_ylabel(plain(wrapped(self.label, 28)), fontsize=9)

    def _ticks(self, scale: Scale, sizes: np.ndarray, inches: float) -> None:
        """Put ticks at the values, as many as fit; many numbers have those of any axis."""
        if self.numeric and len(self.values) > _TICKS:
            if not self.log:
                scale.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
            return
        ends = np.log(self.edges) if self.log else self.edges
        at = np.log(self.positions) if self.log else self.positions
        at = (at - ends[0]) / (ends[-1] - ends[0]) * inches
        shown: list[int] = []
        for i, size in enumerate(sizes):
            if not shown or at[i] - at[shown[-1]] >= (size + sizes[shown[-1]]) / 2:
                shown.append(i)
        labels = self.labels()
        scale.set_ticks(list(self.positions[shown]), [labels[i] for i in shown])
        scale.set_minor_locator(NullLocator())


def _widths(labels: list[str]) -> np.ndarray:
    """Return how wide labels of 8 pt are (inches), with a gap."""
    return np.array([0.065 * len(label) + 0.08 for label in labels])


def _is_geometric(values: np.ndarray) -> bool:
    """Return whether values are spaced like 1, 2, 4, 8 or, roughly, like 1, 3, 10, 30."""
    if values.size < 3 or values[0] <= 0:
        return False
    steps, ratios = np.diff(values), np.diff(np.log(values))
    uneven, uneven_ratios = np.ptp(np.log(steps)), np.ptp(np.log(ratios))
    exact = bool(uneven_ratios < np.log(1.05) and uneven > np.log(1.5))
    return exact or bool(uneven_ratios < np.log(1.6) and uneven > np.log(3))


def _edges(positions: np.ndarray, log: bool) -> np.ndarray:
    """Return the ends of the cells `[V + 1]`: midway between values, in the axis' scale."""
    at = np.log(positions) if log else positions
    if at.size == 1:
        half = 0.5 * (abs(at[0]) or 1.0)
        return np.array([at[0] - half, at[0] + half])
    middle = (at[1:] + at[:-1]) / 2
    edges = np.concatenate([[2 * at[0] - middle[0]], middle, [2 * at[-1] - middle[-1]]])
    return np.exp(edges) if log else edges


def plain(words: str) -> str:
    """Return a text that Matplotlib shows as it is, instead of taking it for a formula."""
    return words.replace("$", r"\$")


def shortened(words: str) -> str:
    """Return a text that is not too long for a tick."""
    return words if len(words) <= _CATEGORY else words[: _CATEGORY - 1] + "…"


def wrapped(path: str, width: int = _LABEL) -> str:
    """Return a path in two lines where it is long."""
    dots = [i + 1 for i, letter in enumerate(path) if letter == "."]
    if len(path) <= width or not dots:
        return path
    cut = min(dots, key=lambda i: abs(i - len(path) / 2))
    return f"{path[:cut]}\n{path[cut:]}"
