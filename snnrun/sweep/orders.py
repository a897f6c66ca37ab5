"""What a process is to do of a sweep, and what it tells while it does."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple


@dataclasses.dataclass(frozen=True)
class Orders:
    """Which points to compute, and how.

    `scope`: their numbers; `again`: those computed anew, with the time of the status they had;
    `how`: overrides of engine.* and checkpoint.*; `processes`: how many share the points on this
    machine; `apart`: not in this one, as one has died before; `threads`: cores of each; `alone`:
    points not to be computed with others; `needed`: finished runs that can be taken instead, by the
    hash of their config.
    """

    folder: Path
    scope: tuple[int, ...]
    again: dict[int, str]
    how: tuple[str, ...] = ()
    retries: int = 0
    strict: bool = False
    processes: int = 1
    apart: bool = False
    threads: int = 1
    alone: frozenset[int] = frozenset()
    needed: dict[str, Path] = dataclasses.field(default_factory=dict)


class Over(NamedTuple):
    """A point is over."""

    point: int
    state: str
    reason: str


class Begun(NamedTuple):
    """A batch of points was begun."""

    points: tuple[int, ...]


class Progress(NamedTuple):
    """How much of the batch is done, 0 … 1."""

    share: float


class Ended(NamedTuple):
    """A process has nothing left to do; `exit_code`: 0, or why it stopped before."""

    exit_code: int
    reason: str


Event = Over | Begun | Progress | Ended
Tell = Callable[[Event], None]
