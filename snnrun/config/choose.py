"""Choice of parts on the composed tree: swapping a model, completing a node from its preset.

Works on plain dictionaries. A node of a kind is a mapping with a `kind`.
"""

import copy
import difflib
from collections.abc import Callable, Iterator
from typing import Any

from snnrun.component import find
from snnrun.errors import ConfigError

Presets = Callable[[str, str], dict[str, Any] | None]


def nearest(word: str, known: list[str]) -> str:
    """Return "; did you mean 'x'?" or the list of what is known."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; there is {', '.join(known)}" if known else "; there is none"


def swap(group: str, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the node with another preset.

    Another model keeps the parameters that both have (a population stays what it was, as far
    as the new model can say it); a preset of the same model brings its own numbers.
    """
    if old.get("kind") == new.get("kind"):
        return {**old, **new}
    before, after = (_fields(group, n.get("kind")) for n in (old, new))
    kept = {k: v for k, v in old.items() if k in after or k not in before}
    return {**new, **{k: v for k, v in kept.items() if k != "kind"}}


def _fields(group: str, kind: Any) -> set[str]:
    try:
        return {"kind", *find(group, str(kind)).parameters()}
    except KeyError:
        return {"kind"}


def apply_root_choices(tree: dict[str, Any]) -> list[str]:
    """Apply `neuron=…`, `drive=…`, `statistics=…` given for the whole network; return notes."""
    notes = []
    neuron = tree.pop("neuron", None)
    if isinstance(neuron, dict) and neuron:
        for population in _mappings(tree.get("network", {}).get("populations")):
            population["neuron"] = swap("neuron", population.get("neuron") or {}, neuron)
    drives = tree.get("drive") or {}
    if "kind" in drives:
        chosen, drives = _split(drives)
        if chosen["kind"] == "none":
            notes += _remove_drives(tree, list(drives))
            drives = {}
        tree["drive"] = {name: swap("drive", old, chosen) for name, old in drives.items()}
    statistics = tree.get("statistics") or {}
    if "kind" in statistics:
        chosen, others = _split(statistics)
        tree["statistics"] = {**others, str(chosen["kind"]): chosen}
    return notes


def _mappings(node: Any) -> Iterator[dict[str, Any]]:
    return (n for n in (node or {}).values() if isinstance(n, dict))


def _split(node: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Part a preset that landed among named nodes from those nodes."""
    named = {k: v for k, v in node.items() if isinstance(v, dict) and "kind" in v}
    return {k: v for k, v in node.items() if k not in named}, named


def _remove_drives(tree: dict[str, Any], names: list[str]) -> list[str]:
    """Remove the projections of drives, and synapses that only they used."""
    network = tree.get("network") or {}
    projections = network.get("projections") or {}
    gone = [n for n, p in projections.items() if isinstance(p, dict) and p.get("pre") in names]
    synapses = {projections.pop(name).get("synapse") for name in gone}
    used = {p.get("synapse") for p in _mappings(projections)}
    for name in synapses - used:
        (network.get("synapses") or {}).pop(name, None)
    return [f"drive=none: without projections {', '.join(gone)}"] if gone else []


def apply_swaps(tree: dict[str, Any], swaps: dict[str, str], chosen: dict[str, Any]) -> None:
    """Apply `group@path=preset` choices; `swaps` is path → group, `chosen` a tree of presets."""
    for path, group in swaps.items():
        *parents, last = path.split(".")
        parent, new = tree, chosen
        for name in [*parents, last]:
            new = new.get(name, {})
        for name in parents:
            parent = parent.get(name) if isinstance(parent, dict) else None  # type: ignore[assignment]
        if not isinstance(parent, dict) or last not in parent:
            raise ConfigError(f"{group}@{path}: there is nothing at {path} to replace")
        parent[last] = swap(group, parent[last] or {}, copy.deepcopy(new))


def nodes(tree: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (group, path, node) for every node of a kind in the tree."""
    network = tree.get("network") or {}
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


def complete(tree: dict[str, Any], preset: Presets) -> None:
    """Fill what a node leaves out: parameters from the preset named like its kind, defaults."""
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
    network = tree.get("network") or {}
    for population in _mappings(network.get("populations")):
        population.setdefault("positions", "none")
        population.setdefault("v_init", None)
    for projection in _mappings(network.get("projections")):
        for key, default in (("synapse", None), ("connect", None), ("delay", 0.0)):
            projection.setdefault(key, default)
