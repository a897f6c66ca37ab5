"""Nodes of a kind become components."""

from typing import Any

from snnrun.component import Component, find, names
from snnrun.config.choose import nearest
from snnrun.config.fields import Problems, read


def read_parts(
    group: str, node: dict[str, Any], path: str, dt: float, problems: Problems
) -> list[tuple[str, Any]]:
    """Read the named nodes of a group, leaving out those set to null."""
    for name in node:
        problems.name(name, f"{path}.{name}")
    found = [
        (str(name), read_part(group, value, f"{path}.{name}", dt, problems))
        for name, value in node.items()
        if value is not None
    ]
    return [(name, part) for name, part in found if part is not None]


def read_part(group: str, node: Any, path: str, dt: float, problems: Problems) -> Any:
    """Read a node of a kind into its component; None after a problem."""
    if not isinstance(node, dict) or "kind" not in node:
        problems.add(path, f"must be a mapping with a 'kind'{nearest('', names(group))}")
        return None
    try:
        cls: type[Component] = find(group, str(node["kind"]))
    except KeyError:
        known = names(group)
        problems.add(
            f"{path}.kind",
            f"no {group} of kind '{node['kind']}'{nearest(str(node['kind']), known)}",
        )
        return None
    before = len(problems.found)
    part: Component = read(cls, node, path, problems, beside=("kind",), spread=group == "neuron")
    if len(problems.found) > before:
        return None
    for problem in part.check(dt):
        name, _, text = problem.partition(": ")
        problems.add(f"{path}.{name}", text)
    return part
