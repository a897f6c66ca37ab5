"""A run, and where its time and memory went."""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from snnrun.course import draw_network
from snnrun.engine.profiler import device_peak_mb
from snnrun.experiment import Experiment
from snnrun.files import Files
from snnrun.observe import Observer
from snnrun.profile import kernels
from snnrun.profile.bandwidth import bandwidth
from snnrun.profile.stopwatch import Stopwatch
from snnrun.runner import run
from snnrun.store.folder import RunFolder
from snnrun.summary import Summary


@dataclasses.dataclass(frozen=True)
class Begun:
    """What was before the run: clocks (s) at the start, seconds to import and to compose.

    The start of Python and of the command line (about 0.1 s) is before that.
    """

    wall: float
    cpu: float
    import_s: float
    compose_s: float


@dataclasses.dataclass(frozen=True)
class Profile:
    """A run's summary, where time and memory went, and the parts of a step (if compiled)."""

    summary: Summary
    found: dict[str, Any]
    kernels: dict[str, Any] | None


def profiled(
    e: Experiment,
    config: str,
    folder: RunFolder,
    watcher: Observer,
    figure: Callable[[Summary], None],
    begun: Begun,
) -> Profile:
    """Run an experiment into a folder as `simulate` does, then time the parts of its step."""
    watch = Stopwatch(watcher)
    summary = run(e, Files(folder, config, compose_s=begun.compose_s), watch)
    watch.stage("figure")
    figure(summary)
    watch.stage("network")
    found = _resources(e, folder, summary, watch, begun)
    network = draw_network(e, 0)
    found["throughput"] = _throughput(summary.timings)
    parts = None
    if e.engine.backend != "reference":
        parts = kernels.measure(e, network, teller(folder, watcher), kernels.THOROUGH)
        found["traffic"] = _traffic(parts)
    return Profile(summary, found, parts)


def teller(folder: RunFolder, watcher: Observer) -> kernels.Tell:
    """Return what tells the observer, and status.json, what is being done."""

    def tell(what: str) -> None:
        watcher.stage(what)
        folder.status("running")

    return tell


def _resources(
    e: Experiment, folder: RunFolder, summary: Summary, watch: Stopwatch, begun: Begun
) -> dict[str, Any]:
    t = summary.timings
    wall, cpu = time.perf_counter() - begun.wall, time.process_time() - begun.cpu
    simulate_wall, simulate_cpu = watch.spent("simulate")
    compiled = e.engine.backend != "reference"
    return {
        "phases": _phases(t, watch, begun, wall),
        "total_s": wall,
        "cache": t["cache"],
        "cpu": {
            "cpu_s": cpu,
            "cores_busy": cpu / wall,
            "simulate_cpu_s": simulate_cpu,
            "simulate_cores_busy": simulate_cpu / max(simulate_wall, 1e-9),
        },
        "memory": {
            "peak_host_mb": t["peak_memory_mb"],
            "peak_device_mb": device_peak_mb() if compiled else None,
            "over_time": watch.memory,
        },
        "files": {
            "results_bytes": folder.results.stat().st_size,
            "checkpoints_bytes": _bytes_under(folder.path / "checkpoints"),
        },
    }


def _phases(
    t: dict[str, Any], watch: Stopwatch, begun: Begun, total_s: float
) -> list[dict[str, Any]]:
    """Return seconds and share of each phase; what is written while simulating counts once."""
    closing_s = watch.spent("statistics")[0] - t["statistics_s"]
    seconds = {
        "import": begun.import_s,
        "compose": begun.compose_s,
        "build": t["build_s"],
        "trace": t["trace_s"],
        "compile": t["compile_s"],
        "simulate": t["simulate_s"] - t["write_s"],
        "statistics": t["statistics_s"],
        "write": t["write_s"] + closing_s,
        "figure": watch.spent("figure")[0],
    }
    seconds["rest"] = total_s - sum(seconds.values())
    return [{"name": n, "seconds": s, "share": s / total_s} for n, s in seconds.items()]


def _throughput(t: dict[str, Any]) -> dict[str, float]:
    names = ("steps_per_s", "updates_per_s", "neuron_updates_per_s", "synaptic_events_per_s")
    found = {name: t[name] for name in (*names, "realtime_factor")}
    return found | {"synapse_steps_per_s": t["updates_per_s"]}  # the same, by its older name


def _traffic(parts: dict[str, Any]) -> dict[str, Any]:
    """Return the bytes that a step moves at least, and how fast, beside what a copy reaches."""
    moved = dict(parts["bytes"])
    moved["events"] = moved.pop("event") * parts["events_per_step"]
    per_step = sum(moved.values())
    return {
        "bytes_per_step": {**moved, "all": per_step},
        "gb_per_s": per_step / parts["whole_us"] / 1e3,
        "copy": bandwidth(),
    }


def _bytes_under(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.glob("*"))
