"""Reading results.h5."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from snnrun.errors import FileError
from snnrun.store import opened as safe
from snnrun.store.seal import check_seal

_SEALED = 2  # format version from which on a finished file bears a seal


class PopulationSpikes(NamedTuple):
    """Spikes of one population: times (ms) and ids, in order of time."""

    name: str
    type: str
    neurons: int
    ms: np.ndarray
    ids: np.ndarray


def outcome(path: Path) -> dict[str, Any]:
    """Return statistics, health and timings of a finished run, as `--json` shows them."""
    with _finished(path) as file:
        statistics = safe.group(file, "statistics")
        health, timings = safe.group(file, "health"), safe.group(file, "timings")
        return {
            "statistics": {p: _estimates(safe.group(statistics, p)) for p in statistics},
            "health": {
                "verdict": safe.text(health, "verdict"),
                "details": safe.strict_json(safe.text(health, "details")),
            },
            "timings": {name: _plain(timings, name) for name in timings.attrs},
        }


def spikes(path: Path, trial: int = 0) -> list[PopulationSpikes]:
    """Return the recorded spikes of a trial, population by population."""
    with _finished(path) as file:
        root = safe.group(file, f"trials/{trial}") if safe.has(file, "trials") else file
        return [_spikes(file, root, name) for name in safe.group(root, "spikes")]


def recorded_ms(path: Path, trial: int = 0) -> tuple[float, float] | None:
    """Return from when to when the spikes of a trial were recorded; None where none were."""
    with _finished(path) as file:
        root = safe.group(file, f"trials/{trial}") if safe.has(file, "trials") else file
        for name in (group := safe.group(root, "spikes")):
            one = safe.group(group, name)
            return float(safe.number(one, "t_start_ms")), float(safe.number(one, "t_stop_ms"))
    return None


def estimates(path: Path) -> tuple[str, list[dict[tuple[str, str], tuple[np.ndarray, str]]]]:
    """Return the config of a finished run, and of each trial the value of its statistics.

    By (population, name); with the reason of one that has no value.
    """
    with _finished(path) as file:
        config = safe.node(file, "config")
        if h5py.check_string_dtype(config.dtype) is None or config.shape != ():
            raise ValueError("/config is no text")
        trials = safe.group(file, "trials") if safe.has(file, "trials") else None
        roots = [safe.group(trials, name) for name in trials] if trials is not None else [file]
        return config.asstr()[()], [_values(safe.group(root, "statistics")) for root in roots]


def _values(statistics: h5py.Group) -> dict[tuple[str, str], tuple[np.ndarray, str]]:
    found = {}
    for population in statistics:
        group = safe.group(statistics, population)
        for name in group:
            value = safe.dataset(group, name)
            reason = safe.text(value, "reason") if "reason" in value.attrs else ""
            found[population, name] = np.asarray(value[()], np.float64), reason
    return found


@contextlib.contextmanager
def _finished(path: Path) -> Iterator[h5py.File]:
    """Open the results of a run that is over; FileError unless they are as they were written."""
    with safe.explained(path):
        safe.check_regular(path)
        sealed = check_seal(path)
    with safe.opened(path) as file:
        if safe.version(path, file, "snnrun") >= _SEALED and not sealed:
            raise FileError(f"{path}: is cut off, damaged, or was changed (it bears no checksum)")
        safe.check_format(path, file, "snnrun")
        yield file


def _estimates(group: h5py.Group) -> dict[str, dict[str, Any]]:
    return {name: _estimate(group, name) for name in group}


def _estimate(group: h5py.Group, name: str) -> dict[str, Any]:
    value = safe.dataset(group, name)
    found = {
        "value": safe.as_plain(value[()]),
        "se": safe.as_plain(safe.number(value, "se")),
        "units": safe.text(value, "units"),
    }
    more = [
        name for name in ("se_over", "reason") if name in value.attrs
    ]  # older files lack se_over
    return found | {name: safe.text(value, name) for name in more}


def _plain(holder: Any, name: str) -> Any:
    if safe.is_text(holder, name):
        return safe.text(holder, name)
    return safe.as_plain(safe.number(holder, name))


def _spikes(file: h5py.File, root: h5py.Group, name: str) -> PopulationSpikes:
    group, described = safe.group(root, f"spikes/{name}"), safe.group(file, f"nodes/{name}")
    found = PopulationSpikes(
        name=name,
        type=safe.text(described, "type"),
        neurons=int(safe.number(group, "n_neurons")),
        ms=safe.array(group, "timestamps", "f", ndim=1),
        ids=safe.array(group, "node_ids", "u", ndim=1),
    )
    if found.ms.shape != found.ids.shape or (found.ids >= found.neurons).any():
        raise ValueError(f"the spikes of {name} contradict each other")
    return found
