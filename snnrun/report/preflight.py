"""The pre-flight as tables: what a run needs, projections, populations, warnings."""

from typing import Any

from rich.console import Console

from snnrun.report.columns import console, show_table


def show_preflight(found: dict[str, Any], quiet: bool) -> None:
    """Print needs and warnings, and unless `quiet` what is expected of the network."""
    to = console()
    to.print(f"memory: {_size(found['memory_mb'])} ({_parts(found['memory'])})")
    to.print(f"disk:   {_size(found['disk_mb'])} ({_parts(found['disk'])})")
    to.print(f"time:   {_time(found)}")
    for path, values in found.get("sweep", {}).items():  # of which this is one point
        shown = values if isinstance(values, str) else ", ".join(map(str, values))
        to.print(f"sweep:  {path}: {shown}")
    if not quiet:
        if found["projections"]:
            to.print()
            _show_projections(to, found["projections"])
        to.print()
        _show_populations(to, found)
        to.print(_balanced(found))
    if found["warnings"]:
        to.print()
    for warning in found["warnings"]:
        to.print(f"warning: {warning}")


def _show_projections(to: Console, projections: dict[str, Any]) -> None:
    columns = ("projection", ">contacts", ">a source", ">a target", ">a pair")
    rows = []
    for name, p in projections.items():
        degrees = (f"{p[key]:.5g}" for key in ("out_degree", "in_degree"))
        rows.append([name, f"{p['contacts']:,}", *degrees, f"{p['density']:.3g}"])
    show_table(to, columns, rows)


def _show_populations(to: Console, found: dict[str, Any]) -> None:
    measured, source = found["measured"], found["rates_source"]
    shown = {}
    if source != "measured":
        shown[f">{source} sp/s"] = found["rates_expected"]
    if measured:
        shown[f">first {measured['ms']:.4g} ms sp/s"] = measured["rates"]
    rows, units = [], {expected["unit"] for expected in found["inputs"].values()}
    for name, expected in found["inputs"].items():
        currents = (expected["excitatory"], expected["inhibitory"])
        rates = (f"{rates[name]:.4g}" for rates in shown.values())
        each = ("-" if current is None else f"{current:.3g}" for current in currents)
        own = [expected["unit"]] if len(units) > 1 else []
        rows.append([name, *rates, f"{expected['events_per_step']:.3g}", *each, *own])
    same = f" {next(iter(units))}".rstrip() if len(units) == 1 else ""
    columns = ["population", *shown, ">events a step", f">E input{same}", f">I input{same}"]
    show_table(to, [*columns, "unit"] if len(units) > 1 else columns, rows)


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
