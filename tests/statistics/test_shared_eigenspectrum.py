"""Eigenvalues of the shared covariance: known models."""

import numpy as np
import pytest

from tests.contracts import preset
from tests.factors import FactorContract, shared_counts


class TestSharedEigenspectrum(FactorContract):
    kind = "shared_eigenspectrum"


@pytest.mark.parametrize("eigenvalues", [(40.0,), (50.0, 40.0, 20.0)])
def test_a_known_model_is_recovered(eigenvalues):
    counts = shared_counts(3000, 30, eigenvalues, 1.0, 1)
    estimate = preset("statistics", "shared_eigenspectrum", sample=30, draws=1).estimate(counts)
    known = len(eigenvalues)
    assert estimate.value.shape == estimate.se.shape == (30,)
    assert np.abs(estimate.value[:known] - eigenvalues).max() < 5 * estimate.se[:known].max()
    assert estimate.se[:known].max() < 3
    assert (estimate.value[known:] == 0).all()
    assert (np.diff(estimate.value) <= 0).all()


def test_without_latents_all_are_zero():
    counts = np.random.default_rng(2).poisson(3.0, (100, 12))
    part = preset("statistics", "shared_eigenspectrum", sample=12, draws=2, latents=0)
    estimate = part.estimate(counts)
    assert estimate.value.tolist() == [0.0] * 12
    assert estimate.se.tolist() == [0.0] * 12
