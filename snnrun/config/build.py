"""A plain tree becomes an Experiment; every problem is found before any is reported."""

import dataclasses
import math
import re
from typing import Any

from snnrun.config.cautions import cautions
from snnrun.config.compose import Composed
from snnrun.config.crosscheck import cross_check
from snnrun.config.fields import Problems, read, read_value, read_width, shown
from snnrun.config.parts import read_part, read_parts
from snnrun.config.reader import parsed
from snnrun.config.sweep import check_axes, first_of, is_group
from snnrun.config.values import assignment, put
from snnrun.distribution import Distribution
from snnrun.errors import ConfigError, FileError
from snnrun.experiment import (
    MOST_NEURONS,
    CheckpointOptions,
    CountRecord,
    Duration,
    EngineOptions,
    Experiment,
    NetworkOptions,
    PopulationOptions,
    ProjectionOptions,
    Record,
    RecordOptions,
    RunOptions,
    StateRecord,
)
from snnrun.network import NetworkSpec, Population, Projection

_GROUPS = ("duration", "network", "drive", "statistics", "record", "engine", "checkpoint")
_SEARCH = ("search", "constraints", "start_points", "objective", "optimizer")  # of a search alone


def build(composed: Composed) -> tuple[Experiment, list[str]]:
    """Return the experiment and warnings; ConfigError with all problems."""
    problems = Problems()
    tree = composed.tree
    options = read(RunOptions, tree, "", problems, beside=(*_GROUPS, *_SEARCH))
    dt = options.dt if isinstance(options.dt, (int, float)) and options.dt > 0 else 1e-9
    network = _network(problems.mapping(tree, "network"), dt, problems)
    scale = _scale(tree)
    drives = {
        name: _scaled(part, scale, problems, f"drive.{name}")
        for name, part in _root_parts("drive", tree, dt, problems)
    }
    experiment = Experiment(
        name=options.name,
        seed=options.seed,
        trials=options.trials,
        dt=options.dt,
        duration=read(Duration, problems.mapping(tree, "duration"), "duration", problems),
        network=network,
        drives=drives,
        statistics=dict(_root_parts("statistics", tree, dt, problems)),
        record=_record(problems.mapping(tree, "record"), problems),
        engine=read(EngineOptions, problems.mapping(tree, "engine"), "engine", problems),
        checkpoint=read(
            CheckpointOptions, problems.mapping(tree, "checkpoint"), "checkpoint", problems
        ),
    )
    if not re.fullmatch(r"[\w-][\w.-]{0,99}", str(options.name)):
        wanted = "must be up to 100 letters, digits, '_', '-', '.'"
        problems.add("name", f"{wanted}, not {shown(options.name)}")
    problems.found += cross_check(experiment, problems)
    check_axes(tree, composed.axes, problems)
    if composed.axes and not problems.found:
        _try_out(composed, problems)
    if problems.found:
        raise ConfigError(*(composed.located(*p) for p in problems.found))
    warnings = [*cautions(experiment), *_unused_widths(tree, network)]
    return experiment, [*composed.notes, *warnings]


def network_of(config: str, dt: float, where: str) -> NetworkSpec:
    """Return populations and synapses of a complete config's text, without projections.

    `where`: how messages call the config. FileError where it describes none.
    """
    problems = Problems()
    node = problems.mapping(parsed(config, where), "network")
    network = _network(node | {"projections": {}}, dt, problems)
    if problems.found:
        raise FileError(": ".join((where, *problems.found[0])))
    return network


def _try_out(composed: Composed, problems: Problems) -> None:
    """Note axes of a sweep whose first value can't be, where none of them chooses parts."""
    if any(map(is_group, composed.axes)):
        return
    for path, values in composed.axes.items():
        value = first_of(path, values)
        try:
            tree = put(composed.tree, [assignment(path, value)])
            build(Composed(tree, [], list, []))
        except ConfigError as error:
            problems.add(f"sweep.{path}", f"{shown(value)} can't be: {error.problems[0]}")


def _root_parts(
    group: str, tree: dict[str, Any], dt: float, problems: Problems
) -> list[tuple[str, Any]]:
    return read_parts(group, problems.mapping(tree, group), group, dt, problems)


def _unused_widths(tree: dict[str, Any], network: NetworkSpec) -> list[str]:
    """Warn of a width that no projection refers to, as in a complete config."""
    widths = tree["network"].get("sigma") if isinstance(tree.get("network"), dict) else None
    used = [getattr(p.connect, "sigma", None) for p in network.projections.values()]
    return [
        f"network.sigma.{name}: {shown(width)} is the width of no projection and changes nothing;"
        " set network.projections.<NAME>.connect.sigma"
        for name, width in (widths.items() if isinstance(widths, dict) else ())
        if width not in used
    ]


