"""Counts in windows: by hand, and the same from spikes and from counts of base windows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snnrun.tally import Tally, Windows, base_of


def by_hand(windows, neurons, step, source):
    """Count spike by spike."""
    counts = np.zeros((windows.number, neurons), int)
    for s, n in zip(step, source, strict=True):
        row = (s - windows.origin) // windows.size
        if s >= windows.origin and row < windows.number:
            counts[row, n] += 1
    return counts


def from_base(requests, neurons, step, source, chunks):
    """Return a tally fed with counts of base windows, as the device hands them over."""
    base = base_of(requests)
    tally = Tally(requests, neurons, base)
    first = 0
    for steps in chunks:
        mine = (step >= first) & (step < first + steps)
        begin = (first - base[0]) // base[1]
        end = (first + steps - 1 - base[0]) // base[1]
        rows = np.zeros((end - begin + 1, neurons), np.int32)
        np.add.at(rows, ((step[mine] - base[0]) // base[1] - begin, source[mine]), 1)
        tally.add_counts(begin, rows)
        first += steps
    return tally


def from_spikes(requests, neurons, step, source, chunks):
    """Return a tally fed with spikes, chunk by chunk."""
    tally, first = Tally(requests, neurons, None), 0
    for steps in chunks:
        mine = (step >= first) & (step < first + steps)
        tally.add_spikes(step[mine], source[mine])
        first += steps
    return tally


class TestWindows:
    @pytest.mark.parametrize(
        ("origin", "size", "end", "number"),
        [(0, 10, 100, 10), (0, 10, 99, 9), (20, 10, 100, 8), (95, 10, 100, 0), (120, 10, 100, 0)],
    )
    def test_a_partial_last_window_is_dropped(self, origin, size, end, number):
        assert Windows(origin, size, end).number == number

    def test_base_divides_sizes_and_origins(self):
        requests = [Windows(500, 200, 5000), Windows(500, 100, 5000), Windows(470, 60, 900)]
        assert base_of(requests) == (470, 10)

    def test_base_of_one_is_itself(self):
        assert base_of([Windows(500, 200, 5000)]) == (500, 200)


class TestTally:
    def test_a_spike_at_the_edge_belongs_to_the_window_that_begins_there(self):
        windows = Windows(10, 5, 25)
        tally = Tally([windows], 2, None)
        tally.add_spikes(np.array([9, 10, 14, 15, 24, 25]), np.array([0, 0, 0, 1, 1, 1]))
        assert tally.counts(windows).tolist() == [[2, 0], [0, 1], [0, 1]]

    def test_an_earlier_end_takes_fewer_windows(self):
        windows = Windows(0, 10, 100)
        tally = Tally([windows], 1, None)
        tally.add_spikes(np.arange(0, 100, 5), np.zeros(20, int))
        assert tally.counts(windows._replace(end=47)).tolist() == [[2]] * 4

    def test_nothing_added_is_nothing_counted(self):
        windows = Windows(0, 10, 30)
        for base in (None, (0, 10)):
            tally = Tally([windows], 3, base)
            assert tally.counts(windows).tolist() == [[0, 0, 0]] * 3

    @pytest.mark.parametrize("base", [None, (50, 10)])
    def test_no_window_at_all_is_an_empty_table(self, base):
        windows = Windows(50, 10, 40)
        tally = Tally([windows], 3, base)
        tally.add_spikes(np.array([3]), np.array([0])) if base is None else tally.add_counts(
            -5, np.ones((4, 3), np.int32)
        )
        assert tally.counts(windows).shape == (0, 3)

    @pytest.mark.parametrize("feed", [from_spikes, from_base])
    def test_requests_that_differ_only_in_their_end(self, feed):
        """Counts are recorded for a part of the time, with the window of a statistic."""
        requests = [Windows(0, 10, 100), Windows(0, 10, 40)]
        tally = feed(requests, 2, np.arange(0, 100, 5), np.zeros(20, int), [64, 36])
        for windows in requests:
            counts = tally.counts(windows)
            assert counts[:, 0].tolist() == [2] * windows.number

    @pytest.mark.parametrize(("bits", "wider"), [(8, np.uint16), (16, np.uint32)])
    def test_spikes_widen_the_counts_when_they_must(self, bits, wider):
        windows, most = Windows(0, 10**6, 2 * 10**6), 2**bits - 1
        tally = Tally([windows], 2, None)
        tally.add_spikes(np.arange(most), np.ones(most, int))
        assert tally.counts(windows).tolist() == [[0, most], [0, 0]]
        assert tally.counts(windows).dtype == np.dtype(f"uint{bits}")
        tally.add_spikes(np.array([most]), np.array([1]))
        assert tally.counts(windows).tolist() == [[0, most + 1], [0, 0]]
        assert tally.counts(windows).dtype == wider

    @pytest.mark.parametrize("border", [2**8, 2**16, 2**31, 2**32])
    @pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64])
    def test_base_counts_widen_the_counts_when_they_must(self, border, dtype):
        windows = Windows(0, 10, 20)
        tally = Tally([windows], 2, (0, 10))
        tally.add_counts(1, np.array([[border - 1, 0]]))
        assert tally.counts(windows).tolist() == [[0, 0], [border - 1, 0]]
        assert tally.counts(windows).dtype == np.min_scalar_type(border - 1)
        most = min(np.iinfo(dtype).max, 2**40)
        tally.add_counts(1, np.array([[most, 1]], dtype))
        assert tally.counts(windows).tolist() == [[0, 0], [border - 1 + most, 1]]

    @pytest.mark.parametrize("each", [127, 128, 255, 256, 2**15, 2**16 - 1, 2**31, 2**32 - 1])
    def test_sums_of_base_counts_are_whole(self, each):
        short, long = Windows(0, 10, 80), Windows(0, 20, 80)
        tally = Tally([short, long], 2, (0, 10))
        tally.add_counts(0, np.full((8, 2), each))
        assert tally.counts(short).tolist() == [[each] * 2] * 8
        assert tally.counts(long).tolist() == [[2 * each] * 2] * 4
        assert tally.counts(long).dtype == np.min_scalar_type(2 * each)

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(data=st.data())
    def test_spikes_and_base_counts_give_the_counts_made_by_hand(self, data):
        steps = data.draw(st.integers(1, 300))
        origin = data.draw(st.integers(0, 350))
        sizes = data.draw(st.lists(st.integers(1, 60), min_size=1, max_size=3, unique=True))
        requests = [Windows(origin, size, steps) for size in sizes]
        if data.draw(st.booleans()):
            first, last = (data.draw(st.integers(0, steps)) for _ in range(2))
            requests.append(Windows(first, data.draw(st.integers(61, 90)), last))
        rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
        step = np.sort(rng.integers(steps, size=200))
        source = rng.integers(4, size=200)
        chunks = [64] * (steps // 64) + ([steps % 64] if steps % 64 else [])
        for feed in (from_spikes, from_base):
            tally = feed(requests, 4, step, source, chunks)
            for windows in requests:
                expected = by_hand(windows, 4, step, source)
                np.testing.assert_array_equal(tally.counts(windows), expected)
