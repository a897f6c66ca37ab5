"""A long run needs no more memory than a short one: its counts are all that grows."""

import pytest

from tests.cli.program import finish, start

RUN = ("network=balanced_large", "record=none", "--json")


def peak_mb(folder, duration, *more):
    """Return the most memory that a run had, in a process of its own."""
    outcome = finish(start("simulate", *RUN, f"duration={duration}", *more, cwd=folder), 600)
    assert outcome.code == 0, outcome.err
    return outcome.json["timings"]["peak_memory_mb"]


@pytest.mark.slow
@pytest.mark.parametrize("statistics", ["none", "default"])
def test_140_s_need_as_much_as_2_s(statistics, tmp_path):
    peak_mb(tmp_path, "2s", f"statistics={statistics}")  # compiles, which takes more than a run
    short, long = (peak_mb(tmp_path, d, f"statistics={statistics}") for d in ("2s", "140s"))
    assert 200 < short < 1000
    assert long == pytest.approx(short, rel=0.05)
