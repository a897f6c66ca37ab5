"""A run that is split anywhere is the run that is not, bit for bit, for every network shipped.

Split three times at random steps, each part in a program of its own as far as the engine knows,
with other batches and chunks: spikes, samples, statistics and the state at the end are compared.
"""

import random
from pathlib import Path

import numpy as np
import pytest

from snnrun.engine import native
from snnrun.store import checkpoint
from tests.cli.cut import interrupted_at
from tests.cli.files import assert_same_results
from tests.cli.program import call

ROOT = Path(__file__).parents[1]
# ms that give at least 1000 spikes in two trials
DURATIONS = {
    "balanced_small": 150,
    "balanced_large": 100,
    "bg_bench": 150,
    "brunel": 20,
    "brunel_v_reset_0": 20,
    "coba": 40,
    "cuba": 60,
    "huang2019": 10,
    "huang2019_uniform": 20,
    "izhikevich2003": 150,
    "lattice_bench": 200,
    "lattice_bench_izhikevich": 200,
    "snops_cbn": 40,
    "snops_sbn": 40,
}
FAST = {
    ("balanced_small", "native"),
    ("balanced_small", "reference"),
    ("bg_bench", "native"),
    ("bg_bench", "xla"),
    ("cuba", "xla"),
    ("lattice_bench", "native"),
}
BACKENDS = ("native", "xla", "reference")


def cases():
    """Yield every network with every backend; most take long."""
    for network in DURATIONS:
        for backend in BACKENDS:
            marks = [] if (network, backend) in FAST else [pytest.mark.slow]
            if backend == "native" and not native.ready():
                marks.append(pytest.mark.skip(reason="the native kernel is not built"))
            yield pytest.param(network, backend, id=f"{network}-{backend}", marks=marks)


def arguments(network: str, backend: str) -> list[str]:
    """Return what is run: noise and delays are the network's, some states are recorded."""
    return [
        f"network={network}",
        f"duration.ms={DURATIONS[network]}",
        "duration.warmup_ms=0",
        f"engine.backend={backend}",
        "trials=2",
        "checkpoint.final=true",
        "record.counts.bin_ms=5",
        "--quiet",
    ]


def assert_same_end(first: Path, second: Path) -> None:
    """Assert that two runs ended in the same state."""
    a, b = (checkpoint.read(checkpoint.newest(run / "checkpoints")[0]) for run in (first, second))
    assert set(a.arrays) == set(b.arrays)
    for name, x in a.arrays.items():
        assert x.dtype == b.arrays[name].dtype, name
        assert np.array_equal(x, b.arrays[name]), name
    assert a.about["trials"] == b.about["trials"]


def test_every_network_is_split():
    assert set(DURATIONS) == {path.stem for path in (ROOT / "conf" / "network").glob("*.yaml")}


@pytest.mark.parametrize(("network", "backend"), list(cases()))
def test_a_split_run_is_the_whole_one(tmp_path, monkeypatch, network, backend):
    whole, split = tmp_path / "whole", tmp_path / "split"
    same = arguments(network, backend)
    assert call("simulate", *same, "--out", str(whole)).code == 0
    final = checkpoint.read(checkpoint.newest(whole / "checkpoints")[0])
    steps = final.about["trials"]["0"]["end"]
    rng = random.Random(f"{network} {backend}")
    interrupted_at(monkeypatch, *rng.sample(range(33, steps - 33), 3))
    assert call("simulate", *same, "--out", str(split)).code == 75
    lanes = [] if backend == "reference" else ["engine.batch=1", "engine.batch=2", "engine.batch=1"]
    for part in range(9):
        changes = (
            [lanes[part % 3], f"engine.chunk_ms={rng.choice([1.7, 20, 333])}"] if lanes else []
        )
        outcome = call("simulate", "--resume", str(split), "--quiet", *changes)
        if outcome.code != 75:
            break
    assert outcome.code == 0, outcome.err
    assert part >= 1
    assert_same_results(whole / "results.h5", split / "results.h5")
    assert_same_end(whole, split)
