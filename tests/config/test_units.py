"""The unit of a weight follows from its synapse and from the neuron it leads to."""

import pytest

from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.config.describe import units_of, with_units
from snnrun.config.search import search_of
from snnrun.config.units import weight_unit
from snnrun.sweep.begin import grid_of
from snnrun.sweep.plan import make
from snnrun.sweep.states import swept_units

EE = "network.projections.EE.weight"


def tree(*overrides):
    """Return the composed tree of some overrides."""
    return compose(list(overrides), []).tree


@pytest.mark.parametrize(
    ("overrides", "projection", "unit"),
    [
        (["network=snops_sbn"], "EE", "mV"),  # C = 1: of charge
        (["network=snops_sbn", "network.populations.E.neuron.c_m=200"], "EE", "fC"),
        (["network=snops_sbn", "network.populations.E.neuron.c_m=200"], "IE", "mV"),
        (["network=cuba"], "EE", "pA"),
        (["network=cuba", "network.synapses.E.normalization=area"], "EE", "fC"),
        (["network=cuba", "network.populations.E.neuron.c_m=1"], "EE", "mV/ms"),
        (["network=coba"], "EE", "nS"),
        (["network=coba", "network.populations.E.neuron.c_m=1"], "EE", "nS"),
        (["network=brunel"], "EE", "mV"),
        (["network=izhikevich2003"], "EE", "mV"),
        (["network=bg_bench"], "none such", ""),
    ],
)
def test_of_a_projection(overrides, projection, unit):
    assert weight_unit(tree(*overrides), projection) == unit


def test_the_weight_of_a_current_is_a_factor():
    drive = "+drive.D={kind: constant_current, amplitude: 2.0, start_ms: 0, stop_ms: null}"
    made = tree(drive, "+network.projections.ED={pre: D, post: E, weight: 3.0}")
    assert weight_unit(made, "ED") == ""


def test_no_unit_of_a_membrane_that_is_not_known():
    made = tree("network=snops_sbn")
    del made["network"]["populations"]["E"]["neuron"]["c_m"]
    assert weight_unit(made, "EE") == ""


def test_of_what_is_drawn():
    made = tree("network=cuba", f"{EE}={{dist: normal, mean: 16.0, std: 2.0}}")
    units = units_of(made)
    assert (units[f"{EE}.mean"], units[f"{EE}.std"]) == ("pA", "pA")
    assert "        mean: 16.0  # pA" in with_units(made).splitlines()


def test_of_an_axis_of_a_search():
    axis = f"+search.w={{path: {EE}, low: 1.0, high: 9.0}}"
    composed = compose(["experiment=snops/short_demo", axis], [])
    found = search_of(composed, build(composed)[0]).axes
    assert {name: found[name].unit for name in ("w", "sigma_I")} == {"w": "mV", "sigma_I": "sides"}


@pytest.mark.parametrize(
    ("overrides", "units"),
    [
        ([f"{EE}=10,20", "drive.X.rate=5,6", "seed=1,2"], {EE: "mV", "drive.X.rate": "sp/s"}),
        ([f"{EE}=10,20", "neuron=eif,lif"], {EE: "mV"}),  # c_m stays
        ([f"{EE}=10,20", "network.populations.E.neuron.c_m=1,2"], {}),
        (["network=cuba", f"{EE}=10,20"], {EE: "pA"}),
    ],
)
def test_of_what_is_swept(overrides, units):
    given = [*overrides, "network.scale=0.2", "duration=smoke"]
    plan, _ = make(given, [], None, *grid_of(given, [], None))
    found = swept_units(plan)
    assert {path: unit for path, unit in found.items() if "c_m" not in path} == units
