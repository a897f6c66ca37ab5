"""Descriptions for people: a config with units, the presets of a group, one kind."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from snnrun import experiment
from snnrun.component import GROUPS, Parameter, find, names
from snnrun.config import hydra_app
from snnrun.config.choose import nearest, nodes
from snnrun.config.units import weight_unit
from snnrun.config.writer import yaml_of
from snnrun.errors import ConfigError

_DRAWN = ("mean", "std", "low", "high", "from", "to")  # numbers with the unit of what is drawn


def with_units(tree: dict[str, Any]) -> str:
    """Return the tree as YAML, each parameter with its unit as a comment."""
    units = units_of(tree)
    lines = []
    path: list[tuple[int, str]] = []
    for line in yaml_of(tree, width=10_000).splitlines():
        indent = len(line) - len(line.lstrip())
        path = [(i, key) for i, key in path if i < indent]
        key, colon, value = line.strip().partition(":")
        if colon:
            path.append((indent, key.strip("'")))
        unit = units.get(".".join(key for _, key in path))
        lines.append(f"{line}  # {unit}" if unit and value.strip() else line)
    return "\n".join(lines) + "\n"


def units_of(tree: dict[str, Any]) -> dict[str, str]:
    """Return path → unit for every parameter that has one."""
    found = {}
    for group, path, node in nodes(tree):
        for name, parameter in find(group, str(node["kind"])).parameters().items():
            found[f"{path}.{name}"] = parameter.unit
    plain = {
        "": experiment.RunOptions,
        "duration": experiment.Duration,
        "engine": experiment.EngineOptions,
        "record.counts": experiment.CountRecord,
    }
    for path, cls in plain.items():
        for name, parameter in _parameters(cls).items():
            found[f"{path}.{name}".lstrip(".")] = parameter.unit
    for name in (tree.get("network") or {}).get("populations") or {}:
        found[f"network.populations.{name}.v_init"] = "mV"
    for name in (tree.get("network") or {}).get("projections") or {}:
        found[f"network.projections.{name}.delay"] = "ms"
        found[f"network.projections.{name}.weight"] = weight_unit(tree, name)
    for name in (tree.get("network") or {}).get("sigma") or {}:
        found[f"network.sigma.{name}"] = "sides"
    found |= dict(_of_distributions(tree, found))
    return {path: unit for path, unit in found.items() if unit}


def _of_distributions(tree: dict[str, Any], units: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the units of the numbers that say how a parameter is drawn."""
    for path, unit in units.items():
        node: Any = tree
        for name in path.split("."):
            node = node.get(name) if isinstance(node, dict) else None
        if isinstance(node, dict) and "dist" in node:
            yield from ((f"{path}.{key}", unit) for key in _DRAWN if key in node)


def _parameters(cls: type[Any]) -> dict[str, Parameter]:
    return {name: f.metadata["parameter"] for name, f in cls.__dataclass_fields__.items()}


def describe_group(group: str, config_dirs: list[Path]) -> dict[str, Any]:
    """Return preset → first line of its description."""
    with hydra_app.application(config_dirs) as app:
        if not hydra_app.is_group(app, group):
            known = [*GROUPS, "network", "duration", "record", "engine", "experiment"]
            raise ConfigError(f"show {group}: no such group{nearest(group, known)}")
        presets = {}
        for name in hydra_app.options(app, group):
            if name.endswith("/"):
                presets[name] = ""
                continue
            presets[name] = _first_comment(hydra_app.source(app, f"{group}/{name}")) or _first_line(
                group, name
            )
    return {"group": group, "presets": presets}


def describe_kind(name: str, config_dirs: list[Path]) -> dict[str, Any]:
    """Return documentation and parameters of a kind, or the text of a preset."""
    group, _, preset = name.rpartition("/")
    with hydra_app.application(config_dirs) as app:
        if not hydra_app.is_group(app, group):
            raise ConfigError(f"show {name}: no such group{nearest(group, list(GROUPS))}")
        known = hydra_app.options(app, group)
        if preset not in known:
            kinds = sorted({*known, *(names(group) if group in GROUPS else ())})
            raise ConfigError(f"show {name}: no such preset{nearest(preset, kinds)}")
        text = hydra_app.source(app, name)
        values = hydra_app.merged(app, group, preset)
    kind = values.get("kind")
    if group not in GROUPS or kind is None or kind == "none":
        return {"name": name, "text": text, "parameters": []}
    cls = find(group, str(kind))
    parameters = [
        {"name": n, "value": _shown(values.get(n)), "unit": p.unit, "meaning": p.doc}
        for n, p in cls.parameters().items()
    ]
    module = importlib.import_module(cls.__module__)
    return {"name": name, "kind": kind, "text": module.__doc__ or "", "parameters": parameters}


def _shown(value: Any) -> str:
    return "-" if value is None else str(value)


def _first_comment(text: str) -> str:
    lines = [line.lstrip("# ").strip() for line in text.splitlines() if line.startswith("#")]
    return next((line for line in lines if line and not line.startswith("@package")), "")


def _first_line(group: str, kind: str) -> str:
    if group not in GROUPS or kind not in names(group):
        return ""
    module = importlib.import_module(find(group, kind).__module__)
    return (module.__doc__ or "").strip().splitlines()[0]
