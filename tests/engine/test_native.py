"""The native kernel gives the bits of the portable delivery, and is not needed."""

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import h5py
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.course import draw_network
from snnrun.engine import deliver, native
from snnrun.engine.constants import make_constants
from snnrun.engine.plan import Recording, make_plan
from snnrun.engine.state import Now, Spikes
from snnrun.engine.step import initial_state
from snnrun.engine.xla import XlaEngine
from snnrun.network import build as build_network
from snnrun.neuron._base import resets_itself
from tests.cli.program import ROOT, call
from tests.engine.test_deliver import CASES
from tests.networks import (
    DT,
    assert_active,
    drives,
    network,
    same_spikes,
    simulate,
    spec,
    v_init,
)
from tests.neuron.own_reset import with_own_reset

needs_kernel = pytest.mark.skipif(
    not native.ready(), reason="THE NATIVE KERNEL IS NOT BUILT: no C++ compiler at installation"
)


def both(net, lanes, dtype, share, step):
    """Return the state before, and (state, words) after the end of a step by both."""
    plan = make_plan(net, lanes, dtype, Recording())
    rng = np.random.default_rng(step)
    c = make_constants(net, plan, 1, list(range(lanes)))
    s = initial_state(plan, c, np.full((lanes, plan.neurons), -60.0))
    fires = rng.random((lanes, plan.neurons)) < share
    neurons = []
    for (_, start, stop), state, k in zip(plan.models, s.neurons, c.models, strict=True):
        high = np.broadcast_to(k.threshold, state.v.shape) + rng.choice([0, 1.5], state.v.shape)
        v = np.where(fires[:, start:stop], high, state.v).astype(dtype)
        changed = {"v": v}
        if "refractory" in state._fields:
            changed["refractory"] = rng.integers(0, 3, v.shape, np.int32)
        neurons.append(state._replace(**changed))
    s = s._replace(neurons=tuple(neurons), ring=rng.normal(size=s.ring.size).astype(dtype))
    driven = plan.sources - plan.neurons
    words = rng.integers(0, 2**32, (2, lanes, max(plan.neurons, driven)), np.uint32)
    spikes = Spikes(words[0, :, : plan.neurons] & ~np.uint32(1 << step % 32), words[1, :, :driven])
    results = []
    for module, p in ((deliver, plan), (native, dataclasses.replace(plan, native=True))):
        k = make_constants(net, p, 1, list(range(lanes)))
        call = jax.jit(lambda *given, m=module, p=p: m.finish(p, *given[:3], Now(given[3], 2)))
        results.append(jax.device_get(call(k, s, spikes, jnp.int32(step - 2))))
    return s, *results


@needs_kernel
@CASES
@pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=pytest.mark.slow)])
@pytest.mark.parametrize(("lanes", "share"), [(1, 0.02), (3, 0.2), (2, 1.1)])
def test_same_bits_as_the_portable_delivery(changes, dtype, lanes, share):
    for step in (0, 7, 41):
        for kind in ("eif", "lif"):
            _, portable, kernel = both(network(kind, **changes), lanes, dtype, share, step)
            assert (portable[0].arrivals != 0).sum() > 100
            assert kernel[0].arrivals.dtype == dtype
            assert_same(portable, kernel)


