"""Where a state went wrong: from arrays of the engine to population, neuron and variable.

Shapes: `A` watched arrays.
"""

from typing import Any

import numpy as np

from snnrun.engine.plan import Plan, watched
from snnrun.network import Network


def locate(network: Network, plan: Plan, places: Any, values: Any) -> dict[str, Any] | None:
    """Return the first fault of a trial, or None: what is not finite comes before what is large.

    `places`, `values` `[A]`: as in `engine.chunk.Output`.
    """
    bad = np.flatnonzero(np.asarray(places) >= 0)
    if not bad.size:
        return None
    finite = np.isfinite(np.asarray(values)[bad])
    at = int(bad[np.argmin(finite)])
    part, field, _ = watched(plan)[at]
    neuron = int(places[at])
    if part < len(plan.models):
        neuron, variable = neuron + plan.models[part][1], field
    else:
        row, neuron = divmod(neuron, network.size)
        variable = f"{field}_{network.receptors[part - len(plan.models)][1][row]}"
    name = next(n for n in network.spec.populations if _holds(network.neurons[n], neuron))
    value = float(values[at])
    return {
        "population": name,
        "neuron": neuron - network.neurons[name].start,
        "variable": variable,
        "value": value if np.isfinite(value) else str(value),
    }


def _holds(part: slice, neuron: int) -> bool:
    return bool(part.start <= neuron < part.stop)
