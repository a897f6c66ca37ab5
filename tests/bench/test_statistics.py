"""What the statistics of a published SNOPS run take: 700 windows, 2500 neurons. Judges nothing."""

import time

import numpy as np
import pytest

from snnrun.statistics._base import Subjects
from tests.contracts import preset

pytestmark = pytest.mark.bench
SNOPS = {"window_ms": 200.0, "min_rate": 0.5, "sample": 50, "draws": 10}
KINDS = [
    *("firing_rate", "fano_factor", "spike_count_correlation_fisher"),
    *("percent_shared_variance", "shared_dimensionality", "shared_eigenspectrum"),
]


def poisson(strength: float) -> np.ndarray:
    """Return counts of 5 sp/s on average with rates modulated along six dimensions."""
    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(2500, 6)) * strength * np.array([1, 0.8, 0.6, 0.5, 0.4, 0.3])
    latents = rng.normal(size=(700, 6))
    rate = rng.lognormal(-0.25, 0.7, 2500)
    counts = rng.poisson(rate * np.exp(latents @ loadings.T - (loadings**2).sum(axis=1) / 2))
    return np.asarray(counts, np.uint32)


@pytest.mark.parametrize("strength", [0.0, 0.1, 0.3, 0.6])
def test_six_statistics(strength: float) -> None:
    counts = poisson(strength)
    for run in ("first", "again"):
        subjects = Subjects(1, "E")
        begun = time.perf_counter()
        found = {k: preset("statistics", k, **SNOPS).estimate(counts, subjects) for k in KINDS}
        seconds = time.perf_counter() - begun
        (fit,) = subjects.shared.values()
        latents = fit.whole.loadings.any(axis=1).sum(axis=1).tolist()
        line = ", ".join(f"{k} {np.ravel(e.value)[0]:.4g}" for k, e in found.items())
        print(f"\nmodulation {strength}, {run}: {seconds:.2f} s, latents {latents}; {line}")
