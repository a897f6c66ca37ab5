"""Lanes with other parameters, seeds and graphs give what each gives alone, bit for bit."""

import numpy as np
import pytest

from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.course import draw_network, v_init
from snnrun.engine import native
from snnrun.engine.constants import join, make_constants
from snnrun.engine.decode import decode
from snnrun.engine.plan import Recording, make_plan
from snnrun.engine.xla import XlaEngine

STEPS = 2500
NOISE = "+drive.N={kind: white_noise, mean: 10, sigma: 30}"
NOISE_TO = "+network.projections.N={pre: N, post: STN, weight: 1.0}"
CASES = {
    "network=balanced_small": (
        ["seed=1"],
        ["seed=1", "network.projections.EI.weight=-3", "network.synapses.E.tau_decay=6"],
        ["seed=2", "drive.X.rate=14", "network.populations.I.neuron.v_th=-51"],
    ),
    "network=bg_bench": (
        [NOISE, NOISE_TO],
        [NOISE, NOISE_TO, "seed=4"],
        [NOISE, NOISE_TO, "drive.N.sigma=60"],
    ),
    "network=lattice_bench": (["seed=1"], ["drive.noise.mean=5"], ["drive.noise.sigma=40"]),
    "network=brunel": tuple(
        ["network.scale=0.2", change] for change in ("seed=1", "seed=2", "drive.X.rate=22")
    ),
}


def spikes(plan, c, v, backend_steps=STEPS):
    engine = XlaEngine(plan)
    engine.compile(c)
    moved, carry = engine.start(c, v)
    carry, output = engine.run(moved, carry, 0, backend_steps, 0)
    words = engine.fetch(output).words
    lanes = [decode(w, 0, backend_steps) for w in words.transpose(1, 0, 2)]
    return lanes, engine.snapshots(carry, backend_steps)


@pytest.mark.parametrize("is_native", [True, False], ids=["native", "xla"])
@pytest.mark.parametrize("network", CASES)
def test_points_as_lanes(network, is_native):
    if is_native and not native.ready():
        pytest.skip("the native kernel is not built")
    points = [build(compose([network, *changes], []))[0] for changes in CASES[network]]
    drawn = [draw_network(e, 0) for e in points]
    plan = make_plan(drawn[0], 3, "float32", Recording(), native=is_native)
    alone = make_plan(drawn[0], 1, "float32", Recording(), native=is_native)
    v = [v_init(e, n, 0) for e, n in zip(points, drawn, strict=True)]
    each = [make_constants(n, plan, e.seed, [0]) for e, n in zip(points, drawn, strict=True)]
    together, after = spikes(plan, join(each), np.stack(v))
    assert sum(s.step.size for s in together) > 1000
    trains = [(tuple(s.step[:500]), tuple(s.source[:500])) for s in together]
    assert len(set(trains)) == 3
    for lane, (c, start) in enumerate(zip(each, v, strict=True)):
        (own,), (state,) = spikes(alone, c, start[None])
        assert np.array_equal(own.step, together[lane].step)
        assert np.array_equal(own.source, together[lane].source)
        for name, x in state.items():
            assert np.array_equal(x, after[lane][name]), name
