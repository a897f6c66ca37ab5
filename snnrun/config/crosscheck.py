"""Problems that only show when the parts are seen together, and warnings."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from snnrun.config.cautions import cautions
from snnrun.config.choose import nearest
from snnrun.config.fields import Problems
from snnrun.config.indices import too_many
from snnrun.connect._base import Layer
from snnrun.distribution import Distribution, mean
from snnrun.drive._base import Drive
from snnrun.experiment import Experiment, StateRecord
from snnrun.network import Population, Projection
from snnrun.neuron._base import Neuron
from snnrun.synapse._base import Synapse

_LONGEST_DELAY = 20_000  # steps of the input ring


def cross_check(e: Experiment, problems: Problems) -> list[str]:
    """Note what does not fit together; return warnings."""
    _times(e, problems)
    _names(e, problems)
    for name, projection in e.network.projections.items():
        _projection(e, f"network.projections.{name}", projection, problems)
    if not problems.found:
        _unused(e, problems)
        _recorded(e, problems)
        _checkpoints(e, problems)
        for path, problem in too_many(e):
            problems.add(path, problem)
    return [] if problems.found else cautions(e)


def _times(e: Experiment, problems: Problems) -> None:
    if e.duration.ms < e.dt:
        problems.add("duration.ms", f"must be at least dt ({e.dt:g} ms)")
    if e.steps >= 2**31:
        problems.add("duration.ms", f"{e.steps} steps; at most {2**31 - 1} are possible")
    if e.record.counts.bin_ms is not None and e.steps_in(e.record.counts.bin_ms) < 1:
        problems.add("record.counts.bin_ms", f"must be at least dt ({e.dt:g} ms)")
    for name, statistic in e.statistics.items():
        window_ms = getattr(statistic, "window_ms", None)
        if window_ms is not None and e.steps_in(window_ms) < 1:
            problems.add(f"statistics.{name}.window_ms", f"must be at least dt ({e.dt:g} ms)")
    models: dict[str, Synapse | Neuron] = {
        **{f"network.synapses.{n}": s for n, s in e.network.synapses.items()},
        **{f"network.populations.{n}.neuron": p.neuron for n, p in e.network.populations.items()},
    }
    for path, model in models.items():
        for name, value in model.time_constants().items():
            smallest = value.lowest if isinstance(value, Distribution) else value
            if np.isfinite(smallest) and e.dt > smallest:
                problems.add("dt", f"{e.dt:g} ms is above {path}.{name} ({smallest:g} ms)")


def _names(e: Experiment, problems: Problems) -> None:
    populations, drives = e.network.populations, e.drives
    for name, p in e.network.projections.items():  # draws of both are named after them
        private = p.pre in drives and drives[p.pre].emits != "spikes"
        if private and name in drives and drives[name].emits == "spikes":
            problems.add(f"network.projections.{name}", "a drive has the same name; rename it")
    for name in set(populations) & set(drives):
        problems.add(f"drive.{name}", "a population has the same name; names must differ")
    for name, statistic in e.statistics.items():
        if statistic.population not in (None, "all", *populations):
            known = nearest(str(statistic.population), [*populations, "all"])
            problems.add(
                f"statistics.{name}.population", f"no population '{statistic.population}'{known}"
            )
        elif getattr(statistic, "region", None) == "central":
            _positions(e, f"statistics.{name}.region", statistic.population, problems)
    layers: dict[str, Any] = {
        **{f"network.populations.{n}": p for n, p in populations.items()},
        **{f"drive.{n}": d for n, d in drives.items()},
    }
    for path, layer in layers.items():
        if (
            getattr(layer, "positions", None) == "grid"
            and math.isqrt(layer.size) ** 2 != layer.size
        ):
            problems.add(f"{path}.size", f"a square grid needs a square number, not {layer.size}")


def _positions(e: Experiment, path: str, population: str | None, problems: Problems) -> None:
    """The populations of a statistic of central neurons have positions."""
    names = e.network.populations if population in (None, "all") else [population]
    for name in names:
        if e.network.populations[name].positions in (None, "none"):
            problems.add(path, f"'{name}' has no positions; set positions: grid")


def _projection(e: Experiment, path: str, p: Projection, problems: Problems) -> None:
    populations, sources = e.network.populations, {**e.network.populations, **e.drives}
    if p.post not in populations:
        known = nearest(p.post, list(populations))
        problems.add(f"{path}.post", f"no population '{p.post}'{known}")
    if p.pre not in sources:
        known = nearest(p.pre, list(sources))
        problems.add(f"{path}.pre", f"no population or drive '{p.pre}'{known}")
    if p.post not in populations or p.pre not in sources:
        return
    drive = e.drives.get(p.pre)
    if drive is None or drive.emits == "spikes":
        _rule(e, path, p, problems)
    else:
        _private(path, p, drive, problems)
    if drive is None or drive.emits != "current":
        _synapse(e, path, p, problems)


def _private(path: str, p: Projection, drive: Drive, problems: Problems) -> None:
    """A drive that reaches every neuron by itself needs no contacts, a current no synapse."""
    what = f"drive '{p.pre}' ({drive.kind}) reaches every neuron by itself"
    for key in ("connect",) if drive.emits == "counts" else ("synapse", "connect"):
        if getattr(p, key) is not None:
            problems.add(f"{path}.{key}", f"{what}: set {path}.{key}=null")
    if isinstance(p.weight, Distribution):
        problems.add(f"{path}.weight", f"must be a number: {what}")
    if p.delay != 0:
        problems.add(f"{path}.delay", f"must be 0: {what}")


def _rule(e: Experiment, path: str, p: Projection, problems: Problems) -> None:
    """The connection rule needs positions, and a network that fits into memory."""
    pre: Population | Drive = e.network.populations.get(p.pre) or e.drives[p.pre]
    post = e.network.populations[p.post]
    if p.connect is None:
        problems.add(f"{path}.connect", "missing; it is a mapping with the 'kind' of a rule")
        return
    if p.connect.needs_grid:
        if pre.positions in (None, "none"):
            problems.add(f"{path}.connect", f"'{p.pre}' has no positions; set positions: grid")
        if post.positions != "grid":
            problems.add(f"{path}.connect", f"'{p.post}' is on no grid; set positions: grid")
    if mean(p.delay) / e.dt > _LONGEST_DELAY:
        longest = f"{_LONGEST_DELAY * e.dt:g} ms ({_LONGEST_DELAY} steps)"
        problems.add(f"{path}.delay", f"must be at most {longest}, not {mean(p.delay):g}")
    misfit = p.connect.misfit(Layer(pre.size), Layer(post.size), p.pre == p.post)
    if misfit:
        problems.add(f"{path}.connect", misfit)
    contacts, _ = p.connect.expected(Layer(pre.size), Layer(post.size), p.pre == p.post)
    if contacts >= 2**31:
        problems.add(f"{path}.connect", f"{contacts:.3g} contacts; at most 2^31 are possible")


def _synapse(e: Experiment, path: str, p: Projection, problems: Problems) -> None:
    """The synapse exists and delivers what the neurons receive."""
    known = list(e.network.synapses)
    if p.synapse is None:
        problems.add(f"{path}.synapse", f"missing; it is the name of a synapse{nearest('', known)}")
        return
    if p.synapse not in e.network.synapses:
        problems.add(f"{path}.synapse", f"no synapse '{p.synapse}'{nearest(str(p.synapse), known)}")
        return
    synapse, neuron = e.network.synapses[str(p.synapse)], e.network.populations[p.post].neuron
    if not set(synapse.delivers) <= set(neuron.receives):
        problems.add(
            f"{path}.synapse",
            f"{synapse.kind} delivers {', '.join(synapse.delivers)}, but {neuron.kind} receives"
            f" {', '.join(neuron.receives)}",
        )
    lowest = p.weight.lowest if isinstance(p.weight, Distribution) else p.weight
    if "conductance" in synapse.delivers and -math.inf < lowest < 0:
        problems.add(
            f"{path}.weight",
            f"must not be negative: it is a conductance in nS, and e_rev makes it excitatory or"
            f" inhibitory, not {lowest:g}",
        )


def _checkpoints(e: Experiment, problems: Problems) -> None:
    """Times of checkpoints lie within the run, and can be told from each other."""
    for ms in e.checkpoint.at_ms or ():
        number = isinstance(ms, (int, float)) and not isinstance(ms, bool)
        if not number or not 0 < ms <= e.duration.ms:
            problems.add(
                "checkpoint.at_ms",
                f"must hold times above 0 and up to duration.ms ({e.duration.ms:g}), not {ms!r}",
            )
    every = e.checkpoint.every_ms
    if every is not None and e.steps_in(every) < 1:
        problems.add("checkpoint.every_ms", f"must be at least dt ({e.dt:g} ms), not {every:g}")


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
    _no_doubles("record.spikes", e.record.spikes or (), problems)
    for name in e.record.spikes or ():
        if name in e.drives and name not in spiking:
            problems.add("record.spikes", f"drive '{name}' ({e.drives[name].kind}) has no spikes")
        elif name not in spiking:
            known = nearest(name, spiking)
            problems.add("record.spikes", f"no population or drive '{name}'{known}")
    _no_doubles("record.counts.populations", e.record.counts.populations or (), problems)
    for name in e.record.counts.populations or ():
        if name not in populations:
            known = nearest(str(name), populations)
            problems.add("record.counts.populations", f"no population '{name}'{known}")
    for name, wanted in e.record.state.items():
        if name not in populations:
            known = nearest(name, populations)
            problems.add(f"record.state.{name}", f"no population '{name}'{known}")
        else:
            _recorded_state(e, name, wanted, problems)


def _no_doubles(path: str, wanted: Iterable[Any], problems: Problems) -> None:
    doubles = [str(name) for name, times in Counter(map(str, wanted)).items() if times > 1]
    if doubles:
        problems.add(path, f"holds {', '.join(doubles)} more than once")


def _recorded_state(e: Experiment, name: str, wanted: StateRecord, problems: Problems) -> None:
    path, population = f"record.state.{name}", e.network.populations[name]
    known = list(e.network.recordable(name))
    if not wanted.variables:
        problems.add(f"{path}.variables", f"missing{nearest('', known)}")
    _no_doubles(f"{path}.variables", wanted.variables or (), problems)
    for variable in wanted.variables or ():
        if variable not in known:
            problems.add(f"{path}.variables", f"no '{variable}'{nearest(str(variable), known)}")
    for neuron in wanted.neurons or ():
        if not isinstance(neuron, int) or not 0 <= neuron < population.size:
            problems.add(f"{path}.neurons", f"must be 0 … {population.size - 1}, not {neuron!r}")
    if wanted.every_ms is None or e.steps_in(wanted.every_ms) < 1:
        problems.add(f"{path}.every_ms", f"must be a time of at least dt ({e.dt:g} ms)")
