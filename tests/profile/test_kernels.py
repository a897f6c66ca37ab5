"""Parts of a step from the times of its variants."""

import numpy as np
import pytest

from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.course import draw_network
from snnrun.profile import kernels
from snnrun.profile.kernels import ALL, CONTACTS, WHOLE, Effort

QUICK = Effort(seconds=0.001, rounds=2, warm_ms=20.0)


@pytest.fixture(scope="module")
def measured():
    one = ["network.scale=0.2", "duration=smoke", "trials=2", "engine.batch=2"]
    e, _ = build(compose(one, []))
    told = []
    return e, kernels.measure(e, draw_network(e, 0), told.append, QUICK), told


def test_parts_are_differences_of_medians():
    us = {WHOLE: [10, 12, 90], CONTACTS: [8, 8, 8], "neurons": [5, 5, 50], ALL: [1, 2, 3]}
    found = kernels._parts({name: np.array(x, float) for name, x in us.items()})
    cost = {row["name"]: row["us_per_step"] for row in found["kernels"]}
    assert cost == {"delivery": 4, "neurons": 3, "rest": 2}
    assert (found["whole_us"], found["sum_us"], found["unexplained_us"]) == (12, 9, 3)
    assert found["kernels"][0]["share"] == pytest.approx(4 / 12)
    assert found["kernels"][0]["quartiles_us"] == [3, 43]  # of 2, 4, 82


def test_every_part_is_measured(measured):
    _, found, _ = measured
    names = [row["name"] for row in found["kernels"]]
    assert names == ["delivery", "neurons", "synapses", "drive", "recording", "rest"]
    assert all(row["how"] for row in found["kernels"])
    assert found["whole_us"] > 0 and found["kernels"][-1]["us_per_step"] > 0
    total = sum(row["us_per_step"] for row in found["kernels"])
    assert found["sum_us"] == pytest.approx(total)
    assert found["unexplained_us"] == pytest.approx(found["whole_us"] - total)


def test_what_was_timed_is_told(measured):
    e, found, told = measured
    assert (found["neurons"], found["lanes"], found["rounds"]) == (e.network.size, 2, 2)
    assert found["from_ms"] >= QUICK.warm_ms
    assert found["steps"] % 32 == 0 and found["steps"] > 0
    assert found["cores_busy"] > 0
    assert found["ns_per_neuron_step"] == pytest.approx(1e3 * found["whole_us"] / 400)
    assert found["events_per_step"] > 0
    assert told[-1] == "kernels: timing"


def test_a_measurement_lasts_a_simulated_time():
    e, _ = build(compose(["network.scale=0.2", "duration=smoke", "trials=2"], []))
    effort = QUICK._replace(least_ms=30.0, rounds=1)
    found = kernels.measure(e, draw_network(e, 0), lambda _: None, effort)
    assert found["steps"] * e.dt >= 30