def assert_same(portable, kernel):
    """Check every array of two (state, words)."""
    pairs = zip(*map(jax.tree.leaves, (portable, kernel)), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


@needs_kernel
@pytest.mark.parametrize("shipped", ["izhikevich2003", "bg_bench", "brunel"])
def test_same_resets_as_the_portable_path(shipped):
    # Izhikevich: no refractory period, a recovery variable; AdEx: three populations, two kinds
    e, _ = build(
        compose([f"network={shipped}", *(["network.scale=0.1"] * (shipped == "brunel"))], [])
    )
    for step in (5, 31):
        s, portable, kernel = both(draw_network(e, 0), 3, "float32", 0.3, step)
        changed = zip(*map(jax.tree.leaves, (s.neurons, kernel[0].neurons)), strict=True)
        assert all((a != b).any() for a, b in changed)
        assert_same(portable, kernel)


@needs_kernel
@pytest.mark.parametrize("population", ["E", "I"])
@pytest.mark.parametrize("delay", [{}, {"EE": 0.3}])
def test_a_model_that_resets_itself_leaves_the_others_to_the_kernel(population, delay):
    made = with_own_reset(spec("lif", delay=delay), population)
    net = build_network(made, drives(), 1, DT)
    assert [resets_itself(cls) for cls, *_ in net.models].count(True) == 1
    trains = []
    for native_ in (False, True):
        plan = make_plan(net, 2, "float32", Recording(), native_)
        assert plan.native == native_
        engine, c = XlaEngine(plan), make_constants(net, plan, 1, [0, 1])
        engine.compile(c)
        assert ("snnrun_finish" in engine._call.as_text()) == native_
        trains.append(simulate(engine, c, v_init(2, net.size), [1000, 999, 1001]).spikes)
    for portable, kernel in zip(*trains, strict=True):
        assert_active(portable, net.size, 3000)
        assert same_spikes(portable, kernel)


def test_what_ran_is_said(tmp_path):
    same = ("network=bg_bench", "network.populations.STN.neuron.substeps=4", "duration.ms=20")
    same += ("duration.warmup_ms=0",)
    devices = {}
    for how in ("delivery=event", "delivery=dense", "backend=xla"):
        spikes(tmp_path / how, *same, f"engine.{how}")
        with h5py.File(tmp_path / how / "results.h5") as file:
            devices[how] = file["provenance"].attrs["device"]
    log = (tmp_path / "delivery=event" / "run.log").read_text()
    kernel = native.ready()
    assert devices["backend=xla"] == "cpu (cpu)"
    assert devices["delivery=dense"] == "cpu (cpu), matrix product"
    assert devices["delivery=event"] == "cpu (cpu)" + kernel * ", native kernel"
    assert ("STN: reset by XLA, not by the native kernel" in log) == kernel


@needs_kernel
def test_without_spikes_the_ring_gives_what_is_due():
    net = network(delay={"EE": 0.3})
    s, _, (state, _) = both(net, 2, "float32", -1.0, 3)
    spikes_of_drives = state.arrivals - s.ring.reshape(4, 2, -1)[0]
    x = np.s_[:, 2 * net.size :]  # the receptor of the drive, whose words are random
    assert (spikes_of_drives[x] != 0).any()
    spikes_of_drives[x] = 0
    assert not spikes_of_drives.any()
    assert (state.ring.reshape(4, -1)[0] == 0).all()
    assert np.array_equal(state.ring.reshape(4, -1)[1:], s.ring.reshape(4, -1)[1:])


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
        ["network=bg_bench", "network.populations.STN.neuron.substeps=2", "duration.ms=500"],
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


def older():
    """Return the library as it was before its operands changed."""
    (path,) = Path(native.__file__).parent.glob("_native*")
    now, before = (f"snnrun_finish_float32_{v}".encode() for v in (native._VERSION, "v0"))
    assert now in path.read_bytes()
    return path.read_bytes().replace(now, before)


@needs_kernel
def test_the_version_is_that_of_the_operands():
    # whoever changes what the kernel is handed changes its version: an old library would read
    # the wrong arrays; compiled programs are known by their whole text, names and shapes included
    source = Path(native.__file__).with_name("deliver.cc").read_text()
    assert set(re.findall(r"SYMBOL\(snnrun_finish_\w+_(v\d+)", source)) == {native._VERSION}
    (operands,) = re.findall(r"enum Operand (\{.*?\};)", source, re.DOTALL)
    (of_model,) = re.findall(r"A model adds kOfModel of them: (.*)", source)
    assert (native._VERSION, " ".join(operands.split()), of_model) == (
        "v7",
        "{ kTrain, kDrives, kStart, kTarget, kScale, kDelay, kWeight, kExtra, kBase, kNumbers, "
        "kRing, kPassed };",
        "v, refractory, second; threshold, reset, period, jump.",
    )


@pytest.mark.parametrize(
    "content", [lambda: b"not a library", pytest.param(older, marks=needs_kernel)]
)
def test_a_foreign_library_is_passed_over(tmp_path, content):
    # a file of another system, jaxlib or version must not break a run: looked for in a process
    # of its own
    script = (
        "import pathlib, sys; from snnrun.engine import native;"
        "native.__file__ = sys.argv[1] + '/native.py'; print(native.ready())"
    )
    (tmp_path / "_native.so").write_bytes(content())
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout.strip() == "False"
