"""A trace of a short piece of a run, for ui.perfetto.dev."""

from pathlib import Path

from snnrun.batch import choose
from snnrun.course import draw_network
from snnrun.engine.plan import BLOCK
from snnrun.engine.profiler import traced
from snnrun.experiment import Experiment
from snnrun.group import first_ready
from snnrun.trial import Counting

CHUNKS, STEPS = 4, 2 * BLOCK  # every operation of every step becomes an event


def trace(e: Experiment, folder: Path) -> Path:
    """Trace some chunks from t = 0, the first one apart; returns the file Perfetto opens."""
    batch = choose(e)
    ready = first_ready(e, batch, draw_network(e, 0))
    origin = Counting.of(e).base[0]
    ready.fetch(ready.dispatch(0, STEPS, origin))
    with traced(folder):
        for number in range(1, CHUNKS + 1):
            ready.fetch(ready.dispatch(number * STEPS, STEPS, origin))
    return next(folder.rglob("perfetto_trace.json.gz"))
