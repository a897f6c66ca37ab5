"""The verdicts, each in its turn."""

import numpy as np
import pytest

from snnrun.health import (
    ACTIVE_SPIKES,
    VERDICTS,
    Evidence,
    Health,
    ceiling,
    identical_trains,
    judge,
    sentence,
)

WINDOWS, NEURONS = 40, 50


def evidence(**changes):
    """Return what is known of a healthy population firing at 5 sp/s for 8 s, with changes."""
    counts = np.random.default_rng(1).poisson(1.0, (WINDOWS, NEURONS)).astype(float)
    total = changes.pop("total", np.full(NEURONS, 40))
    fingerprint = np.arange(2 * NEURONS, dtype=np.uint32).reshape(NEURONS, 2)
    healthy = {
        "fault": None,
        "rates": {"E": 5.0},
        "ceilings": {"E": 200.0},
        "counts": {"E": counts},
        "fingerprint": fingerprint,
        "total": total,
    }
    return Evidence(**{**healthy, **changes})


def same_trains():
    """Return fingerprints of which three are one."""
    fingerprint = np.arange(2 * NEURONS, dtype=np.uint32).reshape(NEURONS, 2)
    fingerprint[[3, 7]] = fingerprint[0]
    return fingerprint


def synchronous():
    """Return counts that go up and down together, with equal halves."""
    common = np.tile([0.0, 4.0], WINDOWS // 2)[:, None]
    return common + np.random.default_rng(2).poisson(1.0, (WINDOWS, NEURONS))


def drifting():
    """Return independent counts whose second half is three times the first."""
    rate = np.repeat([0.5, 1.5], WINDOWS // 2)[:, None]
    return np.random.default_rng(3).poisson(rate, (WINDOWS, NEURONS)).astype(float)


# In order: each applies together with all later ones, and the first is said.
CHANGES = {
    "nan": {"fault": {"value": "nan"}},
    "runaway": {"ceilings": {"E": 4.0}},
    "silent": {"rates": {"E": 0.05}},
    "identical": {"fingerprint": same_trains()},
    "synchronous": {"counts": {"E": synchronous()}},
    "nonstationary": {"counts": {"E": drifting()}},
    "ok": {},
}


def test_a_value_beyond_its_limit_is_a_runaway_and_the_sentence_says_where():
    fault = {"population": "E", "neuron": 7, "variable": "g_I", "value": 2e6}
    fault |= {"from_ms": 200.0, "until_ms": 400.0}
    found = judge(evidence(fault=fault))
    assert (found.verdict, found.details["value"]) == ("runaway", 2e6)
    said = "runaway: g_I of neuron 7 of E is 2000000.0 between 200 and 400 ms; look at the weights"
    assert sentence(found).startswith(said)


@pytest.mark.parametrize("verdict", [v for v in VERDICTS if v != "ok"])
def test_every_verdict_comes_with_a_remedy(verdict):
    assert len(sentence(Health(verdict, {"population": "E"})).partition("; ")[2]) > 20


def test_the_order_is_that_of_the_contract():
    order = ("nan", "runaway", "silent", "identical", "synchronous", "nonstationary", "ok")
    assert order == VERDICTS == tuple(CHANGES)
    assert [Health(v, {}).rank for v in VERDICTS] == list(range(7))


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_is_found(verdict):
    assert judge(evidence(**CHANGES[verdict])).verdict == verdict


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_first_that_applies_is_said(verdict):
    """Of a run that has this and all later troubles."""
    changes = {}
    for later in reversed(VERDICTS[VERDICTS.index(verdict) :]):
        changes |= CHANGES[later]
    if verdict == "runaway":  # a population that is silent can't run away: another one is
        changes |= {"rates": {"E": 0.05, "I": 300.0}, "ceilings": {"E": 200.0, "I": 200.0}}
        changes["counts"] = {"E": drifting()[:, :25], "I": drifting()[:, 25:]}
    assert judge(evidence(**changes)).verdict == verdict


class TestDetails:
    def test_rates_are_always_there(self):
        for changes in CHANGES.values():
            assert set(judge(evidence(**changes)).details["rates"]) == {"E"}

    def test_runaway_says_which_population_and_above_what(self):
        details = judge(evidence(**CHANGES["runaway"])).details
        assert (details["population"], details["above"]) == ("E", 4.0)

    def test_silent_says_the_mean(self):
        counts = {p: np.zeros((WINDOWS, n)) for p, n in (("E", 30), ("I", 20))}
        rates, ceilings = {"E": 0.05, "I": 0.1}, {"E": 200.0, "I": 200.0}
        found = judge(evidence(rates=rates, counts=counts, ceilings=ceilings))
        assert found.verdict == "silent"
        assert found.details["mean_rate"] == pytest.approx(0.07)

    def test_identical_says_how_many(self):
        assert judge(evidence(**CHANGES["identical"])).details["neurons"] == 3

    def test_synchronous_says_how_much(self):
        details = judge(evidence(**CHANGES["synchronous"])).details
        assert details["population"] == "E"
        counts = synchronous()
        pairs = np.corrcoef(counts.T)[np.triu_indices(NEURONS, 1)]
        assert details["correlation"] == pytest.approx(pairs.mean(), abs=1e-4)

    def test_nonstationary_says_both_rates(self):
        details = judge(evidence(**CHANGES["nonstationary"])).details
        first, last = details["halves"]
        assert (first, last) == (pytest.approx(2.5, rel=0.1), pytest.approx(7.5, rel=0.1))

    def test_rates_of_halves_are_those_of_the_windows_counted(self):
        details = judge(evidence(**CHANGES["nonstationary"], window_ms=100.0)).details
        assert details["halves"] == [pytest.approx(5, rel=0.1), pytest.approx(15, rel=0.1)]


class TestThresholds:
    @pytest.mark.parametrize(("rate", "verdict"), [(200.0, "ok"), (200.1, "runaway")])
    def test_runaway_is_above_its_ceiling(self, rate, verdict):
        assert judge(evidence(rates={"E": rate})).verdict == verdict

    @pytest.mark.parametrize(
        ("rate", "verdict"), [(0.1, "ok"), (0.0999, "silent"), (0.0, "silent")]
    )
    def test_silent_is_below_a_tenth(self, rate, verdict):
        assert judge(evidence(rates={"E": rate})).verdict == verdict

    def test_one_silent_population_is_not_a_silent_network(self):
        counts = {p: np.zeros((WINDOWS, 25)) for p in "EI"}
        ceilings = {"E": 200.0, "I": 200.0}
        found = judge(evidence(rates={"E": 0.0, "I": 5.0}, counts=counts, ceilings=ceilings))
        assert found.verdict == "ok"

    def test_half_the_refractory_ceiling(self):
        assert ceiling(200, 0.0) == 200
        assert ceiling(200, 1.5) == 200
        assert ceiling(1000, 2.0) == 250  # half of one spike every 2 ms
        assert ceiling(200, 10.0) == 50

    def test_few_windows_are_no_ground_for_a_verdict(self):
        short = {"counts": {"E": synchronous()[:4]}}
        assert judge(evidence(**short)).verdict == "ok"
        assert judge(evidence(counts={"E": np.zeros((0, NEURONS))})).verdict == "ok"
        halves = np.repeat([[0.0], [9.0]], 4, axis=0) * np.ones((1, NEURONS))
        assert judge(evidence(counts={"E": halves + _noise(8)})).verdict != "nonstationary"

    def test_a_change_of_less_than_a_tenth_is_stationary(self):
        counts = np.repeat([[10.0], [10.9]], WINDOWS // 2, axis=0) * np.ones((1, NEURONS))
        assert judge(evidence(counts={"E": counts + _noise(WINDOWS)})).verdict == "ok"
        counts = np.repeat([[10.0], [11.5]], WINDOWS // 2, axis=0) * np.ones((1, NEURONS))
        assert judge(evidence(counts={"E": counts + _noise(WINDOWS)})).verdict == "nonstationary"


def _noise(windows):
    """Return small independent noise that sums to nothing over neurons."""
    noise = np.random.default_rng(4).normal(0, 3, (windows, NEURONS))
    return noise - noise.mean(axis=1, keepdims=True)


class TestIdenticalTrains:
    def test_every_neuron_that_shares_its_train_counts(self):
        fingerprint = np.array([[1, 2], [1, 2], [3, 4], [3, 4], [3, 4], [5, 6]], np.uint32)
        assert identical_trains(fingerprint, np.full(6, 10)) == 5

    def test_both_words_must_agree(self):
        fingerprint = np.array([[1, 2], [1, 3], [2, 2], [2, 1]], np.uint32)
        assert identical_trains(fingerprint, np.full(4, 10)) == 0

    def test_high_bits_count(self):
        fingerprint = np.array([[1, 2**31], [1, 0], [2**31, 0], [0, 0]], np.uint32)
        assert identical_trains(fingerprint, np.full(4, 10)) == 0

    def test_silent_and_nearly_silent_neurons_do_not_count(self):
        fingerprint = np.zeros((4, 2), np.uint32)
        few = np.array([0, 0, ACTIVE_SPIKES - 1, ACTIVE_SPIKES])
        assert identical_trains(fingerprint, few) == 0
        assert identical_trains(fingerprint, np.full(4, ACTIVE_SPIKES)) == 4

    def test_no_neuron_is_active(self):
        assert identical_trains(np.zeros((3, 2), np.uint32), np.zeros(3, int)) == 0


def test_one_spike_is_no_runaway_however_long_the_refractory_period():
    # 500 / t_ref is 0.17 sp/s; one spike of each neuron in a window of 200 ms is 5 sp/s
    assert ceiling(200.0, 3000.0) == 10.0
    assert ceiling(200.0, 25.0) == 20.0
