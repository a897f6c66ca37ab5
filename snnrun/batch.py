"""Which trials are computed together, by what, and how many such groups at once."""

import dataclasses
import os
from collections.abc import Iterator, Sequence
from typing import Any

from snnrun.config.indices import ring_too_long
from snnrun.engine.plan import BLOCK, Limits, Recording, Sample
from snnrun.engine.run import Backend, all_devices
from snnrun.errors import ConfigError
from snnrun.experiment import Experiment
from snnrun.memory import available_mb
from snnrun.preflight import sizes
from snnrun.trial import Counting

_LANE_NEURONS = 16384  # the state of more falls out of a core's cache
_SHARE = 0.8  # of the available memory that may be taken


@dataclasses.dataclass(frozen=True)
class Batch:
    """What computes an experiment; one of `devices` for each group of trials at a time."""

    backend: Backend
    devices: list[Any]

    @property
    def lanes(self) -> int:
        """Trials of a group."""
        return self.backend.lanes


def choose(e: Experiment, own_contacts: bool | None = None, processes: int = 1) -> Batch:
    """Return what computes an experiment; ConfigError where what is asked for is not there.

    `own_contacts`: `e` stands for several runs, whether these differ in their contacts;
    `processes`: how many do the same on this machine.
    """
    workers = _workers(e)
    lanes = _lanes(e, len(workers), processes)
    while len(workers) > 1 and _lacking(e, lanes, len(workers), processes):
        workers.pop()
    dtype = "float64" if e.engine.backend == "reference" else e.engine.precision
    try:
        how = lanes, dtype, recording(e), workers[0], e.engine.delivery == "dense"
        limits = Limits(e.engine.max_voltage, e.engine.max_conductance)
        backend = Backend(e.engine.backend, *how, limits, own_contacts)
    except RuntimeError as error:
        raise ConfigError(f"engine.backend: {error}; choose auto or xla") from error
    if backend.kind != "reference" and not backend.native and (problem := ring_too_long(e, lanes)):
        raise ConfigError(f"network.projections: {problem}")
    return Batch(backend, workers[: -(-e.trials // backend.lanes)])


def groups(steps: Sequence[int | None], lanes: int) -> Iterator[list[int]]:
    """Yield which of some trials are computed together, by their place in the sequence.

    `steps`: where each goes on from, which those of a group share; None: it is over.
    """
    found: dict[int, list[int]] = {}
    for place, at in enumerate(steps):
        if at is not None:
            found.setdefault(at, []).append(place)
    for places in found.values():
        for first in range(0, len(places), lanes):
            yield places[first : first + lanes]


def first_group(e: Experiment, lanes: int) -> list[int]:
    """Return the trials that are computed first."""
    return list(range(min(e.trials, lanes)))


def cores() -> int:
    """Return the CPU cores this process may use."""
    given = os.environ.get("SLURM_CPUS_PER_TASK", "")
    try:
        free = len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        free = os.cpu_count() or 1
    return min(free, int(given)) if given.isdecimal() and int(given) > 0 else free


def _workers(e: Experiment) -> list[Any]:
    """Return a device for each group that is computed at once."""
    try:
        devices = all_devices()
    except RuntimeError as error:
        wanted = os.environ.get("JAX_PLATFORMS", "")
        raise ConfigError(f"JAX_PLATFORMS={wanted}: JAX finds no such device here") from error
    asked = e.engine.devices
    if asked is not None and asked > len(devices):
        kind = devices[0].platform.upper()
        here = f"JAX finds {len(devices)} {kind} device{'s' * (len(devices) > 1)}"
        raise ConfigError(f"engine.devices: {asked} asked for, {here}")
    if devices[0].platform != "cpu":
        return list(devices[:asked])
    alone = e.engine.backend == "reference"
    return [devices[0]] * (1 if alone else e.engine.threads or cores())


def _lanes(e: Experiment, workers: int, processes: int) -> int:
    """Return how many trials are computed together."""
    if e.engine.batch is not None:
        lanes = min(e.engine.batch, e.trials)
        if lack := _lacking(e, lanes, 1, processes):
            fits = next(
                (n for n in range(lanes - 1, 0, -1) if not _lacking(e, n, 1, processes)), None
            )
            way_out = "" if fits is None else f"; at most {fits} fit"
            raise ConfigError(f"engine.batch: for {lanes} trials together {lack}{way_out}")
        return lanes
    if e.engine.delivery == "dense" and (lack := _lacking(e, 1, 1, processes)):
        raise ConfigError(f"engine.delivery: dense: {lack}; choose event")
    lanes = min(max(1, _LANE_NEURONS // e.network.size), -(-e.trials // workers))
    while lanes > 1 and (_lacking(e, lanes, workers, processes) or ring_too_long(e, lanes)):
        lanes //= 2
    return lanes


def _lacking(e: Experiment, lanes: int, at_once: int, processes: int) -> str | None:
    """Return what is lacking of the memory for so many groups at once, or None."""
    return lacking(sizes.memory(e, lanes, at_once), processes)


def lacking(memory: dict[str, float], processes: int = 1) -> str | None:
    """Return what is lacking of the memory that `sizes.memory` finds necessary, or None."""
    needed = processes * (sum(memory.values()) - memory["program"])
    available = available_mb()
    if needed < _SHARE * available:
        return None
    return f"{needed:.0f} MB are needed, {available:.0f} MB are available here"


def recording(e: Experiment) -> Recording:
    """Return what the engine keeps of an experiment."""
    counting = Counting.of(e)
    base = counting.base[1]
    counts_only = not e.recorded and base >= BLOCK and not counting.intervals
    return Recording(
        spikes=not counts_only,
        drives=any(name in e.drives for name in e.recorded),
        window_steps=base if counts_only else 0,
        samples=tuple(
            Sample(name, str(variable), e.steps_in(wanted.every_ms), _neurons(wanted.neurons))
            for name, wanted in e.record.state.items()
            for variable in wanted.variables
        ),
    )


def _neurons(wanted: list | None) -> tuple[int, ...] | None:
    return None if wanted is None else tuple(wanted)
