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

    def density(self, pre: Layer, post: Layer, same: bool) -> float:
        """Return contacts a pair of neurons in large populations: p where it is given."""
        p = getattr(self, "p", None)
        return self.expected(pre, post, same)[0] / pre.size / post.size if p is None else float(p)

    def misfit(self, pre: Layer, post: Layer, same: bool) -> str | None:
        """Return why the rule can't be followed between such populations, or None."""
        del pre, post, same
        return None

    def draw(self, pre: Layer, post: Layer, same: bool, rng: np.random.Generator) -> Contacts:
        """Return the contacts; `same`: pre and post are one population."""
        raise NotImplementedError


def by_count(count: Any, size: int, target: np.ndarray) -> Contacts:
    """Return contacts from `count` targets a source (a number or `[size]`)."""
    start = np.zeros(size + 1, np.int64)
    np.cumsum(np.broadcast_to(count, size), out=start[1:])
    return Contacts(start, target.reshape(-1).astype(np.int32, copy=False))


def by_source(source: np.ndarray, target: np.ndarray, pre: int, post: int) -> Contacts:
    """Return contacts from pairs in any order; targets are sorted within a row."""
    whole: Any = np.uint32 if pre * post < 2**32 else np.int64  # sorts in two thirds of the time
    pair = (source.astype(whole) * whole(post) + target.astype(whole)).reshape(-1)
    pair.sort()
    start = np.searchsorted(pair, (np.arange(pre) * post).astype(whole))
    count = np.diff(start, append=pair.size)
    return by_count(count, pre, pair % whole(post))


def skip_self(itself: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Map numbers in 0..N-2 to 0..N-1 without the neuron itself."""
    return other + (other >= itself)


def partners(size: int, same: bool, allow_autapses: bool) -> int:
    """Return with how many neurons of a population of `size` a neuron may be connected."""
    return size - (same and not allow_autapses)


def degree(p: float | None, k: int | None, size: int) -> int:
    """Return k, or the smallest whole number of contacts that is at least p * size."""
    return int(k) if k is not None else int(np.ceil(most(float(p or 0) * size) - 1e-9))


def most(contacts: float) -> float:
    """Return the number, or one that is far too large for a memory and still a whole number."""
    return min(contacts, 2.0**62)


def either(p: float | None, number: int | None, name: str = "k") -> list[str]:
    """Complain unless exactly one of p and a number is given."""
    return [] if (p is None) != (number is None) else [f"p: give either p or {name}"]


def too_few(k: int, choices: int, allow_multapses: bool, which: str) -> str | None:
    """Complain if k contacts can't be made with so many neurons."""
    if choices < 1 <= k or (not allow_multapses and k > choices):
        return f"{k} {which}, but there are only {choices}"
    return None


def chosen(
    rows: int, k: int, size: int, same: bool, rule: Any, rng: np.random.Generator
) -> np.ndarray:
    """Return `[rows, k]` out of `size` neurons, as a rule allows; `same`: the rows are they."""
    choices = partners(size, same, rule.allow_autapses)
    if rule.allow_multapses:
        others = rng.integers(choices, size=(rows, k))
    else:
        others = distinct(rows, k, choices, rng)
    return skip_self(np.arange(rows)[:, None], others) if choices < size else others


def distinct(rows: int, k: int, choices: int, rng: np.random.Generator) -> np.ndarray:
    """Return `[rows, k]` numbers below `choices`, sorted and different within a row.

    What is missing after doubles are dropped is drawn again, which leaves every set alike.
    """
    if k > choices:
        raise ValueError(f"{k} different neurons out of {choices}")
    if k > choices // 2:
        left_out = distinct(rows, choices - k, choices, rng)
        kept = np.ones((rows, choices), bool)
        kept[np.arange(rows)[:, None], left_out] = False
        return np.nonzero(kept)[1].reshape(rows, k)
    found = [np.zeros(0, np.int64)]
    missing = np.full(rows, k)
    while missing.any():
        row = np.repeat(np.arange(rows), missing)
        new = _once(row * choices + rng.integers(choices, size=row.size))
        for earlier in found:
            new = new[~_within(new, earlier)]
        missing -= np.bincount(new // choices, minlength=rows)
        found.append(new)
    pair = np.concatenate(found)
    pair.sort(kind="stable")  # sorted runs are merged
    return (pair % choices).reshape(rows, k)


def _once(values: np.ndarray) -> np.ndarray:
    """Return the sorted values without doubles."""
    values.sort()
    return values[np.diff(values, prepend=-1) > 0]


def _within(values: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return which values are in a sorted array."""
    if others.size == 0:
        return np.zeros(values.size, bool)
    place = np.minimum(np.searchsorted(others, values), others.size - 1)
    found: np.ndarray = others[place] == values
    return found
