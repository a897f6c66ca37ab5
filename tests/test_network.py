"""Networks: order of populations and receptors, independence of streams, layout."""

import dataclasses

import numpy as np
import pytest

from snnrun.connect._base import Contacts
from snnrun.distribution import Distribution
from snnrun.engine.constants import make_constants
from snnrun.engine.plan import Recording, make_plan
from snnrun.graph import grid, receptor_order
from snnrun.network import NetworkSpec, Population, Projection, build
from tests.contracts import preset
from tests.networks import DT, SIZES, drives, network, spec

UNIFORM = Distribution("uniform", 8.0, 16.0)


def spatial(sizes, **changes):
    """Return a network with positions, drawn parameters, weights and delays."""
    made = spec(
        sizes=sizes,
        weight={"II": Distribution("normal", -35.0, 3.0), "EE": Distribution("normal", 10.0, 1.0)},
        delay={"II": Distribution("uniform", 0.1, 2.0)},
    )
    populations = {
        name: dataclasses.replace(
            p,
            positions="uniform",
            neuron=changes.get(name, p.neuron.replace(tau_m=UNIFORM)),
        )
        for name, p in made.populations.items()
    }
    return dataclasses.replace(made, populations=populations)


def of_population(net, name):
    """Return the drawn neuron coefficients of a population and its positions."""
    part = net.neurons[name]
    models = [(group, c) for _, group, c in net.models if group.start <= part.start < group.stop]
    ((group, c),) = models
    mine = slice(part.start - group.start, part.stop - group.start)
    return [x[mine] if x.size > 1 else x for x in c] + [net.positions[name]]


def of_projection(net, name):
    """Return contacts, drawn weights (without scale) and drawn delays of a projection."""
    contacts = net.contact_lists[name]
    sources = net.sources[net.spec.projections[name].pre]
    slots = net.edges.start[:-1].reshape(-1, net.edges.segments)[sources]
    places = [k for k, p in enumerate(_segments(net, name)) if p == name]
    begin = np.repeat(slots[:, places[0]] - contacts.start[:-1], np.diff(contacts.start))
    at = begin + np.arange(contacts.target.size)
    return [*contacts, net.edges.weight[at], net.edges.extra[at]]


def _segments(net, name):
    pre = net.spec.projections[name].pre
    return [n for n, p in net.spec.projections.items() if p.pre == pre]


EDITS = {
    "size of E": (spatial({**SIZES, "E": 200}), drives()),
    "size of X": (spatial({**SIZES, "X": 60}), drives({**SIZES, "X": 60})),
    "cells of E": (
        spatial(SIZES, E=preset("neuron", "eif", t_ref=Distribution("uniform", 1, 2))),
        drives(),
    ),
    "model of E": (spatial(SIZES, E=preset("neuron", "lif")), drives()),
    "rate": (spatial(SIZES), drives(rate=5.0)),
}


@pytest.mark.parametrize("edit", EDITS)
def test_editing_one_part_leaves_the_others(edit):
    before = build(spatial(SIZES), drives(), 3, DT, keep_contacts=True)
    after = build(*EDITS[edit], 3, DT, keep_contacts=True)
    for a, b in [
        *zip(of_population(before, "I"), of_population(after, "I"), strict=True),
        *zip(of_projection(before, "II"), of_projection(after, "II"), strict=True),
    ]:
        assert np.array_equal(*np.broadcast_arrays(a, b))  # one number may stand for all
    keys = [
        make_constants(net, make_plan(net, 1, "float32", Recording()), 3, [0]).drive_keys
        for net in (before, after)
    ]
    assert np.array_equal(*keys)


@pytest.mark.parametrize(("seed", "realisation"), [(4, 0), (3, 1)])
def test_seed_and_realisation_draw_everything_anew(seed, realisation):
    before = build(spatial(SIZES), drives(), 3, DT, keep_contacts=True)
    after = build(spatial(SIZES), drives(), seed, DT, realisation, keep_contacts=True)
    leak, position = (of_population(net, "I")[0] for net in (before, after))
    assert not np.array_equal(leak, position)
    assert not np.array_equal(before.positions["I"], after.positions["I"])
    for a, b in zip(of_projection(before, "II"), of_projection(after, "II"), strict=True):
        assert not np.array_equal(a, b)


