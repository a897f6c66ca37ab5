"""What every population statistic is.

Shapes: `W` windows, `N` neurons, `D` draws of neurons, `K` blocks of time. Counts are `[W, N]`:
spikes of each neuron in non-overlapping windows that start at the end of the warm-up; a partial
last window is dropped.

The standard error of one run says how far its value may lie from that of the same network watched
for ever, and all of its neurons, not a sample: how networks differ shows only over several of
them. Its part over time is the delete-one-block jackknife over `BLOCKS` runs of successive
windows, which allows for correlations shorter than a block. Draws of neurons add what they
differ by beyond that: the two-way variance of crossed factors (Cameron, Gelbach & Miller 2011,
J Bus Econ Stat 29:238).

Counts keep the small integers they come in: what is computed from all of them at full precision
is computed of a few neurons at a time (`pieces`), so that memory hardly grows with time.
"""

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

import numpy as np

from snnrun import random
from snnrun.component import Component, component, param

BLOCKS = 10
CENTRE = (0.25, 0.75)  # x and y of the central part of the sheet
_PIECE = 2**15  # counts: at full precision they fit into a cache


class Estimate(NamedTuple):
    """A value with its standard error.

    `reason`: why the value is NaN; `se_over`: what the standard error is an error over: `time`,
    `time and draws` (of neurons), `trials` or `networks`.
    """

    value: np.ndarray
    se: np.ndarray
    reason: str | None
    se_over: str = "time"


@dataclasses.dataclass(frozen=True)
class Subjects:
    """The neurons that are measured, besides their activity; one for each evaluation.

    `positions`: `[N, 2]` on the unit sheet; `shared`: what several statistics of this
    evaluation need and only the first one computes.
    """

    seed: int = 0
    population: str = ""
    trial: int = 0
    positions: np.ndarray | None = None
    shared: dict[Any, Any] = dataclasses.field(default_factory=dict)

    def generator(self, role: str) -> np.random.Generator:
        """Return the named stream of draws for one purpose, from its beginning."""
        return random.generator(self.seed, self.population, f"statistics.{role}", self.trial)


class Statistic(Component):
    """A number (or vector) computed from the activity of a population.

    Every kind has the parameter `population` (none: each one, `all`: all neurons together).
    """

    units: ClassVar[str] = ""
    definition: ClassVar[str] = ""
    vector: ClassVar[bool] = False
    population: str | None


