"""Units that follow from several parts of a network: those of weights and of currents.

Where a membrane has c_m = 1 (pF), as in models that are published with C = 1, a charge of 1 fC
moves the potential by 1 mV in all, and a current of 1 pA by 1 mV/ms: they are said so.
"""

from collections.abc import Mapping
from typing import Any

from snnrun.component import find

_OF_ONE_PF = {"fC": "mV", "pA": "mV/ms"}


def weight_unit(tree: dict[str, Any], name: str) -> str:
    """Return the unit of a projection's weight in a composed config.

    It depends on the synapse, and on the neuron it leads to. '' where it has none (the weight of
    a drive that is a current is a factor) or it isn't known.
    """
    try:
        network = tree["network"]
        projection = network["projections"][name]
        synapse = network["synapses"][projection["synapse"]]
        neuron = network["populations"][projection["post"]]["neuron"]
        unit = find("synapse", str(synapse["kind"])).weight_unit(synapse)
        return in_membrane(unit, find("neuron", str(neuron["kind"])), neuron)
    except (KeyError, TypeError):
        return ""


def in_membrane(unit: str, kind: type[Any], values: Mapping[str, Any]) -> str:
    """Return a unit of charge or current as it is said of a neuron of a kind; '' if unknown."""
    if unit not in _OF_ONE_PF:
        return unit
    capacitance = values.get("c_m", kind.capacitance)
    return "" if capacitance is None else _OF_ONE_PF[unit] if capacitance == 1 else unit
