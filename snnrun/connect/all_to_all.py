"""Every source contacts every target once, as in NEST's rule of the same name.

name             meaning
allow_autapses   whether a neuron contacts itself
"""

import numpy as np

from snnrun.component import component, param
from snnrun.connect._base import Connect, Contacts, Layer, by_count, partners, skip_self


@component
class AllToAll(Connect):
    """Every pair once."""

    allow_autapses: bool = param("", "whether a neuron contacts itself")

    def expected(self, pre: Layer, post: Layer, same: bool) -> tuple[float, float]:
        return pre.size * partners(post.size, same, self.allow_autapses), 0.0

    def draw(self, pre: Layer, post: Layer, same: bool, rng: np.random.Generator) -> Contacts:
        del rng
        choices = partners(post.size, same, self.allow_autapses)
        target = np.broadcast_to(np.arange(choices, dtype=np.int32), (pre.size, choices))
        if choices < post.size:
            target = skip_self(np.arange(pre.size, dtype=np.int32)[:, None], target)
        return by_count(choices, pre.size, target)
