"""How long a sweep will take, and how much memory: a batch of each group is timed."""

import dataclasses
import math
from typing import Any

from snnrun.config.build import build
from snnrun.experiment import Experiment
from snnrun.preflight import analysis, sizes
from snnrun.preflight.pace import measure
from snnrun.sweep.begin import summary_of
from snnrun.sweep.local import POINT_S, free_cores, processes_for, rough_seconds
from snnrun.sweep.plan import Plan

_MOST_TIMED = 3  # groups; the others are taken to be like them


def estimate(plan: Plan, scope: tuple[int, ...]) -> dict[str, Any]:
    """Return points, groups, compilations, seconds and MB of points that are not begun."""
    valid = [i for i in scope if plan.points[i].error is None]
    free = free_cores(plan, ())
    number = processes_for(plan, scope, free)
    groups: dict[int, list[int]] = {}
    for index in valid:
        groups.setdefault(plan.points[index].group, []).append(index)
    seconds = rough = memory = 0.0
    for points in list(groups.values())[:_MOST_TIMED]:
        timed, needed = _timed(_stand_in(plan, points, number, free), len(points), number)
        seconds, memory = seconds + timed, max(memory, needed)
        rough += rough_seconds(plan, tuple(points))
    whole = seconds * (rough_seconds(plan, tuple(valid)) / rough if rough else 0)
    return {
        "points": len(scope),
        "invalid": len(scope) - len(valid),
        "groups": [len(points) for points in groups.values()],
        "compilations": plan.compilations(groups),
        "processes": number,
        "seconds": round(whole, 1),
        "memory_mb": round(memory),
        "lines": list(summary_of(plan)),
    }


def _stand_in(plan: Plan, points: list[int], processes: int, free: int) -> Experiment:
    """Return an experiment whose trials stand for the points that one process computes."""
    first = plan.points[points[0]]
    e, _ = build(plan.composed(first))
    group = plan.groups[first.group]
    return dataclasses.replace(
        e,
        trials=math.ceil(len(points) / processes) * e.trials,
        network=dataclasses.replace(e.network, per_trial=group.own_contacts and len(points) > 1),
        engine=dataclasses.replace(e.engine, threads=max(1, free // processes)),
    )


def _timed(e: Experiment, points: int, processes: int) -> tuple[float, float]:
    """Return seconds and MB of a group."""
    pace = measure(e)
    turns = math.ceil(math.ceil(e.trials / pace.lanes) / pace.workers)
    seconds = pace.compile_s + turns * e.steps * pace.step_s + POINT_S * points / processes
    seconds += analysis.seconds(e, pace.rates)
    return seconds, processes * sum(sizes.memory(e, pace.lanes, pace.workers).values())
