"""The nodes of a search become a Search; every problem is found before any is reported."""

from typing import Any

from snnrun.component import names
from snnrun.config.axes import read_axes, try_out
from snnrun.config.candidates import check_constraints, read_constraints, read_start_points
from snnrun.config.choose import nearest
from snnrun.config.compose import Composed
from snnrun.config.describe import units_of
from snnrun.config.fields import Problems
from snnrun.config.parts import read_part
from snnrun.config.terms import read_cost, valueless
from snnrun.config.times import rounded_axes, rounded_in
from snnrun.errors import ConfigError
from snnrun.experiment import Experiment
from snnrun.objective._cost import Cost
from snnrun.search.constraint import Constraint
from snnrun.search.record import Axis
from snnrun.search.spec import Search

_NODES = ("search", "objective", "optimizer")


def search_of(composed: Composed, e: Experiment) -> Search | None:
    """Return the search that a config describes; None where it describes none.

    ConfigError with all problems; FileError where a file of targets can't be used. `e` is what
    `build` makes of the same config.
    """
    tree = composed.tree
    if not any(tree.get(node) for node in _NODES):
        return None
    problems = Problems()
    read_as, constraints, points = _candidates(tree, problems)
    units = units_of(tree)
    axes = {n: axis._replace(unit=units.get(axis.path, "")) for n, axis in read_as.items()}
    try_out(composed, axes, problems)
    if not problems.found:
        check_constraints(axes, constraints, points, problems)
    optimizer = _optimizer(tree, problems)
    cost, warnings = read_cost(tree, e, problems)
    if optimizer and cost and optimizer.prune is not None:
        _check_pruning(cost, e, problems)
    if problems.found or cost is None:
        raise ConfigError(*(composed.located(*problem) for problem in problems.found))
    warnings = [*warnings, *rounded_axes(e, axes)]
    if cost.feasible is not None:
        warnings += rounded_in("objective.feasible", cost.feasible, e.dt)
    return Search(axes, constraints, tuple(points), cost, optimizer, tuple(warnings))


def told_once(warnings: list[str]) -> list[str]:
    """Return warnings without those of a statistic that come again with the term resting on it."""
    told = [text.partition(": ") for text in warnings if text.startswith("objective.terms.")]
    again = {
        f"statistics.{key.rpartition('.')[2].removesuffix(')')}: {caution}"
        for key, _, caution in told
    }
    return [text for text in warnings if text not in again]


def problems_of(composed: Composed) -> list[str]:
    """Return what is wrong with a search whatever its experiment is, which has problems too."""
    problems = Problems()
    if any(composed.tree.get(node) for node in _NODES):
        _candidates(composed.tree, problems)
        _optimizer(composed.tree, problems)
    return [composed.located(*problem) for problem in problems.found]


def _candidates(
    tree: dict[str, Any], problems: Problems
) -> tuple[dict[str, Axis], tuple[Constraint, ...], list[dict[str, Any]]]:
    """Return axes, constraints and start points."""
    axes = read_axes(tree, problems)
    if not axes and not problems.found:
        problems.add("search", "there is no parameter to search; add search.NAME={path: …}")
    constraints = read_constraints(tree, axes, problems)
    return axes, constraints, read_start_points(tree, axes, problems)


def cost_of(composed: Composed, e: Experiment) -> Cost | None:
    """Return what a config with an objective minimises; None where it has none.

    ConfigError with all problems; FileError where a file of targets can't be used.
    """
    if not composed.tree.get("objective"):
        return None
    problems = Problems()
    cost, _ = read_cost(composed.tree, e, problems)
    if cost is None:
        raise ConfigError(*(composed.located(*problem) for problem in problems.found))
    return cost


def _check_pruning(cost: Cost, e: Experiment, problems: Problems) -> None:
    """Note why nothing can be said of a candidate from its short run."""
    at = "optimizer.prune"
    if cost.feasible is None:
        problems.add(at, "needs objective.feasible: the short run that decides")
        return
    for term in cost.terms.values():
        if term.share and (reason := valueless(term, e, cost.feasible.ms)):
            problems.add(at, f"{'.'.join(term.key)} has no value in the short run: {reason}")


def _optimizer(tree: dict[str, Any], problems: Problems) -> Any:
    node = tree.get("optimizer")
    if not node:
        known = nearest("", names("optimizer"))
        problems.add("optimizer", f"missing; choose one, such as optimizer=tpe{known}")
        return None
    return read_part("optimizer", node, "optimizer", 0.0, problems)
