"""The axes of a search: which config values, between which bounds."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from snnrun.component import param
from snnrun.config.build import build
from snnrun.config.choose import nearest
from snnrun.config.compose import Composed
from snnrun.config.fields import Problems, read, shown
from snnrun.errors import ConfigError
from snnrun.search.record import Axis

_OUTSIDE = ("search", "constraints", "start_points", "objective", "optimizer")
_BESIDE = ("name", "record", "engine", "checkpoint")  # what leaves the network as it is
_OWN = ("seed", "trials", "network.per_trial")


@dataclasses.dataclass(frozen=True, kw_only=True)
class AxisOptions:
    """The plain values of an axis."""

    path: str = param("", "where the parameter is in the config")
    low: float = param("", "lowest value", optional=True)
    high: float = param("", "highest value", optional=True)
    log: bool = param("", "whether its logarithm is searched; none: no", optional=True)
    int: bool = param("", "whether it is a whole number; none: no", optional=True)
    choice: list = param("", "values to choose from, instead of bounds", optional=True)


def read_axes(tree: dict[str, Any], problems: Problems) -> dict[str, Axis]:
    """Return the axes by name, without those that can't be used."""
    axes: dict[str, Axis] = {}
    first: dict[str, str] = {}
    for name, node in problems.mapping(tree, "search").items():
        at = f"search.{name}"
        if not str(name).isidentifier():
            problems.add(at, "is no usable name: letters, digits and '_', no digit first")
        if node is None:
            continue
        if not isinstance(node, dict):
            problems.add(at, f"must be a mapping, not {shown(node)}")
            continue
        axis = _axis(at, node, tree, problems)
        if axis and axis.path in first:
            problems.add(f"{at}.path", f"{axis.path} is searched by {first[axis.path]} already")
        elif axis:
            axes[name], first[axis.path] = axis, name
    return axes


def _axis(at: str, node: dict[str, Any], tree: dict[str, Any], problems: Problems) -> Axis | None:
    before = len(problems.found)
    o = read(AxisOptions, node, at, problems)
    if len(problems.found) > before:
        return None
    wrong = _misplaced(tree, o.path)
    if wrong:
        problems.add(f"{at}.path", wrong)
        return None
    current = _at(tree, o.path)
    for key, text in _bounds(o) if o.choice is None else _choices(o, current):
        problems.add(f"{at}.{key}" if key else at, text)
    if o.choice is None and kind_of(current) != "a number":
        problems.add(f"{at}.path", f"{o.path} is no number but {shown(current)}; write choice")
    if len(problems.found) > before:
        return None
    if o.choice is not None:
        return Axis(o.path, choice=tuple(o.choice))
    return Axis(o.path, o.low, o.high, bool(o.log), bool(o.int))


def _misplaced(tree: dict[str, Any], path: str) -> str | None:
    """Return why there is nothing to search at a path, or None."""
    root, _, _ = path.partition(".")
    if root in (*_OUTSIDE, *_BESIDE):
        return f"{path} does not change the network; there is nothing to search"
    if path in _OWN:
        return f"each candidate has a {path} of its own; there is nothing to search"
    try:
        found = _at(tree, path)
    except KeyError:
        known = [leaf for leaf, _ in _leaves(tree, "") if leaf.partition(".")[0] not in _OUTSIDE]
        near = nearest(path, known)
        return f"there is no {path}" + (near if "did you mean" in near else _inside(tree, path))
    if isinstance(found, dict):
        known = [leaf for leaf, _ in _leaves(found, f"{path}.")]
        return f"{path} is a mapping; choose one value of it{nearest('', known)}"
    return f"{path} is a list; only single values can be searched" if kind_of(found) == "" else None


def _inside(tree: dict[str, Any], path: str) -> str:
    """Return what there is at the deepest part of a path that exists."""
    while path := path.rpartition(".")[0]:
        try:
            found = _at(tree, path)
        except KeyError:
            continue
        known = list(map(str, found)) if isinstance(found, dict) else []
        return f"; in {path} {nearest('', known).removeprefix('; ')}"
    return nearest("", [name for name in tree if name not in (*_OUTSIDE, *_BESIDE)])


def _at(tree: dict[str, Any], path: str) -> Any:
    """Return what is at a path; KeyError where there is nothing."""
    node: Any = tree
    for name in path.split("."):
        if not isinstance(node, dict):
            raise KeyError(path)
        node = node[name]
    return node


def _leaves(node: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Yield path and value of the numbers below a node."""
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        elif kind_of(value) == "a number":
            yield f"{prefix}{name}", value


def kind_of(value: Any) -> str:
    """Return of which kind a single value is; empty for others."""
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return "a word" if isinstance(value, str) else "null" if value is None else ""


def _bounds(o: AxisOptions) -> Iterator[tuple[str, str]]:
    for key in ("low", "high"):
        if getattr(o, key) is None:
            yield key, "missing; an axis needs low and high, or choice"
    if o.low is None or o.high is None:
        return
    if o.low >= o.high:
        yield "high", f"must be above low ({o.low:g}), not {o.high:g}"
    if o.log and o.low <= 0:
        yield "low", f"must be above 0 where log is true, not {o.low:g}"
    for key in ("low", "high"):
        if o.int and getattr(o, key) != int(getattr(o, key)):
            yield key, f"must be a whole number where int is true, not {getattr(o, key):g}"


def _choices(o: AxisOptions, current: Any) -> Iterator[tuple[str, str]]:
    for key in ("low", "high", "log", "int"):
        if getattr(o, key) is not None:
            yield key, "does not go with choice; remove one"
    if len({(kind_of(v), shown(v)) for v in o.choice}) < max(len(o.choice), 2):
        yield "choice", "must hold at least two values, each of them once"
    wanted = kind_of(current)
    for value in o.choice:
        if not kind_of(value) or (wanted != "null" and kind_of(value) != wanted):
            told = f"but {o.path} is {wanted}" if wanted != "null" else "which is no single value"
            yield "choice", f"holds {shown(value)}, {told}"
            return


def try_out(composed: Composed, axes: dict[str, Axis], problems: Problems) -> None:
    """Note values at the ends of axes, and choices, that their parameter can't have."""
    for name, axis in axes.items():
        between = [] if axis.whole else [axis.low + 0.618 * (axis.high - axis.low)]
        for value in axis.choice or _typed(axis, [axis.low, axis.high, *between]):
            tree = _with(composed.tree, axis.path.split("."), value)
            try:
                build(Composed(tree, [], list, []))
            except ConfigError as error:
                found = [p for p in error.problems if p.startswith(f"{axis.path}: ")]
                for problem in found[:1]:
                    hint = "; set int: true" if "a whole number" in problem else ""
                    problems.add(f"search.{name}", f"{shown(value)} can't be: {problem}{hint}")
                if found:
                    break


def _typed(axis: Axis, values: list[float]) -> list[Any]:
    return [int(value) for value in values] if axis.whole else values


def _with(node: dict[str, Any], names: list[str], value: Any) -> dict[str, Any]:
    name, *below = names
    return {**node, name: _with(node[name], below, value) if below else value}
