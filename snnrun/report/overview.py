"""overview.png: raster, population rates, distributions over neurons."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from snnrun.report.picture import save
from snnrun.report.sweep_axis import plain

_COLOURS = {"excitatory": ("#1f5fa8", "#4f94cd", "#7a6fb0"), "inhibitory": ("#c0392b", "#e07b39")}
_RASTER_MS = 1000.0
_RASTER_ROWS = 400
_BIN_MS = 10.0


class Trains(NamedTuple):
    """Spikes of a population: times (ms) and neuron ids, in order of time."""

    name: str
    type: str
    neurons: int
    ms: np.ndarray
    ids: np.ndarray


def draw(
    path: Path,
    title: str,
    trains: list[Trains],
    warmup_ms: float,
    stop_ms: float,
    start_ms: float = 0.0,
) -> None:
    """Draw the figure of a run; populations without recorded spikes are left out.

    `path`: a png (also without a suffix), pdf or svg; `warmup_ms`: where statistics begin, as all
    times counted from t = 0; `start_ms`: where the run does.
    ConfigError for another suffix; FileError if it can't be written.
    """
    save(lambda: _figure(title, trains, warmup_ms, stop_ms, start_ms), path, dpi=110)


def _figure(
    title: str, trains: list[Trains], warmup_ms: float, stop_ms: float, start_ms: float
) -> Figure:
    figure = Figure(figsize=(11, 7.5))
    FigureCanvasAgg(figure)
    figure.suptitle(plain(title))
    axes = figure.subplot_mosaic(
        [["raster"] * 3, ["raster"] * 3, ["rate"] * 3, ["rates", "isi", "fano"]]
    )
    figure.subplots_adjust(left=0.12, right=0.98, top=0.92, bottom=0.07, hspace=0.75, wspace=0.25)
    colours = _colours(trains)
    begin = max(start_ms, min(warmup_ms, stop_ms - _RASTER_MS))
    _raster(axes["raster"], trains, colours, begin, min(begin + _RASTER_MS, stop_ms))
    _rate(axes["rate"], trains, colours, start_ms, stop_ms)
    _distributions(axes, trains, colours, warmup_ms, stop_ms)
    return figure


def _colours(trains: list[Trains]) -> dict[str, str]:
    used = dict.fromkeys(_COLOURS, 0)
    found = {}
    for train in trains:
        shades = _COLOURS.get(train.type, ("#555555",))
        found[train.name] = shades[used.get(train.type, 0) % len(shades)]
        used[train.type] = used.get(train.type, 0) + 1
    return found


def _raster(
    axes: Axes, trains: list[Trains], colours: dict[str, str], begin: float, end: float
) -> None:
    total = sum(t.neurons for t in trains)
    row, ticks = 0, []
    for train in trains:
        rows = max(1, min(train.neurons, round(_RASTER_ROWS * train.neurons / max(1, total))))
        here = (train.ms >= begin) & (train.ms < end)
        shown = train.ids[here].astype(int) * rows // train.neurons  # neighbours share a row
        if rows < train.neurons:
            first = np.unique(np.arange(train.neurons) * rows // train.neurons, return_index=True)[
                1
            ]
            single = np.isin(train.ids[here], first)
            axes.plot(
                train.ms[here][single], row + shown[single], "|", ms=2.5, color=colours[train.name]
            )
        else:
            axes.plot(train.ms[here], row + shown, "|", ms=2.5, color=colours[train.name])
        ticks.append((row + rows / 2, f"{train.name} ({rows} of {train.neurons})"))
        row += rows
    axes.set(xlim=(begin, end), ylim=(max(row, 1), 0), xlabel="time (ms)", title="spikes")
    if not trains:
        axes.text(0.5, 0.5, "no spikes were recorded", transform=axes.transAxes, ha="center")
    axes.set_yticks([y for y, _ in ticks], [label for _, label in ticks])


def _rate(
    axes: Axes, trains: list[Trains], colours: dict[str, str], start_ms: float, stop_ms: float
) -> None:
    edges = np.arange(start_ms, stop_ms + _BIN_MS / 2, _BIN_MS)
    for train in trains:
        if edges.size > 1:
            counts = np.histogram(train.ms, edges)[0]
            rate = counts / train.neurons / (_BIN_MS / 1000)
            axes.plot(
                edges[:-1] + _BIN_MS / 2, rate, lw=0.7, color=colours[train.name], label=train.name
            )
    axes.set(xlabel="time (ms)", ylabel="sp/s", xlim=(start_ms, stop_ms))
    axes.set_title(f"population rate ({_BIN_MS:g} ms bins)")
    if trains and edges.size > 1:
        axes.legend(loc="upper right", ncols=len(trains))


def _distributions(
    axes: dict[str, Axes],
    trains: list[Trains],
    colours: dict[str, str],
    warmup_ms: float,
    stop_ms: float,
) -> None:
    """Histograms over neurons: rate, coefficient of variation of intervals, Fano factor."""
    seconds = max(stop_ms - warmup_ms, 1e-9) / 1000
    for train in trains:
        late = train.ms > warmup_ms
        ms, ids = train.ms[late], train.ids[late].astype(int)
        _histogram(
            axes["rates"], np.bincount(ids, minlength=train.neurons) / seconds, colours[train.name]
        )
        _histogram(axes["isi"], _cv(ms, ids), colours[train.name])
        _histogram(
            axes["fano"], _fano(ms - warmup_ms, ids, train.neurons, seconds), colours[train.name]
        )
    for name, label in (
        ("rates", "rate (sp/s)"),
        ("isi", "CV of intervals"),
        ("fano", "Fano factor (200 ms)"),
    ):
        axes[name].set(xlabel=label, ylabel="neurons")


def _histogram(axes: Axes, values: np.ndarray, colour: str) -> None:
    values = values[np.isfinite(values)]
    if values.size:
        axes.hist(values, bins=30, color=colour, alpha=0.55)


def _cv(ms: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Return SD over mean of the intervals of each neuron with at least four."""
    order = np.argsort(ids, kind="stable")
    same = np.diff(ids[order]) == 0
    interval, owner = np.diff(ms[order])[same], ids[order][1:][same]
    number = np.bincount(owner)
    enough = number >= 4
    mean = np.bincount(owner, interval)[enough] / number[enough]
    square = np.bincount(owner, interval**2)[enough] / number[enough]
    return np.sqrt(np.maximum(square - mean**2, 0)) / mean


def _fano(ms: np.ndarray, ids: np.ndarray, neurons: int, seconds: float) -> np.ndarray:
    windows = int(seconds * 1000 / 200 + 1e-9)
    if windows < 2:
        return np.zeros(0)
    row = ((ms - 1e-6) // 200).astype(int)
    flat = row[row < windows] * neurons + ids[row < windows]
    counts = np.bincount(flat, minlength=windows * neurons).reshape(windows, neurons)
    counts = counts[:, counts.any(axis=0)]
    return counts.var(axis=0, ddof=1) / counts.mean(axis=0)
