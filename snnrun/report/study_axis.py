"""Axes of the pictures of a search: of a parameter, and of a cost."""

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colorbar import Colorbar
from matplotlib.colors import AsinhNorm, LogNorm, Normalize
from matplotlib.ticker import MaxNLocator, NullFormatter, NullLocator

from snnrun.report.sweep_axis import plain, shortened
from snnrun.search.importance import unit_place
from snnrun.search.record import Axis
from snnrun.sweep.table import text, token

Which = Literal["x", "y"]
_TICK = {"x": 0.4, "y": 0.35}  # inches that a tick needs
_WIDE = 30.0  # largest over smallest cost, above which they are on a logarithmic scale
_DECADES = 6  # of it, at most, where there is a cost of zero
_MARGIN = 0.03  # of the range of an axis
_LONGEST = 24
_FEW = 20  # integers that are drawn as choices are
_TICKS = 6  # of a logarithmic cost


@dataclass(frozen=True)
class Parameter:
    """A parameter as an axis: numbers lie where they are, choices at 0, 1, and so on."""

    name: str
    axis: Axis

    def short(self, longest: int = _LONGEST) -> str:
        """Return its name, cut where it is very long."""
        long = len(self.name) > longest
        return plain(f"{self.name[: longest - 1]}…" if long else self.name)

    def label(self, longest: int = _LONGEST) -> str:
        """Return its name with its unit."""
        unit = f" ({plain(self.axis.unit)})" if self.axis.unit else ""
        return self.short(longest) + unit

    @property
    def is_few(self) -> bool:
        """Return whether its values are few integers."""
        whole = self.axis.whole and not self.axis.log
        return whole and self.axis.high - self.axis.low < _FEW

    @property
    def categories(self) -> list[str]:
        """Return the choices as they are written."""
        return [plain(shortened(text(value))) for value in self.axis.choice]

    def positions(self, values: list[Any]) -> np.ndarray:
        """Return where values are on the axis `[C]`, NaN where there is none."""
        if self.axis.choice:
            place = {token(value): i for i, value in enumerate(self.axis.choice)}
            return np.array([place.get(token(value), math.nan) for value in values], float)
        known = [not math.isnan(unit_place(self.axis, value)) for value in values]
        return np.array([float(v) if k else math.nan for v, k in zip(values, known, strict=True)])

    def unit_interval(self, positions: np.ndarray) -> np.ndarray:
        """Return positions between 0 and 1, evenly in the scale of the axis."""
        low, high = self.ends()
        if self.axis.log:
            return np.log(positions / low) / math.log(high / low)
        return (positions - low) / (high - low)

    def from_unit_interval(self, places: np.ndarray) -> np.ndarray:
        """Return the positions of places between 0 and 1."""
        low, high = self.ends()
        return low * (high / low) ** places if self.axis.log else low + (high - low) * places

    def ends(self) -> tuple[float, float]:
        """Return the bounds; of choices and few integers, half a step beyond them."""
        if self.axis.choice:
            return -0.5, len(self.axis.choice) - 0.5
        if self.is_few:
            return self.axis.low - 0.5, self.axis.high + 0.5
        return float(self.axis.low), float(self.axis.high)

    def spread(self, positions: np.ndarray, count: int) -> np.ndarray:
        """Return positions where equal choices lie side by side, so that all are seen.

        As do integers, if there are few.
        """
        if not (self.axis.choice or self.is_few):
            return positions
        golden = np.arange(count) * 0.618034 % 1  # evenly, and the same in every picture
        return positions + 0.5 * (golden - 0.5)

    def ticks(self, most: int) -> tuple[list[float], list[str]]:
        """Return where ticks are, and what they say."""
        if self.axis.choice:
            return list(map(float, range(len(self.axis.choice)))), self.categories
        low, high = self.ends()
        if self.axis.log:
            at = _log_ticks(low, high, most)
        else:
            found = MaxNLocator(most, steps=[1, 2, 2.5, 5, 10], integer=self.axis.whole)
            slack = 1e-9 * (high - low)
            at = [
                float(x) for x in found.tick_values(low, high) if low - slack <= x <= high + slack
            ]
        return at, [_written(x) for x in at]

    def dress(self, axes: Axes, which: Which, inches: float) -> None:
        """Set limits, scale, ticks and label of an axis that is so many inches long."""
        ends = self.from_unit_interval(np.array([-_MARGIN, 1 + _MARGIN]))
        scale = "log" if self.axis.log else "linear"
        axes.set(**{f"{which}scale": scale, f"{which}lim": tuple(ends)})
        at, labels = self.ticks(max(2, int(inches / _TICK[which])))
        axes.set(**{f"{which}ticks": at, f"{which}ticklabels": labels})
        getattr(axes, f"{which}axis").set_minor_locator(NullLocator())
        axes.tick_params(axis=which, labelsize=8)
        getattr(axes, f"set_{which}label")(self.label(), fontsize=9)
        if which == "x" and sum(len(c) + 2 for c in self.categories) * 0.065 > inches:
            for label in axes.get_xticklabels():
                label.set(rotation=35, ha="right", rotation_mode="anchor")


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    """Return 1, 2, 5, 10, … between bounds, or powers of ten where these are too many."""
    powers = range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
        at = [f * 10.0**p for p in powers for f in factors]
        at = [x for x in at if low * (1 - 1e-9) <= x <= high * (1 + 1e-9)]
        if len(at) <= most:
            break
    else:
        at = at[:: math.ceil(len(at) / most)]
    return at if len(at) > 1 else [low, high]


