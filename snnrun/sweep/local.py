"""One machine computes a sweep: how many processes, and what they are told."""

import dataclasses
import functools
import importlib.util
import math
import os
from collections.abc import Callable, Sequence

from snnrun.batch import cores
from snnrun.config.compose import Composed, adjusted
from snnrun.config.launchers import launch
from snnrun.errors import FileError, InterruptedRunError, SnnrunError
from snnrun.interruption import Interruption
from snnrun.sweep.begin import summary_of
from snnrun.sweep.orders import Ended, Event, Orders
from snnrun.sweep.plan import Plan
from snnrun.sweep.plan_file import read
from snnrun.sweep.processes import Crew
from snnrun.sweep.shard import Shard

_UPDATE_S = 5e-9  # of a neuron in a step, roughly
POINT_S = 0.03  # of a point besides
_JOB_S, _FEW_JOBS, _MOST_JOBS = 300.0, 8, 256
_WORTH_S = 3.0  # of computing, for which another process is started


def rough_seconds(plan: Plan, scope: tuple[int, ...]) -> float:
    """Return about how long one core needs for some points."""
    groups = [plan.groups[plan.points[i].group] for i in scope if plan.points[i].group >= 0]
    return sum(POINT_S + g.trials * g.size * g.steps * _UPDATE_S for g in groups)


def processes_for(plan: Plan, scope: tuple[int, ...], free: int) -> int:
    """Return how many processes compute some points on so many free cores."""
    if accelerated():
        return 1
    worth = int(rough_seconds(plan, scope) / _WORTH_S)
    return max(1, min(free, len(scope), worth))


def accelerated() -> bool:
    """Return whether JAX may find a GPU, which one process takes for itself."""
    if os.environ.get("JAX_PLATFORMS", "").startswith("cpu"):
        return False
    plugins = ("jax_cuda12_plugin", "jax_cuda13_plugin", "jax_rocm7_plugin", "jax_plugins")
    return any(importlib.util.find_spec(name) for name in plugins)


def free_cores(plan: Plan, how: Sequence[str]) -> int:
    """Return the cores that may be used; `how`: overrides besides the plan's."""
    composed = Composed(plan.base, [], list, [])
    engine = adjusted(composed, list(how)).tree.get("engine")
    asked = engine.get("threads") if isinstance(engine, dict) else None
    return asked if isinstance(asked, int) and asked > 0 else cores()


def jobs_for(plan: Plan) -> int:
    """Return how many jobs a scheduler is given: each computes for some minutes at least."""
    points = tuple(range(len(plan.points)))
    worth = math.ceil(rough_seconds(plan, points) / _JOB_S)
    return min(len(points), max(_FEW_JOBS, worth), _MOST_JOBS)


def said(plan: Plan, orders: Orders, shard: Shard | None) -> list[str]:
    """Return what is said before a sweep begins."""
    lines = summary_of(plan)
    rest = len(orders.scope)
    share = f" ({shard.text})" if shard and shard.of > 1 else ""
    if not rest:
        return [f"{lines[0]}: nothing is left to compute{' here' if share else ''}{share}"]
    by = f"{orders.processes} process{'es' * (orders.processes > 1)}"
    part = "" if rest == len(plan.points) else f", {rest} of them here{share}"
    return [f"{lines[0]}{part}, by {by}; into {orders.folder}", *lines[1:]]


def compute(
    plan: Plan,
    orders: Orders,
    tell: Callable[..., None],
    interruption: Interruption,
    enough: Callable[[], bool],
) -> bool:
    """Compute a sweep's points here; returns whether the process must leave without tidying up.

    InterruptedRunError when asked to end; FileError where no point can be written.
    """
    if orders.processes > 1 or orders.apart:
        Crew(plan, orders, orders.processes, tell, interruption, enough).work()
        return False
    from snnrun.engine.setup import set_up
    from snnrun.sweep.work import Worker

    set_up(orders.threads)
    worker = Worker(plan, orders, tell, interruption, enough)
    worker.work()
    tell(Ended(0, ""))
    return worker.broken


def launched(plan: Plan, orders: Orders, choices: list[str]) -> SnnrunError | None:
    """Compute a sweep's points through one of Hydra's launchers; returns what stopped it."""
    distant = any("submitit_slurm" in choice for choice in choices)
    jobs = min(jobs_for(plan), len(orders.scope)) if distant else min(cores(), len(orders.scope))
    share = 1 if distant else max(1, jobs)
    task = functools.partial(_task, orders, share)
    results = launch(choices, orders.folder, max(1, jobs), task)
    broken = [result for result in results if isinstance(result, BaseException)]
    if broken:
        text = f"{type(broken[0]).__name__}: {broken[0]}"[:300]
        kind = FileError if isinstance(broken[0], FileError) else SnnrunError
        return kind(f"{len(broken)} of {len(results)} jobs failed: {text}")
    if InterruptedRunError.exit_code in results:
        return InterruptedRunError("the end of a job's time")
    return None


def _task(orders: Orders, share: int, number: int, of: int) -> int:
    """Compute a job's share of the points, on one of so many shares of the cores."""
    plan = read(orders.folder)
    scope = tuple(index for index in orders.scope if index % of == number)
    threads = max(1, cores() // share)
    orders = dataclasses.replace(orders, scope=scope, processes=1, apart=False, threads=threads)
    interruption = Interruption()
    with interruption.listening():
        try:
            compute(plan, orders, _nothing, interruption, lambda: False)
        except (KeyboardInterrupt, InterruptedRunError):
            return InterruptedRunError.exit_code
    return 0


def _nothing(event: Event) -> None:
    """Tell nobody."""
