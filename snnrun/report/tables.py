"""Tables of results and of configurations."""

import math
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from snnrun.health import REMEDIES

_SHORT = {"spikes/s": "sp/s"}


def show_summary(found: dict[str, Any], folder: Path) -> None:
    """Print statistics, health, times and where the files are."""
    console = Console(soft_wrap=True, highlight=False)
    statistics = found["statistics"]
    if statistics:
        console.print(_statistics(statistics))
        if note := _errors(statistics):
            console.print(note)
        for line in _reasons(statistics):
            console.print(line)
    if costs := found.get("costs"):
        terms = ", ".join(f"{name} {value:.4g}" for name, value in found["terms"].items())
        each = ", ".join(f"{name} {value:.6g}" for name, value in costs.items())
        console.print(f"{each} ({terms})")
    health, timings = found["health"], found["timings"]
    details = ", ".join(f"{k} {v}" for k, v in health["details"].items() if k != "rates")
    console.print(f"health: {health['verdict']}" + (f" ({details})" if details else ""))
    if health["verdict"] in REMEDIES:
        console.print(f"        {REMEDIES[health['verdict']]}")
    console.print(_times(timings))
    console.print(f"results: {folder}/results.h5")
    if (folder / "overview.png").exists():
        console.print(f"figure:  {folder}/overview.png")


def _statistics(statistics: dict[str, Any]) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True, show_edge=False)
    table.add_column("statistic", no_wrap=True)
    names = list(dict.fromkeys(n for found in statistics.values() for n in found))
    for population in statistics:
        table.add_column(population, justify="right", no_wrap=True)
    table.add_column("units")
    for name in names:
        cells = [_cell(statistics[p].get(name)) for p in statistics]
        units = next(s[name]["units"] for s in statistics.values() if name in s)
        table.add_row(name, *cells, _SHORT.get(units, units))
    return table


def _errors(statistics: dict[str, Any]) -> str | None:
    """Return what the standard errors are errors over; None where there is none."""
    entries = [entry for found in statistics.values() for entry in found.values()]
    over = {entry.get("se_over", "time") for entry in entries if entry["se"] is not None}
    if not over:
        return None
    if over & {"trials", "networks"}:
        return f"± standard error over {over.pop()}"
    what = "time and draws of neurons" if "time and draws" in over else "time"
    return f"± standard error over {what}; trials=5 network.per_trial=true: over networks"


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
    """Print a table of parameters: name, value, unit, meaning."""
    table = Table(box=None, pad_edge=False)
    for column in ("parameter", "value", "unit", "meaning"):
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    Console(soft_wrap=True, highlight=False).print(table)