@component
class CountStatistic(Statistic):
    """A statistic of spike counts in windows."""

    min_windows: ClassVar[int] = 2
    min_neurons: ClassVar[int] = 1

    population: str = param("", "population, all, or none for each", optional=True)
    window_ms: float = param("ms", "counting window", above=0, in_steps="whole")
    min_rate: float = param(
        "sp/s", "neurons at or below it are left out; none: all enter", at_least=0, optional=True
    )
    sample: int = param("", "neurons drawn; none: all that enter", at_least=1, optional=True)
    draws: int = param("", "such draws; their mean counts; none: 1", at_least=1, optional=True)
    region: str = param(
        "", "where neurons are; none: all", choices=("all", "central"), optional=True
    )

    def check(self, dt: float) -> list[str]:
        del dt
        if self.sample is not None and self.sample < self.min_neurons:
            return [f"sample: must be at least {self.min_neurons}"]
        alone = self.draws is not None and self.sample is None
        return ["draws: means nothing without sample; give both or none"] if alone else []

    def caution(self, windows: int) -> str | None:
        """Return why the value would mislead with so few windows, or None."""
        del windows
        return None

    def keep(self, counts: np.ndarray) -> np.ndarray:
        """Return which neurons may enter, `[N]` bool."""
        if self.min_rate is None:
            return np.ones(counts.shape[1], bool)
        return fires_above(counts, self.window_ms, self.min_rate)

    def value(self, counts: np.ndarray) -> Any:
        """Return the statistic of `[W, N]` counts of the neurons that enter."""
        raise NotImplementedError

    def estimate(self, counts: np.ndarray, subjects: Subjects | None = None) -> Estimate:
        """Return value and standard error for `[W, N]` counts of a population."""
        subjects = subjects or Subjects()
        if counts.shape[0] < self.min_windows:
            return missing(
                f"needs at least {windows_of(self.min_windows)} of {self.window_ms:g} ms after"
                f" the warm-up; there {'is' if counts.shape[0] == 1 else 'are'} {counts.shape[0]}"
            )
        there: slice | np.ndarray = slice(None)
        if self.region == "central":
            if subjects.positions is None:
                return missing("needs positions of the neurons to find the central ones")
            inside = (subjects.positions >= CENTRE[0]) & (subjects.positions <= CENTRE[1])
            there = np.asarray(inside.all(axis=1))
        kept = np.arange(counts.shape[1])[there][self.keep(counts[:, there])]
        least = self.sample or self.min_neurons
        if kept.size < least:
            return missing(f"needs at least {least} neurons that enter; {kept.size} do")
        parts = self._drawn(kept, counts.shape[1], subjects)
        drawn = [counts[:, p] if p.size < counts.shape[1] else counts for p in parts]
        values, without = self.measure(drawn, subjects)
        over = "time and draws" if len(drawn) > 1 else "time"
        return Estimate(values.mean(axis=0), standard_error(values, without), None, over)

    def measure(self, drawn: list[np.ndarray], subjects: Subjects) -> tuple[np.ndarray, np.ndarray]:
        """Return the value of each draw of counts `[W, N']`, and of each without a block of time.

        Shapes `[D, ...]` and `[K, D, ...]`; K is 0 where there are too few windows for blocks.
        """
        del subjects
        values = np.array([self.value(counts) for counts in drawn])
        without = [
            [self.value(np.concatenate([counts[:a], counts[b:]])) for counts in drawn]
            for a, b in blocks(drawn[0].shape[0])
        ]
        return values, np.array(without)

    def _drawn(self, kept: np.ndarray, neurons: int, subjects: Subjects) -> list[np.ndarray]:
        """Return the neurons of each draw: the first ones in a random order of all neurons.

        So statistics that let different neurons enter still share most of a draw.
        """
        if self.sample is None:
            return [kept]
        rng = subjects.generator("sample")
        orders = [rng.random(neurons)[kept] for _ in range(self.draws or 1)]
        return [np.sort(kept[np.argsort(order)[: self.sample]]) for order in orders]


class Intervals(NamedTuple):
    """Sums over the inter-spike intervals of each neuron, each `[K, N]` or `[N]`.

    `number`, `total` and `squares` of intervals (steps); `pairs` of successive intervals I, J
    with the sums `cv2` of 2 |I - J| / (I + J) and `lv` of 3 ((I - J) / (I + J))^2. An interval
    or pair belongs to the block of time in which it ends.
    """

    number: np.ndarray
    total: np.ndarray
    squares: np.ndarray
    pairs: np.ndarray
    cv2: np.ndarray
    lv: np.ndarray


@component
class IntervalStatistic(Statistic):
    """A statistic of inter-spike intervals that lie wholly after the warm-up: mean over neurons."""

    population: str = param("", "population, all, or none for each", optional=True)
    min_spikes: int = param("", "neurons with fewer after the warm-up are left out", at_least=3)

    def of_neurons(self, sums: Intervals) -> np.ndarray:
        """Return the statistic of each neuron `[N]` from sums `[N]`; 0 / 0 where undefined."""
        raise NotImplementedError

    def estimate(self, sums: Intervals) -> Estimate:
        """Return value and standard error from sums `[K, N]`."""
        enough = sums.number.sum(axis=0) + 1 >= self.min_spikes
        if not enough.any():
            return missing(f"needs neurons with at least {self.min_spikes} spikes; there are none")
        kept = Intervals(*(s[:, enough] for s in sums))
        whole = Intervals(*(s.sum(axis=0) for s in kept))
        without = [
            self._mean(Intervals(*(s - b[k] for s, b in zip(whole, kept, strict=True))))
            for k in range(sums.number.shape[0])
        ]
        return Estimate(np.asarray(self._mean(whole)), jackknife(np.array(without)), None)

    def _mean(self, sums: Intervals) -> float:
        """Return the mean over the neurons that have a pair of intervals."""
        has = sums.pairs > 0
        of_neurons = self.of_neurons(Intervals(*(s[has] for s in sums)))
        return float(of_neurons.mean()) if has.any() else float("nan")