def _beyond(least: float, end: float) -> list[float]:
    return _log_ticks(least, end, _TICKS // 2) if end > least else []


def _written(x: float) -> str:
    return f"{x:.6g}" if x == 0 or 1e-3 <= abs(x) < 1e5 else f"{x:.3g}"


@dataclass(frozen=True)
class Cost:
    """An objective as an axis from `low` to `high`.

    `threshold`: 0 where it is logarithmic, infinite where it is linear, else where it is linear
    around 0 and logarithmic beyond.
    """

    name: str
    low: float
    high: float
    threshold: float

    @classmethod
    def of(cls, name: str, costs: np.ndarray) -> "Cost":
        """Return the axis of some costs `[C]`, all finite."""
        if not costs.size:
            return cls(name, 0.0, 1.0, math.inf)
        low, high = float(costs.min()), float(costs.max())
        sizes = np.abs(costs[costs != 0])
        typical = float(sizes.min() if low >= 0 else np.median(sizes)) if sizes.size else 1.0
        largest = max(abs(low), abs(high))
        if largest <= _WIDE * typical:
            return cls(name, low, high, math.inf)
        return cls(name, low, high, 0.0 if low > 0 else max(typical, largest * 10.0**-_DECADES))

    @property
    def label(self) -> str:
        """Return the name of the objective."""
        return plain(self.name)

    def limits(self, margin: float = 0.05) -> tuple[float, float]:
        """Return the ends of the axis, somewhat beyond the costs."""
        low, high = (float(self.even(np.array(x))) for x in (self.low, self.high))
        gap = margin * (high - low)
        if high == low:
            gap = 0.5 * (abs(low) if math.isinf(self.threshold) else 1.0) or 0.5
        ends = self.uneven(np.array([low - gap, high + gap]))
        return float(ends[0]), float(ends[1])

    def even(self, costs: np.ndarray) -> np.ndarray:
        """Return costs as they are spaced on the axis."""
        if self.threshold == 0:
            return np.log10(costs)
        if math.isinf(self.threshold):
            return costs
        return np.arcsinh(costs / self.threshold)

    def uneven(self, spaced: np.ndarray) -> np.ndarray:
        """Return the costs at places on the axis: the inverse of `even`."""
        if self.threshold == 0:
            return 10.0**spaced
        return spaced if math.isinf(self.threshold) else np.sinh(spaced) * self.threshold

    def norm(self) -> Normalize:
        """Return the colours of the costs."""
        low, high = (self.low, self.high) if self.low < self.high else self.limits()
        if self.threshold == 0:
            return LogNorm(low, high)
        if math.isinf(self.threshold):
            return Normalize(low, high)
        return AsinhNorm(self.threshold, low, high)

    def dress_bar(self, bar: Colorbar) -> None:
        """Set ticks and label of a colour bar."""
        if math.isfinite(self.threshold):
            bar.set_ticks(at := self._ticks(), labels=[_written(x) for x in at])
            bar.ax.yaxis.set_minor_formatter(NullFormatter())
        bar.set_label(self.label, fontsize=9)
        bar.ax.tick_params(labelsize=8)

    def _ticks(self) -> list[float]:
        low, high = self.limits(0.0) if self.low < self.high else self.limits()
        if self.threshold == 0:
            return _log_ticks(low, high, _TICKS)
        sides = [(-1, -low), (1, high)]
        beyond = [s * x for s, end in sides for x in _beyond(self.threshold, end)]
        return sorted([0.0, *beyond])

    def dress(self, axes: Axes, which: Which) -> None:
        """Set scale, limits and label of an axis, `x` or `y`."""
        if self.threshold == 0:
            scale: dict[str, Any] = {"value": "log"}
        elif math.isinf(self.threshold):
            scale = {"value": "linear"}
        else:
            scale = {"value": "asinh", "linear_width": self.threshold}
        getattr(axes, f"set_{which}scale")(**scale)
        getattr(axes, f"set_{which}lim")(self.limits())
        if math.isfinite(self.threshold):
            at = self._ticks()
            axes.set(**{f"{which}ticks": at, f"{which}ticklabels": [_written(x) for x in at]})
            getattr(axes, f"{which}axis").set_minor_formatter(NullFormatter())
        getattr(axes, f"set_{which}label")(self.label, fontsize=9)
        axes.tick_params(axis=which, labelsize=8)
