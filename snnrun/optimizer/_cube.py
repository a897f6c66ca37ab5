"""The search space as a unit cube.

Shapes: `C` candidates, `D` parameters, `F` features. A point of the cube is `[D]` in [0, 1]; its
features are what a model sees of it: a number's place between its bounds (on its logarithm
where the search is logarithmic), rounded as the parameter is, and a column for each choice.
"""

from collections.abc import Mapping, Sequence, Set
from typing import Any

import numpy as np
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from snnrun.optimizer._base import Space


class _Number:
    """An axis of real or whole numbers."""

    def __init__(self, distribution: FloatDistribution | IntDistribution) -> None:
        self.whole = isinstance(distribution, IntDistribution)
        self.low, self.high = float(distribution.low), float(distribution.high)
        self.log = distribution.log
        self.step = None if self.log else distribution.step
        half = 0.5 if self.whole and self.log else 0.0
        ends = np.array([self.low - half, self.high + half])
        self.start, end = np.log(ends) if self.log else ends
        self.length = end - self.start
        self.levels = 1 if self.step is None else round((self.high - self.low) / self.step) + 1

    def numbers(self, u: np.ndarray) -> np.ndarray:
        """Return the values at places in [0, 1]."""
        if self.step is not None:
            level = np.minimum(np.floor(u * self.levels), self.levels - 1)
            return np.minimum(self.low + self.step * level, self.high)
        x = self.start + u * self.length
        x = np.exp(x) if self.log else x
        return np.clip(np.round(x) if self.whole else x, self.low, self.high)

    def places(self, x: np.ndarray) -> np.ndarray:
        """Return the places of values."""
        if self.step is not None:
            return ((x - self.low) / self.step + 0.5) / self.levels
        if self.length == 0:
            return np.zeros_like(x)
        return ((np.log(x) if self.log else x) - self.start) / self.length

    def features(self, u: np.ndarray) -> np.ndarray:
        return self.places(self.numbers(u))[:, None]

    def value(self, u: float) -> float | int:
        x = float(self.numbers(np.array([u]))[0])
        return int(x) if self.whole else x

    def points(self, values: list[Any]) -> np.ndarray:
        return self.places(np.array(values, float))


class _Choice:
    """An axis of values without order."""

    def __init__(self, distribution: CategoricalDistribution) -> None:
        self.values = distribution.choices
        self._index_of = distribution.to_internal_repr

    def _index(self, u: np.ndarray) -> np.ndarray:
        return np.minimum((u * len(self.values)).astype(int), len(self.values) - 1)

    def features(self, u: np.ndarray) -> np.ndarray:
        return np.eye(len(self.values))[self._index(u)]

    def value(self, u: float) -> Any:
        return self.values[int(self._index(np.array([u]))[0])]

    def points(self, values: list[Any]) -> np.ndarray:
        indices = np.array([self._index_of(value) for value in values], float)
        return (indices + 0.5) / len(self.values)


def _axis(distribution: Any) -> _Number | _Choice:
    if isinstance(distribution, CategoricalDistribution):
        return _Choice(distribution)
    return _Number(distribution)


class Cube:
    """A search space and the cube it is mapped to."""

    def __init__(self, space: Space) -> None:
        self._axes = {name: _axis(distribution) for name, distribution in space.items()}

    @property
    def names(self) -> Set[str]:
        """The parameters."""
        return self._axes.keys()

    @property
    def dimensions(self) -> int:
        """How many parameters there are, `D`."""
        return len(self._axes)

    def features(self, points: np.ndarray) -> np.ndarray:
        """Return what a model sees of points `[C, D]`: `[C, F]`."""
        axes = enumerate(self._axes.values())
        return np.concatenate([axis.features(points[:, i]) for i, axis in axes], axis=1)

    def values(self, point: np.ndarray) -> dict[str, Any]:
        """Return the parameters at a point `[D]`."""
        return {n: a.value(u) for (n, a), u in zip(self._axes.items(), point, strict=True)}

    def points(self, values: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """Return the points `[C, D]` of parameters."""
        columns = [axis.points([v[name] for v in values]) for name, axis in self._axes.items()]
        return np.stack(columns, axis=1)
