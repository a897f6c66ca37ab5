"""How well searches find parameters of a network again, from its statistics alone.

The target is a run of `snops_sbn` at its own parameters with seeds of its own; `snops`, one of
Optuna's optimizers and random search look for it in all eleven parameters:

    python -m tests.bench.recovery --out runs/recovery --candidates 100 --seeds 1 2 3

One search after the other, each on all cores; those that are over are not repeated. The picture
shows the best cost so far against candidates and against seconds since the search began.
"""

import argparse
import csv
import json
import math
import subprocess
import sys
import time
from pathlib import Path

from tests.bench.runs import environment

TARGET = ["network=snops_sbn", "duration.ms=20000", "statistics=snops", "record=none"]
TARGET += ["trials=10", "network.per_trial=true", "seed=20240901"]
COLOURS = {"snops": "#d55e00", "tpe": "#0072b2", "random": "#7f7f7f", "gp": "#009e73"}


def snnrun(*words: str, cwd: Path) -> int:
    """Run a command; returns its exit code."""
    command = [sys.executable, "-m", "snnrun", *words]
    return subprocess.run(command, cwd=cwd, env=environment(), check=False).returncode


def searched(folder: Path, kind: str, seed: int, candidates: int) -> Path:
    """Make a search, unless it is over; returns its folder."""
    name = f"{kind}-{seed}"
    if not (folder / f"{name}.json").exists():
        begun = time.time()
        choice = [f"optimizer={kind}", f"optimizer.seed={seed}", f"--candidates={candidates}"]
        code = snnrun(
            *("optimize", "experiment=snops/recovery", *choice, "--out", name, "--quiet"),
            cwd=folder,
        )
        assert code in (0, 4), code
        told = {"begun": begun, "wall_s": time.time() - begun}
        (folder / f"{name}.json").write_text(json.dumps(told))
    return folder / name


def course(search: Path) -> list[float]:
    """Return the best cost after each candidate."""
    best, found = math.inf, []
    with (search / "table.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            best = min(best, float(row["cost"]) if row["state"] == "done" else math.inf)
            found.append(best)
    return found


def draw(folder: Path, searches: dict[str, list[Path]]) -> Path:
    """Draw the best costs so far; returns the picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for kind, paths in searches.items():
        for number, path in enumerate(paths):
            best = course(path)
            wall_s = json.loads(path.with_name(f"{path.name}.json").read_text())["wall_s"]
            style = {"color": COLOURS[kind], "label": kind if number == 0 else None}
            left.step(range(1, len(best) + 1), best, where="post", **style)
            seconds = [wall_s * (k + 1) / len(best) / 60 for k in range(len(best))]
            right.step(seconds, best, where="post", **style)
    left.set(xlabel="candidates", ylabel="best cost so far", yscale="log")
    right.set(xlabel="minutes, evenly over the candidates")
    left.legend(frameon=False)
    figure.savefig(folder / "recovery.png", dpi=150)
    return folder / "recovery.png"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path("runs/recovery"))
    parser.add_argument("--candidates", type=int, default=100)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--optimizers", nargs="+", default=["snops", "tpe", "random"])
    a = parser.parse_args()
    a.out.mkdir(parents=True, exist_ok=True)
    if not (a.out / "runs" / "target" / "results.h5").exists():
        assert snnrun("simulate", *TARGET, "--out", "runs/target", "--quiet", cwd=a.out) == 0
    found: dict[str, list[Path]] = {kind: [] for kind in a.optimizers}
    for seed in a.seeds:
        for kind, paths in found.items():
            paths.append(searched(a.out, kind, seed, a.candidates))
    for paths in found.values():
        for path in paths:
            best = course(path)[-1]
            wall_s = json.loads(path.with_name(f"{path.name}.json").read_text())["wall_s"]
            print(f"{path.name}: best cost {best:.3g} after {wall_s / 60:.1f} min")
    print(draw(a.out, found))


if __name__ == "__main__":
    main()
