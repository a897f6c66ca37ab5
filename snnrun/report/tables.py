"""Tables of results and of configurations."""

import math
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from snnrun.health import REMEDIES
from snnrun.report.columns import console, parts_of, show_table

_SHORT = {"spikes/s": "sp/s"}


def show_summary(found: dict[str, Any], folder: Path) -> None:
    """Print statistics, health, times and where the files are."""
    to = console()
    statistics = found["statistics"]
    if statistics:
        _show_statistics(to, statistics)
        if note := _errors(statistics):
            to.print(note, soft_wrap=False)
        for line in _reasons(statistics):
            to.print(line)
    if costs := found.get("costs"):
        terms = ", ".join(f"{name} {value:.4g}" for name, value in found["terms"].items())
        each = ", ".join(f"{name} {value:.6g}" for name, value in costs.items())
        to.print(f"{each} ({terms})")
    health, timings = found["health"], found["timings"]
    details = ", ".join(f"{k} {v}" for k, v in health["details"].items() if k != "rates")
    to.print(f"health: {health['verdict']}" + (f" ({details})" if details else ""))
    if health["verdict"] in REMEDIES:
        to.print(f"        {REMEDIES[health['verdict']]}")
    to.print(_times(timings))
    to.print(f"results: {folder}/results.h5")
    if (folder / "overview.png").exists():
        to.print(f"figure:  {folder}/overview.png")


def _show_statistics(to: Console, statistics: dict[str, Any]) -> None:
    """Print the statistics in rows; the populations where these do not fit and take fewer lines."""
    names = list(dict.fromkeys(n for found in statistics.values() for n in found))
    units = [_units(statistics, name) for name in names]
    cells = [[_cell(statistics[p].get(name)) for p in statistics] for name in names]
    columns = ["statistic", *(f">{population}" for population in statistics), "units"]
    rows = [[n, *row, unit] for n, row, unit in zip(names, cells, units, strict=True)]
    titles = [f">{n} {unit}".rstrip() for n, unit in zip(names, units, strict=True)]
    turned = [list(row) for row in zip(statistics, *cells, strict=True)]
    flat = ["population", *titles]
    parts = parts_of(to, columns, rows, True)
    if parts > 1 and parts_of(to, flat, turned) * len(turned) < parts * len(rows):
        show_table(to, flat, turned)
    else:
        show_table(to, columns, rows, True)


def _units(statistics: dict[str, Any], name: str) -> str:
    units = next(found[name]["units"] for found in statistics.values() if name in found)
    return _SHORT.get(units, units)


def _errors(statistics: dict[str, Any]) -> str | None:
    """Return what the standard errors are errors over; None where there is none."""
    entries = [entry for found in statistics.values() for entry in found.values()]
    over = {entry.get("se_over", "time") for entry in entries if entry["se"] is not None}
    if not over:
        return None
    if "networks" in over:
        return "± standard error over networks"
    if "trials" in over:
        return "± standard error over trials of one network"
    what = "time and draws of neurons" if "time and draws" in over else "time"
    return f"± standard error over {what}; with trials=5 network.per_trial=true over networks"


def _reasons(statistics: dict[str, Any]) -> list[str]:
    """Return why statistics have no value, one line a reason."""
    which: dict[str, list[str]] = {}
    for population, found in statistics.items():
        for name, entry in found.items():
            if entry.get("reason"):
                which.setdefault(entry["reason"], []).append(f"{population}.{name}")
    return [f"no value of {', '.join(names)}: {reason}" for reason, names in which.items()]


def _cell(entry: dict[str, Any] | None) -> str:
    if entry is None:
        return ""
    if entry["value"] is None:
        return "-"
    if isinstance(entry["value"], list):
        shown = ["-" if v is None else f"{v:.3g}" for v in entry["value"][:5]]
        return " ".join(shown) + (" …" if len(entry["value"]) > len(shown) else "")
    if entry["se"] is None:
        return f"{entry['value']:.4g}"
    digits = max(0, 1 - math.floor(math.log10(entry["se"]))) if entry["se"] > 0 else 4
    return f"{entry['value']:.{digits}f} ± {entry['se']:.{digits}f}"


def _times(t: dict[str, Any]) -> str:
    step_us = 1e6 / t["steps_per_s"]
    return (
        f"build {t['build_s']:.2f} s, trace {t['trace_s']:.2f} s,"
        f" compile {t['compile_s']:.2f} s (cache {t['cache']}), simulate {t['simulate_s']:.2f} s"
        f" ({step_us:.2f} µs a step, {t['realtime_factor']:.2f} x real time),"
        f" statistics {t['statistics_s']:.2f} s"
    )


def show_parameters(rows: list[tuple[str, str, str, str]]) -> None:
    """Print a table of parameters: name, value, unit, meaning; what is long is folded."""
    table = Table(box=None, pad_edge=False)
    for k, column in enumerate(("parameter", "value", "unit", "meaning")):
        longest = max((len(word) for row in rows for word in row[k].split()), default=0)
        table.add_column(column, overflow="fold", min_width=longest if column == "value" else None)
    for row in rows:
        table.add_row(*row)
    console().print(table)
