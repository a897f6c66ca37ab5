"""Counts with a known shared part, for tests of factor analysis."""

import numpy as np

from tests.contracts import StatisticContract


def loadings(neurons: int, eigenvalues: tuple[float, ...], seed: int = 0) -> np.ndarray:
    """Return loadings `[N, z]` whose shared covariance has these eigenvalues."""
    normal = np.random.default_rng(seed).normal(size=(neurons, len(eigenvalues)))
    return np.linalg.qr(normal)[0] * np.sqrt(eigenvalues)


def shared_counts(
    windows: int, neurons: int, eigenvalues: tuple[float, ...], private: float, seed: int
) -> np.ndarray:
    """Return Gaussian "counts" `[W, N]` around 20 with the same loadings for every seed."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=(windows, len(eigenvalues)))
    own = np.sqrt(private) * rng.normal(size=(windows, neurons))
    return np.maximum(20 + latent @ loadings(neurons, eigenvalues).T + own, 0)


class FactorContract(StatisticContract):
    """Contract of statistics of factor analysis."""

    changes = {"sample": 20, "draws": 1, "latents": 3}  # noqa: RUF012
    drawn = {"sample": 12, "draws": 2, "latents": 3}  # noqa: RUF012
    close = 2e-3  # EM stops a little before the maximum
    eigenvalues = (30.0, 15.0, 6.0)

    def counts(self, seed: int, windows: int = 100, neurons: int = 20) -> np.ndarray:
        """Return counts with a shared part and different means."""
        shared = shared_counts(windows, neurons, self.eigenvalues, 1.0, seed)
        return shared + np.linspace(0, 5, neurons)
