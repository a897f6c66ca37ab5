"""Every pair is connected with probability p, independently.

Drawn by skipping geometric gaps over the list of pairs, so time grows with the contacts.
Names follow NEST's rule of the same name.

    name             meaning
    p                connection probability of a pair
    allow_autapses   whether a neuron may contact itself
"""

import numpy as np

from snnrun.component import component, param
from snnrun.connect._base import Connect, Contacts, Layer, by_count, partners, skip_self


@component
class PairwiseBernoulli(Connect):
    """Independent connection of every pair."""

    p: float = param("", "connection probability of a pair", at_least=0, at_most=1)
    allow_autapses: bool = param("", "whether a neuron may contact itself")

    def expected(self, pre: Layer, post: Layer, same: bool) -> tuple[float, float]:
        pairs = pre.size * partners(post.size, same, self.allow_autapses)
        return pairs * self.p, float(np.sqrt(pairs * self.p * (1 - self.p)))

    def draw(self, pre: Layer, post: Layer, same: bool, rng: np.random.Generator) -> Contacts:
        choices = partners(post.size, same, self.allow_autapses)
        pair = _successes(self.p, pre.size * choices, rng)
        source, target = np.divmod(pair, choices) if choices else (pair, pair)
        if choices < post.size:
            target = skip_self(source, target)
        return by_count(np.bincount(source, minlength=pre.size), pre.size, target)


def _successes(p: float, trials: int, rng: np.random.Generator) -> np.ndarray:
    """Return the indices of the successes in a row of Bernoulli trials, int64."""
    if p <= 0 or trials == 0:
        return np.zeros(0, np.int64)
    if p >= 1:
        return np.arange(trials, dtype=np.int64)
    parts, last = [], -1
    while last < trials:
        n = int((trials - last) * p + 4 * np.sqrt((trials - last) * p) + 16)
        gap = 1 + np.floor(rng.standard_exponential(n) / -np.log1p(-p))
        parts.append(last + np.cumsum(np.minimum(gap, trials + 1).astype(np.int64)))
        last = int(parts[-1][-1])
    found = np.concatenate(parts)
    return found[found < trials]
