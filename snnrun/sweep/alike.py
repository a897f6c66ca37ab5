"""Which points of a sweep can share one compiled program, and what they need for it.

Numbers may differ: real parameters, seeds, and so the realisation of the connectivity. Sizes,
kinds, time, statistics and records are the same in all points of a group.
"""

import dataclasses
from typing import Any, NamedTuple

from snnrun.edges import Least
from snnrun.experiment import Duration, Experiment
from snnrun.graph import Draws, drawn_from
from snnrun.network import needs

_ANY_TIME = Duration(ms=1.0, warmup_ms=0.0)


class Group(NamedTuple):
    """What the points of a group need together, `trials` of each.

    `own_contacts`: whether they differ in more than weights and delays of whole projections.
    """

    points: int
    trials: int
    size: int
    steps: int
    least: Least
    own_contacts: bool


class Grouping:
    """Sorts points into groups, one after another."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._first: list[Any] = []
        self._least: dict[Any, Least] = {}
        self.groups: list[Group] = []

    def add(self, e: Experiment) -> int:
        """Return the number of the group that an experiment belongs to."""
        number = self._numbers.setdefault(_shape(e), len(self.groups))
        seed = e.seed if e.network_seed is None else e.network_seed
        graph = drawn_from(e.network, e.drives, Draws(seed, 0, e.dt))
        if number == len(self.groups):
            own = e.network.per_trial and e.trials > 1
            self.groups.append(Group(0, e.trials, e.network.size, e.steps, Least(), own))
            self._first.append(graph)
        group = self.groups[number]
        self.groups[number] = group._replace(
            points=group.points + 1,
            least=group.least.both(self._needs(e, graph[1:])),
            own_contacts=group.own_contacts or graph != self._first[number],
        )
        return number

    def _needs(self, e: Experiment, graph: Any) -> Least:
        """Return the sizes of arrays, which hardly depend on the seed."""
        delays = tuple(p.delay for p in e.network.projections.values())
        if (graph, delays) not in self._least:
            self._least[graph, delays] = needs(e.network, e.drives, e.seed, e.dt)
        return self._least[graph, delays]


def _shape(e: Experiment) -> Any:
    """Return all of an experiment but its name and the numbers that lanes may have their own of."""
    alike = dataclasses.replace(e, name="", seed=0, network_seed=None)
    exact = {f.name: repr(getattr(alike, f.name)) for f in dataclasses.fields(alike)}
    exact |= {"network": _masked(e.network), "drives": _masked(e.drives)}
    return tuple(exact.items())


def program_of(e: Experiment, group: Group) -> Any:
    """Return what is the same for groups that run one compiled program; `e`: a point of the group.

    That is all but how long they last: time never compiles again.
    """
    return _shape(dataclasses.replace(e, duration=_ANY_TIME)), group._replace(steps=0)


def _masked(value: Any) -> Any:
    """Return a tree of plain values and dataclasses with its real numbers left out."""
    if isinstance(value, float):
        return float
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [f.name for f in dataclasses.fields(value)]
        return type(value), tuple(_masked(getattr(value, name)) for name in names)
    if isinstance(value, dict):
        return tuple((key, _masked(each)) for key, each in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(_masked, value))
    return value
