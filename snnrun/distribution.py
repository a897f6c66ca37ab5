"""Values that are a number or a distribution: `{dist: normal, mean: 1, std: 0.1}`."""

import dataclasses

import numpy as np

# Names of the numbers each distribution needs, as NumPy's generator takes them.
DISTRIBUTIONS = {
    "normal": ("mean", "std"),
    "lognormal": ("mean", "std"),
    "uniform": ("low", "high"),
}


@dataclasses.dataclass(frozen=True)
class Distribution:
    """A distribution; for `lognormal`, mean and std are those of the value itself."""

    dist: str
    a: float
    b: float

    def draw(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Return `[size]` float64 draws."""
        if self.dist == "uniform":
            return rng.uniform(self.a, self.b, size)
        if self.dist == "normal":
            return rng.normal(self.a, self.b, size)
        variance = np.log1p((self.b / self.a) ** 2)
        return rng.lognormal(np.log(self.a) - variance / 2, np.sqrt(variance), size)

    @property
    def mean(self) -> float:
        """Mean of the distribution."""
        return (self.a + self.b) / 2 if self.dist == "uniform" else self.a

    @property
    def lowest(self) -> float:
        """Smallest possible value."""
        return {"uniform": self.a, "lognormal": 0.0}.get(self.dist, -np.inf)


Value = float | Distribution


def draw(value: Value, rng: np.random.Generator, size: int) -> np.ndarray:
    """Return `[size]` float64: the number repeated, or draws from the distribution."""
    if isinstance(value, Distribution):
        return value.draw(rng, size)
    return np.full(size, float(value))


def mean(value: Value) -> float:
    """Return the number itself, or the mean of the distribution."""
    return value.mean if isinstance(value, Distribution) else float(value)