def _scale(tree: dict[str, Any]) -> float:
    network = tree.get("network")
    scale = network.get("scale") if isinstance(network, dict) else None
    if isinstance(scale, bool) or not isinstance(scale, (int, float)):
        return 1.0
    return float(scale) if 0 < scale <= 1e6 else 1.0  # else reported elsewhere


def _network(node: dict[str, Any], dt: float, problems: Problems) -> NetworkSpec:
    parts = ("populations", "synapses", "projections")
    options = read(NetworkOptions, node, "network", problems, beside=parts)
    for name, width in (options.sigma or {}).items():
        read_width(width, f"network.sigma.{name}", problems)
    scale = _scale({"network": node})
    populations = {
        name: _population(value, f"network.populations.{name}", dt, scale, problems)
        for name, value in problems.named(node, "populations", "network")
    }
    if not populations:
        problems.add("network.populations", "at least one population is needed")
    projections = {
        name: _projection(value, f"network.projections.{name}", dt, problems)
        for name, value in problems.named(node, "projections", "network")
    }
    synapses = problems.mapping(node, "synapses", "network")
    return NetworkSpec(
        populations=populations,
        synapses=dict(read_parts("synapse", synapses, "network.synapses", dt, problems)),
        projections=projections,
        weight_scaling=options.weight_scaling,
        per_trial=options.per_trial,
    )


def _population(
    node: dict[str, Any], path: str, dt: float, scale: float, problems: Problems
) -> Population:
    options = read(PopulationOptions, node, path, problems, beside=("neuron", "v_init"))
    neuron = read_part("neuron", node.get("neuron"), f"{path}.neuron", dt, problems)
    v_init = node.get("v_init")
    if v_init is None:
        v_init = 0.0 if neuron is None else neuron.resting_potential()
    else:
        v_init = read_value(v_init, f"{path}.v_init", problems)
    made = Population(
        size=options.size,
        type=options.type,
        positions=options.positions,
        neuron=neuron,
        v_init=v_init,
    )
    return _scaled(made, scale, problems, path)


def _scaled(part: Any, scale: float, problems: Problems, path: str) -> Any:
    """Return the population or drive with its size multiplied."""
    size = getattr(part, "size", None)
    if scale == 1 or not isinstance(size, int):
        return part
    if round(size * scale) < 1:
        problems.add(f"{path}.size", f"times network.scale = {scale:g} leaves nothing")
    if size <= MOST_NEURONS < size * scale:
        problems.add(f"{path}.size", f"times network.scale = {scale:g} is above {MOST_NEURONS}")
    return dataclasses.replace(part, size=round(size * scale))


def _projection(node: dict[str, Any], path: str, dt: float, problems: Problems) -> Projection:
    beside = ("weight", "delay", "connect", "plasticity")
    options = read(ProjectionOptions, node, path, problems, beside=beside)
    if node.get("plasticity") is not None:
        problems.add(f"{path}.plasticity", "there is no plasticity rule; remove it")
    if "weight" not in node:
        problems.add(f"{path}.weight", "missing; it needs a number or a distribution")
    connect = node.get("connect")
    return Projection(
        pre=options.pre,
        post=options.post,
        synapse=options.synapse,
        connect=read_part("connect", connect, f"{path}.connect", dt, problems) if connect else None,
        weight=read_value(node.get("weight", 0.0), f"{path}.weight", problems),
        delay=_delay(node, path, dt, problems),
    )


def _delay(node: dict[str, Any], path: str, dt: float, problems: Problems) -> Any:
    delay = read_value(node.get("delay", 0.0), f"{path}.delay", problems)
    wanted = f"must be 0 or at least dt ({dt:g} ms)"
    if not isinstance(delay, Distribution):
        if delay < 0 or 0 < delay < dt:
            problems.add(f"{path}.delay", f"{wanted}, not {delay:g}")
        return delay
    lowest, spread = delay.lowest, delay.lowest < delay.highest
    known = lowest > -math.inf and (delay.dist != "lognormal" or delay.low > 0)
    if known and (lowest < 0 or (lowest < dt and (spread or lowest > 0))):
        problems.add(f"{path}.delay", f"{wanted}, not from {lowest:g} on")
    return delay


def _record(node: dict[str, Any], problems: Problems) -> Record:
    options = read(RecordOptions, node, "record", problems, beside=("spikes", "counts", "state"))
    spikes = node.get("spikes")
    spikes = [spikes] if isinstance(spikes, str) else spikes
    if spikes is not None and not isinstance(spikes, list):
        problems.add("record.spikes", "must be a list of populations and drives, or null")
        spikes = None
    counts = problems.mapping(node, "counts", "record")
    return Record(
        spikes=None if spikes is None else tuple(map(str, spikes)),
        counts=read(CountRecord, counts, "record.counts", problems, filled=True),
        state={
            name: read(StateRecord, value, f"record.state.{name}", problems, filled=True)
            for name, value in problems.named(node, "state", "record")
        },
        edges=options.edges,
        compression=options.compression,
        compression_level=options.compression_level,
    )
