"""The pre-flight of an experiment: needs, expected input, balanced state, warnings."""

import dataclasses
from typing import Any

from snnrun.balance import Balance, balance, feeds
from snnrun.batch import choose, lacking
from snnrun.config.units import in_membrane
from snnrun.distribution import mean
from snnrun.errors import ConfigError
from snnrun.experiment import Experiment
from snnrun.preflight import analysis, sizes
from snnrun.preflight.concerns import concerns, unhealthy
from snnrun.preflight.pace import Pace, measure

ASSUMED_RATE = 10.0  # sp/s where nothing is predicted and nothing was measured
_MB_A_SECOND, _FIGURE_S = 60.0, 0.7  # written to results.h5; to draw the overview


@dataclasses.dataclass(frozen=True)
class Input:
    """What a neuron is expected to get: events a step, mean currents (`unit`; None: unknown)."""

    events_per_step: float
    excitatory: float | None
    inhibitory: float | None
    unit: str


@dataclasses.dataclass(frozen=True)
class Preflight:
    """All that is known of a run before it runs; MB, seconds (None: not measured), sp/s.

    `rates`: what is expected; `source`: whether that is predicted, measured or assumed.
    """

    memory: dict[str, float]
    disk: dict[str, float]
    seconds: dict[str, float] | None
    pace: Pace | None
    projections: dict[str, sizes.Count]
    balance: Balance
    rates: dict[str, float]
    source: str
    inputs: dict[str, Input]
    warnings: list[str]


def preflight(e: Experiment, warnings: list[str]) -> Preflight:
    """Look at an experiment; `warnings` are those of its configuration."""
    found, balanced = sizes.counts(e), balance(e)
    try:
        batch = choose(e)
        memory = sizes.memory(e, batch.lanes, len(batch.devices))
    except OverflowError as error:
        raise ConfigError(f"network: {error}") from error
    raised = [*warnings, *concerns(e, found, balanced)]
    lack, pace = lacking(memory), None
    if lack is None:
        pace = measure(e)
        raised += unhealthy(e, pace)
    else:
        raised.append(
            f"memory: {lack}; the network was not built, so there is no estimate of the time"
        )
    rates, source = expected_rates(e, balanced, pace)
    seen, lasting = (rates, e) if pace is None else (rates | pace.rates, pace.lasting(e))
    disk = sizes.disk(lasting, seen)
    return Preflight(
        memory=memory,
        disk=disk,
        seconds=None if pace is None else _seconds(lasting, pace, sum(disk.values())),
        pace=pace,
        projections=found,
        balance=balanced,
        rates=rates,
        source=source,
        inputs=_inputs(e, rates),
        warnings=raised,
    )


def expected_rates(
    e: Experiment, balanced: Balance, pace: Pace | None = None
) -> tuple[dict[str, float], str]:
    """Return the rate (sp/s) of each population and drive, and where those of populations are from.

    They are predicted where there is a balanced state, else measured, else assumed.
    """
    drives = {name: drive.mean_rate() for name, drive in e.drives.items()}
    if balanced.rates is not None:
        return balanced.rates | drives, "predicted"
    if pace is not None:
        return pace.rates | drives, "measured"
    return dict.fromkeys(e.network.populations, ASSUMED_RATE) | drives, "assumed"


def _seconds(e: Experiment, pace: Pace, disk_mb: float) -> dict[str, float]:
    """Return the seconds of each part of a run that writes so many MB."""
    return pace.seconds(e) | {
        "statistics": analysis.seconds(e, pace.rates),
        "writing": _FIGURE_S + disk_mb / _MB_A_SECOND,
    }


def _inputs(e: Experiment, rates: dict[str, float]) -> dict[str, Input]:
    """Return the expected input of a neuron of each population at these rates."""
    found = {}
    for name, population in e.network.populations.items():
        mine = [f for f in feeds(e) if f.post == name]
        unit = in_membrane("pA", type(population.neuron), vars(population.neuron))
        events = sum(f.in_degree * rates[f.pre] for f in mine) * e.dt / 1000
        known = [f for f in mine if f.charge is not None]
        if len(known) < len(mine):
            found[name] = Input(events, None, None, unit)
            continue
        currents = [f.in_degree * rates[f.pre] / 1000 * (f.charge or 0) + f.current for f in known]
        currents.append(mean(getattr(population.neuron, "i_e", 0.0)))
        found[name] = Input(
            events, sum(max(i, 0.0) for i in currents), sum(min(i, 0.0) for i in currents), unit
        )
    return found


def as_json(found: Preflight) -> dict[str, Any]:
    """Return the pre-flight as plain numbers and texts."""
    pace, total = found.pace, sum(found.memory.values())
    return {
        "memory_mb": round(total, 3),
        "disk_mb": round(sum(found.disk.values()), 6),
        "seconds": None if found.seconds is None else round(sum(found.seconds.values()), 3),
        "projections": {
            name: {
                "contacts": round(c.contacts),
                "out_degree": c.out_degree,
                "in_degree": c.in_degree,
                "density": c.density,
            }
            for name, c in found.projections.items()
        },
        "balanced": found.balance.rates or {},
        "balanced_reason": found.balance.reason,
        "inputs": {name: dataclasses.asdict(i) for name, i in found.inputs.items()},
        "rates_expected": found.rates,
        "rates_source": found.source,
        "memory": found.memory,
        "disk": found.disk,
        "time": found.seconds,
        "measured": None if pace is None else dataclasses.asdict(pace),
        "warnings": found.warnings,
    }
