"""Values that are a number or a distribution: `{dist: normal, mean: 1, std: 0.1}`."""

import dataclasses
import math

import numpy as np

# Names of the numbers each distribution needs.
DISTRIBUTIONS = {
    "normal": ("mean", "std"),
    "lognormal": ("mean", "std"),
    "uniform": ("low", "high"),
    "power": ("from", "to", "exponent"),
}
BOUNDED = ("normal", "lognormal")  # may have `low` and `high`, outside of which is drawn again
LEAST_INSIDE = 0.01  # of the draws; fewer would take too many of them


@dataclasses.dataclass(frozen=True)
class Distribution:
    """A distribution; for `lognormal`, mean and std are those of the value itself.

    `power` is from + (to - from) U^exponent with U uniform on (0, 1). Parameters of a neuron
    whose distributions have the same `stream` are drawn from the same random numbers. A `normal` or
    `lognormal` is drawn again outside of [`low`, `high`].
    """

    dist: str
    a: float
    b: float
    c: float = 1.0
    stream: str | None = None
    low: float = -np.inf
    high: float = np.inf

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Return `[size]` float64 draws."""
        values = self._draw(rng, size)
        outside = np.arange(size if self.bounded else 0)
        while outside.size:
            drawn = values[outside]
            outside = outside[(drawn < self.low) | (drawn > self.high)]
            values[outside] = self._draw(rng, outside.size)
        return values

    def _draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        if self.dist == "uniform":
            return rng.uniform(self.a, self.b, size)
        if self.dist == "power":
            return self.a + (self.b - self.a) * rng.uniform(size=size) ** self.c
        if self.dist == "normal":
            return rng.normal(self.a, self.b, size)
        centre, width = self._normal
        return rng.lognormal(centre, width, size)

    @property
    def mean(self) -> float:
        """Mean of the distribution."""
        if self.dist == "uniform":
            return (self.a + self.b) / 2
        if self.dist == "power":
            return self.a + (self.b - self.a) / (self.c + 1)
        return self._mean_inside if self.bounded and self.b > 0 else self.a

    @property
    def bounded(self) -> bool:
        """Whether draws are limited by `low` or `high`."""
        return self.low > -np.inf or self.high < np.inf

    @property
    def lowest(self) -> float:
        """Smallest possible value."""
        lowest = {"uniform": self.a, "power": min(self.a, self.b), "lognormal": 0.0}
        return max(self.low, lowest.get(self.dist, -np.inf))

    @property
    def highest(self) -> float:
        """Largest possible value."""
        highest = {"uniform": self.b, "power": max(self.a, self.b)}
        return min(self.high, highest.get(self.dist, np.inf))

    @property
    def inside(self) -> float:
        """Share of a normal or lognormal between `low` and `high`."""
        if self.b == 0:
            return float(self.low <= self.a <= self.high)
        low, high = map(self._score, (self.low, self.high))
        return _below(high) - _below(low)

    def below(self, x: float) -> float:
        """Return the share of values below x."""
        if self.lowest >= x or self.highest < x:
            return float(self.highest < x)
        if self.dist == "uniform":
            return (x - self.a) / (self.b - self.a)
        if self.dist == "power":
            share = ((x - self.a) / (self.b - self.a)) ** (1 / self.c)
            return share if self.b > self.a else 1 - share
        if self.b == 0:
            return float(self.a < x)
        return (_below(self._score(x)) - _below(self._score(self.low))) / self.inside

    @property
    def _normal(self) -> tuple[float, float]:
        """Mean and SD of the value of a normal, of the logarithm of a lognormal."""
        if self.dist == "normal":
            return self.a, self.b
        variance = np.log1p((self.b / self.a) ** 2)
        return np.log(self.a) - variance / 2, np.sqrt(variance)

    def _score(self, x: float) -> float:
        """Return how many SD a value is above the mean of the normal it follows from."""
        centre, width = self._normal
        if self.dist == "lognormal":
            x = math.log(x) if x > 0 else -math.inf
        return float((x - centre) / width)

    @property
    def _mean_inside(self) -> float:
        """Mean of a normal or lognormal within its bounds (Johnson et al. 1994, ch. 13.10)."""
        low, high = map(self._score, (self.low, self.high))
        if self.dist == "normal":
            return self.a + self.b * (_density(low) - _density(high)) / self.inside
        _, width = self._normal
        return self.a * (_below(high - width) - _below(low - width)) / self.inside


def _below(z: float) -> float:
    """Return the share of a standard normal below z."""
    return math.erfc(-z / math.sqrt(2)) / 2


def _density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


Value = float | Distribution


def draw(value: Value, rng: np.random.Generator, size: int) -> np.ndarray:
    """Return `[size]` float64: the number repeated, or draws from the distribution."""
    if isinstance(value, Distribution):
        return value.draw(rng, size)
    return np.full(size, float(value))


def share(wrong: np.ndarray) -> str:
    """Return how many of some draws are wrong, `[n]` bool, for a message."""
    return f"{wrong.sum()} of {wrong.size} draws ({100 * wrong.mean():.3g} %)"


def mean(value: Value) -> float:
    """Return the number itself, or the mean of the distribution."""
    return value.mean if isinstance(value, Distribution) else float(value)
