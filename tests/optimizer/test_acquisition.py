"""Where to look next: closed forms, Monte Carlo, the far tail, and what is left out."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from snnrun.optimizer import _acquisition
from snnrun.optimizer._acquisition import Model, Observed, Search, log_expected_improvement
from snnrun.optimizer._cube import Cube
from snnrun.optimizer._gaussian_process import fit
from tests.studies import plane

SNOPS = Model(kernel="matern52", log_cost=True, response=True, epsilon=0.0, lowest_noise=1e-2)
CUBE = Cube(plane("a", "b"))


def observed(count: int, feasible: bool | None = None, seed: int = 1) -> Observed:
    rng = np.random.default_rng(seed)
    points = rng.random((count, 2))
    cost = np.exp(3 * np.hypot(*(points - 0.4).T) + 0.1 * rng.standard_normal(count))
    inside = points[:, 0] > 0.3 if feasible is None else np.full(count, feasible)
    return Observed(points, points, np.where(inside, cost, math.inf), inside, np.empty((0, 2)))


def test_expected_improvement_is_the_closed_form_and_a_mean_over_draws():
    mean, deviation = np.array([1.0, 0.0, -1.0, 2.0]), np.array([1.0, 0.5, 2.0, 0.7])
    z = (0.5 - mean) / deviation
    closed = (0.5 - mean) * norm.cdf(z) + deviation * norm.pdf(z)
    found = np.exp(log_expected_improvement(mean, deviation, 0.5))
    assert found == pytest.approx(closed, rel=1e-12)
    draws = mean + deviation * np.random.default_rng(1).standard_normal((400_000, 4))
    assert found == pytest.approx(np.maximum(0.5 - draws, 0).mean(axis=0), rel=0.02)


@pytest.mark.parametrize("z", [-0.999, -1.001, -3.0, -8.0, -30.0, -200.0, -5e3])
def test_its_logarithm_is_accurate_far_away(z):
    # E[(z - x)+] / density(z) = integral of t exp(t z - t²/2) over t > 0; with u = -t z
    scaled, _ = quad(lambda u: u * math.exp(-u - 0.5 * (u / z) ** 2), 0, np.inf, epsabs=0)
    expected = -0.5 * z * z - 0.5 * math.log(2 * math.pi) + math.log(scaled) - 2 * math.log(-z)
    (found,) = log_expected_improvement(np.array([-z]), np.ones(1), 0.0)
    assert found == pytest.approx(expected, rel=1e-7)


def test_its_logarithm_is_finite_and_rises_everywhere():
    z = -np.logspace(8, -3, 400)
    values = log_expected_improvement(-z, np.ones(400), 0.0)
    assert np.isfinite(values).all() and (np.diff(values) > 0).all()


def test_is_probability_of_feasibility_times_improvement_of_the_published_models():
    seen = observed(60)
    places = np.random.default_rng(2).random((30, 2))
    log_cost = np.log(seen.cost[seen.feasible])
    cost = fit(seen.points[seen.feasible], log_cost)
    labels = fit(seen.points, seen.feasible.astype(float))
    mean, variance = cost.predict(places)
    deviation = np.sqrt(variance + cost.hyper.noise**2)
    least = cost.predict(seen.points[seen.feasible])[0].min()
    z = (least - mean) / deviation
    improvement = (least - mean) * norm.cdf(z) + deviation * norm.pdf(z)
    mean, variance = labels.predict(places)
    feasible = norm.cdf((mean - 0.5) / np.sqrt(variance + labels.hyper.noise**2))
    found = np.exp(SNOPS.acquisition(seen)(places))
    assert found == pytest.approx(feasible * improvement, rel=1e-6)


def test_epsilon_counts_in_standard_deviations_of_the_targets():
    seen = observed(40, feasible=True)
    least = [Model("matern52", True, True, e, 1e-2).acquisition(seen).least for e in (0.0, 0.5)]
    assert least[0] - least[1] == pytest.approx(0.5 * np.log(seen.cost).std())


def test_factors_that_are_not_known_are_left_out():
    all_feasible, none = (
        SNOPS.acquisition(observed(20, True)),
        SNOPS.acquisition(observed(20, False)),
    )
    assert all_feasible.labels is None and all_feasible.cost is not None
    assert none.cost is None and none.labels is None
    assert (none(np.random.default_rng(1).random((5, 2))) == 0).all()


@pytest.mark.parametrize(
    ("costs", "modelled"),
    [
        ([1.0, 10.0], [0.0, np.log(10)]),
        ([0.0, 2.0, 1.0], [np.log(0.01), np.log(2), 0.0]),  # a cost of 0 has no logarithm
        ([0.0, 0.0], [0.0, 0.0]),
        ([-1.0, 5.0], [-1.0, 5.0]),  # nor have those below 0: none is taken
    ],
)
def test_logarithm_of_costs(costs, modelled):
    assert _acquisition._logarithm(np.array(costs)) == pytest.approx(modelled)


def test_candidates_that_are_being_simulated_push_others_away():
    acquisition = SNOPS.acquisition(observed(30))
    rng = np.random.default_rng(1)
    search = Search(samples=500, near=0, refined=2, iterations=10)
    pending = np.empty((0, 2))
    for _ in range(4):
        point = search.best(acquisition.pretending(pending), CUBE, None, rng)
        pending = np.concatenate([pending, point[None]])
    assert min(np.abs(a - b).max() for i, a in enumerate(pending) for b in pending[:i]) > 0.01
    ahead = acquisition.pretending(pending)
    assert ahead.least == acquisition.least
    assert (ahead(pending) < acquisition(pending) - 1e6).all()  # never twice


def test_the_maximum_is_refined_and_stays_in_the_cube():
    acquisition = SNOPS.acquisition(observed(30))
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 201)] * 2), axis=-1).reshape(-1, 2)
    highest = acquisition(grid).max()

    def value(refined: int, iterations: int) -> float:
        search = Search(samples=300, near=0, refined=refined, iterations=iterations)
        point = search.best(acquisition, CUBE, None, np.random.default_rng(1))
        assert ((point >= 0) & (point <= 1)).all()
        return float(acquisition(point[None])[0])

    assert value(0, 0) <= value(10, 10) <= value(10, 200)
    assert value(10, 200) > highest - 1e-3


def test_screening_keeps_the_best_places():
    acquisition = SNOPS.acquisition(observed(400))
    assert len(acquisition.roughly().cost.y) < 200 < len(acquisition.cost.y)
    points = np.random.default_rng(3).random((20_000, 2))
    values = np.sort(acquisition(points))
    kept = acquisition(_acquisition._likely(acquisition, CUBE, points))
    assert len(kept) == 2000
    assert np.sort(kept)[-10:] == pytest.approx(values[-10:])


def test_few_observations_are_not_screened():
    acquisition = SNOPS.acquisition(observed(100))
    assert acquisition.roughly() is acquisition