def windows_of(number: int) -> str:
    """Return a number of windows in words."""
    return f"{number} window{'' if number == 1 else 's'}"


def missing(reason: str) -> Estimate:
    """Return NaN for a reason."""
    return Estimate(np.asarray(np.nan), np.asarray(np.nan), reason)


def blocks(windows: int) -> list[tuple[int, int]]:
    """Return the windows [from, to) of each block; nothing where blocks would be too short."""
    if windows < 2 * BLOCKS:
        return []
    edges = np.linspace(0, windows, BLOCKS + 1).astype(int).tolist()
    return list(itertools.pairwise(edges))


def jackknife(without: np.ndarray) -> np.ndarray:
    """Return the standard error from the values without each block `[K, ...]`; NaN for K < 2."""
    if len(without) < 2:
        return np.asarray(np.nan)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt((len(without) - 1) * without.var(axis=0)))


def standard_error(values: np.ndarray, without: np.ndarray) -> np.ndarray:
    """Return the standard error of the mean over draws: over time, and over the draws.

    `values` `[D, ...]`; `without` `[K, D, ...]`: without each block. Draws differ also because
    each has noise of its own in time, which is not counted twice.
    """
    draws = len(values)
    if draws == 1 or len(without) < 2:
        return jackknife(without[:, 0] if draws == 1 and len(without) else without)
    with np.errstate(invalid="ignore"):
        between = values.var(axis=0, ddof=1) - (jackknife(without) ** 2).mean(axis=0)
    return np.sqrt(jackknife(without.mean(axis=1)) ** 2 + np.maximum(between, 0) / draws)


def fires_above(counts: np.ndarray, window_ms: float, min_rate: float) -> np.ndarray:
    """Return which neurons fire at all and above `min_rate` (sp/s), `[N]` bool."""
    rate = counts.mean(axis=0) * 1000 / window_ms
    return (rate > min_rate) & (rate > 0)


def varies(counts: np.ndarray) -> np.ndarray:
    """Return which neurons' counts vary, `[N]` bool."""
    return np.asarray(counts.min(axis=0) < counts.max(axis=0))


def pieces(counts: np.ndarray) -> Iterator[np.ndarray]:
    """Yield counts `[W, N]` of a few neurons after the other, as views."""
    width = max(1, _PIECE // max(1, counts.shape[0]))
    return (counts[:, first : first + width] for first in range(0, counts.shape[1], width))


def standardized(counts: np.ndarray) -> np.ndarray:
    """Return z-scores `[W, N']` (n in the variance) of the trains that vary."""
    counts = counts[:, varies(counts)]
    z = counts - counts.mean(axis=0)
    z /= np.sqrt(np.einsum("wn,wn->n", z, z) / len(z))
    return z


def mean_correlation(counts: np.ndarray) -> float:
    """Return the mean Pearson correlation of pairs of trains that vary; NaN without a pair.

    All pairs are used: with z-scores z it is (mean_w (sum_i z_wi)^2 - n) / (n (n - 1)).
    """
    total, n = np.zeros(counts.shape[0]), 0
    for piece in pieces(counts):
        z = standardized(piece)
        total += z.sum(axis=1)
        n += z.shape[1]
    return float(((total**2).mean() - n) / (n * (n - 1))) if n > 1 else float("nan")
