"""Which candidates a search may try: constraints between axes, and those to begin with."""

from typing import Any

import numpy as np

from snnrun.config.axes import kind_of
from snnrun.config.choose import nearest
from snnrun.config.fields import Problems, shown
from snnrun.search.constraint import Constraint, parse
from snnrun.search.record import Axis
from snnrun.search.spec import draw

_SAMPLES = 4096  # candidates among which one must meet the constraints
_NONE = f"none of {_SAMPLES} random points meets"
_HINT = "; if there is one, give it in start_points"


def read_constraints(
    tree: dict[str, Any], axes: dict[str, Axis], problems: Problems
) -> tuple[Constraint, ...]:
    """Return the constraints; some candidate has to meet them."""
    node = tree.get("constraints") or []
    node = [node] if isinstance(node, str) else node
    if not isinstance(node, list):
        problems.add("constraints", f"must be a list of comparisons, not {shown(node)}")
        return ()
    declared = tree.get("search") if isinstance(tree.get("search"), dict) else {}
    found = [
        _constraint(f"constraints.{i}", text, axes, list(declared or {}), problems)
        for i, text in enumerate(node)
    ]
    return tuple(constraint for constraint in found if constraint)


def _constraint(
    at: str, text: Any, axes: dict[str, Axis], declared: list[str], problems: Problems
) -> Constraint | None:
    if not isinstance(text, str):
        problems.add(at, f"must be a comparison such as 'a <= 2 * b', not {shown(text)}")
        return None
    words = [n for n, axis in axes.items() if any(kind_of(v) != "a number" for v in axis.choice)]
    try:
        return parse(text, {*declared} - {*words})
    except ValueError as error:
        problems.add(at, f"'{text:.100}': {error}")
    except KeyError as error:
        name = error.args[0]
        why = "is no number" if name in words else f"is no axis{nearest(name, declared)}"
        problems.add(at, f"'{text:.100}': {name} {why}")
    return None


def check_constraints(
    axes: dict[str, Axis],
    constraints: tuple[Constraint, ...],
    start_points: list[dict[str, Any]],
    problems: Problems,
) -> None:
    """Note constraints that no candidate meets, alone or all together."""
    rng = np.random.default_rng(0)
    sample = [{**draw(axes, rng), **point} for point in start_points]
    sample += [draw(axes, rng) for _ in range(_SAMPLES if constraints else 0)]
    met = np.array([[c.violation(v) <= 0 for c in constraints] for v in sample], bool)
    if not constraints:
        return
    alone = met.any(axis=0)
    for i in np.flatnonzero(~alone).tolist():
        problems.add(f"constraints.{i}", f"'{constraints[i].text}': {_NONE} it{_HINT}")
    if alone.all() and not met.all(axis=1).any():
        problems.add("constraints", f"{_NONE} all of them{_HINT}")
    for n, point in enumerate(start_points):
        whole = len(point) == len(axes)
        for c in constraints if whole else ():
            if c.violation(point) > 0:
                problems.add(f"start_points.{n}", f"violates '{c.text}'")


def read_start_points(
    tree: dict[str, Any], axes: dict[str, Axis], problems: Problems
) -> list[dict[str, Any]]:
    """Return the candidates to begin with."""
    node = tree.get("start_points") or []
    if not isinstance(node, list) or not all(isinstance(point, dict) for point in node):
        problems.add("start_points", "must be a list of mappings {NAME: value, …}")
        return []
    points: list[dict[str, Any]] = []
    for i, point in enumerate(node):
        points.append({})
        for name, value in point.items():
            at = f"start_points.{i}.{name}"
            if name not in axes:
                if name not in problems.mapping(tree, "search"):
                    problems.add(at, f"is no axis{nearest(str(name), list(axes))}")
                continue
            wrong = _outside(axes[name], value)
            if wrong:
                problems.add(at, f"{wrong}, not {shown(value)}")
            else:
                points[-1][name] = _as(axes[name], value)
    return points


def _outside(axis: Axis, value: Any) -> str | None:
    """Return why an axis can't have a value, or None."""
    if axis.choice:
        known = any(value == v and kind_of(value) == kind_of(v) for v in axis.choice)
        return None if known else f"must be one of {', '.join(map(str, axis.choice))}"
    if kind_of(value) != "a number" or not axis.low <= value <= axis.high:
        return f"must be a number from {axis.low:g} to {axis.high:g}"
    return "must be a whole number" if axis.whole and value != int(value) else None


def _as(axis: Axis, value: Any) -> Any:
    if axis.choice:
        return next(v for v in axis.choice if v == value and kind_of(v) == kind_of(value))
    return int(value) if axis.whole else float(value)
