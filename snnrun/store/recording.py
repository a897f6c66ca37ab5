"""Reading spikes that somebody recorded: SONATA, NWB, CSV.

    SONATA   /spikes/<population>/{timestamps, node_ids}; old files: /spikes/{timestamps, gids}
    NWB      /units/{spike_times, spike_times_index}, in seconds
    CSV      two columns, time and neuron id; a first line may name them

Times are in ms where nothing names another unit: the attribute `units`, or the name of a column,
such as time_s, time (sec), t [us].

Shapes: `E` spikes.
"""

import re
import unicodedata
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from snnrun.store import opened as safe

_TEXTS = (".csv", ".tsv", ".txt")
_UNITS = {
    1e-6: ("ns", "nsec", "nanosecond", "nanoseconds"),
    1e-3: ("us", "\u03bcs", "usec", "\u03bcsec", "microsec", "microsecond", "microseconds"),
    1.0: ("ms", "msec", "msecs", "millisec", "millisecond", "milliseconds"),
    1e3: ("s", "sec", "secs", "second", "seconds"),
    6e4: ("min", "mins", "minute", "minutes"),
    3.6e6: ("h", "hr", "hrs", "hour", "hours"),
}
_TO_MS = {name: factor for factor, names in _UNITS.items() for name in names}
_TIMES = ("t", "time", "times", "timestamp", "timestamps")
_BESIDE = ("spike", "spikes", "stamp", "stamps", "in", "of")  # say nothing of the unit
_UNSORTED = ("0", "none", "unknown")
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
    ids = safe.dataset(group, "node_ids" if safe.has(group, "node_ids") else "gids", "iu", ndim=1)
    times = safe.dataset(group, "timestamps", "fiu", ndim=1)
    ms = np.asarray(times[()], np.float64) * _unit_of(times, "ms")
    known = [
        safe.number(group, n) if n in group.attrs else None for n in ("n_neurons", "t_stop_ms")
    ]
    found = _ordered(ms, ids[()], jumbled=_sorting(group, ids) in _UNSORTED)
    return found._replace(
        neurons=None if known[0] is None else int(known[0]),
        stop_ms=None if known[1] is None else float(known[1]),
    )


def _sorting(*holders: Any) -> str:
    """Return how spikes are sorted, by the first that says so; empty where none does.

    The standard has a number for it, bmtk writes a word.
    """
    for holder in holders:
        if "sorting" in holder.attrs:
            if safe.is_text(holder, "sorting"):
                return safe.text(holder, "sorting").strip().lower()
            found = np.ravel(safe.number(holder, "sorting"))  # some write an array of one number
            if found.size != 1:
                raise ValueError(f"attribute sorting of {holder.name} is no single number")
            return str(int(found[0]))
    return ""


def _unit_of(times: h5py.Dataset, usual: str) -> float:
    """Return how many ms the unit of some times is; ValueError where it is not known."""
    for name in ("units", "unit"):
        if name in times.attrs:
            usual = safe.text(times, name)
    return _in_ms(usual, f"the times of {times.name}")


def _in_ms(unit: str, what: str) -> float:
    factor = _TO_MS.get(unicodedata.normalize("NFKC", unit).strip().lower())
    if factor is None:
        raise ValueError(f"{what} are in '{unit}', not in ms or s (or ns, us, min, h)")
    return factor


def _nwb(units: h5py.Group) -> Recorded:
    times = safe.dataset(units, "spike_times", "f", ndim=1)
    ms = times[()] * _unit_of(times, "s")
    ends = safe.array(units, "spike_times_index", "iu", ndim=1).astype(np.int64)
    numbers = np.diff(ends, prepend=0)
    if (numbers < 0).any() or numbers.sum() != ms.size:
        raise ValueError("units/spike_times_index does not fit units/spike_times")
    found = _ordered(ms, np.repeat(np.arange(ends.size), numbers))
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
    unit = _unit_in(words[int(swapped)]) if named else "ms"
    if unit is None:
        raise ValueError(f"its columns are called {', '.join(words)}, not time and neuron")
    table = _table(path, mark, named)
    times = table[:, int(swapped)] * _in_ms(unit, "its times")
    ids = table[:, 1 - int(swapped)]
    if not (ids == np.floor(ids)).all() or not (np.abs(ids) < _LARGEST_ID).all():
        raise ValueError("it holds neuron ids that are no whole numbers below 2^53")
    return times, ids.astype(np.int64)


def _unit_in(name: str) -> str | None:
    """Return the unit that the name of a column of times says, `ms` where none; None of others."""
    words = re.findall(r"[^\W_]+", name)
    if not set(words) & set(_TIMES):
        return None
    return " ".join(word for word in words if word not in (*_TIMES, *_BESIDE)) or "ms"


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
