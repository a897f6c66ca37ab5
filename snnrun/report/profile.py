"""A profile as tables: phases, throughput and memory, the parts of a step, how they grow."""

from pathlib import Path
from typing import Any

from rich.console import Console

from snnrun.memory import MB
from snnrun.report.columns import console, show_table

_ALONE = 0.9  # cores


def show_profile(
    found: dict[str, Any],
    parts: dict[str, Any] | None,
    growth: dict[str, Any] | None,
    folder: Path,
) -> None:
    """Print all that was measured, and where the files are."""
    to = console()
    _show_phases(to, found)
    for line in _lines(found):
        to.print(line)
    to.print()
    if parts is None:
        to.print("parts of a step: none; backend=reference is not compiled")
    else:
        _show_kernels(to, parts)
        to.print(_adds_up(parts))
        _warn_if_shared(to, parts["device"], [parts])
    if parts is not None and growth is not None:
        _show_growth(to, growth)
        _warn_if_shared(to, parts["device"], growth["sizes"])
    files = [
        "results.h5",
        "overview.png",
        "profile.json",
        "kernel_profile.json",
        "scaling.json",
        "scaling.png",
    ]
    to.print(f"in {folder}/: {', '.join(f for f in files if (folder / f).exists())}")


def _show_phases(to: Console, found: dict[str, Any]) -> None:
    rows: list[Any] = []
    for phase in found["phases"]:
        name = phase["name"]
        name += f" (cache {found['cache']})" if name == "compile" else ""
        rows.append([name, f"{phase['seconds']:.3f}", f"{100 * phase['share']:.1f}"])
    show_table(
        to, ("phase", ">s", ">%"), [*rows, None, ["all", f"{found['total_s']:.3f}", "100.0"]]
    )


def _lines(found: dict[str, Any]) -> list[str]:
    t, cpu, memory, files = (found[k] for k in ("throughput", "cpu", "memory", "files"))
    device = memory["peak_device_mb"]
    lines = [
        f"speed: {t['steps_per_s']:.4g} steps/s, {t['neuron_updates_per_s']:.3g} neuron updates/s,"
        f" {t['updates_per_s']:.3g} synapse-steps/s,"
        f" {t['synaptic_events_per_s']:.3g} synaptic events/s, {t['realtime_factor']:.3g} x real"
        " time",
        f"CPU: {cpu['cpu_s']:.2f} s, {cpu['cores_busy']:.2f} cores busy"
        f" ({cpu['simulate_cores_busy']:.2f} while simulating)",
        f"memory: peak {memory['peak_host_mb']:.0f} MB"
        + ("" if device is None else f", device {device:.0f} MB")
        + _growth_of_memory(memory["over_time"]),
        f"files: results.h5 {files['results_bytes'] / MB:.2f} MB,"
        f" checkpoints {files['checkpoints_bytes'] / MB:.2f} MB",
    ]
    return lines + ([_traffic(found["traffic"])] if "traffic" in found else [])


def _growth_of_memory(samples: list[list[float]]) -> str:
    if len(samples) < 2:
        return ""
    (first_ms, first), (last_ms, last) = samples[0], samples[-1]
    return f"; {first:.0f} MB at {first_ms:g} ms, {last:.0f} MB at {last_ms:g} ms"


def _traffic(t: dict[str, Any]) -> str:
    copies = ", ".join(
        f"{c['gb_per_s']:.3g} GB/s {c['bytes'] / MB:g} MB" for c in t["copy"].values()
    )
    return (
        f"bytes moved (estimate): {t['bytes_per_step']['all'] / 1024:.4g} KB a step,"
        f" {t['gb_per_s']:.3g} GB/s; copying reaches {copies}"
    )


def _show_kernels(to: Console, parts: dict[str, Any]) -> None:
    rows: list[Any] = []
    for row in parts["kernels"]:
        low, high = row["quartiles_us"]
        cells = (f"{row['us_per_step']:.3f}", f"{100 * row['share']:.1f}")
        rows.append([row["name"], *cells, f"{low:.3f} … {high:.3f}"])
    rows.append(None)
    whole = parts["whole_us"]
    low, high = parts["whole_quartiles_us"]
    for name, value, span in (
        ("sum", parts["sum_us"], ""),
        ("whole step", whole, f"{low:.3f} … {high:.3f}"),
        ("unexplained", parts["unexplained_us"], ""),
    ):
        rows.append([name, f"{value:.3f}", f"{100 * value / whole:.1f}", span])
    show_table(to, ("part of a step", ">µs", ">%", ">half of the rounds"), rows)


def _adds_up(parts: dict[str, Any]) -> str:
    lanes = f" of {parts['lanes']} trials" if parts["lanes"] > 1 else ""
    event, costs = parts["ns_per_event"], [row["us_per_step"] for row in parts["kernels"]]
    return (
        f"each part: the step with it minus the step without it, medians of {parts['rounds']}"
        f" rounds of {parts['steps']} steps{lanes} from {parts['from_ms']:g} ms on;"
        f" {parts['ns_per_neuron_step']:.3g} ns a neuron-step,"
        f" {parts['events_per_step']:.4g} synaptic events a step"
        + ("" if event is None else f", {event:.3g} ns each")
        + ("" if min(costs) >= 0 else "; a negative part: the step is slower without it")
    )


def _warn_if_shared(console: Console, device: str, timed: list[dict[str, Any]]) -> None:
    """Say when something else took the processor away while parts were timed on it."""
    least = min((each["cores_busy"] for each in timed), default=1.0)
    if device.startswith("cpu") and least < _ALONE:
        console.print(
            f"warning: only {least:.2f} cores were busy with the timing: others use this machine,"
            " times are too long"
        )


def _show_growth(to: Console, growth: dict[str, Any]) -> None:
    names = list(growth["exponents"])[1:]
    columns = ("synapses", "events", "step", *names, "unexplained", "ns a neuron")
    rows: list[Any] = []
    for row in growth["sizes"]:
        rows.append(
            [
                f"{row['neurons']:,}",
                f"{row['synapses']:,}",
                _short(row["events_per_step"]),
                _short(row["us_per_step"]),
                *(_short(row["kernels"][n]) if n in row["kernels"] else "" for n in names),
                _short(row["unexplained_us"]),
                _short(row["ns_per_neuron_step"]),
            ]
        )
    rows.append(None)
    for axis, label in (
        ("neurons", "~ neurons^"),
        ("neurons_largest", "… largest two"),
        ("synapses", "~ synapses^"),
    ):
        slopes = {name: each[axis] for name, each in growth["exponents"].items()}
        rows.append(
            [label, "", "", *("-" if s is None else f"{s:.2f}" for s in slopes.values()), "", ""]
        )
    to.print()
    show_table(to, ["neurons", *(f">{name}" for name in columns)], rows)
    to.print(
        "step and its parts in µs a step; events: synaptic events a step; exponents and figure"
        " leave out what is not above the noise"
    )
    to.print(f"scaled by {growth['how']}")
    for skipped in growth["skipped"]:
        to.print(f"skipped {skipped['neurons']:,} neurons: {skipped['reason']}")


def _short(x: float) -> str:
    """Return a number with about three digits."""
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.1f}" if abs(x) >= 10 else f"{x:.2f}"
