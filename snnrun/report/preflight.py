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
    for path, values in found.get("sweep", {}).items():  # of which this is one point
        shown = values if isinstance(values, str) else ", ".join(map(str, values))
        console.print(f"sweep:  {path}: {shown}")
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
    measured = found["measured"]
    start = f"first {measured['ms']:.4g} ms sp/s" if measured else "measured"
    table = _table("population", "expected sp/s", start, "events a step", "E pA", "I pA")
    for name, expected in found["inputs"].items():
        currents = (expected["excitatory"], expected["inhibitory"])
        table.add_row(
            name,
            f"{found['rates_expected'][name]:.4g}",
            f"{measured['rates'][name]:.4g}" if measured else "-",
            f"{expected['events_per_step']:.3g}",
            *("-" if current is None else f"{current:.3g}" for current in currents),
        )
    return table


def _balanced(found: dict[str, Any]) -> str:
    if found["balanced"]:
        rates = ", ".join(f"{name} {rate:.2f}" for name, rate in found["balanced"].items())
        return (
            f"balanced state: {rates} sp/s (expected above; limit of large N: leak and threshold"
            " are left out)"
        )
    assumed = sorted({found["rates_expected"][name] for name in found["inputs"]})
    return (
        f"balanced state: no prediction ({found['balanced_reason']});"
        f" {assumed[0]:g} sp/s is assumed"
    )


def _time(found: dict[str, Any]) -> str:
    measured = found["measured"]
    if measured is None:
        return "not measured"
    together = f" of {measured['lanes']} trials" if measured["lanes"] > 1 else ""
    return (
        f"{_duration(found['seconds'])} (build {measured['build_s']:.2f} s, compile"
        f" {measured['compile_s']:.2f} s (cache {measured['cache']}),"
        f" {measured['step_s'] * 1e6:.3g} µs a step{together}, measured over"
        f" {measured['ms']:.4g} ms)"
    )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.3g} min" if seconds < 7200 else f"{seconds / 3600:.3g} h"


def _size(mb: float) -> str:
    return f"{mb / 1024:.3g} GB" if mb >= 1000 else f"{mb:.3g} MB"


def _parts(parts: dict[str, float]) -> str:
    return ", ".join(f"{name} {_size(mb)}" for name, mb in parts.items() if mb >= 0.005) or "none"
