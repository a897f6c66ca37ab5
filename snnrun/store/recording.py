"""Reading spikes that somebody recorded: SONATA, NWB, CSV.

    SONATA   /spikes/<population>/{timestamps, node_ids}; old files: /spikes/{timestamps, gids}
    NWB      /units/{spike_times, spike_times_index}, in seconds
    CSV      two columns, time in ms and neuron id; a first line may name them

Shapes: `E` spikes.
"""

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from snnrun.store import opened as safe

_TEXTS = (".csv", ".tsv", ".txt")
_TO_MS = {"ms": 1.0, "millisecond": 1.0, "milliseconds": 1.0, "s": 1e3, "seconds": 1e3}
_LARGEST_ID = 2.0**53
_IDS = ("id", "ids", "neuron", "neurons", "neuron_id", "neuron_ids", "node_id", "node_ids", "unit")


class Recorded(NamedTuple):
    """Spikes of a population: times `[E]` (ms, in order) and ids `[E]`.

    `neurons`: how many there are, spiking or not, where the file says so; `stop_ms`: its end.
    """

    ms: np.ndarray
    ids: np.ndarray
    neurons: int | None = None
    stop_ms: float | None = None


def is_run(path: Path) -> bool:
    """Return whether a file holds the results of a run; FileError if it can't be read."""
    if path.suffix.lower() in _TEXTS:
        return False
    with safe.opened(path) as file:
        return "format" in file.attrs and safe.text(file, "format") == "snnrun"


def recorded(path: Path) -> dict[str, Recorded]:
    """Return the spikes of each population of a file; one without a name is called ""."""
    if path.suffix.lower() in _TEXTS:
        with safe.explained(path):
            safe.check_regular(path)
            return {"": _ordered(*_columns(path))}
    with safe.opened(path) as file:
        if safe.has(file, "spikes"):
            return _sonata(safe.group(file, "spikes"))
        if safe.has(file, "units"):
            return {"": _nwb(safe.group(file, "units"))}
        raise ValueError("it holds neither /spikes (SONATA) nor /units (NWB)")


def _sonata(spikes: h5py.Group) -> dict[str, Recorded]:
    if safe.has(spikes, "timestamps"):
        return {"": _population(spikes)}
    return {name: _population(safe.group(spikes, name)) for name in spikes}


def _population(group: h5py.Group) -> Recorded:
    ids = safe.array(group, "node_ids" if safe.has(group, "node_ids") else "gids", "iu", ndim=1)
    times = safe.dataset(group, "timestamps", "fiu", ndim=1)
    units = safe.text(times, "units") if "units" in times.attrs else "ms"
    if units not in _TO_MS:
        raise ValueError(f"the times of {group.name} are in '{units}', not in ms or s")
    jumbled = "sorting" in group.attrs and int(safe.number(group, "sorting")) == 0
    known = [
        safe.number(group, n) if n in group.attrs else None for n in ("n_neurons", "t_stop_ms")
    ]
    found = _ordered(np.asarray(times[()], np.float64) * _TO_MS[units], ids, jumbled)
    return found._replace(
        neurons=None if known[0] is None else int(known[0]),
        stop_ms=None if known[1] is None else float(known[1]),
    )


def _nwb(units: h5py.Group) -> Recorded:
    seconds = safe.array(units, "spike_times", "f", ndim=1)
    ends = safe.array(units, "spike_times_index", "iu", ndim=1).astype(np.int64)
    numbers = np.diff(ends, prepend=0)
    if (numbers < 0).any() or numbers.sum() != seconds.size:
        raise ValueError("units/spike_times_index does not fit units/spike_times")
    found = _ordered(seconds * 1e3, np.repeat(np.arange(ends.size), numbers))
    if not safe.has(units, "obs_intervals"):
        return found._replace(neurons=ends.size)
    observed = safe.array(units, "obs_intervals", "f", ndim=2)
    stop = float(observed.max()) * 1e3 if observed.size else None
    return found._replace(neurons=ends.size, stop_ms=stop)


def _columns(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the times and ids of a text."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline(1000).strip().lstrip("# ").lower()
    mark = next((m for m in (",", ";", "\t") if m in first), None)
    words = [word.strip(" \"'") for word in first.split(mark)] if first else []
    named = not all(map(_is_number, words))
    if len(words) != 2:
        raise ValueError(f"it needs two columns, time in ms and neuron id, not {len(words)}")
    swapped = named and words[0] in _IDS
    if named and not words[int(swapped)].startswith("t"):
        raise ValueError(f"its columns are called {', '.join(words)}, not time and neuron")
    if named and words[int(swapped)].endswith(("_s", "(s)", "[s]")):
        raise ValueError("its times are in seconds; write them in ms")
    table = _table(path, mark, named)
    times, ids = table[:, int(swapped)], table[:, 1 - int(swapped)]
    if not (ids == np.floor(ids)).all() or not (np.abs(ids) < _LARGEST_ID).all():
        raise ValueError("it holds neuron ids that are no whole numbers below 2^53")
    return times, ids.astype(np.int64)


def _table(path: Path, mark: str | None, named: bool) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy warns of what is empty
        table = np.loadtxt(path, delimiter=mark, skiprows=int(named), ndmin=2, encoding="utf-8-sig")
    if table.size and table.shape[1] != 2:
        raise ValueError(f"it needs two columns, time in ms and neuron id, not {table.shape[1]}")
    return table.reshape(-1, 2)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _ordered(ms: np.ndarray, ids: Any, jumbled: bool = False) -> Recorded:
    """Return spikes in order of time; those of a neuron must be, unless the file is `jumbled`."""
    if ms.shape != ids.shape:
        raise ValueError(f"it has {ms.size} times, but {ids.size} neuron ids")
    if not np.isfinite(ms).all() or (ms < 0).any():
        raise ValueError("it holds times that are negative or not finite")
    if (ids < 0).any() or (ids.astype(np.float64) >= _LARGEST_ID).any():
        raise ValueError("it holds neuron ids that are negative or beyond 2^53")
    ids = ids.astype(np.int64)
    by_neuron = np.argsort(ids, kind="stable")
    back = (np.diff(ms[by_neuron]) < 0) & (np.diff(ids[by_neuron]) == 0)
    if back.any() and not jumbled:
        at = by_neuron[np.flatnonzero(back)[0] + 1]
        raise ValueError(
            f"the times of neuron {ids[at]} are not in order: {ms[at]:g} ms comes too late"
        )
    order = np.argsort(ms, kind="stable")
    return Recorded(ms[order], ids[order])
