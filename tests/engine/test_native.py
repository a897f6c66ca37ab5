"""The native kernel gives the bits of the portable delivery, and is not needed."""

import dataclasses
import subprocess
import sys

import h5py
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from snnrun.engine import native
from snnrun.engine.deliver import deliver
from snnrun.engine.plan import Recording, make_constants, make_plan
from tests.cli.program import ROOT, call
from tests.engine.test_deliver import CASES
from tests.networks import network

needs_kernel = pytest.mark.skipif(
    not native.ready(), reason="THE NATIVE KERNEL IS NOT BUILT: no C++ compiler at installation"
)


def rings(changes, lanes, dtype, share, step):
    """Return the ring before, and after both deliveries of random spikes.

    The kernel empties what was due in this step itself; the engine does it for the other.
    """
    net = network(**changes)
    plan = make_plan(net, lanes, dtype, Recording())
    c = make_constants(net, plan, 1, list(range(lanes)))
    rng = np.random.default_rng(step)
    flags = np.zeros((lanes, plan.padded_sources), np.uint8)
    flags[:, : plan.sources] = rng.random((lanes, plan.sources)) < share
    full = rng.normal(size=(plan.depth, lanes * plan.slots)).astype(dtype)
    emptied = full.copy()
    emptied[step % plan.depth] = 0
    after = [
        np.asarray(jax.jit(send, static_argnums=0)(p, c, jnp.asarray(r), flags.ravel(), n))
        for send, p, r in (
            (deliver, plan, emptied.ravel()),
            (native.deliver, dataclasses.replace(plan, native=True), full.ravel()),
        )
        for n in [jnp.int32(step)]
    ]
    return emptied.ravel(), *after


@needs_kernel
@CASES
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("lanes", "share"), [(1, 0.02), (3, 0.2), (2, 1.1)])
def test_same_bits_as_the_portable_delivery(changes, dtype, lanes, share):
    for step in (0, 7, 41):
        before, portable, kernel = rings(changes, lanes, dtype, share, step)
        assert (portable != before).sum() > 100
        assert kernel.dtype == dtype
        assert np.array_equal(portable, kernel)


@needs_kernel
def test_without_spikes_only_what_was_due_is_gone():
    before, _, kernel = rings({"delay": {"EE": 0.3}}, 2, "float32", 0.0, 3)
    assert (before == 0).any()
    assert np.array_equal(before, kernel)


def spikes(out, *overrides):
    """Return `[2, spikes]` of each population, and each trial."""
    outcome = call("simulate", "--quiet", "--out", str(out), "statistics=none", *overrides)
    assert outcome.code == 0, outcome.err
    with h5py.File(out / "results.h5") as file:
        roots = [file] if "spikes" in file else list(file["trials"].values())
        trains = [g for root in roots for g in root["spikes"].values()]
        return [np.array([g["timestamps"][:], g["node_ids"][:]]) for g in trains]


@needs_kernel
@pytest.mark.parametrize(
    "overrides",
    [
        ["network=balanced_small", "duration=2s", "trials=3"],
        ["network=izhikevich2003", "duration=2s"],  # every contact has its own weight
        ["network=brunel", "duration.ms=50", "duration.warmup_ms=0"],  # delays
        ["network=coba", "duration.ms=300", "duration.warmup_ms=0", "engine.precision=float64"],
    ],
    ids=lambda o: o[0],
)
def test_same_spikes_as_xla(tmp_path, overrides):
    kernel = spikes(tmp_path / "native", *overrides, "engine.backend=native")
    portable = spikes(tmp_path / "xla", *overrides, "engine.backend=xla")
    assert sum(train.shape[1] for train in kernel) >= 1000
    assert all(np.array_equal(a, b) for a, b in zip(kernel, portable, strict=True))


def test_without_it_runs_go_on_and_asking_for_it_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(native, "ready", lambda: False)
    assert len(spikes(tmp_path / "auto", "duration=smoke")) == 2
    assert "the native kernel is not built" in (tmp_path / "auto" / "run.log").read_text()
    outcome = call("simulate", "engine.backend=native", "--out", str(tmp_path / "native"))
    assert outcome.code == 2
    assert "engine.backend: the native kernel is not built" in outcome.err


def test_a_foreign_library_is_passed_over(tmp_path):
    # a file of another system or jaxlib must not break a run: looked for in a fresh process
    script = (
        "import pathlib, sys; from snnrun.engine import native;"
        "native.__file__ = sys.argv[1] + '/native.py'; print(native.ready())"
    )
    (tmp_path / "_native.so").write_bytes(b"not a library")
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout.strip() == "False"
