"""Choice of parts on the composed tree: swapping a model, completing a node from its preset.

Works on plain dictionaries. A node of a kind is a mapping with a `kind`.
"""

import copy
import difflib
from collections.abc import Callable, Iterator
from typing import Any

from snnrun.component import Parameter, find
from snnrun.errors import ConfigError

_MOST_SHOWN = 30

Presets = Callable[[str, str], dict[str, Any] | None]


def nearest(word: str, known: list[str]) -> str:
    """Return "; did you mean 'x'?" or the list of what is known."""
    close = difflib.get_close_matches(word[:100], known[:1000], n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    more = ["…"] if len(known) > _MOST_SHOWN else []
    return f"; there is {', '.join([*known[:_MOST_SHOWN], *more])}" if known else "; there is none"


def swap(group: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the node with another preset.

    Another model keeps the parameters that both have (a population stays what it was, as far
    as the new model can say it); a preset of the same model brings its own numbers.
    """
    if old.get("kind") == new.get("kind"):
        return {**old, **new}
    before, after = (_parameters(group, n.get("kind")) for n in (old, new))
    kept = {k: v for k, v in old.items() if k != "kind" and (k in after or k not in before)}
    choice = {k for k in after if after[k].optional}  # such as p or k: what is kept decides
    if any(kept.get(k) is not None for k in choice):
        new = {k: v for k, v in new.items() if k not in choice}
    return {**new, **_inherited(group, old, new), **kept}


def _inherited(group: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    try:
        return find(group, str(new.get("kind"))).inherited(old)
    except KeyError:
        return {}


def _notes(group: str, path: str, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return what the one who swaps a part should know: numbers whose meaning changes."""
    try:
        before, after = (find(group, str(n.get("kind"))) for n in (old, new))
    except KeyError:
        return []
    if group == "synapse" and before.weight_units != after.weight_units:
        units = f"{after.weight_units} (they were {before.weight_units})"
        return [f"{path}: the weights of its projections are now {units}"]
    if group == "drive" and before.emits != after.emits:
        other = f"{after.kind} instead of {before.kind} changes what reaches a neuron"
        return [f"{path}: {other}; check its numbers"]
    c_m, usual = old.get("c_m"), new.get("c_m")
    if group != "neuron" or before is after:
        return []
    if not isinstance(c_m, int | float) or not isinstance(usual, int | float):
        return []
    told = f"c_m stays {c_m:g}, but the preset's other numbers are made for {usual:g}"
    far = not usual < 10 * c_m < 100 * usual
    return [f"{path}: {told}; scale its currents and conductances"] if far else []


def _parameters(group: str, kind: Any) -> dict[str, Parameter]:
    try:
        return find(group, str(kind)).parameters()
    except KeyError:
        return {}


def _mapping(node: Any, key: str) -> dict[str, Any]:
    """Return a mapping inside a node; empty where there is none (reported later)."""
    value = node.get(key) if isinstance(node, dict) else None
    return value if isinstance(value, dict) else {}


def apply_root_choices(tree: dict[str, Any]) -> list[str]:
    """Apply `neuron=…`, `drive=…`, `statistics=…` given for the whole network; return notes."""
    notes = []
    neuron = tree.pop("neuron", None)
    if isinstance(neuron, dict) and neuron:
        for name, population in _mapping(_mapping(tree, "network"), "populations").items():
            if isinstance(population, dict):
                old = _mapping(population, "neuron")
                notes += _notes("neuron", f"network.populations.{name}.neuron", old, neuron)
                population["neuron"] = swap("neuron", old, neuron)
    drives = _mapping(tree, "drive")
    if "kind" in drives:
        chosen, drives = _split(drives)
        if chosen["kind"] == "none":
            notes += _remove_drives(tree, list(drives))
            drives = {}
        for name, old in drives.items():
            notes += _notes("drive", f"drive.{name}", old, chosen)
        tree["drive"] = {name: swap("drive", old, chosen) for name, old in drives.items()}
    statistics = _mapping(tree, "statistics")
    if "kind" in statistics:
        chosen, others = _split(statistics)
        tree["statistics"] = {**others, str(chosen["kind"]): chosen}
    return notes


def _mappings(node: Any, key: str) -> Iterator[dict[str, Any]]:
    return (n for n in _mapping(node, key).values() if isinstance(n, dict))


def _split(node: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part a preset that landed among named nodes from those nodes."""
    named = {k: v for k, v in node.items() if isinstance(v, dict) and "kind" in v}
    return {k: v for k, v in node.items() if k not in named}, named


def _remove_drives(tree: dict[str, Any], names: list[str]) -> list[str]:
    """Remove the projections of drives, and synapses and widths that only they used."""
    network = _mapping(tree, "network")
    projections = _mapping(network, "projections")
    gone = [n for n, p in projections.items() if isinstance(p, dict) and p.get("pre") in names]
    synapses = {projections.pop(name).get("synapse") for name in gone}
    used = {p.get("synapse") for p in projections.values() if isinstance(p, dict)}
    for name in synapses - used:
        _mapping(network, "synapses").pop(name, None)
    for name in names:
        if f"network.sigma.{name}" not in str(projections):
            _mapping(network, "sigma").pop(name, None)
    return [f"drive=none: without projections {', '.join(gone)}"] if gone else []


def apply_swaps(tree: dict[str, Any], swaps: dict[str, str], chosen: dict[str, Any]) -> list[str]:
    """Apply `group@path=preset` choices and return notes.

    `swaps` is path → group, `chosen` a tree of presets.
    """
    notes = []
    for path, group in swaps.items():
        *parents, last = path.split(".")
        parent, new = tree, chosen
        for name in [*parents, last]:
            new = new.get(name, {})
        for name in parents:
            parent = parent.get(name) if isinstance(parent, dict) else None  # type: ignore[assignment]
        if not isinstance(parent, dict) or last not in parent:
            raise ConfigError(f"{group}@{path}: there is nothing at {path} to replace")
        notes += _notes(group, path, _mapping(parent, last), new)
        parent[last] = swap(group, _mapping(parent, last), copy.deepcopy(new))
    return notes


def nodes(tree: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (group, path, node) for every node of a kind in the tree."""
    network = _mapping(tree, "network")
    places = [
        ("neuron", "network.populations", network.get("populations"), "neuron"),
        ("synapse", "network.synapses", network.get("synapses"), None),
        ("connect", "network.projections", network.get("projections"), "connect"),
        ("drive", "drive", tree.get("drive"), None),
        ("statistics", "statistics", tree.get("statistics"), None),
    ]
    for group, path, parent, key in places:
        for name, value in (parent if isinstance(parent, dict) else {}).items():
            node = (
                value
                if key is None
                else (value or {}).get(key)
                if isinstance(value, dict)
                else None
            )
            if isinstance(node, dict):
                yield group, f"{path}.{name}" + (f".{key}" if key else ""), node


def leave_out(tree: dict[str, Any], preset: Presets, optimizers: list[str]) -> list[str]:
    """Drop settings that a file makes for another optimizer than the one chosen; returns notes."""
    node = _mapping(tree, "optimizer")
    kind = str(node.get("kind"))
    own = preset("optimizer", kind)
    if own is None:
        return []
    others = {key for name in optimizers for key in (preset("optimizer", name) or {})}
    dropped = [key for key in node if key in others and key not in own]
    for key in dropped:
        del node[key]
    return [f"optimizer.{key}: {kind} has no such setting; it is left out" for key in dropped]


def complete(tree: dict[str, Any], preset: Presets) -> None:
    """Fill what a node leaves out: parameters from the preset named like its kind, defaults."""
    for name in ("drive", "statistics"):
        tree.setdefault(name, {})
    for group in ("optimizer", "objective"):
        if kind := _mapping(tree, group).get("kind"):
            tree[group] = {**(preset(group, str(kind)) or {}), **tree[group]}
    for group, _, node in nodes(tree):
        kind = node.get("kind")
        try:
            parameters = find(group, str(kind)).parameters()
        except KeyError:
            continue
        shipped = preset(group, str(kind)) or {}
        for name, parameter in parameters.items():
            if name not in node and parameter.optional:
                node[name] = None
            elif name not in node and name in shipped:
                node[name] = shipped[name]
    network = _mapping(tree, "network")
    for population in _mappings(network, "populations"):
        population.setdefault("positions", "none")
        population.setdefault("v_init", None)
    for projection in _mappings(network, "projections"):
        for key, default in (("synapse", None), ("connect", None), ("delay", 0.0)):
            projection.setdefault(key, default)
