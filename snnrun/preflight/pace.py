"""How long a run will take: the network is built and a second of it is timed.

Chunks double in length until they took long enough together; the longest, which comes after
the start-up, gives the seconds of a step.
"""

import dataclasses
import time
from typing import Any

import numpy as np

from snnrun.batch import choose
from snnrun.course import draw_network
from snnrun.engine.decode import decode
from snnrun.engine.plan import BLOCK
from snnrun.experiment import Experiment
from snnrun.group import first_ready
from snnrun.trial import Counting, rates

_BUDGET_S = 1.0


@dataclasses.dataclass(frozen=True)
class Pace:
    """Seconds to build, trace and compile, and of a step of `lanes` trials together.

    `ms`: simulated time that was timed; `rates` (sp/s): what the populations fired in it.
    """

    build_s: float
    compile_s: float
    cache: str
    step_s: float
    lanes: int
    workers: int
    ms: float
    rates: dict[str, float]

    def seconds(self, e: Experiment) -> float:
        """Return the time of the whole run; statistics and figure are not in it."""
        together = -(-e.trials // self.lanes)
        builds = e.trials if e.network.per_trial else 1
        turns = -(-together // self.workers)
        return builds * self.build_s + self.compile_s + turns * e.steps * self.step_s


def measure(e: Experiment) -> Pace:
    """Build and compile an experiment's network and time some of its steps."""
    begun = time.perf_counter()
    network = draw_network(e, 0)
    built = time.perf_counter()
    batch = choose(e)
    begun += time.perf_counter() - built
    built = time.perf_counter()
    ready = first_ready(e, batch, network)
    compiled = time.perf_counter()
    step_s, steps, total = _timed(e, ready)
    return Pace(
        build_s=built - begun,
        compile_s=compiled - built,
        cache=batch.backend.compiled.cache if batch.backend.compiled else "off",
        step_s=step_s,
        lanes=batch.lanes,
        workers=len(batch.devices),
        ms=steps * e.dt,
        rates=rates(network, total, steps * e.dt / 1000),
    )


def _timed(e: Experiment, ready: Any) -> tuple[float, int, np.ndarray]:
    """Return the seconds of a step, the steps done, and spikes of the first lane, `[N]`.

    The first chunk also fetches memory for the first time; it counts only if it is the last.
    """
    on_device = not ready.plan.recording.spikes
    origin = Counting.of(e).base[0] if on_device else 0
    longest = e.steps_in(e.engine.chunk_ms) if e.engine.chunk_ms else e.steps
    most = max(BLOCK, min(ready.plan.blocks * BLOCK, longest) // BLOCK * BLOCK)
    done, size, found = 0, BLOCK, list[tuple[int, float]]()
    while done < e.steps and (len(found) < 2 or sum(s for _, s in found) < _BUDGET_S):
        size = min(size, most, e.steps - done)
        start = time.perf_counter()
        output = ready.fetch(ready.dispatch(done, size, origin))
        for lane in range(0 if on_device else ready.plan.lanes):
            decode(output.words[:, lane], done, size)
        found.append((size, time.perf_counter() - start))
        done, size = done + size, 2 * size
    steps, seconds = max(found[1:] or found)
    return seconds / steps, done, np.asarray(output.total[0], np.float64)
