"""Spike trains as elephant wants them, for comparison."""

import neo
import numpy as np
import quantities as pq


def correlated(neurons: int, ms: float, seed: int) -> list[np.ndarray]:
    """Return spike times (ms) of Poisson neurons that share some of their spikes."""
    rng = np.random.default_rng(seed)
    shared = rng.uniform(0, ms, rng.poisson(ms * 0.01))
    own = [rng.uniform(0, ms, rng.poisson(ms * 0.005 * (i + 1))) for i in range(neurons)]
    return [np.sort(np.concatenate([shared + 0.01 * i, x])) % ms for i, x in enumerate(own)]


def binned(trains: list[np.ndarray], ms: float, window_ms: float) -> np.ndarray:
    """Return counts `[W, N]`."""
    edges = np.arange(round(ms / window_ms) + 1) * window_ms
    return np.stack([np.histogram(t, edges)[0] for t in trains], axis=1)


def neo_train(times: np.ndarray, stop_ms: float, start_ms: float = 0.0) -> neo.SpikeTrain:
    """Return a train of neo."""
    return neo.SpikeTrain(np.sort(times) * pq.ms, t_start=start_ms * pq.ms, t_stop=stop_ms * pq.ms)
