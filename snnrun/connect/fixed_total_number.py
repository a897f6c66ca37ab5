"""A fixed number of contacts, each between a uniformly chosen pair, with replacement.

A pair may have several contacts, as in NEST's rule of the same name.

    name             meaning
    n                contacts in total (NEST's N)
    p                contacts in total as a fraction of all pairs, M * N, rounded
    allow_autapses   whether a neuron may contact itself
"""

import numpy as np

from snnrun.component import component, param
from snnrun.connect._base import (
    Connect,
    Contacts,
    Layer,
    by_count,
    either,
    most,
    partners,
    skip_self,
    too_few,
)


@component
class FixedTotalNumber(Connect):
    """Fixed number of contacts between uniformly chosen pairs."""

    n: int = param("", "contacts in total", at_least=0, optional=True)
    p: float = param("", "contacts in total / all pairs", at_least=0, optional=True)
    allow_autapses: bool = param("", "whether a neuron may contact itself")

    def check(self, dt: float) -> list[str]:
        del dt
        return either(self.p, self.n, "n")

    def _total(self, pre: Layer, post: Layer) -> int:
        if self.n is not None:
            return int(self.n)
        return round(most(float(self.p) * pre.size * post.size))

    def expected(self, pre: Layer, post: Layer, same: bool) -> tuple[float, float]:
        return self._total(pre, post), 0.0

    def misfit(self, pre: Layer, post: Layer, same: bool) -> str | None:
        pairs = pre.size * partners(post.size, same, self.allow_autapses)
        return too_few(self._total(pre, post), pairs, True, "contacts between pairs")

    def draw(self, pre: Layer, post: Layer, same: bool, rng: np.random.Generator) -> Contacts:
        choices = partners(post.size, same, self.allow_autapses)
        pair = rng.integers(pre.size * choices, size=self._total(pre, post))
        pair.sort()
        source, target = np.divmod(pair, choices) if choices else (pair, pair)
        if choices < post.size:
            target = skip_self(source, target)
        return by_count(np.bincount(source, minlength=pre.size), pre.size, target)
