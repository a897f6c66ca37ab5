"""What is worth a second look before a run: warnings, each with its numbers.

The limits are rules of thumb. Mean-field theory of sparse networks takes the inputs of two
neurons as independent, for which the share of common contacts, p, must be small: 0.1 and
below (Brunel 2000, J Comput Neurosci 8:183); and inputs as Gaussian, for which a neuron needs
many of them. `DENSE` and `FEW` lie well beyond what those papers use. A step of a tenth of a
time constant or less leaves forward Euler an error of a few per cent.
"""

from collections.abc import Iterator
from typing import Any

from snnrun.balance import Balance
from snnrun.distribution import mean
from snnrun.experiment import Experiment
from snnrun.health import sentence
from snnrun.preflight.pace import Pace
from snnrun.preflight.sizes import Count
from snnrun.statistics._base import BLOCKS, CountStatistic

DENSE = 0.25  # contacts a pair
FEW = 20  # contacts a target
COARSE = 10  # steps of a time constant


def concerns(e: Experiment, found: dict[str, Count], balance: Balance) -> Iterator[str]:
    """Yield warnings about a network and how it is simulated."""
    yield from (f"balanced state: {text}" for text in balance.violated)
    yield from _degrees(found, balance)
    yield from _steps(e)
    yield from _windows(e)


def unhealthy(e: Experiment, pace: Pace) -> Iterator[str]:
    """Yield the verdict that a run would get which goes on as it began."""
    if pace.health is not None and pace.health.verdict != "ok":
        begun = f"in the first {pace.ms:.4g} ms" if pace.ms < e.duration.ms else "in the whole run"
        ends = ", where a run is stopped" if pace.stopped else ""
        yield f"health {begun}{ends}: {sentence(pace.health)}"


def _degrees(found: dict[str, Count], balance: Balance) -> Iterator[str]:
    dense = [f"{n} {c.density:.2g}" for n, c in found.items() if c.density > DENSE]
    if dense:
        yield (
            f"dense projections (contacts a pair: {', '.join(dense)}): neurons share much of"
            f" their input, theories of sparse networks (p up to 0.1) don't hold"
        )
    few = [f"{n} {c.in_degree:.3g}" for n, c in found.items() if 0 < c.in_degree < FEW]
    if few and balance.rates is not None:
        yield (
            f"few contacts a target ({', '.join(few)}): the balanced prediction and mean-field"
            f" theory want many more than {FEW}"
        )


def _steps(e: Experiment) -> Iterator[str]:
    models: dict[str, Any] = {
        **{f"network.synapses.{n}": s for n, s in e.network.synapses.items()},
        **{f"network.populations.{n}.neuron": p.neuron for n, p in e.network.populations.items()},
    }
    for path, model in models.items():
        for name, value in model.time_constants().items():
            typical = mean(value)
            if e.dt > typical / COARSE * (1 + 1e-9):
                yield (
                    f"dt: {e.dt:g} ms is above a tenth of {path}.{name} ({typical:g} ms);"
                    f" compare with dt={e.dt / 2:g}"
                )


def _windows(e: Experiment) -> Iterator[str]:
    """Statistics that will have no value, or no standard error."""
    after = e.steps - e.warmup_steps
    if after <= 0:
        return  # said when the configuration was read
    said: dict[str, list[str]] = {}
    counted = {n: s for n, s in e.statistics.items() if isinstance(s, CountStatistic)}
    for name, statistic in counted.items():
        windows = after // e.steps_in(statistic.window_ms)
        lacks, wanted = "value", statistic.min_windows
        if windows >= wanted and e.trials == 1:
            lacks, wanted = "standard error", 2 * BLOCKS
        if windows < wanted:
            text = f"no {lacks}: it takes {wanted} windows of {statistic.window_ms:g} ms"
            text += f" after the warm-up, not {windows}"
            said.setdefault(text, []).append(name)
    for text, which in said.items():
        yield f"statistics {', '.join(which)} will have {text}"
