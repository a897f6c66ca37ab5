"""Problems that only show when the parts are seen together."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from snnrun.config.choose import nearest
from snnrun.config.fields import Problems
from snnrun.config.indices import too_many
from snnrun.config.times import check_times
from snnrun.connect._base import Layer
from snnrun.distribution import Distribution, mean
from snnrun.drive._base import Drive
from snnrun.edges import LONGEST_DELAY
from snnrun.experiment import Experiment, StateRecord
from snnrun.network import Population, Projection
from snnrun.neuron._base import Neuron
from snnrun.synapse._base import Synapse


def cross_check(e: Experiment, before: Problems) -> list[tuple[str, str]]:
    """Return what does not fit together, as (path, text).

    `before`: what was wrong with single values, which `e` may lack; nothing follows from those.
    """
    problems = Problems(before)
    _times(e, problems)
    _names(e, problems)
    for name, projection in e.network.projections.items():
        _projection(e, f"network.projections.{name}", projection, problems)
    _unused(e, problems)
    _recorded(e, problems)
    _checkpoints(e, problems)
    if not (before.found or problems.found):
        problems.found += too_many(e)
    return problems.found


def _times(e: Experiment, problems: Problems) -> None:
    if not problems.sound("dt"):
        return
    check_times(e, problems)
    if problems.sound("duration.ms") and e.steps >= 2**31:
        problems.add("duration.ms", f"{e.steps} steps; at most {2**31 - 1} are possible")
    _time_constants(e, problems)


def _time_constants(e: Experiment, problems: Problems) -> None:
    models: dict[str, Synapse | Neuron | None] = {
        **{f"network.synapses.{n}": s for n, s in e.network.synapses.items()},
        **{f"network.populations.{n}.neuron": p.neuron for n, p in e.network.populations.items()},
    }
    for path, model in models.items():
        for name, value in model.time_constants().items() if model else ():
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
            _no_population(f"statistics.{name}.population", statistic.population, e, problems)
        elif getattr(statistic, "region", None) == "central":
            _positions(e, f"statistics.{name}.region", statistic.population, problems)
    layers: dict[str, Any] = {
        **{f"network.populations.{n}": p for n, p in populations.items()},
        **{f"drive.{n}": d for n, d in drives.items()},
    }
    for path, layer in layers.items():
        grid = getattr(layer, "positions", None) == "grid" and problems.sound(f"{path}.size")
        if grid and math.isqrt(layer.size) ** 2 != layer.size:
            problems.add(f"{path}.size", f"a square grid needs a square number, not {layer.size}")


def _no_population(path: str, name: Any, e: Experiment, problems: Problems) -> None:
    """Note that there is no such population, unless something is wrong with it."""
    if name is not None and problems.sound(f"network.populations.{name}"):
        known = [*e.network.populations, *(["all"] if path.startswith("statistics.") else [])]
        problems.add(path, f"no population '{name}'{nearest(str(name), known)}")


def _positions(e: Experiment, path: str, population: str | None, problems: Problems) -> None:
    """The populations of a statistic of central neurons have positions."""
    names = e.network.populations if population in (None, "all") else [population]
    for name in names:
        sound = problems.sound(f"network.populations.{name}.positions")
        if sound and e.network.populations[name].positions in (None, "none"):
            problems.add(path, f"'{name}' has no positions; set positions: grid")


def _projection(e: Experiment, path: str, p: Projection, problems: Problems) -> None:
    populations, drive = e.network.populations, e.drives.get(p.pre)
    sources = [*populations, *e.drives]
    if p.post not in populations:
        _no_population(f"{path}.post", p.post, e, problems)
    if p.pre not in sources and _is_free(p.pre, problems):
        problems.add(f"{path}.pre", f"no population or drive '{p.pre}'{nearest(p.pre, sources)}")
    if p.post in populations and p.pre in sources:
        if drive is None or drive.emits == "spikes":
            _rule(e, path, p, problems)
        else:
            _private(path, p, drive, problems)
    needed = p.pre in sources and (drive is None or drive.emits != "current")
    if needed or (p.pre not in sources and p.synapse is not None):
        _synapse(e, path, p, problems)


def _is_free(name: Any, problems: Problems) -> bool:
    """Return whether a name is not that of a population or drive with problems of its own."""
    parts = f"network.populations.{name}", f"drive.{name}"
    return name is not None and problems.sound(*parts)


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
    before = f"network.populations.{p.pre}" if p.pre in e.network.populations else f"drive.{p.pre}"
    after = f"network.populations.{p.post}"
    if p.connect is None:
        if problems.sound(f"{path}.connect"):
            text = "missing; it is a mapping with the 'kind' of a rule"
            problems.add(f"{path}.connect", text)
        return
    if p.connect.needs_grid and problems.sound(f"{before}.positions", f"{after}.positions"):
        if pre.positions in (None, "none"):
            problems.add(f"{path}.connect", f"'{p.pre}' has no positions; set positions: grid")
        if post.positions != "grid":
            problems.add(f"{path}.connect", f"'{p.post}' is on no grid; set positions: grid")
    if problems.sound("dt", f"{path}.delay"):
        _longest_delay(e, path, p, problems)
    if problems.sound(f"{before}.size", f"{after}.size", f"{path}.connect"):
        _contacts(path, p, Layer(pre.size), Layer(post.size), problems)


def _longest_delay(e: Experiment, path: str, p: Projection, problems: Problems) -> None:
    longest = p.delay.highest if isinstance(p.delay, Distribution) else p.delay
    longest = longest if np.isfinite(longest) else mean(p.delay)
    if longest / e.dt > LONGEST_DELAY:
        most = f"{LONGEST_DELAY * e.dt:g} ms ({LONGEST_DELAY} steps)"
        problems.add(f"{path}.delay", f"must be at most {most}, not {longest:g}")


def _contacts(path: str, p: Projection, pre: Layer, post: Layer, problems: Problems) -> None:
    """The rule finds the neurons it needs, and no more contacts than can be numbered."""
    assert p.connect is not None
    misfit = p.connect.misfit(pre, post, p.pre == p.post)
    if misfit:
        problems.add(f"{path}.connect", misfit)
    contacts, _ = p.connect.expected(pre, post, p.pre == p.post)
    if contacts >= 2**31:
        problems.add(f"{path}.connect", f"{contacts:.3g} contacts; at most 2^31 are possible")


def _synapse(e: Experiment, path: str, p: Projection, problems: Problems) -> None:
    """The synapse exists and delivers what the neurons receive."""
    known = list(e.network.synapses)
    if p.synapse not in known:
        if problems.sound(f"{path}.synapse", f"network.synapses.{p.synapse}"):
            told = (
                f"no synapse '{p.synapse}'" if p.synapse else "missing; it is the name of a synapse"
            )
            problems.add(f"{path}.synapse", f"{told}{nearest(p.synapse or '', known)}")
        return
    synapse, post = e.network.synapses[str(p.synapse)], e.network.populations.get(p.post)
    neuron = post.neuron if post else None
    if neuron and not set(synapse.delivers) <= set(neuron.receives):
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
    at_ms = e.checkpoint.at_ms if problems.sound("checkpoint.at_ms", "duration.ms") else None
    for ms in at_ms or ():
        number = isinstance(ms, (int, float)) and not isinstance(ms, bool)
        if not number or not 0 < ms <= e.duration.ms:
            problems.add(
                "checkpoint.at_ms",
                f"must hold times above 0 and up to duration.ms ({e.duration.ms:g}), not {ms!r}",
            )


def _unused(e: Experiment, problems: Problems) -> None:
    """A part that is connected to nothing is an error."""
    drives, synapses = e.drives, e.network.synapses
    if _all_say("pre", [*e.network.populations, *drives], e, problems):
        for name in set(drives) - {p.pre for p in e.network.projections.values()}:
            text = "connected to nothing; add a projection with this 'pre'"
            problems.add(f"drive.{name}", text)
    if _all_say("synapse", list(synapses), e, problems):
        for name in set(synapses) - {p.synapse for p in e.network.projections.values()}:
            problems.add(f"network.synapses.{name}", "used by no projection; remove it")


def _all_say(key: str, known: list[str], e: Experiment, problems: Problems) -> bool:
    """Return whether no projection has a wrong name for what it uses, which may be any part."""
    return not any(
        getattr(p, key) not in known and problems.has(f"network.projections.{name}.{key}")
        for name, p in e.network.projections.items()
    )


def _recorded(e: Experiment, problems: Problems) -> None:
    populations = list(e.network.populations)
    spiking = [*populations, *(n for n, d in e.drives.items() if d.emits == "spikes")]
    _no_doubles("record.spikes", e.record.spikes or (), problems)
    for name in e.record.spikes or ():
        if name in e.drives and name not in spiking:
            problems.add("record.spikes", f"drive '{name}' ({e.drives[name].kind}) has no spikes")
        elif name not in spiking and _is_free(name, problems):
            known = nearest(name, spiking)
            problems.add("record.spikes", f"no population or drive '{name}'{known}")
    _no_doubles("record.counts.populations", e.record.counts.populations or (), problems)
    for name in e.record.counts.populations or ():
        if name not in populations:
            _no_population("record.counts.populations", name, e, problems)
    for name, wanted in e.record.state.items():
        if name not in populations:
            _no_population(f"record.state.{name}", name, e, problems)
        else:
            _recorded_state(e, name, wanted, problems)


def _no_doubles(path: str, wanted: Iterable[Any], problems: Problems) -> None:
    doubles = [str(name) for name, times in Counter(map(str, wanted)).items() if times > 1]
    if doubles:
        problems.add(path, f"holds {', '.join(doubles)} more than once")


def _recorded_state(e: Experiment, name: str, wanted: StateRecord, problems: Problems) -> None:
    path, place = f"record.state.{name}", f"network.populations.{name}"
    if problems.sound("network.synapses", f"{place}.neuron", f"{path}.variables"):
        known = list(e.network.recordable(name))
        if not wanted.variables:
            problems.add(f"{path}.variables", f"missing{nearest('', known)}")
        _no_doubles(f"{path}.variables", wanted.variables or (), problems)
        for variable in wanted.variables or ():
            if variable not in known:
                told = f"no '{variable}'{nearest(str(variable), known)}"
                problems.add(f"{path}.variables", told)
    size = e.network.populations[name].size
    for neuron in (wanted.neurons or ()) if problems.sound(f"{place}.size") else ():
        if not isinstance(neuron, int) or not 0 <= neuron < size:
            problems.add(f"{path}.neurons", f"must be 0 … {size - 1}, not {neuron!r}")
    if problems.sound("dt", f"{path}.every_ms") and wanted.every_ms is None:
        problems.add(f"{path}.every_ms", f"must be a time of at least dt ({e.dt:g} ms)")
