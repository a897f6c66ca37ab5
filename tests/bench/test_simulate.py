"""What a user waits for: the two networks, cold and warm. Prints a table; judges nothing."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.bench
REPEATS = 3


def run(out: Path, cache: Path, *overrides: str) -> tuple[float, dict]:
    """Return wall seconds of a new process and the timings it reports."""
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "snnrun", "simulate", "--json", "--out", str(out), *overrides],
        env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - begun, json.loads(done.stdout)["timings"]


@pytest.mark.parametrize("network", ["balanced_small", "snops_sbn"])
def test_simulate(network: str, tmp_path: Path) -> None:
    cold, first = run(tmp_path / "cold", tmp_path / "cache", f"network={network}")
    again = [
        run(tmp_path / f"warm{i}", tmp_path / "cache", f"network={network}") for i in range(REPEATS)
    ]
    wall = statistics.median(seconds for seconds, _ in again)
    step = statistics.median(1e6 / timings["steps_per_s"] for _, timings in again)
    events = statistics.median(t["synaptic_events_per_s"] for _, t in again)
    assert first["cache"] == "miss"
    assert all(timings["cache"] == "hit" for _, timings in again)
    print(
        f"\n{network}, 5 s: cold {cold:.2f} s, warm {wall:.2f} s, {step:.2f} µs a step,"
        f" {events / 1e6:.1f} M synaptic events/s, build {first['build_s']:.2f} s"
    )
