"""Numbers, seeds and durations never compile again."""

import gc

import jax
import pytest

from snnrun.engine import xla
from snnrun.engine.chunk import chunk
from snnrun.engine.constants import make_constants
from snnrun.engine.plan import Recording, make_plan
from snnrun.network import build
from tests.contracts import signature
from tests.networks import DT, SIZES, J, P, cell, compiled, drives, network, simulate, spec, v_init

COMPILED = "/jax/core/compile/backend_compile_duration"


@pytest.fixture
def compilations():
    """A list that grows with each compilation."""
    seen = []

    def listen(event, duration, **_):
        if event == COMPILED:
            seen.append(duration)

    jax.monitoring.register_event_duration_secs_listener(listen)
    yield seen
    jax.monitoring.unregister_event_duration_listener(listen)


@pytest.fixture
def traces(monkeypatch):
    """A list that grows each time the chunk is traced; starts without any traced program."""
    seen = []

    def counted(plan, c, carry, first, steps, warmup):
        seen.append(plan)
        return chunk(plan, c, carry, first, steps, warmup)

    monkeypatch.setattr(xla, "chunk", counted)
    monkeypatch.setattr(xla, "_programs", {})
    return seen


def changed_floats():
    """Return networks that differ in every kind of number, one after another."""
    made = spec()
    yield made, drives()
    yield made, drives(rate=80.0)
    yield spec(weight={name: 1.1 * j for name, j in J.items()}), drives()
    yield spec(p={name: p * 0.995 for name, p in P.items()}), drives()
    neuron = cell("eif", tau_m=12.0, e_l=-61.0, slope_factor=1.5, v_peak=0.0, t_ref=3.0, i_e=0.1)
    population = made.populations["E"]
    populations = {
        **made.populations,
        "E": type(population)(
            size=population.size, type="excitatory", neuron=neuron, positions=None, v_init=-60.0
        ),
    }
    yield _with(made, populations=populations), drives()
    synapse = made.synapses["E"].replace(tau_rise=0.7, tau_decay=3.0)
    yield _with(made, synapses={**made.synapses, "E": synapse}), drives()


def _with(made, **changes):
    fields = ("populations", "synapses", "projections", "weight_scaling", "per_trial")
    return type(made)(**{**{name: getattr(made, name) for name in fields}, **changes})


def test_floats_seeds_and_durations_neither_trace_nor_compile(compilations, traces):
    plans, engine, first = set(), None, None
    for seed, (made, drive) in enumerate(changed_floats()):
        net = build(made, drive, seed, DT)
        plan = make_plan(net, 1, "float32", Recording(window_steps=200))
        c = make_constants(net, plan, seed, [seed])
        if engine is None:
            engine, first = xla.XlaEngine(plan), c
            engine.compile(c)
            compilations.clear()
        plans.add(plan)
        assert signature(c) == signature(first)
        run = simulate(engine, c, v_init(1, net.size, seed), [64, 32 * seed + 5], warmup=seed)
        assert run.outputs[-1].faults.max() == -1
        xla.XlaEngine(plan).compile(c)
    assert len(plans) == 1
    assert len(traces) == 1
    assert compilations == []


def test_what_must_compile_is_seen(compilations, traces):
    # the counters do count: another size, another number of lanes
    for lanes, sizes in [(1, {"E": 160, "I": 40, "X": 50}), (2, {"E": 160, "I": 40, "X": 50})]:
        compiled(network(sizes=sizes), lanes=lanes)
    assert len(traces) == 2
    assert len(compilations) >= 2


def test_what_is_dropped_is_kept_by_nobody(compilations, traces, monkeypatch):
    monkeypatch.setattr(xla, "_MOST_PROGRAMS", 2)
    gc.collect()
    before, engines = _live(), []
    for size in (40, 50, 60):
        engine, c = compiled(network("lif", sizes={**SIZES, "E": size}))
        engines.append((engine, c, size))
        del engines[:-2]
    gc.collect()
    assert _live() - before == len(xla._programs) == 2
    compilations.clear()
    for engine, c, size in engines:
        simulate(engine, c, v_init(1, size + SIZES["I"]), [32])
        engine.compile(c)
    assert len(compilations) == 0 and len(traces) == 3


def _live():
    """Return how many compiled chunks there are."""
    programs = jax.devices()[0].client.live_executables()
    return sum(p.hlo_modules()[0].name.startswith("jit_counted") for p in programs)
