"""What a short run must show, judged from spikes made for it."""

import numpy as np
import pytest

from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.course import draw_network
from snnrun.health import Health
from snnrun.objective._feasible import Feasible, judge
from snnrun.trial import Trial

OK = Health("ok", {})
WANTED = Feasible(
    ms=2000.0, population="E", above_rate=0.5, min_neurons=50, min_rate=1.0, max_rate=60.0
)
NAMES = ["few_neurons", "rate_high", "rate_low", "fell_silent", "stopped"]


@pytest.fixture(scope="module")
def short():
    """Return a short run of 80 E and 20 I neurons, and its network."""
    values = ["network.scale=0.1", "duration.ms=2000", "duration.warmup_ms=500"]
    e, _ = build(compose(values, []))
    return e, draw_network(e, 0)


def trial(short, neurons, rate, until=2000.0, end=2000.0):
    """Return a trial in which some neurons fire regularly until some time."""
    e, network = short
    made = Trial.begin(e, network, 0, device=False)
    ms = np.arange(5.0, until, 1000 / rate) if rate else np.zeros(0)
    step = np.repeat((ms / e.dt).astype(np.int64), neurons)
    source = np.tile(np.arange(neurons), ms.size) + network.neurons["E"].start
    made.add_spikes(step, source)
    made.total = np.bincount(source, minlength=network.size)
    made.end = e.steps_in(end)
    return made


def judged(short, made, wanted=WANTED, health=OK):
    return judge(wanted, *short, made, health)


def violated(found):
    return {name for name, amount in found.amounts.items() if amount > 0}


def test_a_healthy_network_is_feasible(short):
    found = judged(short, trial(short, 60, 20.0))
    assert list(found.amounts) == NAMES
    assert found.amounts["few_neurons"] == pytest.approx(1 - 60 / 50)
    assert found.amounts["rate_high"] == pytest.approx(20 / 60 - 1, abs=0.02)
    assert found.amounts["rate_low"] == pytest.approx(1 - 20 / 1, rel=0.05)
    assert found.amounts["fell_silent"] == pytest.approx(-0.1)
    assert found.amounts["stopped"] == 0
    assert (violated(found), found.reason) == (set(), "")


def test_too_few_neurons(short):
    found = judged(short, trial(short, 40, 20.0))
    assert violated(found) == {"few_neurons"}
    assert found.amounts["few_neurons"] == pytest.approx(0.2)
    assert found.reason == "40 neurons of E fire above 0.5 sp/s; 50 must"


def test_a_neuron_at_the_rate_does_not_count(short):
    strict = Feasible(**{**vars(WANTED), "above_rate": 20.0})
    assert judged(short, trial(short, 60, 20.0), strict).amounts["few_neurons"] == 1.0


def test_too_high_a_rate_and_too_low_a_one(short):
    high = judged(short, trial(short, 60, 80.0))
    assert violated(high) == {"rate_high"}
    assert high.amounts["rate_high"] == pytest.approx(80 / 60 - 1, abs=0.02)
    assert high.reason == "neurons of E fire at 80 sp/s; at most 60 are allowed"
    demanding = Feasible(**{**vars(WANTED), "min_rate": 40.0})
    low = judged(short, trial(short, 60, 20.0), demanding)
    assert violated(low) == {"rate_low"}
    assert low.reason == "neurons of E fire at 20 sp/s; at least 40 are wanted"


def test_only_neurons_that_count_enter_the_rate(short):
    made = trial(short, 30, 20.0)
    assert judged(short, made).amounts["rate_high"] == pytest.approx(20 / 60 - 1, abs=0.02)


def test_a_network_that_falls_silent(short):
    found = judged(short, trial(short, 60, 50.0, until=1000.0))
    assert violated(found) == {"fell_silent"}
    assert found.amounts["fell_silent"] == pytest.approx(0.9 - 1100 / 1900)
    assert found.reason == "E fell silent after 1100 ms"


def test_a_network_without_a_spike(short):
    found = judged(short, trial(short, 60, 0.0))
    assert found.amounts["few_neurons"] == found.amounts["rate_low"] == 1.0
    assert violated(found) == {"few_neurons", "rate_low", "fell_silent"}
    assert "0 neurons of E fire above 0.5 sp/s; 50 must" in found.reason


@pytest.mark.parametrize("verdict", ["nan", "runaway"])
@pytest.mark.parametrize("end", [2000.0, 1000.0, 400.0])  # before the first window as well
def test_a_run_that_was_stopped(short, verdict, end):
    made = trial(short, 60, 20.0, until=end, end=end)
    found = judged(short, made, health=Health(verdict, {"population": "E"}))
    assert violated(found) == {"stopped"}
    assert found.amounts["stopped"] == pytest.approx(2 - end / 2000)
    assert found.reason.startswith(f"{verdict}: population E; ")


@pytest.mark.parametrize("verdict", ["silent", "synchronous", "nonstationary", "identical"])
def test_other_verdicts_are_no_reason(short, verdict):
    found = judged(short, trial(short, 60, 20.0), health=Health(verdict, {}))
    assert (violated(found), found.reason) == (set(), "")


def test_limits_that_are_not_given_are_not_judged(short):
    free = Feasible(**{**vars(WANTED), "min_rate": None, "max_rate": None, "population": "all"})
    found = judged(short, trial(short, 60, 150.0), free)
    assert list(found.amounts) == ["few_neurons", "fell_silent", "stopped"]
    assert violated(found) == set()
