"""How the cost of a step grows: the same network at sizes from 100 to 100 000 neurons.

A preset with `network.scale` is scaled by it. In others the sizes of populations and drives
are multiplied. Larger networks then keep the in-degree (and the weight of a contact); smaller
ones, for which it may be more than there are neurons, keep the connection density.
"""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from snnrun.batch import lacking
from snnrun.course import draw_network
from snnrun.errors import ConfigError
from snnrun.experiment import Experiment
from snnrun.preflight import sizes
from snnrun.profile.kernels import Effort, Tell, measure

SIZES = (100, 316, 1000, 3162, 10_000, 31_623, 100_000)
EFFORT = Effort(least_ms=50.0, rounds=5, warm_ms=100.0)
BY_SCALE = "network.scale; connection rules and their numbers as they are"
BY_SIZES = (
    "sizes of populations and drives; larger networks keep in-degree and weight of a contact,"
    " smaller ones the connection density"
)


def scaling(
    tree: dict[str, Any],
    neurons: int,
    build: Callable[[dict[str, Any]], Experiment],
    tell: Tell,
    wanted: tuple[int, ...],
    effort: Effort,
) -> dict[str, Any]:
    """Return what a step costs at each size, and exponents, as plain numbers.

    `tree`: the config of a network of so many `neurons`; `build` makes an experiment of one.
    """
    found, skipped = [], []
    for size in wanted:
        tell(f"scaling: {size} neurons")
        try:
            e = build(resized(tree, size / neurons))
            lack = lacking(sizes.memory(e, 1))
            if lack is None:
                found.append(_row(measure(e, draw_network(e, 0), tell, effort)))
        except (ConfigError, OverflowError) as error:
            lack = str(error)
        if lack is not None:
            skipped.append({"neurons": size, "reason": lack})
    return {
        "how": BY_SCALE if _has_scale(tree) else BY_SIZES,
        "sizes": found,
        "skipped": skipped,
        "exponents": _exponents(found),
    }


def resized(tree: dict[str, Any], factor: float) -> dict[str, Any]:
    """Return the config of one trial of a network `factor` times as large, spikes recorded."""
    tree = copy.deepcopy(tree)
    tree |= {"trials": 1, "statistics": {}}
    tree["record"] |= {"state": {}, "edges": False}
    if _has_scale(tree):
        tree["network"]["scale"] *= factor
        return tree
    populations = tree["network"]["populations"]
    before = sum(p["size"] for p in populations.values())
    for part in [*populations.values(), *tree.get("drive", {}).values()]:
        if part.get("size") is not None:
            part["size"] = _size(part["size"] * factor, part.get("positions") == "grid")
    grown = max(1.0, sum(p["size"] for p in populations.values()) / before)
    scaled = tree["network"]["weight_scaling"] == "inv_sqrt_n"
    for projection in tree["network"]["projections"].values():
        if projection.get("connect") is not None:
            projection["connect"] |= _rule(projection["connect"], factor)
        if scaled:
            projection["weight"] = _times(projection["weight"], math.sqrt(grown))
    return tree


def _has_scale(tree: dict[str, Any]) -> bool:
    return tree["network"].get("scale") is not None


def _size(size: float, square: bool) -> int:
    return max(1, round(math.sqrt(size))) ** 2 if square else max(1, round(size))


def _rule(connect: dict[str, Any], factor: float) -> dict[str, Any]:
    """Return the numbers of a rule in a larger (in-degree kept) or smaller network (density)."""
    new = {}
    for name, power in (("p", -1), ("n", 1)) if factor > 1 else (("k", 1), ("n", 2)):
        value = connect.get(name)
        if value is not None:
            scaled = value * factor**power
            new[name] = scaled if name == "p" else math.ceil(scaled)
    return new


def _times(value: Any, factor: float) -> Any:
    """Return a weight, number or distribution, multiplied."""
    if not isinstance(value, dict):
        return value * factor
    fixed = ("exponent", "dist", "stream")
    return {k: v if k in fixed or v is None else v * factor for k, v in value.items()}


def _row(measured: dict[str, Any]) -> dict[str, Any]:
    kept = ("neurons", "synapses", "steps", "cores_busy", "events_per_step", "ns_per_neuron_step")
    return {
        **{name: measured[name] for name in kept},
        "us_per_step": measured["whole_us"],
        "unexplained_us": measured["unexplained_us"],
        "kernels": {row["name"]: row["us_per_step"] for row in measured["kernels"]},
        "in_the_noise": [r["name"] for r in measured["kernels"] if r["quartiles_us"][0] <= 0],
    }


def _exponents(rows: list[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Return the exponents of the whole step and each part: cost ~ neurons^a, synapses^b.

    `neurons_largest` is that between the two largest sizes. Costs that are not above the noise
    (a quarter of the rounds found none) are left out.
    """
    names = dict.fromkeys(["step", *(name for row in rows for name in row["kernels"])])
    costs = {name: [cost_of(row, name) for row in rows] for name in names}
    neurons, synapses = ([row[axis] for row in rows] for axis in ("neurons", "synapses"))
    return {
        name: {
            "neurons": exponent(neurons, cost),
            "synapses": exponent(synapses, cost),
            "neurons_largest": exponent(neurons[-2:], cost[-2:]),
        }
        for name, cost in costs.items()
    }


def cost_of(row: dict[str, Any], name: str) -> float:
    """Return the µs a step of a part, or of the whole `step`; 0 where it is in the noise."""
    if name == "step":
        return float(row["us_per_step"])
    return 0.0 if name in row["in_the_noise"] else float(row["kernels"].get(name, 0.0))


def exponent(x: list[float], cost: list[float]) -> float | None:
    """Return the slope of log cost over log x, where both are positive; None of < 2 points."""
    known = [(a, b) for a, b in zip(x, cost, strict=True) if a > 0 and b > 0]
    if len({a for a, _ in known}) < 2:
        return None
    log_x, log_cost = np.log(np.array(known).T)
    return float(np.polyfit(log_x, log_cost, 1)[0])
