"""One machine computes a sweep: how many processes, and what they are told."""

import importlib.util
import os
from collections.abc import Callable

from snnrun.batch import cores
from snnrun.interruption import Interruption
from snnrun.sweep.orders import Ended, Event, Orders
from snnrun.sweep.plan import Plan
from snnrun.sweep.processes import Crew

_UPDATE_S = 5e-9  # of a neuron in a step, roughly
_POINT_S = 0.03  # of a point besides
_WORTH_S = 3.0  # of computing, for which another process is started


def rough_seconds(plan: Plan, scope: tuple[int, ...]) -> float:
    """Return about how long one core needs for some points."""
    groups = [plan.groups[plan.points[i].group] for i in scope if plan.points[i].group >= 0]
    return sum(_POINT_S + g.trials * g.size * g.steps * _UPDATE_S for g in groups)


def processes_for(plan: Plan, scope: tuple[int, ...], free: int) -> int:
    """Return how many processes compute some points on so many free cores."""
    if _accelerated():
        return 1
    worth = int(rough_seconds(plan, scope) / _WORTH_S)
    return max(1, min(free, len(scope), worth))


def _accelerated() -> bool:
    """Return whether JAX may find a GPU, which one process takes for itself."""
    if os.environ.get("JAX_PLATFORMS", "").startswith("cpu"):
        return False
    plugins = ("jax_cuda12_plugin", "jax_cuda13_plugin", "jax_rocm7_plugin", "jax_plugins")
    return any(importlib.util.find_spec(name) for name in plugins)


def free_cores(plan: Plan) -> int:
    """Return the cores that may be used."""
    asked = plan.base.get("engine", {}).get("threads")
    return int(asked) if asked else cores()


def compute(
    plan: Plan,
    orders: Orders,
    tell: Callable[[Event], None],
    interruption: Interruption,
    enough: Callable[[], bool],
) -> bool:
    """Compute a sweep's points here; returns whether the process must leave without tidying up.

    InterruptedRunError when asked to end; FileError where no point can be written.
    """
    if orders.processes > 1:
        Crew(plan, orders, orders.processes, tell, interruption, enough).work()
        return False
    from snnrun.engine.setup import set_up
    from snnrun.sweep.work import Worker

    set_up()
    worker = Worker(plan, orders, tell, interruption, enough)
    worker.work()
    tell(Ended(0, ""))
    return worker.broken
