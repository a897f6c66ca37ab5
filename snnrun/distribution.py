"""Values that are a number or a distribution: `{dist: normal, mean: 1, std: 0.1}`."""

import dataclasses

import numpy as np

# Names of the numbers each distribution needs.
DISTRIBUTIONS = {
    "normal": ("mean", "std"),
    "lognormal": ("mean", "std"),
    "uniform": ("low", "high"),
    "power": ("from", "to", "exponent"),
}


@dataclasses.dataclass(frozen=True)
class Distribution:
    """A distribution; for `lognormal`, mean and std are those of the value itself.

    `power` is from + (to - from) U^exponent with U uniform on (0, 1). Parameters of a neuron
    whose distributions have the same `stream` are drawn from the same random numbers.
    """

    dist: str
    a: float
    b: float
    c: float = 1.0
    stream: str | None = None

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Return `[size]` float64 draws."""
        if self.dist == "uniform":
            return rng.uniform(self.a, self.b, size)
        if self.dist == "power":
            return self.a + (self.b - self.a) * rng.uniform(size=size) ** self.c
        if self.dist == "normal":
            return rng.normal(self.a, self.b, size)
        variance = np.log1p((self.b / self.a) ** 2)
        return rng.lognormal(np.log(self.a) - variance / 2, np.sqrt(variance), size)

    @property
    def mean(self) -> float:
        """Mean of the distribution."""
        if self.dist == "uniform":
            return (self.a + self.b) / 2
        return self.a + (self.b - self.a) / (self.c + 1) if self.dist == "power" else self.a

    @property
    def lowest(self) -> float:
        """Smallest possible value."""
        lowest = {"uniform": self.a, "power": min(self.a, self.b), "lognormal": 0.0}
        return lowest.get(self.dist, -np.inf)


Value = float | Distribution


def draw(value: Value, rng: np.random.Generator, size: int) -> np.ndarray:
    """Return `[size]` float64: the number repeated, or draws from the distribution."""
    if isinstance(value, Distribution):
        return value.draw(rng, size)
    return np.full(size, float(value))


def mean(value: Value) -> float:
    """Return the number itself, or the mean of the distribution."""
    return value.mean if isinstance(value, Distribution) else float(value)
