"""Inter-spike intervals, summed up neuron by neuron while spikes come in.

Memory does not grow with time: of each neuron only sums, the last spike and the last interval
are kept. Sums are added spike by spike, so any split into chunks gives the same.

Shapes: `N` neurons, `K` blocks of time, `E` spikes.
"""

import numpy as np

from snnrun.statistics._base import BLOCKS, Intervals


class IntervalTally:
    """Sums over the intervals between spikes in steps [first, end), in `BLOCKS` blocks of time."""

    def __init__(self, neurons: int, first: int, end: int) -> None:
        self._first, self._end = first, max(end, first + 1)
        self._last = np.full(neurons, -1, np.int64)  # step of the last spike
        self._before = np.zeros(neurons, np.int64)  # the last interval; 0: none yet
        whole, real = (np.zeros((BLOCKS, neurons), t) for t in (np.int64, np.float64))
        self._sums = Intervals(*(x.copy() for x in (whole, whole, whole, whole, real, real)))

    def add_spikes(self, step: np.ndarray, source: np.ndarray) -> None:
        """Add spikes `[E]`, in order of time and after all that were added before."""
        late = (step >= self._first) & (step < self._end)
        step, source = step[late].astype(np.int64), source[late]
        order = np.argsort(source, kind="stable")
        step, source = step[order], source[order]
        begins = np.ones(source.size, bool)  # a neuron's first spike in this call
        begins[1:] = source[1:] != source[:-1]
        last = np.where(begins, self._last[source], np.roll(step, 1))
        interval = np.where(last >= 0, step - last, 0)
        before = np.where(begins, self._before[source], np.roll(interval, 1))
        self._add(step, source, interval, before)
        ends = np.roll(begins, -1)
        self._last[source[ends]] = step[ends]
        self._before[source[ends]] = interval[ends]

    def arrays(self) -> dict[str, np.ndarray]:
        """Return what was gathered so far, by name."""
        return {"last": self._last, "before": self._before, **self._sums._asdict()}

    def load(self, arrays: dict[str, np.ndarray]) -> None:
        """Go on from what `arrays` returned."""
        for name, mine in self.arrays().items():
            mine[...] = arrays[name]

    def sums(self, end: int) -> Intervals:
        """Return the sums `[K, N]` of the blocks that have begun before step `end`."""
        begun = -(-(end - self._first) * BLOCKS // (self._end - self._first))
        return Intervals(*(s[: min(max(begun, 0), BLOCKS)] for s in self._sums))

    def _add(
        self, step: np.ndarray, source: np.ndarray, interval: np.ndarray, before: np.ndarray
    ) -> None:
        block = (step - self._first) * BLOCKS // (self._end - self._first)
        found, pair = interval > 0, (interval > 0) & (before > 0)
        at, i = (block[found], source[found]), interval[found]
        for sum_, term in (
            (self._sums.number, 1),
            (self._sums.total, i),
            (self._sums.squares, i * i),
        ):
            np.add.at(sum_, at, term)
        at = (block[pair], source[pair])
        change = np.abs(interval - before)[pair] / (interval + before)[pair]
        for sum_, term in (
            (self._sums.pairs, 1),
            (self._sums.cv2, 2 * change),
            (self._sums.lv, 3 * change**2),
        ):
            np.add.at(sum_, at, term)
