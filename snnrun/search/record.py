"""What is known of a search: its axes, its candidates, its targets."""

import dataclasses
from typing import Any, NamedTuple

OVER = ("done", "infeasible", "pruned", "failed")
STATES = (*OVER, "running", "waiting")


class Axis(NamedTuple):
    """A parameter that is searched: a number between bounds, or one of `choice`.

    `path`: where it is in the config; `log`: its logarithm is searched; `whole`: it is an integer;
    `unit`: '' where it has none or it is not known.
    """

    path: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False
    choice: tuple[Any, ...] = ()
    unit: str = ""


class Goal(NamedTuple):
    """What a term wants of a statistic: its value, or a range (a bound may be missing).

    None of them: as little as possible. `statistic`: `<population>.<name>`; `scale`: the variance
    that its cost is relative to; `unit`: of the statistic, '' for none.
    """

    statistic: str
    target: tuple[float, ...] | None = None
    low: float | None = None
    high: float | None = None
    scale: float = 1.0
    unit: str = ""


@dataclasses.dataclass(frozen=True)
class Record:
    """A candidate.

    `state`: one of `STATES`; `costs`: one for each objective where it is done, their standard
    errors in `se` (NaN of one network); `values` by axis, `terms` by their name, `statistics` by
    `<population>.<name>` (a vector's elements as a tuple); `repeats`: networks it had; `reason`:
    why it is infeasible, pruned or failed; `seconds`: of simulating it; `ended`: seconds since
    1970; `violations`: constraint → amount (> 0) where it is infeasible; `health`: the worst
    verdict of its networks, with details, None where it is not known.
    """

    number: int
    state: str
    values: dict[str, Any]
    costs: tuple[float, ...] = ()
    se: tuple[float, ...] = ()
    terms: dict[str, float] = dataclasses.field(default_factory=dict)
    statistics: dict[str, float | tuple[float, ...]] = dataclasses.field(default_factory=dict)
    repeats: int = 0
    reason: str = ""
    seconds: float = 0.0
    ended: float | None = None
    violations: dict[str, float] = dataclasses.field(default_factory=dict)
    health: dict[str, Any] | None = None


@dataclasses.dataclass(frozen=True)
class Findings:
    """A search so far.

    `objectives`: their names (one: `cost`); `best`: numbers of the best candidate, or of those that
    no other one beats in all objectives.
    """

    name: str
    axes: dict[str, Axis]
    objectives: tuple[str, ...]
    goals: dict[str, Goal]
    records: list[Record]
    best: tuple[int, ...]
