"""The balanced state: published rates, a hand-solved network, violated conditions."""

import dataclasses

import numpy as np
import pytest

from snnrun.balance import balance, feeds
from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.distribution import Distribution
from tests.contracts import preset

# Fixed parameters of the short demo of Wu et al. 2024 (Nat Comput Sci 4:690)
DEMO = [
    f"network.projections.{name}.weight={weight}"
    for name, weight in {
        "EE": 2.7119,
        "EI": -66.265,
        "IE": 27.965,
        "II": -74.641,
        "EX": 101.54,
        "IX": 35.767,
    }.items()
]


def experiment(*overrides):
    """Return the experiment of some overrides."""
    return build(compose(list(overrides), []))[0]


def with_projection(e, name, **changes):
    """Return the experiment with one projection changed."""
    changed = dataclasses.replace(e.network.projections[name], **changes)
    projections = {**e.network.projections, name: changed}
    return dataclasses.replace(e, network=dataclasses.replace(e.network, projections=projections))


def with_synapse(e, name, synapse):
    """Return the experiment with another synapse model under a name."""
    synapses = {**e.network.synapses, name: synapse}
    return dataclasses.replace(e, network=dataclasses.replace(e.network, synapses=synapses))


@pytest.fixture(scope="module")
def small():
    return experiment("network=balanced_small")


@pytest.mark.parametrize(
    ("network", "rates"),
    [
        (["network=huang2019"], (39.06, 16.67)),
        (["network=snops_sbn"], (41.67, 17.78)),
        (["network=snops_sbn", *DEMO], (7.96, 10.54)),
    ],
)
def test_published_predictions(network, rates):
    found = balance(experiment(*network))
    assert tuple(round(rate, 2) for rate in found.rates.values()) == rates
    assert found.violated == ()


def test_two_populations_by_hand():
    """r_E - 4 r_I + 0.6 * 5 = 0 and 2 r_E - 4 r_I + 0.2 * 5 = 0."""
    e = experiment("network=balanced_small")
    rule = preset("connect", "fixed_indegree", k=10)
    weights = {"EE": 1.0, "EI": -4.0, "IE": 2.0, "II": -4.0, "EX": 0.6, "IX": 0.2}
    for name, weight in weights.items():
        e = with_projection(e, name, weight=weight, connect=rule)
    found = balance(e)
    assert found.rates == pytest.approx({"E": 2.0, "I": 1.25})
    assert found.violated == ()


def test_the_prediction_solves_the_balance(small):
    rates = balance(small).rates
    net = dict.fromkeys(rates, 0.0)
    for f in feeds(small):
        rate = f.rate if f.rate is not None else rates[f.pre]
        net[f.post] += f.in_degree * f.charge * rate
    assert max(map(abs, net.values())) < 1e-9


def test_constant_currents_count():
    """A current that replaces the drive's mean input leaves the rates as they are."""
    e = experiment("network=balanced_small")
    given = {f.post: f.in_degree * f.charge * f.rate / 1000 for f in feeds(e) if f.pre == "X"}
    lines = [f"network.populations.{p}.neuron.i_e={current}" for p, current in given.items()]
    swapped = experiment("network=balanced_small", "drive.X.rate=0", *lines)
    assert balance(swapped).rates == pytest.approx(balance(e).rates, rel=1e-9)
    node = "{kind: constant_current, amplitude: 2.0, start_ms: 0, stop_ms: null}"
    as_drives = [
        f"+drive.D={node}",
        *(
            f"+network.projections.{p}D={{pre: D, post: {p}, weight: {current / 2}}}"
            for p, current in given.items()
        ),
    ]
    driven = experiment("network=balanced_small", "drive.X.rate=0", *as_drives)
    assert balance(driven).rates == pytest.approx(balance(e).rates, rel=1e-9)


def test_a_peak_weight_counts_with_its_time_constant(small):
    area = preset("synapse", "exponential", tau=4.0, normalization="area")
    peak = area.replace(normalization="peak")
    assert (area.charge(), peak.charge()) == (1.0, 4.0)
    e = with_synapse(small, "E", peak)
    for name in ("EE", "IE"):
        e = with_projection(e, name, weight=small.network.projections[name].weight / 4)
    assert balance(e).rates == pytest.approx(balance(small).rates)


def test_a_drawn_weight_counts_with_its_mean(small):
    drawn = with_projection(small, "EE", weight=Distribution("uniform", 10.0, 30.0))
    assert balance(drawn).rates == pytest.approx(balance(small).rates)


def test_a_violated_condition_is_named_with_its_numbers(small):
    found = balance(with_projection(small, "EX", weight=60.0))
    assert found.rates is None
    first, second = found.violated
    assert first.startswith("no balanced state in which all populations fire: it would need E -")
    assert second == (
        "a stable balanced state needs w_EX/w_IX > |w_EI/w_II| > |w_EE/w_IE|; here 1.2, 1.39, 0.267"
    )
    (own,) = balance(with_projection(small, "EE", weight=80.0)).violated[-1:]
    w = {f.post + f.pre: abs(f.in_degree * f.charge) for f in feeds(small)}
    assert own == f"a stable balanced state needs |w_II/w_EE| > 1; here {w['II'] / w['EE'] / 4:.3g}"


def test_without_charge_there_is_no_prediction(small, monkeypatch):
    kind = type(small.network.synapses["X"])
    monkeypatch.setattr(kind, "charge", lambda self: None)
    found = balance(small)
    assert found.rates is None
    assert "synapse E (biexponential), I (biexponential), X (biexponential)" in found.reason


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["drive=none"], "no external input"),
        (["network.projections.EI.weight=0", "network.projections.II.weight=0"], "no unique"),
    ],
)
def test_unsolvable_networks_say_why(overrides, says):
    found = balance(experiment("network=balanced_small", *overrides))
    assert found.rates is None
    assert says in found.reason
    assert found.violated == ()


def test_a_drive_of_each_neurons_own_counts_once(small, monkeypatch):
    """`counts`: events at mean_rate() in total, without contacts."""
    contacts = small.network.projections["EX"].connect.p * small.drives["X"].size
    monkeypatch.setattr(type(small.drives["X"]), "emits", "counts")
    own = small.drives["X"].replace(rate=small.drives["X"].rate * contacts)
    e = dataclasses.replace(small, drives={"X": own})
    for name in ("EX", "IX"):
        e = with_projection(e, name, connect=None)
    assert [f.in_degree for f in feeds(e) if f.pre == "X"] == [1.0, 1.0]
    assert balance(e).rates == pytest.approx(balance(small).rates)
    assert np.isfinite(list(balance(e).rates.values())).all()
