"""Where to look next: probability of feasibility times expected improvement.

    EI(x) = (f₊ - μ) Φ(z) + s φ(z),   z = (f₊ - μ) / s        (Jones et al. 1998)
    P(x)  = Φ((μ_f - 0.5) / s_f)

μ, s are mean and standard deviation of a Gaussian process of the cost, μ_f, s_f of one of the
labels 0 (infeasible) and 1 (feasible); f₊ is the least mean at a feasible candidate. Logarithms
throughout: far from everything known both factors underflow.

Shapes: `C` candidates, `Q` places, `D` parameters, `F` features.
"""

import dataclasses
import math

import numpy as np
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.special import erfcx, log_ndtr, ndtr

from snnrun.optimizer._cube import Cube
from snnrun.optimizer._gaussian_process import GaussianProcess, fit, spread

_MANY = 200  # observations from which on places are screened
_ROUGH = 128  # observations that they are screened with
_LIKELY = 2000  # places that are then looked at given all
_APART = 1e-3  # how far candidates of a batch are from each other at least


@dataclasses.dataclass(frozen=True)
class Observed:
    """What is known of a study: features `[C, F]`, costs `[C]` (to minimise) and `[C]` bool.

    `points` `[C, D]` are their places in the cube, `pending` `[P, F]` the features of
    candidates that are being simulated. Costs of infeasible candidates mean nothing.
    """

    points: np.ndarray
    features: np.ndarray
    cost: np.ndarray
    feasible: np.ndarray
    pending: np.ndarray


@dataclasses.dataclass(frozen=True)
class Model:
    """How costs and feasibility are modelled.

    `log_cost`: the logarithm of the cost is; `response`: the standard deviations are those of
    another measurement, noise included, not those of the mean; `epsilon`: an improvement counts
    from so many standard deviations of the costs on; `lowest_noise`: as in `fit`.
    """

    kernel: str
    log_cost: bool
    response: bool
    epsilon: float
    lowest_noise: float

    def acquisition(self, seen: Observed) -> "Acquisition":
        """Return the acquisition function given all that was told."""
        cost, least = None, 0.0
        if seen.feasible.any():
            y = seen.cost[seen.feasible]
            y = _logarithm(y) if self.log_cost else y
            x = seen.features[seen.feasible]
            cost = fit(x, y, self.kernel, self.lowest_noise)
            least = float(cost.predict(x)[0].min()) - self.epsilon * float(np.std(y))
        labels = None
        if seen.feasible.any() and not seen.feasible.all():
            y = seen.feasible.astype(float)
            labels = fit(seen.features, y, self.kernel, self.lowest_noise)
        return Acquisition(cost, labels, least, self.response)


