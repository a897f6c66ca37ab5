"""A sweep against the same points as single runs, and against a Brian2 binary run again and again.

1000 EIF neurons (`snops_eif`), 1 s, statistics only, one command on all cores:

    python -m tests.bench.sweep --side 50 --repeats 25

Single runs and Brian2's binary are timed whole (process, network, simulation), in turns, and
multiplied to the number of points. Brian2's is built once; its points would differ in run_args.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.runs import CONF, ROOT, environment, python_of, simulate

NETWORK = ["network=snops_eif", "duration.ms=1000", "duration.warmup_ms=200", "record=none"]


def keys(side: int) -> list[str]:
    """Return the swept weights: `side` x `side` points."""
    return [
        f"network.projections.EE.weight=range(0,{0.5 * side},0.5)",
        f"network.projections.EI.weight=range(-80,{-80 + side},1)",
    ]


def swept(side: int, folder: Path) -> float:
    """Return the seconds of a sweep."""
    command = [sys.executable, "-m", "snnrun", "sweep", "--quiet", "--out", str(folder / "sweep")]
    command += ["-C", str(CONF), *NETWORK, *keys(side)]
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment(), check=False)
    assert done.returncode in (0, 4), done
    return time.perf_counter() - begun


def built(folder: Path) -> Path:
    """Build Brian2's binary; returns its folder."""
    place = folder / "brian2"
    command = [python_of("brian2"), "-m", "tests.bench.peers.snops", "--peer", "brian2"]
    command += ["--ms", "1000", "--folder", str(place), "--repeats", "1"]
    subprocess.run(command, cwd=ROOT, env=environment(), check=True, stdout=subprocess.DEVNULL)
    return place


def at_once(place: Path, number: int) -> float:
    """Return the seconds of so many runs of the binary at once, each in a copy of its folder."""
    copies = [place.with_name(f"brian2_{i}") for i in range(number)]
    for copy in copies:
        if not copy.exists():
            subprocess.run(["cp", "-r", str(place), str(copy)], check=True)
    begun = time.perf_counter()
    each = [subprocess.Popen(["./main"], cwd=c, stdout=subprocess.DEVNULL) for c in copies]
    assert not any(process.wait() for process in each)
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=25)
    a = parser.parse_args()
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        place = built(folder)
        alone, binary, binaries = [], [], []
        for i in range(a.repeats):
            weight = f"network.projections.EE.weight={0.5 * i}"
            alone.append(simulate([*NETWORK, weight])[0])
            binary.append(at_once(place, 1))
            binaries.append(at_once(place, cores) / cores)
        seconds, points = swept(a.side, folder), a.side**2
        found = {
            "points": points,
            "cores": cores,
            "sweep_s": seconds,
            "single_runs_s": points * statistics.mean(alone),
            "brian2_loop_s": points * statistics.mean(binary),
            "brian2_on_all_cores_s": points * statistics.mean(binaries),
        }
    ratios = {k.removesuffix("_s"): v / seconds for k, v in found.items() if k.endswith("_s")}
    print(json.dumps({**found, "ratios": ratios}, indent=2))


if __name__ == "__main__":
    main()
