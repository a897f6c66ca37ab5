"""Problems that only show when the parts are seen together, and warnings."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from snnrun.config.choose import nearest
from snnrun.config.fields import Problems
from snnrun.distribution import Distribution, mean
from snnrun.experiment import Experiment
from snnrun.network import Projection


def cross_check(e: Experiment, problems: Problems) -> list[str]:
    """Note what does not fit together; return warnings."""
    _times(e, problems)
    _names(e, problems)
    for name, projection in e.network.projections.items():
        _projection(e, f"network.projections.{name}", projection, problems)
    if not problems.found:
        _unused(e, problems)
        _recorded(e, problems)
    return [] if problems.found else list(_sign_warnings(e))


def _times(e: Experiment, problems: Problems) -> None:
    if e.duration.ms < e.dt:
        problems.add("duration.ms", f"must be at least dt ({e.dt:g} ms)")
    if e.steps >= 2**31:
        problems.add("duration.ms", f"{e.steps} steps; at most {2**31 - 1} are possible")
    if e.duration.warmup_ms >= e.duration.ms:
        problems.add("duration.warmup_ms", f"must be below duration.ms ({e.duration.ms:g})")
    for name, statistic in e.statistics.items():
        if e.steps_in(statistic.window_ms) < 1:
            problems.add(f"statistics.{name}.window_ms", f"must be at least dt ({e.dt:g} ms)")
    models = [(f"network.synapses.{n}", s) for n, s in e.network.synapses.items()]
    models += [(f"network.populations.{n}.neuron", p.neuron) for n, p in e.network.populations.items()]  # type: ignore[misc]
    for path, model in models:
        for name, value in model.time_constants().items():
            smallest = value.lowest if isinstance(value, Distribution) else value
            if np.isfinite(smallest) and e.dt > smallest:
                problems.add("dt", f"{e.dt:g} ms is above {path}.{name} ({smallest:g} ms)")


def _names(e: Experiment, problems: Problems) -> None:
    populations, drives = e.network.populations, e.drives
    for name in set(populations) & set(drives):
        problems.add(f"drive.{name}", "a population has the same name; names must differ")
    for name in [*populations, *drives, *e.network.synapses, *e.network.projections, *e.statistics]:
        if name == "all" or "/" in name or "." in name or not name:
            problems.add(name, "not a usable name (no '/', no '.', not 'all')")
    for name, statistic in e.statistics.items():
        if statistic.population not in (None, "all", *populations):
            known = nearest(str(statistic.population), [*populations, "all"])
            problems.add(
                f"statistics.{name}.population", f"no population '{statistic.population}'{known}"
            )
    layers: dict[str, Any] = {
        **{f"network.populations.{n}": p for n, p in populations.items()},
        **{f"drive.{n}": d for n, d in drives.items()},
    }
    for path, layer in layers.items():
        if getattr(layer, "positions", None) == "grid" and math.isqrt(layer.size) ** 2 != layer.size:
            problems.add(f"{path}.size", f"a square grid needs a square number, not {layer.size}")


def _projection(e: Experiment, path: str, p: Projection, problems: Problems) -> None:
    populations, sources = e.network.populations, {**e.network.populations, **e.drives}
    if p.post not in populations:
        problems.add(f"{path}.post", f"no population '{p.post}'{nearest(p.post, list(populations))}")
    if p.pre not in sources:
        problems.add(f"{path}.pre", f"no population or drive '{p.pre}'{nearest(p.pre, list(sources))}")
    if p.post not in populations or p.pre not in sources:
        return
    drive = e.drives.get(p.pre)
    if drive is not None and drive.emits == "current":
        for key in ("synapse", "connect"):
            if getattr(p, key) is not None:
                problems.add(f"{path}.{key}", f"drive '{p.pre}' is a current; leave it out")
        if isinstance(p.weight, Distribution):
            problems.add(f"{path}.weight", "must be a number for a current")
        return
    if p.connect is None:
        problems.add(f"{path}.connect", "missing; it is a mapping with the 'kind' of a rule")
    elif p.connect.needs_grid:
        if sources[p.pre].positions in (None, "none"):  # type: ignore[union-attr]
            problems.add(f"{path}.connect", f"'{p.pre}' has no positions; set positions: grid")
        if populations[p.post].positions != "grid":
            problems.add(f"{path}.connect", f"'{p.post}' is on no grid; set positions: grid")
    known = list(e.network.synapses)
    if p.synapse not in e.network.synapses:
        problems.add(f"{path}.synapse", f"no synapse '{p.synapse}'{nearest(str(p.synapse), known)}")
        return
    synapse, neuron = e.network.synapses[str(p.synapse)], populations[p.post].neuron
    if synapse.delivers not in neuron.receives:
        problems.add(
            f"{path}.synapse",
            f"{synapse.kind} delivers a {synapse.delivers}, but {neuron.kind} receives"
            f" {', '.join(neuron.receives)}",
        )


def _unused(e: Experiment, problems: Problems) -> None:
    """A part that is connected to nothing is an error."""
    projections = e.network.projections.values()
    for name in set(e.drives) - {p.pre for p in projections}:
        problems.add(f"drive.{name}", "connected to nothing; add a projection with this 'pre'")
    for name in set(e.network.synapses) - {p.synapse for p in projections}:
        problems.add(f"network.synapses.{name}", "used by no projection; remove it")


def _recorded(e: Experiment, problems: Problems) -> None:
    populations = list(e.network.populations)
    spiking = [*populations, *(n for n, d in e.drives.items() if d.emits == "spikes")]
    for name in e.record.spikes or ():
        if name not in spiking:
            problems.add("record.spikes", f"no population or drive '{name}'{nearest(name, spiking)}")
    for name in e.record.counts.populations or ():
        if name not in populations:
            problems.add("record.counts.populations", f"no population '{name}'{nearest(str(name), populations)}")
    for name, wanted in e.record.state.items():
        path = f"record.state.{name}"
        if name not in e.network.populations:
            problems.add(path, f"no population '{name}'{nearest(name, populations)}")
            continue
        population = e.network.populations[name]
        known = [*population.neuron.state_variables(), *(f"i_{s}" for s in e.network.synapses)]
        for variable in wanted.variables or ():
            if variable not in known:
                problems.add(f"{path}.variables", f"no '{variable}'{nearest(str(variable), known)}")
        for neuron in wanted.neurons or ():
            if not isinstance(neuron, int) or not 0 <= neuron < population.size:
                problems.add(f"{path}.neurons", f"must be 0 … {population.size - 1}, not {neuron!r}")
        if wanted.every_ms is not None and e.steps_in(wanted.every_ms) < 1:
            problems.add(f"{path}.every_ms", f"must be at least dt ({e.dt:g} ms)")


def _sign_warnings(e: Experiment) -> Iterator[str]:
    """Warn of weights whose sign contradicts the type of their population."""
    for name, p in e.network.projections.items():
        population = e.network.populations.get(p.pre)
        if population is not None and mean(p.weight):
            if (mean(p.weight) > 0) != (population.type == "excitatory"):
                yield (
                    f"network.projections.{name}.weight: {mean(p.weight):g} contradicts the type of"
                    f" '{p.pre}' ({population.type})"
                )
