"""Dimensions of the shared variance: known models."""

import numpy as np
import pytest

from snnrun.statistics._likelihood import Factors
from tests.contracts import preset
from tests.factors import FactorContract, loadings, shared_counts


class TestSharedDimensionality(FactorContract):
    kind = "shared_dimensionality"
    # 95 % lie between the second and the third eigenvalue, so that the number varies; of a whole
    # number the jackknife knows only whether blocks change it
    eigenvalues = (30.0, 20.0, 2.6)
    se_ratio = (0.5, 2.0)


@pytest.mark.parametrize(
    ("eigenvalues", "number"),
    [((40.0,), 1), ((40.0, 30.0), 2), ((50.0, 40.0, 30.0, 20.0), 4), ((60.0, 50.0, 3.0), 2)],
)
def test_a_known_model_is_recovered(eigenvalues, number):
    counts = shared_counts(1500, 40, eigenvalues, 1.0, 1)
    part = preset("statistics", "shared_dimensionality", sample=40, draws=1)
    assert part.estimate(counts).value == number


def test_of_known_loadings():
    part = preset("statistics", "shared_dimensionality")
    spectra = [(1.0, 0, 0), (0.94, 0.06, 0), (0.96, 0.04, 0), (0.5, 0.4, 0.1), (0, 0, 0)]
    stacked = np.stack([loadings(5, s, seed=i) for i, s in enumerate(spectra)])
    factors = Factors(stacked, np.ones((5, 5)))
    assert part.of_factors(factors).tolist() == [1, 2, 1, 3, 0]
    assert part.replace(share=0.6).of_factors(factors).tolist() == [1, 1, 1, 2, 0]


def test_is_the_mean_over_draws():
    counts = np.hstack(
        [shared_counts(400, 20, (40.0,), 1.0, 1), shared_counts(400, 20, (40.0, 30.0), 1.0, 2)]
    )
    estimate = preset("statistics", "shared_dimensionality", sample=15, draws=4).estimate(counts)
    assert 1 < estimate.value <= 3
    assert estimate.value * 4 == round(float(estimate.value * 4))
