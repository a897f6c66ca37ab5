"""What every connection rule is.

Shapes: `M` presynaptic, `N` postsynaptic neurons, `S` contacts.
"""

from typing import Any, NamedTuple

import numpy as np

from snnrun.component import Component


class Layer(NamedTuple):
    """One side of a projection; `position` is `[size, 2]` on the unit square or None."""

    size: int
    position: np.ndarray | None = None


class Contacts(NamedTuple):
    """Contacts by source: those of source m are `target[start[m]:start[m + 1]]`.

    `start` `[M + 1]` int64, `target` `[S]` int32, 0-based in the postsynaptic population.
    """

    start: np.ndarray
    target: np.ndarray


class Connect(Component):
    """A rule that draws the contacts of one projection, in time and memory O(S)."""

    needs_grid = False

    def expected(self, pre: Layer, post: Layer, same: bool) -> tuple[float, float]:
        """Return mean and standard deviation of the number of contacts."""
        raise NotImplementedError

    def misfit(self, post: Layer, same: bool) -> str | None:
        """Return why the rule can't be followed for such a target, or None."""
        del post, same
        return None

    def draw(self, pre: Layer, post: Layer, same: bool, rng: np.random.Generator) -> Contacts:
        """Return the contacts; `same`: pre and post are one population."""
        raise NotImplementedError


def by_count(count: Any, size: int, target: np.ndarray) -> Contacts:
    """Return contacts from `count` targets a source (a number or `[size]`)."""
    start = np.zeros(size + 1, np.int64)
    np.cumsum(np.broadcast_to(count, size), out=start[1:])
    return Contacts(start, target.reshape(-1).astype(np.int32, copy=False))


def skip_self(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Map targets in 0..N-2 to 0..N-1 without the source itself."""
    return target + (target >= source)


def out_degree(p: float | None, k: int | None, size: int) -> int:
    """Return k, or the smallest whole number of targets that is at least p * size."""
    return int(k) if k is not None else int(np.ceil(float(p or 0) * size - 1e-9))


def either_p_or_k(p: float | None, k: int | None) -> list[str]:
    """Complain unless exactly one of p and k is given."""
    return [] if (p is None) != (k is None) else ["p: give either p or k"]
