"""Candidates are simulated in this process, as lanes of one compiled program."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from snnrun.batch import Batch, choose
from snnrun.clock import Clock
from snnrun.config.build import build
from snnrun.config.compose import Composer
from snnrun.course import Course
from snnrun.errors import ConfigError, InterruptedRunError
from snnrun.experiment import Experiment
from snnrun.files import Nowhere
from snnrun.health import Health
from snnrun.interruption import Interruption
from snnrun.network import Network
from snnrun.objective._feasible import Feasible, Judged, judge
from snnrun.objective._terms import Estimates
from snnrun.observe import Nobody
from snnrun.runner import together
from snnrun.summary import Summary
from snnrun.sweep.alike import Grouping

Changes = tuple[tuple[str, Any], ...]


@dataclasses.dataclass(frozen=True)
class Source:
    """What candidates have in common: overrides, and where the configuration comes from.

    `strict`: those with any unhealthy verdict are infeasible.
    """

    overrides: tuple[str, ...]
    config_dirs: tuple[Path, ...] = ()
    config: Path | None = None
    strict: bool = False


class Wanted(NamedTuple):
    """A simulation: paths and values of a candidate, and which of its networks it is."""

    changes: Changes
    trial: int = 0


class Simulated(NamedTuple):
    """What a simulation found.

    `judged`: whether it is feasible; `error`: why there is nothing, where there can be no such
    network, or where it is `broken`: something failed; `spent`: its share of the seconds for
    `config`, `build`, `simulate` and `statistics`.
    """

    estimates: Estimates
    health: Health | None
    judged: Judged
    spent: Mapping[str, float]
    error: str = ""
    broken: bool = False


class Simulator:
    """Simulates candidates; those that differ in numbers only share a program.

    `processes`: how many do the same on this machine, with one thread each.
    """

    def __init__(self, source: Source, feasible: Feasible | None, processes: int = 1) -> None:
        self._source, self._feasible, self._processes = source, feasible, processes
        self._composer = Composer(list(source.config_dirs), source.config)
        self._grouping = Grouping()
        self._batches: dict[tuple[int, int], Batch] = {}
        self._like: Network | None = None

    def simulate(self, wanted: Sequence[Wanted], interruption: Interruption) -> list[Simulated]:
        """Return what each finds; InterruptedRunError if asked to end before."""
        begun = time.perf_counter()
        found: list[Simulated | None] = [None] * len(wanted)
        groups: dict[int, list[tuple[int, Experiment]]] = {}
        for place, one in enumerate(wanted):
            try:
                e = self._experiment(one)
                groups.setdefault(self._grouping.add(e), []).append((place, e))
            except ConfigError as error:
                found[place] = _without(error)
        config_s = (time.perf_counter() - begun) / len(wanted)
        for number, members in groups.items():
            trials = [wanted[place].trial for place, _ in members]
            experiments = [e for _, e in members]
            results = self._together(number, experiments, trials, interruption)
            for (place, _), result in zip(members, results, strict=True):
                found[place] = result._replace(spent={"config": config_s, **result.spent})
        return [one for one in found if one is not None]

    def _experiment(self, wanted: Wanted) -> Experiment:
        composed = self._composer.compose(list(self._source.overrides), wanted.changes)
        e, _ = build(composed)
        return dataclasses.replace(e, engine=dataclasses.replace(e.engine, threads=1))

    def _together(
        self,
        number: int,
        experiments: list[Experiment],
        trials: list[int],
        interruption: Interruption,
    ) -> list[Simulated]:
        """Simulate candidates of one group."""
        begun, least = time.perf_counter(), self._grouping.groups[number].least
        batch = self._batch(number, experiments[0], len(experiments))
        found: list[Simulated | Course] = []
        for e, trial in zip(experiments, trials, strict=True):
            try:
                course = Course(e, Nowhere(), batch.backend, self._like, least, [trial])
            except ConfigError as error:
                found.append(_without(error))
            else:
                found.append(course)
                self._like = course.network
        courses = [one for one in found if isinstance(one, Course)]
        clock = Clock({"build_s": time.perf_counter() - begun}, cpu_from=time.process_time())
        results = together(courses, batch, clock, Nobody(), interruption) if courses else []
        spent = _spent(clock, courses)
        told = (
            self._found(course, result, spent)
            for course, result in zip(courses, results, strict=True)
        )
        return [next(told) if isinstance(one, Course) else one for one in found]

    def _found(
        self, course: Course, result: Summary | Exception, spent: Mapping[str, float]
    ) -> Simulated:
        if isinstance(result, InterruptedRunError | MemoryError):
            raise result
        if isinstance(result, Exception):
            return _without(result)
        ((trial, estimates, health),) = result.per_trial
        judged = Judged({}, "")
        if self._feasible is not None:
            judged = judge(self._feasible, course.e, course.network, trial, health)
        return Simulated(estimates, health, judged, spent)

    def _batch(self, number: int, e: Experiment, trials: int) -> Batch:
        """Return what computes so many of a group: one program for every power of two.

        Each has contacts of its own, also where they are networks of one candidate.
        """
        trials = 1 << (trials - 1).bit_length()
        if (number, trials) not in self._batches:
            stands_for_all = dataclasses.replace(e, trials=trials)
            self._batches[number, trials] = choose(stands_for_all, True, self._processes)
        return self._batches[number, trials]


def failed(error: Exception | str, broken: bool = True) -> Simulated:
    """Return that there is nothing, and why."""
    text = error if isinstance(error, str) else f"{type(error).__name__}: {error}"
    return Simulated({}, None, Judged({}, ""), {}, text, broken)


def _spent(clock: Clock, courses: list[Course]) -> dict[str, float]:
    """Return the seconds of each part, as the share of one of the runs."""
    found = clock.seconds
    prepare_s = found.get("prepare_s", 0.0)
    whole = {
        "build": found["build_s"] + prepare_s,
        "simulate": found.get("loop_s", 0.0) - prepare_s,
        "statistics": sum(course.clock.seconds.get("statistics_s", 0.0) for course in courses),
    }
    return {part: seconds / max(1, len(courses)) for part, seconds in whole.items()}


def _without(error: Exception) -> Simulated:
    impossible = isinstance(error, ConfigError)
    return failed(str(error) if impossible else error, broken=not impossible)
