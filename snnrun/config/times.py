"""Times that are counted in steps of dt: one rule for all of them.

Windows must be whole steps, because counts are divided by their length. Every other time acts at
the nearest step; a warning says which one that is. Parameters say so themselves (`in_steps`).
"""

import dataclasses
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from snnrun.component import Parameter
from snnrun.config.fields import Problems
from snnrun.distribution import Distribution
from snnrun.experiment import Experiment
from snnrun.search.record import Axis

_CLOSE = 1e-6  # of a step: 0.3 / 0.1 is 2.9999999999999996


class Time(NamedTuple):
    """A time of an experiment: a number or a distribution, in ms."""

    path: str
    value: Any
    rule: str
    positive: bool


def check_times(e: Experiment, problems: Problems) -> None:
    """Note times shorter than a step, and windows that are no whole number of steps."""
    for time in _times(e):
        if isinstance(time.value, Distribution) or not problems.sound(time.path):
            continue
        if time.positive and time.value < e.dt * (1 - _CLOSE):
            problems.add(time.path, f"must be at least dt ({e.dt:g} ms), not {_ms(time.value)}")
        elif time.rule == "whole" and _acting(time, e.dt) != time.value:
            steps = int(time.value / e.dt)
            near = " or ".join(_ms(n * e.dt) for n in (steps, steps + 1))
            wanted = f"must be a multiple of dt ({e.dt:g} ms), such as {near}"
            problems.add(time.path, f"{wanted}, not {_ms(time.value)}")


def rounded_times(e: Experiment) -> Iterator[str]:
    """Yield a warning for each time that acts at another step than it says."""
    return _rounded(_times(e), e.dt)


def rounded_in(path: str, part: Any, dt: float) -> Iterator[str]:
    """Yield such warnings of one part with parameters."""
    return _rounded(_of(path, part), dt)


def _rounded(times: Iterator[Time], dt: float) -> Iterator[str]:
    for time in times:
        if isinstance(time.value, Distribution):
            spread = float(time.value.draw(np.random.default_rng(0), 1000).std())
            if 0 < spread < dt:
                yield f"{time.path}: a spread of {spread:.2g} ms is lost in steps of {dt:g} ms"
        elif (acting := _acting(time, dt)) != time.value:
            grid = "even number of steps of dt" if time.rule == "even" else "multiple of dt"
            yield (
                f"{time.path}: {_ms(time.value)} ms is no {grid} ({dt:g} ms); {_ms(acting)} ms acts"
            )


def rounded_axes(e: Experiment, axes: dict[str, Axis]) -> Iterator[str]:
    """Yield a warning for each axis of a search whose values act at the nearest step."""
    rounded = {time.path for time in _times(e) if time.rule == "rounded"}
    for name, axis in axes.items():
        if axis.path in rounded and not axis.choice:
            yield f"search.{name}: {axis.path} acts at the nearest multiple of dt ({e.dt:g} ms)"


def _acting(time: Time, dt: float) -> float:
    """Return the time that acts; the very number given where it is as good as that."""
    at = min(time.value / dt, 2.0**62)
    steps = round(at)
    if time.rule == "even":
        steps += steps % 2
    return float(time.value) if abs(at - steps) < _CLOSE else steps * dt


def _ms(ms: float) -> str:
    return f"{ms:.10g}"


def _times(e: Experiment) -> Iterator[Time]:
    """Yield all times of an experiment that are counted in steps."""
    for path, part in _parts(e):
        yield from _of(path, part) if part is not None else ()
    for name, projection in e.network.projections.items():
        yield Time(f"network.projections.{name}.delay", projection.delay, "rounded", False)


def _of(path: str, part: Any) -> Iterator[Time]:
    for field in dataclasses.fields(part):
        parameter: Parameter = field.metadata["parameter"]
        if parameter.in_steps:
            value = getattr(part, field.name)
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, int | float | Distribution):
                    positive = parameter.above is not None
                    yield Time(f"{path}.{field.name}", one, parameter.in_steps, positive)


def _parts(e: Experiment) -> Iterator[tuple[str, Any]]:
    """Yield the parts of an experiment that have parameters, by path."""
    yield "duration", e.duration
    yield "record.counts", e.record.counts
    yield "checkpoint", e.checkpoint
    for path, parts in (
        ("record.state", e.record.state),
        ("statistics", e.statistics),
        ("drive", e.drives),
    ):
        yield from ((f"{path}.{name}", part) for name, part in parts.items())
    for name, population in e.network.populations.items():
        yield f"network.populations.{name}.neuron", population.neuron
