"""Share of the variance that neurons share: known models, and how the latents are chosen."""

import numpy as np
import pytest

from snnrun.config.fields import Problems, read
from snnrun.statistics import _factor_analysis
from snnrun.statistics._base import Subjects
from tests.contracts import preset
from tests.factors import FactorContract, loadings, shared_counts


class TestPercentSharedVariance(FactorContract):
    kind = "percent_shared_variance"


def statistic(**changes):
    return preset("statistics", "percent_shared_variance", **changes)


def fit_of(counts, **changes):
    """Return estimate and the fits behind it."""
    subjects = Subjects(1, "E")
    estimate = statistic(**changes).estimate(counts, subjects)
    (fit,) = subjects.shared.values()
    return estimate, fit


def latents(fit):
    return fit.whole.loadings.any(axis=1).sum(axis=1)


@pytest.mark.parametrize("eigenvalues", [(40.0,), (40.0, 30.0), (50.0, 40.0, 30.0, 20.0)])
def test_a_known_model_is_recovered(eigenvalues):
    """The number of latents, and the share of variance of the neurons drawn."""
    counts = shared_counts(1500, 60, eigenvalues, 2.0, 1)
    estimate, fit = fit_of(counts, sample=40, draws=2)
    shared = (loadings(60, eigenvalues) ** 2).sum(axis=1)
    expected = (shared / (shared + 2.0)).mean()
    assert latents(fit).tolist() == [len(eigenvalues)] * 2
    assert estimate.value == pytest.approx(expected, abs=0.03)  # 40 of the 60 neurons
    assert 0 < estimate.se < 0.02


def test_independent_neurons_share_nothing():
    counts = np.random.default_rng(2).poisson(3.0, (700, 30))
    estimate, fit = fit_of(counts, sample=30, draws=1)
    assert latents(fit).tolist() == [0]
    assert (estimate.value, estimate.se, estimate.reason) == (0, 0, None)


@pytest.mark.parametrize(("wanted", "found"), [(0, 0), (3, 3), ("heuristic", 2)])
def test_latents_as_asked_for(wanted, found):
    counts = shared_counts(100, 20, (20.0, 10.0), 1.0, 3)
    _, fit = fit_of(counts, sample=20, draws=1, latents=wanted)
    assert latents(fit).tolist() == [found]


@pytest.mark.parametrize(
    ("windows", "neurons", "found"), [(700, 50, 5), (20, 400, 10), (700, 400, 15), (700, 8, 1)]
)
def test_heuristic(windows, neurons, found):
    counts = np.zeros((2, windows, neurons))
    part = statistic(latents="heuristic")
    assert part._latents(counts, None, None, None).tolist() == [found, found]


def test_a_singular_covariance_has_one_latent():
    """Two identical neurons, and fewer windows than neurons."""
    counts = np.random.default_rng(4).poisson(3.0, (300, 12)).astype(float)
    twins = np.hstack([counts, counts[:, :1]])
    short = shared_counts(30, 40, (40.0, 30.0), 2.0, 5)
    for case in (twins, short):
        estimate, fit = fit_of(case, sample=case.shape[1], draws=1)
        assert latents(fit).tolist() == [1]
        assert 0 < estimate.value < 1
        assert np.isfinite(estimate.se)
    variance = twins.var(axis=0)
    _, fit = fit_of(twins, sample=13, draws=1)
    np.testing.assert_allclose(fit.whole.private[0, [0, 12]], 0.01 * variance[[0, 12]], rtol=0.05)


def test_constant_and_silent_neurons_do_not_enter():
    counts = shared_counts(200, 20, (20.0, 10.0), 1.0, 3)
    more = np.insert(counts, [3, 3, 9], [0.0, 4.0, 7.0], axis=1)
    alone, both = (statistic(sample=20, draws=1).estimate(c) for c in (counts, more))
    assert both.value == pytest.approx(alone.value, rel=1e-12)
    assert alone.value > 0.2
    assert "23" in statistic(sample=23, draws=1).estimate(more).reason


def test_a_neuron_that_fires_in_one_fold_only_changes_little():
    counts = shared_counts(300, 15, (20.0, 10.0), 1.0, 3)
    burst = np.zeros((300, 1))
    burst[7] = 100.0
    rare, fit = fit_of(np.hstack([counts, burst]), sample=16, draws=1)
    alone = statistic(sample=15, draws=1).estimate(counts)
    assert latents(fit).tolist() == [2]
    assert rare.value == pytest.approx(alone.value * 15 / 16, abs=0.02)


def test_neighbours_of_the_best_are_tried(monkeypatch):
    """Scores by number of latents: 6 is the best but not among those tried first."""
    score = {0: 0, 1: 1, 3: 2, 5: 6, 7: 5, 9: 4, 4: 3, 6: 7}
    asked = []

    def scores(self, z, draws):
        asked.append((z, draws.tolist()))
        return np.array([score[z] if d == 0 else -z for d in draws], float)

    monkeypatch.setattr(_factor_analysis._Folds, "_score", scores)
    counts = np.random.default_rng(0).normal(size=(2, 20, 3))
    tests = np.array_split(np.arange(20), 5)
    folds = _factor_analysis._Folds(counts, tests, np.eye(3))
    assert folds.best(9).tolist() == [6, 0]
    assert [z for z, _ in asked] == [0, 1, 3, 5, 7, 9, 4, 6]
    assert asked[-2:] == [(4, [0]), (6, [0])]


def test_the_three_share_one_fit(monkeypatch):
    made = []
    real = _factor_analysis.FactorAnalysis._fit
    monkeypatch.setattr(
        _factor_analysis.FactorAnalysis, "_fit", lambda *a: made.append(1) or real(*a)
    )
    counts = shared_counts(100, 20, (20.0, 10.0), 1.0, 3)
    subjects = Subjects(1, "E")
    kinds = ("percent_shared_variance", "shared_dimensionality", "shared_eigenspectrum")
    parts = [preset("statistics", kind, sample=10, draws=2, latents=2) for kind in kinds]
    for part in parts:
        assert part.estimate(counts, subjects).reason is None
    assert len(made) == 1
    parts[0].replace(latents=1).estimate(counts, subjects)
    assert len(made) == 2


@pytest.mark.parametrize(
    ("latents", "problem"),
    [
        ("many", "latents: must be cv, heuristic, or a whole number"),
        (50, "latents: must be at least 0 and below sample (50)"),
        (-1, "latents: must be at least 0 and below sample (50)"),
    ],
)
def test_impossible_latents_are_refused(latents, problem):
    assert statistic(latents=latents).check(0.1) == [problem]


@pytest.mark.parametrize("latents", [2.5, True, [3]])
def test_latents_are_a_word_or_a_whole_number(latents):
    problems = Problems()
    part = statistic()
    node = {name: getattr(part, name) for name in part.parameters()}
    read(type(part), {**node, "latents": latents}, "s", problems)
    expected = f"must be a whole number or a word: cv, heuristic, or a number; not {latents!r}"
    assert problems.found == [("s.latents", expected)]
    problems = Problems()
    for good in ("cv", 3):
        assert read(type(part), {**node, "latents": good}, "s", problems).latents == good
    assert problems.found == []


@pytest.mark.parametrize("seed", [1, 24])
def test_numbers_of_latents_that_have_no_fit_are_not_taken(seed):
    """Among few sparse windows a fold's fit can become singular (Heywood's case)."""
    counts = np.random.default_rng(seed).poisson(0.15, (30, 8))
    found = statistic(sample=8, draws=2, min_rate=0.0).estimate(counts, Subjects(1, "E", 0, None))
    assert np.isfinite(found.value)
