"""The pre-flight as tables: what a run needs, projections, populations, warnings."""

from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


def show_preflight(found: dict[str, Any], quiet: bool) -> None:
    """Print needs and warnings, and unless `quiet` what is expected of the network."""
    console = Console(soft_wrap=True, highlight=False, markup=False)
    console.print(f"memory: {_size(found['memory_mb'])} ({_parts(found['memory'])})")
    console.print(f"disk:   {_size(found['disk_mb'])} ({_parts(found['disk'])})")
    console.print(f"time:   {_time(found)}")
    if not quiet:
        if found["projections"]:
            console.print()
            console.print(_projections(found["projections"]))
        console.print()
        console.print(_populations(found))
        console.print(_balanced(found))
    if found["warnings"]:
        console.print()
    for warning in found["warnings"]:
        console.print(f"warning: {warning}")


def _table(*columns: str) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True, show_edge=False)
    for i, column in enumerate(columns):
        table.add_column(column, justify="right" if i else "left", no_wrap=True)
    return table


def _projections(projections: dict[str, Any]) -> Table:
    table = _table("projection", "contacts", "a source", "a target", "a pair")
    for name, p in projections.items():
        degrees = (f"{p[key]:.5g}" for key in ("out_degree", "in_degree"))
        table.add_row(name, f"{p['contacts']:,}", *degrees, f"{p['density']:.3g}")
    return table


def _populations(found: dict[str, Any]) -> Table:
    measured, source = found["measured"], found["rates_source"]
    columns = {}
    if source != "measured":
        columns[f"{source} sp/s"] = found["rates_expected"]
    if measured:
        columns[f"first {measured['ms']:.4g} ms sp/s"] = measured["rates"]
    table = _table("population", *columns, "events a step", "E pA", "I pA")
    for name, expected in found["inputs"].items():
        currents = (expected["excitatory"], expected["inhibitory"])
        table.add_row(
            name,
            *(f"{rates[name]:.4g}" for rates in columns.values()),
            f"{expected['events_per_step']:.3g}",
            *("-" if current is None else f"{current:.3g}" for current in currents),
        )
    return table


def _balanced(found: dict[str, Any]) -> str:
    source = f"input is that at {found['rates_source']} rates"
    if found["balanced"]:
        rates = ", ".join(f"{name} {rate:.2f}" for name, rate in found["balanced"].items())
        return (
            f"balanced state: {rates} sp/s (limit of large N: leak and threshold are left out);"
            f" {source}"
        )
    return f"balanced state: no prediction ({found['balanced_reason']}); {source}"


def _time(found: dict[str, Any]) -> str:
    measured = found["measured"]
    if measured is None:
        return "not measured"
    together = f" of {measured['lanes']} trials" if measured["lanes"] > 1 else ""
    whole = max(found["seconds"], 1e-9)
    parts = ", ".join(
        f"{name} {_duration(float(f'{s:.2g}'))} ({s / whole:.0%})"
        for name, s in found["time"].items()
        if s >= 0.005 * whole
    )
    return (
        f"{_duration(found['seconds'])} ({parts}); cache {measured['cache']},"
        f" {measured['step_s'] * 1e6:.3g} µs a step{together}, measured over"
        f" {measured['ms']:.4g} ms"
    )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"


def _size(mb: float) -> str:
    return f"{mb / 1024:.3g} GB" if mb >= 1000 else f"{mb:.3g} MB"


def _parts(parts: dict[str, float]) -> str:
    return ", ".join(f"{name} {_size(mb)}" for name, mb in parts.items() if mb >= 0.005) or "none"
