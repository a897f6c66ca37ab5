"""Source i contacts target i, as in NEST's rule of the same name; sizes must be equal.

Within one population every neuron contacts itself.
"""

import numpy as np

from snnrun.component import component
from snnrun.connect._base import Connect, Contacts, Layer, by_count


@component
class OneToOne(Connect):
    """Each source contacts the target of its number."""

    def expected(self, pre: Layer, post: Layer, same: bool) -> tuple[float, float]:
        return pre.size, 0.0

    def misfit(self, pre: Layer, post: Layer, same: bool) -> str | None:
        if pre.size == post.size:
            return None
        return f"{pre.size} sources and {post.size} targets; one_to_one needs equal numbers"

    def draw(self, pre: Layer, post: Layer, same: bool, rng: np.random.Generator) -> Contacts:
        del rng
        if pre.size != post.size:
            raise ValueError(f"{pre.size} sources one to one with {post.size} targets")
        return by_count(1, pre.size, np.arange(pre.size))
