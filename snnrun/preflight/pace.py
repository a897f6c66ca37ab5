"""How long a run will take, and how it begins: a second of its steps is computed.

The trials are those of a run, judged as its own are; nothing is written. Chunks double in length
until they took long enough together; the long ones give the seconds of a step.
"""

import dataclasses
import time
from typing import Any

from snnrun.batch import choose, first_group
from snnrun.course import Course, Lane
from snnrun.engine.plan import BLOCK
from snnrun.engine.run import Chunk
from snnrun.experiment import Experiment
from snnrun.files import Nowhere
from snnrun.group import Group, make_ready
from snnrun.health import WINDOW_MS, Health
from snnrun.trial import Counting, rates, verdict

_BUDGET_S = 1.0
_VOLLEY_MS = 20.0  # after which a network has left the state it begins in


@dataclasses.dataclass(frozen=True)
class Pace:
    """Seconds to build, trace and compile, and of a step of `lanes` trials together.

    `ms`: simulated time that was timed; `rates` (sp/s): what the populations fired in it;
    `health`: the worst verdict on it, None where it is too short for one; `stopped`: whether all
    trials were stopped, as a run's would be.
    """

    build_s: float
    compile_s: float
    cache: str
    step_s: float
    lanes: int
    workers: int
    ms: float
    rates: dict[str, float]
    health: Health | None
    stopped: bool

    def lasting(self, e: Experiment) -> Experiment:
        """Return the experiment that is computed: it ends where its trials are stopped."""
        ms = self.ms if self.stopped else e.duration.ms
        return dataclasses.replace(e, duration=dataclasses.replace(e.duration, ms=ms))

    def seconds(self, e: Experiment) -> dict[str, float]:
        """Return the time of a run's parts up to its last step."""
        together = -(-e.trials // self.lanes)
        builds = e.trials if e.network.per_trial else 1
        turns = -(-together // self.workers)
        return {
            "build": builds * self.build_s,
            "compile": self.compile_s,
            "simulate": turns * e.steps * self.step_s,
        }


def measure(e: Experiment) -> Pace:
    """Build and compile an experiment's network and time some of its steps."""
    batch = choose(e)
    begun = time.perf_counter()
    course = Course(e, Nowhere(), batch.backend)
    built = time.perf_counter()
    lanes = [course.lane(number) for number in first_group(e, batch.lanes)]
    drawn = time.perf_counter()
    ready = make_ready(lanes, batch.backend)
    compiled = time.perf_counter()
    group = Group(lanes, ready, e.start)
    step_s = _timed(e, group, ready)
    if course.error is not None:
        raise course.error
    ms, first = (group.end - e.start) * e.dt, lanes[0]
    return Pace(
        build_s=built - begun,
        compile_s=compiled - drawn,
        cache=batch.backend.compiled.cache if batch.backend.compiled else "off",
        step_s=step_s,
        lanes=batch.lanes,
        workers=len(batch.devices),
        ms=ms,
        rates=rates(first.network, first.trial.total, ms / 1000),
        health=_health(e, lanes, ms),
        stopped=group.stopped,
    )


def _timed(e: Experiment, group: Group, ready: Any) -> float:
    """Compute chunks of a group, and return the seconds of a step.

    The first chunk also fetches memory for the first time; it counts only if it is the last.
    """
    origin = 0 if ready.plan.recording.spikes else Counting.of(e).base[0]
    longest = e.steps_in(e.engine.chunk_ms) if e.engine.chunk_ms else e.steps
    most = max(BLOCK, min(ready.plan.blocks * BLOCK, longest) // BLOCK * BLOCK)
    wanted, found = BLOCK, list[tuple[int, float]]()
    while group.end < e.steps and not group.stopped:
        size = min(wanted, most, e.steps - group.end, group.pause - group.end % group.pause)
        start = time.perf_counter()
        output = ready.fetch(ready.dispatch(group.end, size, origin))
        group.take(Chunk(group.end, size, output))
        found.append((size, time.perf_counter() - start))
        if len(found) > 1 and sum(seconds for _, seconds in found) > _BUDGET_S:
            break
        wanted = min(2 * wanted, most)
    timed = found[1:] or found
    half = max(size for size, _ in timed) / 2
    long = [each for each in timed if each[0] >= half]
    return sum(seconds for _, seconds in long) / sum(size for size, _ in long)


def _health(e: Experiment, lanes: list[Lane], ms: float) -> Health | None:
    """Return the worst verdict on the trials, as far as they went.

    The start-up of a network says little of its rates, unless they are a runaway's beyond the first
    volley, and a part of a run says nothing of its halves.
    """
    each = [verdict(e, lane.network, lane.trial) for lane in lanes]
    worst = min(each, key=lambda health: health.rank)
    if all(lane.trial.over(e) for lane in lanes) or worst.verdict == "nan":
        return worst
    if ms < WINDOW_MS and not (worst.verdict == "runaway" and ms >= _VOLLEY_MS):
        return None
    return Health("ok", worst.details) if worst.verdict == "nonstationary" else worst
