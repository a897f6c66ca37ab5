"""Fixed out-degree, Gaussian in space, on a torus.

Every source draws ceil(p * N) contacts (or k), with replacement: several contacts of a pair
and contacts with itself are possible. On each axis separately, the target is the source's
position plus sigma times a standard normal, rounded to the grid of the target population and
wrapped. sigma is in units of the side of the sheet; a large sigma is uniform connectivity.
Source: Huang et al. 2019, Neuron 101:337; Wu et al. 2024, Nat Comput Sci 4:690.

    name   unit   meaning
    p             contacts of a source as a fraction of the target population
    k             contacts of a source
    sigma  sides  standard deviation on each axis
"""

import math

import numpy as np

from snnrun.component import component, param
from snnrun.connect._base import Connect, Contacts, Layer, by_count, degree, either


@component
class GaussianOutdegree(Connect):
    """Fixed out-degree with Gaussian profile on a torus."""

    needs_grid = True

    p: float = param("", "contacts a source / size of the target", at_least=0, optional=True)
    k: int = param("", "contacts a source", at_least=0, optional=True)
    sigma: float = param("sides", "standard deviation on each axis", at_least=0)

    def check(self, dt: float) -> list[str]:
        del dt
        return either(self.p, self.k)

    def expected(self, pre: Layer, post: Layer, same: bool) -> tuple[float, float]:
        return pre.size * degree(self.p, self.k, post.size), 0.0

    def _precision(self, side: int) -> type:
        """Return a type that still resolves the grid where a wide Gaussian ends."""
        return np.float32 if self.sigma * side < 1e4 else np.float64

    def draw(self, pre: Layer, post: Layer, same: bool, rng: np.random.Generator) -> Contacts:
        assert pre.position is not None
        k, side = degree(self.p, self.k, post.size), math.isqrt(post.size)
        target = np.zeros((pre.size, k), np.int32)
        for axis in (0, 1):
            offset = rng.standard_normal((pre.size, k), self._precision(side))
            centre = pre.position[:, axis, None] * side - 1
            place = np.rint(offset * (self.sigma * side) + centre)
            target = target * side + np.mod(place, side).astype(np.int32)
        return by_count(k, pre.size, target)
