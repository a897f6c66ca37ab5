"""Every target is contacted by the same number of uniformly chosen sources.

Names follow NEST's rule of the same name.

    name             meaning
    k                contacts a target gets (NEST's indegree)
    p                contacts a target gets as a fraction of the source population, rounded up
    allow_autapses   whether a neuron may contact itself
    allow_multapses  whether a pair may have several contacts
"""

import numpy as np

from snnrun.component import component, param
from snnrun.connect._base import (
    Connect,
    Contacts,
    Layer,
    by_source,
    chosen,
    degree,
    either,
    partners,
    too_few,
)


@component
class FixedIndegree(Connect):
    """Fixed number of uniformly chosen sources."""

    k: int = param("", "contacts a target gets", at_least=0, optional=True)
    p: float = param("", "contacts a target gets / size of source", at_least=0, optional=True)
    allow_autapses: bool = param("", "whether a neuron may contact itself")
    allow_multapses: bool = param("", "whether a pair may have several contacts")

    def check(self, dt: float) -> list[str]:
        del dt
        return either(self.p, self.k)

    def expected(self, pre: Layer, post: Layer, same: bool) -> tuple[float, float]:
        return post.size * degree(self.p, self.k, pre.size), 0.0

    def misfit(self, pre: Layer, post: Layer, same: bool) -> str | None:
        choices = partners(pre.size, same, self.allow_autapses)
        k = degree(self.p, self.k, pre.size)
        return too_few(k, choices, self.allow_multapses, "sources for each target")

    def draw(self, pre: Layer, post: Layer, same: bool, rng: np.random.Generator) -> Contacts:
        k = degree(self.p, self.k, pre.size)
        source = chosen(post.size, k, pre.size, same, self, rng)
        return by_source(source, np.arange(post.size)[:, None], pre.size, post.size)
