"""The same network at several sizes."""

import pytest

from snnrun.balance import layers
from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.preflight.sizes import counts
from snnrun.profile import scaling
from snnrun.profile.kernels import Effort
from snnrun.profile.scaling import exponent, resized

QUICK = Effort(seconds=0.001, rounds=1, warm_ms=10.0)


def at(tree, composed):
    """Return the experiment of a tree."""
    return build(type(composed)(tree, [], composed.files, []))[0]


def both(network, factor):
    """Return an experiment and the resized one."""
    composed = compose([f"network={network}", "duration=smoke"], [])
    return at(composed.tree, composed), at(resized(composed.tree, factor), composed)


@pytest.mark.parametrize("network", ["snops_sbn", "brunel", "huang2019", "bg_bench"])
class TestWithoutNetworkScale:
    def test_larger_ones_keep_the_in_degree(self, network):
        e, large = both(network, 4)
        assert large.network.size == pytest.approx(4 * e.network.size, rel=0.02)
        before, after = counts(e), counts(large)
        for name in before:
            expected = before[name].in_degree
            assert after[name].in_degree == pytest.approx(expected, rel=0.05, abs=1), name

    def test_larger_ones_keep_the_weight_of_a_contact(self, network):
        e, large = both(network, 4)
        for name, p in e.network.projections.items():
            if isinstance(p.weight, float) and p.connect is not None:
                after = large.network.projections[name].weight * large.network.weight_factor
                assert after == pytest.approx(p.weight * e.network.weight_factor)

    def test_smaller_ones_keep_the_density(self, network):
        e, small = both(network, 0.25)
        before, after = counts(e), counts(small)
        for name in before:
            expected = before[name].density
            assert after[name].density == pytest.approx(expected, rel=0.1), name

    def test_grids_stay_square(self, network):
        e, other = both(network, 0.7)
        for p in other.network.projections.values():
            if p.connect is not None and p.connect.needs_grid:
                for side in layers(other, p)[:2]:
                    assert round(side.size**0.5) ** 2 == side.size
        assert other.network.size < e.network.size


def test_a_preset_that_can_is_scaled_by_network_scale():
    e, large = both("lattice_bench", 2.5)
    assert large.network.size == 2.5 * e.network.size
    assert counts(large)["EE"].density == counts(e)["EE"].density


def test_trials_and_records_of_state_are_left_out():
    composed = compose(["trials=3", "record.state.E={variables: [v], every_ms: 1}"], [])
    other = at(resized(composed.tree, 0.1), composed)
    assert (other.trials, other.record.state, other.statistics) == (1, {}, {})
    assert composed.tree["trials"] == 3


def test_exponents_of_known_growth():
    assert exponent([1, 10, 100], [2, 20, 200]) == pytest.approx(1)
    assert exponent([1, 10, 100], [5, 500, 50_000]) == pytest.approx(2)
    assert exponent([1, 10, 100], [3, -1, 3]) == pytest.approx(0)  # of the two that are positive
    assert exponent([1, 10], [-1, 3]) is None
    assert exponent([], []) is None


def test_what_is_in_the_noise_is_not_fitted():
    rows = [
        {
            "neurons": n,
            "synapses": n**2,
            "us_per_step": n,
            "kernels": {"delivery": n**2 / 1e3, "drive": 0.1},
            "in_the_noise": ["drive"] if n < 1000 else [],
        }
        for n in (10, 100, 1000)
    ]
    found = scaling._exponents(rows)
    assert found["step"] == pytest.approx({"neurons": 1, "synapses": 0.5, "neurons_largest": 1})
    assert found["delivery"]["neurons"] == pytest.approx(2)
    assert set(found["drive"].values()) == {None}


@pytest.fixture(scope="module")
def growth():
    composed = compose(["network=lattice_bench", "duration=smoke"], [])
    told = []
    found = scaling.scaling(
        composed.tree, 1000, lambda tree: at(tree, composed), told.append, (0, 50, 200), QUICK
    )
    return found, told


def test_rows_and_exponents(growth):
    found, told = growth
    assert [row["neurons"] for row in found["sizes"]] == [50, 200]
    assert found["how"] == scaling.BY_SCALE
    assert set(found["exponents"]) == {"step", *found["sizes"][0]["kernels"]}
    a, b = (row["us_per_step"] for row in found["sizes"])
    assert min(a, b) > 0
    assert found["exponents"]["step"]["neurons"] == pytest.approx(
        exponent([50, 200], [a, b]), rel=1e-9
    )
    assert "scaling: 200 neurons" in told


def test_what_cant_be_built_is_skipped_with_the_reason(growth):
    (skipped,) = growth[0]["skipped"]
    assert skipped["neurons"] == 0
    assert "network.scale" in skipped["reason"]


def test_what_does_not_fit_is_skipped_and_never_built(monkeypatch):
    composed = compose(["network=brunel", "duration=smoke"], [])
    monkeypatch.setattr("snnrun.memory._entry", lambda *_: 1.0)  # 1 MB is available
    monkeypatch.setattr("snnrun.course.build", lambda *_: pytest.fail("it was built"))
    found = scaling.scaling(
        composed.tree, 12500, lambda t: at(t, composed), lambda _: None, (10**5, 10**7), QUICK
    )
    assert found["sizes"] == []
    assert "are needed, 1 MB are available here" in found["skipped"][0]["reason"]
    assert [each["neurons"] for each in found["skipped"]] == [10**5, 10**7]
    assert found["exponents"]["step"]["neurons"] is None