@dataclasses.dataclass(frozen=True)
class Acquisition:
    """Logarithm of the probability of feasibility times expected improvement.

    Without a feasible candidate no cost is known, without both kinds of label no border: the
    factor is left out. Places `taken` `[P, F]` are the last to be chosen.
    """

    cost: GaussianProcess | None
    labels: GaussianProcess | None
    least: float
    response: bool
    taken: np.ndarray | None = None

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return its values `[Q]` at places `[Q, F]`."""
        value = np.zeros(len(features))
        if self.cost is not None:
            mean, deviation = self._predicted(self.cost, features)
            value += log_expected_improvement(mean, deviation, self.least)
        if self.labels is not None:
            mean, deviation = self._predicted(self.labels, features)
            value += log_ndtr((mean - 0.5) / deviation)
        if self.taken is not None:
            value[cdist(features, self.taken, "chebyshev").min(axis=1) < _APART] -= 1e9
        return value

    def _predicted(
        self, process: GaussianProcess, features: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        mean, variance = process.predict(features)
        noise = process.hyper.noise**2 if self.response else 0.0
        return mean, np.sqrt(variance + noise + 1e-12 * process.hyper.amplitude**2)

    def pretending(self, pending: np.ndarray) -> "Acquisition":
        """Return what it would be had the pending candidates `[P, F]` come out.

        A constant liar (Ginsbourger et al. 2010): each is as good as the mean of the costs, so
        that the others of a batch look elsewhere, and never at the same place;
        whether it is feasible stays as expected.
        """
        if not len(pending):
            return self
        cost, labels = self.cost, self.labels
        if cost is not None:
            cost = cost.with_more(pending, np.full(len(pending), cost.y.mean()))
        if labels is not None:
            labels = labels.with_more(pending, labels.predict(pending)[0])
        return dataclasses.replace(self, cost=cost, labels=labels, taken=pending)

    def roughly(self) -> "Acquisition":
        """Return what it would be given a few observations; itself if there are no more."""
        cost, labels = self.cost, self.labels
        if cost is not None and len(cost.y) > _MANY:
            best = np.argsort(cost.y, kind="stable")[: _ROUGH // 2]
            cost = cost.given(np.union1d(best, spread(len(cost.y), _ROUGH // 2)))
        if labels is not None and len(labels.y) > _MANY:
            labels = labels.given(spread(len(labels.y), _ROUGH))
        if cost is self.cost and labels is self.labels:
            return self
        return dataclasses.replace(self, cost=cost, labels=labels)


def log_expected_improvement(mean: np.ndarray, deviation: np.ndarray, least: float) -> np.ndarray:
    """Return the logarithm of the expected improvement on `least`, accurate in the far tail.

    Ament et al. 2023, equation 9.
    """
    z = (least - mean) / deviation
    log_density = -0.5 * z * z - 0.5 * math.log(2 * math.pi)
    near, far = np.maximum(z, -1.0), np.minimum(z, -1.0)
    plain = np.log(np.exp(-0.5 * near**2) / math.sqrt(2 * math.pi) + near * ndtr(near))
    ratio = far * math.sqrt(math.pi / 2) * erfcx(-far / math.sqrt(2))
    tail = np.where(far > -1e4, np.log1p(np.maximum(ratio, -1 + 1e-16)), -2 * np.log(-far))
    return np.log(deviation) + np.where(z > -1.0, plain, log_density + tail)


def _logarithm(cost: np.ndarray) -> np.ndarray:
    """Return log(cost), of costs of 0 that of a hundredth of the least one above 0.

    Costs of which one is below 0 have none; they are returned as they are.
    """
    if (cost < 0).any() or not cost.any():
        return cost
    return np.log(np.maximum(cost, 0.01 * cost[cost > 0].min()))


@dataclasses.dataclass(frozen=True)
class Search:
    """How the acquisition is maximised: the best of many places, the first few refined.

    `samples`: uniform ones; `near`: some around the best candidate so far, at distances of 0.1,
    0.01 and 0.001; `refined`: how many start a simplex search of so many `iterations`. With many
    observations the places are first screened given some of them.
    """

    samples: int
    near: int
    refined: int
    iterations: int

    def best(
        self, value: Acquisition, cube: Cube, centre: np.ndarray | None, rng: np.random.Generator
    ) -> np.ndarray:
        """Return the point `[D]` where the acquisition is largest."""
        points = rng.random((self.samples, cube.dimensions))
        if self.near and centre is not None:
            steps = rng.standard_normal((self.near, cube.dimensions))
            steps *= 0.1 ** (1 + np.arange(self.near) % 3)[:, None]
            points = np.concatenate([points, np.clip(centre + steps, 0, 1)])
        points = _likely(value, cube, points)
        values = value(cube.features(points))
        order = np.argsort(-values, kind="stable")[: max(1, self.refined)]
        found = [(values[i], points[i]) for i in order]
        if self.refined:
            found += [self._refine(value, cube, points[i]) for i in order]
        return max(found, key=lambda pair: float(pair[0]))[1]

    def _refine(
        self, value: Acquisition, cube: Cube, start: np.ndarray
    ) -> tuple[float, np.ndarray]:
        end = minimize(
            lambda point: -value(cube.features(np.clip(point, 0, 1)[None]))[0],
            start,
            method="Nelder-Mead",
            bounds=[(0.0, 1.0)] * cube.dimensions,
            options={"maxiter": self.iterations, "fatol": 1e-3, "xatol": 1e-4},
        )
        return -float(end.fun), np.clip(end.x, 0, 1)


def _likely(value: Acquisition, cube: Cube, points: np.ndarray) -> np.ndarray:
    """Return those of points `[Q, D]` that are worth a close look."""
    rough = value.roughly()
    if rough is value or len(points) <= _LIKELY:
        return points
    values = rough(cube.features(points))
    return points[np.sort(np.argpartition(-values, _LIKELY)[:_LIKELY])]
