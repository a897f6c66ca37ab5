"""Kinds: one file, one YAML, one test each; what parameters know."""

import dataclasses
import importlib
from pathlib import Path

import pytest

from snnrun.component import GROUPS, Component, Parameter, component, find, names, param
from tests.contracts import CONF, preset

KINDS = [(group, kind) for group in GROUPS for kind in names(group)]
TESTS = Path(__file__).parent


@component
class Example(Component):
    """A component of this module."""

    tau: float = param("ms", "time constant", above=0)
    mode: str = param("", "how", choices=("a", "b"))
    stop: float = param("ms", "end", at_least=0, at_most=5, optional=True)


def test_kinds_are_found():
    assert {("neuron", "eif"), ("neuron", "lif"), ("drive", "poisson")} <= set(KINDS)
    assert all(not kind.startswith("_") for _, kind in KINDS)


@pytest.mark.parametrize(("group", "kind"), KINDS)
def test_kind_is_mirrored_in_module_configuration_and_test(group, kind):
    cls = find(group, kind)
    assert cls.kind == kind
    assert cls.__module__ == f"snnrun.{group}.{kind}"
    assert (CONF / group / f"{kind}.yaml").is_file()
    assert (TESTS / group / f"test_{kind}.py").is_file()


@pytest.mark.parametrize(("group", "kind"), KINDS)
def test_module_opens_with_a_description_of_every_parameter(group, kind):
    lines = importlib.import_module(f"snnrun.{group}.{kind}").__doc__.splitlines()
    described = {line.split()[0] for line in lines if line.strip()}
    assert set(find(group, kind).parameters()) <= described


@pytest.mark.parametrize("kind", ["no_such", "_base", ""])
def test_unknown_kind(kind):
    with pytest.raises(KeyError):
        find("neuron", kind)


def test_kind_is_the_module():
    assert Example.kind == "test_component"


def test_parameters_know_unit_and_meaning():
    parameters = Example.parameters()
    assert list(parameters) == ["tau", "mode", "stop"]
    assert parameters["tau"] == Parameter(unit="ms", doc="time constant", above=0)


def test_optional_parameters_default_to_none_and_others_must_be_given():
    assert Example(tau=1.0, mode="a").stop is None
    with pytest.raises(TypeError, match="mode"):
        Example(tau=1.0)
    with pytest.raises(TypeError):
        Example(1.0, "a")


def test_frozen_and_replaced():
    example = Example(tau=1.0, mode="a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        example.tau = 2.0
    assert example.replace(tau=2.0) == Example(tau=2.0, mode="a")
    assert example.tau == 1.0


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("tau", 1.0, None),
        ("tau", 0.0, "must be above 0"),
        ("tau", float("nan"), "must be above 0"),
        ("mode", "b", None),
        ("mode", "c", "must be one of a, b"),
        ("stop", 5, None),
        ("stop", 5.1, "must be at most 5"),
        ("stop", -1, "must be at least 0"),
    ],
)
def test_range(name, value, problem):
    assert Example.parameters()[name].problem(value) == problem


def test_nothing_to_complain_by_default():
    assert Example(tau=1.0, mode="a").check(0.1) == []


def test_presets_are_equal_when_their_values_are():
    assert preset("neuron", "lif") == preset("neuron", "lif")
    assert preset("neuron", "lif") != preset("neuron", "lif", tau_m=11.0)
    assert len({preset("neuron", "lif"), preset("neuron", "lif")}) == 1
