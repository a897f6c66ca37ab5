"""How much faster the native kernel is than the portable delivery, alternately, on one network."""

import statistics
from pathlib import Path

import pytest

from snnrun.engine import native
from tests.cli.program import call

pytestmark = pytest.mark.bench
NETWORKS = {"balanced_small": 10_000, "snops_sbn": 5000, "cuba": 5000, "brunel": 1000}


def step_us(out: Path, network: str, backend: str) -> float:
    """Return the time of a step (µs)."""
    wanted = (f"network={network}", f"duration.ms={NETWORKS[network]}", f"engine.backend={backend}")
    outcome = call("simulate", *wanted, "record=none", "--json", "--out", str(out))
    assert outcome.code == 0, outcome.err
    return 1e6 / float(outcome.json["timings"]["steps_per_s"])


@pytest.mark.skipif(not native.ready(), reason="THE NATIVE KERNEL IS NOT BUILT")
@pytest.mark.parametrize("network", NETWORKS)
def test_native_against_xla(tmp_path: Path, network: str) -> None:
    times: dict[str, list[float]] = {"xla": [], "native": []}
    for repeat in range(4):
        for backend, found in times.items():
            found.append(step_us(tmp_path / f"{backend}{repeat}", network, backend))
    xla, kernel = (statistics.median(found[1:]) for found in times.values())  # the first compiles
    print(f"\n{network}: xla {xla:.1f} µs a step, native {kernel:.1f}: {xla / kernel:.2f} x")
    assert min(xla, kernel) > 0
