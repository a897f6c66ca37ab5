"""The axes of a sweep in a config: `sweep: {path: values}`, as overrides of several values.

Values are a list, or text in Hydra's grammar such as `range(0,10,2)`; a path is written with dots
or as mappings in each other, and may be that of a group: `neuron: [lif, eif]`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from hydra.core.override_parser.types import Glob, Override

from snnrun.component import GROUPS
from snnrun.config.fields import Problems, shown
from snnrun.config.points import number_of, override_of
from snnrun.config.sources import reaches_hydra
from snnrun.config.values import put
from snnrun.errors import ConfigError

_GROUPS = (*GROUPS, "network", "duration", "record", "engine")
_OF_SEARCH = ("search", "constraints", "start_points", "objective", "optimizer")
_WANTED = "must be a list of values, or text such as 'range(0,10,2)' or 'choice(a,b)'"


def axes_of(node: Any, overrides: Sequence[Override] = ()) -> dict[str, Any]:
    """Return path → values of a `sweep` node, with those of `sweep.<path>=…` put in."""
    axes = _axes(node)
    for override in overrides:
        path = override.key_or_group.removeprefix("sweep").removeprefix(".")
        given = None if override.is_delete() else put({}, [override])["sweep"]
        if given is None and not path:
            axes = {}
        axes |= {path: None} if given is None else _axes(given)
    return {path: values for path, values in axes.items() if values is not None}


def _axes(node: Any) -> dict[str, Any]:
    return dict(_leaves(node, "")) if isinstance(node, dict) else {"": node}


def _leaves(node: dict[str, Any], before: str) -> Iterator[tuple[str, Any]]:
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def check_axes(tree: dict[str, Any], axes: dict[str, Any], problems: Problems) -> None:
    """Note what is wrong with the axes, whatever network they are of."""
    searched = tree.get("search") if isinstance(tree.get("search"), dict) else {}
    paths = {n: a.get("path") for n, a in (searched or {}).items() if isinstance(a, dict)}
    for path, values in axes.items():
        at = f"sweep.{path}" if path else "sweep"
        clashes = [n for n, other in paths.items() if _overlap(path, str(other))]
        wrong = _misplaced(path) or _unusable(path, values)
        if wrong or clashes:
            problems.add(
                at, wrong or f"search.{clashes[0]} looks for its value; remove one of both"
            )


def _overlap(one: str, other: str) -> bool:
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _misplaced(path: str) -> str | None:
    """Return why there is nothing to sweep at a path, or None."""
    root = path.partition(".")[0]
    if not path:
        return "must be a mapping {path: values}"
    if reaches_hydra(path):
        return "Hydra's own settings can't be changed here"
    if root == "experiment":
        return "an experiment can't choose others; sweep experiment=a,b on the command line"
    return f"'{root}' is of a search, and changes no run" if root in _OF_SEARCH else None


def _unusable(path: str, values: Any) -> str | None:
    """Return why values can't be swept, or None."""
    if values == []:
        return "is empty; give its values, or null for no axis"
    if not isinstance(values, list | str):
        return f"{_WANTED}, not {shown(values)}"
    if isinstance(values, list) and is_group(path) and not all(isinstance(v, str) for v in values):
        return f"must hold the names of presets, not {shown(values)}"
    try:
        override = override_of(path, values)
        if not override.is_sweep_override():
            return f"{_WANTED}, not {shown(values)}"
        if not isinstance(override.value(), Glob):  # those match where the presets are known
            number_of(override)
    except ConfigError as error:
        return str(error).removeprefix(f"override '{path}={values}': ")
    return None


def is_group(path: str) -> bool:
    """Return whether a path chooses presets of a group."""
    return path.partition("@")[0] in _GROUPS


def first_of(path: str, values: list[Any] | str) -> Any:
    """Return the first value of an axis that is no group's."""
    if isinstance(values, list):
        return values[0]
    return next(iter(override_of(path, values).sweep_iterator()))