def test_same_seed_same_network():
    a, b = (build(spatial(SIZES), drives(), 3, DT) for _ in range(2))
    for x, y in zip(vars(a.edges).values(), vars(b.edges).values(), strict=True):
        assert np.array_equal(x, y)


def three(models):
    """Return populations A, B and C of the given models, each with a projection from each."""
    connect = preset("connect", "fixed_outdegree", k=2)
    names = "ABC"
    return NetworkSpec(
        populations={
            name: Population(
                size=10 * (i + 1),
                type="excitatory",
                neuron=preset("neuron", kind, t_ref=float(i)),
                positions=None,
                v_init=-60.0,
            )
            for i, (name, kind) in enumerate(zip(names, models, strict=True))
        },
        synapses={
            "one": preset("synapse", "exponential"),
            "two": preset("synapse", "biexponential"),
            "three": preset("synapse", "exponential", tau=3.0),
        },
        projections={
            post + pre: Projection(
                pre=pre, post=post, connect=connect, synapse=synapse, weight=1.0, delay=0.0
            )
            for pre, synapse in zip(names, ("one", "two", "three"), strict=True)
            for post in names
        },
        weight_scaling="none",
        per_trial=False,
    )


def test_populations_of_one_model_lie_side_by_side():
    net = build(three(("lif", "eif", "lif")), {}, 1, DT)
    assert net.neurons == {"A": slice(0, 10), "C": slice(10, 40), "B": slice(40, 60)}
    assert [(cls.kind, part) for cls, part, _ in net.models] == [
        ("lif", slice(0, 40)),
        ("eif", slice(40, 60)),
    ]
    refractory = net.models[0][2].refractory
    assert refractory.tolist() == [0] * 10 + [20] * 30
    assert net.models[1][2].refractory.tolist() == [10]  # of one population: one number


def test_synapses_of_one_kind_lie_side_by_side():
    made = three(("lif", "eif", "lif"))
    assert receptor_order(made.synapses) == {"one": 0, "three": 1, "two": 2}
    net = build(made, {}, 1, DT)
    assert [(cls.kind, names) for cls, names, _ in net.receptors] == [
        ("exponential", ("one", "three")),
        ("biexponential", ("two",)),
    ]


def test_slots_are_receptor_times_neurons_plus_neuron():
    made = three(("lif", "eif", "lif"))
    made = dataclasses.replace(made, projections={"CB": made.projections["CB"]})
    net = build(made, {}, 1, DT, keep_contacts=True)
    used = net.edges.target[: net.edges.start[-1]]
    # receptor "two" is the third one, C begins at neuron 10
    assert np.array_equal(used, 2 * 60 + 10 + net.contact_lists["CB"].target)
    assert net.edges.start[40] == 0  # B's are the sources from 40 on
    assert net.edges.start[-1] == net.contacts["CB"] == 40


def test_membrane_of_each_neuron_shapes_its_current():
    net = build(three(("lif", "eif", "lif")), {}, 1, DT)
    mean = net.receptors[0][2][0].mean
    assert mean.shape == (60,)
    assert (mean[40:] == 1).all()  # the EIF takes the current at the start of the step
    assert (mean[:40] < 1).all()
    alone = build(three(("eif", "eif", "eif")), {}, 1, DT)
    assert alone.receptors[0][2][0].mean is None


@pytest.mark.parametrize(("scaling", "factor"), [("none", 1.0), ("inv_sqrt_n", 200**-0.5)])
def test_weight_scaling(scaling, factor):
    made = dataclasses.replace(spec(), weight_scaling=scaling)
    assert made.weight_factor == pytest.approx(factor)  # drives do not count
    net = build(made, drives(), 1, DT)
    assert net.edges.scale[0] == pytest.approx(10.0 * factor)


