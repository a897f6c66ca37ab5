"""Every source contacts the same number of uniformly chosen targets.

Names follow NEST's rule of the same name.

    name             meaning
    k                contacts of a source
    p                contacts of a source as a fraction of the target population
    allow_autapses   whether a neuron may contact itself
    allow_multapses  whether a pair may have several contacts
"""

import numpy as np

from snnrun.component import component, param
from snnrun.connect._base import (
    Connect,
    Contacts,
    Layer,
    by_count,
    chosen,
    degree,
    either,
    partners,
    too_few,
)


@component
class FixedOutdegree(Connect):
    """Fixed number of uniformly chosen targets."""

    k: int = param("", "contacts a source", at_least=0, optional=True)
    p: float = param("", "contacts a source / size of the target", at_least=0, optional=True)
    allow_autapses: bool = param("", "whether a neuron may contact itself")
    allow_multapses: bool = param("", "whether a pair may have several contacts")

    def check(self, dt: float) -> list[str]:
        del dt
        return either(self.p, self.k)

    def expected(self, pre: Layer, post: Layer, same: bool) -> tuple[float, float]:
        return pre.size * degree(self.p, self.k, post.size), 0.0

    def misfit(self, pre: Layer, post: Layer, same: bool) -> str | None:
        choices = partners(post.size, same, self.allow_autapses)
        k = degree(self.p, self.k, post.size)
        return too_few(k, choices, self.allow_multapses, "targets for each source")

    def draw(self, pre: Layer, post: Layer, same: bool, rng: np.random.Generator) -> Contacts:
        k = degree(self.p, self.k, post.size)
        return by_count(k, pre.size, chosen(pre.size, k, post.size, same, self, rng))
