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
    either_p_or_k,
    out_degree,
    skip_self,
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
        return either_p_or_k(self.p, self.k)

    def expected(self, pre: Layer, post: Layer, same: bool) -> tuple[float, float]:
        return pre.size * out_degree(self.p, self.k, post.size), 0.0

    def misfit(self, post: Layer, same: bool) -> str | None:
        k, choices = out_degree(self.p, self.k, post.size), self._choices(post, same)
        if choices < 1 <= k or (not self.allow_multapses and k > choices):
            return f"{k} targets for each source, but there are only {choices}"
        return None

    def _choices(self, post: Layer, same: bool) -> int:
        return post.size - (same and not self.allow_autapses)

    def draw(self, pre: Layer, post: Layer, same: bool, rng: np.random.Generator) -> Contacts:
        k = out_degree(self.p, self.k, post.size)
        choices = self._choices(post, same)
        if self.allow_multapses:
            target = rng.integers(choices, size=(pre.size, k))
        else:
            target = _distinct(pre.size, k, choices, rng)
        if choices < post.size:
            target = skip_self(np.arange(pre.size)[:, None], target)
        return by_count(k, pre.size, target)


def _distinct(rows: int, k: int, choices: int, rng: np.random.Generator) -> np.ndarray:
    """Return `[rows, k]` targets, different within a row, by drawing the missing ones again."""
    if k > choices:
        raise ValueError(f"{k} different targets out of {choices}")
    if k > choices // 2:
        left_out = _distinct(rows, choices - k, choices, rng)
        kept = np.ones((rows, choices), bool)
        kept[np.arange(rows)[:, None], left_out] = False
        return np.nonzero(kept)[1].reshape(rows, k)
    pair = np.zeros(0, np.int64)
    missing = np.full(rows, k)
    while missing.any():
        row = np.repeat(np.arange(rows), missing)
        pair = np.union1d(pair, row * choices + rng.integers(choices, size=row.size))
        missing = k - np.bincount(pair // choices, minlength=rows)
    return (pair % choices).reshape(rows, k)