def test_grid():
    assert grid(4).tolist() == [[0.5, 0.5], [0.5, 1.0], [1.0, 0.5], [1.0, 1.0]]
    assert grid(2500).shape == (2500, 2)
    assert len(np.unique(grid(2500), axis=0)) == 2500


def test_positions():
    made, drive = spatial(SIZES), drives()
    net = build(made, {"X": drive["X"].replace(positions="grid")}, 1, DT)
    assert np.array_equal(net.positions["X"], grid(100))
    assert net.positions["E"].shape == (160, 2)
    assert 0 <= net.positions["E"].min() < 0.1 < 0.9 < net.positions["E"].max() < 1
    assert network().positions == {"E": None, "I": None, "X": None}


def test_contacts_are_kept_only_when_asked_for():
    assert network().contact_lists is None
    kept = network(keep_contacts=True)
    assert all(isinstance(c, Contacts) for c in kept.contact_lists.values())
    assert {n: c.target.size for n, c in kept.contact_lists.items()} == kept.contacts


def test_drawn_conductances_are_not_negative():
    made = spec("lif", weight={"EI": Distribution("normal", 1.0, 3.0)})
    assert build(made, drives(), 1, DT).edges.weight.min() < 0
    synapses = made.synapses | {"I": preset("synapse", "exponential_conductance")}
    said = (
        r"EI.weight must not be negative, it is a conductance in nS; 11\d\d of 3\d{3} draws"
        r" \(3[\d.]+ %\) are, down to -.*: give the normal 'low: 0', or take a lognormal"
    )
    with pytest.raises(ValueError, match=said):
        build(dataclasses.replace(made, synapses=synapses), drives(), 1, DT)
    made = spec("lif", weight={"EI": Distribution("normal", 1.0, 3.0, low=0.0)})
    net = build(dataclasses.replace(made, synapses=synapses), drives(), 1, DT)
    assert net.edges.weight.min() >= 0


def test_what_was_drawn_of_a_parameter_is_said():
    made = spec("eif")
    cell_ = made.populations["E"].neuron.replace(tau_m=Distribution("normal", 10.0, 9.0))
    populations = {"E": dataclasses.replace(made.populations["E"], neuron=cell_)}
    made = dataclasses.replace(made, populations={**made.populations, **populations})
    said = (
        r"E.neuron.tau_m must be above 0; drew -[\d.]+ \(\d\d of 160 draws \([\d.]+ %\) are outside"
    )
    with pytest.raises(ValueError, match=said):
        build(made, drives(), 1, DT)


def test_parameters_that_were_drawn_must_fit_together():
    # each is in its range, but some cells would be reset above their peak
    broken = spec("eif")
    cell_ = broken.populations["E"].neuron.replace(v_reset=Distribution("uniform", -65.0, 10.0))
    populations = {"E": dataclasses.replace(broken.populations["E"], neuron=cell_)}
    broken = dataclasses.replace(broken, populations={**broken.populations, **populations})
    with pytest.raises(ValueError, match="v_reset: must be below v_peak"):
        build(broken, drives(), 1, DT)


def test_distributions_of_one_stream_draw_the_same_numbers():
    made = spec("eif")
    shared = {
        "v_reset": Distribution("power", -65.0, -60.0, 2.0, "r"),
        "t_ref": Distribution("power", 2.0, 1.0, 1.0, "r"),
        "tau_m": Distribution("power", 10.0, 20.0, 1.0),
    }
    cell_ = made.populations["E"].neuron.replace(**shared)
    populations = {"E": dataclasses.replace(made.populations["E"], neuron=cell_)}
    made = dataclasses.replace(made, populations={**made.populations, **populations})
    c = build(made, drives(), 1, 1e-6).models[0][2]
    n = SIZES["E"]
    r = np.sqrt((c.reset[:n] + 65) / 5)
    np.testing.assert_allclose(c.refractory[:n] * 1e-6, 2 - r, atol=1e-6)
    other = (1e-6 / c.leak[:n] - 10) / 10
    assert abs(np.corrcoef(r, other)[0, 1]) < 5 / np.sqrt(n)
