"""What a watched run tells: its stages, memory over time, how fast bytes are copied."""

from snnrun.observe import Nobody
from snnrun.profile import bandwidth
from snnrun.profile.stopwatch import Mark, Stopwatch


class Heard(Nobody):
    """Keeps what it is told."""

    def __init__(self):
        self.all = []

    def stage(self, name):
        self.all.append(name)

    def progress(self, done_ms, total_ms, rate, before_ms=0.0):
        self.all.append((done_ms, total_ms, rate, before_ms))


def test_time_of_a_stage_is_summed_over_its_pieces():
    watch = Stopwatch(Nobody())
    watch._marks = [Mark("a", 0, 0), Mark("b", 1, 0.5), Mark("a", 4, 2), Mark("end", 9, 3)]
    assert watch.spent("a") == (6, 1.5)
    assert watch.spent("b") == (3, 1.5)
    assert watch.spent("none") == (0, 0)


def test_what_is_heard_is_passed_on():
    heard = Heard()
    watch = Stopwatch(heard)
    watch.stage("simulate")
    watch.progress(12.5, 100.0, 3.0)
    assert heard.all == ["simulate", (12.5, 100.0, 3.0, 0.0)]
    ((ms, mb),) = watch.memory
    assert ms == 12.5 and mb > 10


def test_copies_of_both_sizes_are_timed(monkeypatch):
    monkeypatch.setattr(bandwidth, "MEMORY_BYTES", 2**20)
    monkeypatch.setattr(bandwidth, "_SECONDS", 0.0)
    found = bandwidth.bandwidth()
    assert found["cache"]["bytes"] == 2**19 and found["memory"]["bytes"] == 2**20
    assert all(0.01 < each["gb_per_s"] < 10_000 for each in found.values())
