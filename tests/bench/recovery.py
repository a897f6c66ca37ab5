"""How well searches find parameters of a network again, from its statistics alone.

The target is a run of `snops_sbn` at its own parameters with seeds of its own; `snops`, one of
Optuna's optimizers and random search look for it in all eleven parameters:

    python -m tests.bench.recovery --out runs/recovery --candidates 100 --seeds 1 2 3

One search after the other, each on all cores; those that are over are not repeated. The picture
shows the best cost so far against candidates and against time since the search began.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from tests.bench.runs import environment

TARGET = ["network=snops_sbn", "duration.ms=20000", "statistics=snops", "record=none"]
TARGET += [
    f"statistics.{name}.latents=10"
    for name in ("percent_shared_variance", "shared_dimensionality", "shared_eigenspectrum")
]
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


class Course(NamedTuple):
    """Best costs so far `[C]`: over the candidates, and over the minutes when these ended `[C]`."""

    over_candidates: np.ndarray
    over_time: np.ndarray
    minutes: np.ndarray


def course(search: Path) -> Course:
    """Return how a search went."""
    backend = JournalFileBackend(str(search / "study.journal"))
    trials = optuna.load_study(study_name=None, storage=JournalStorage(backend)).trials
    begun = json.loads(search.with_name(f"{search.name}.json").read_text())["begun"]
    costs = np.array([trial.value for trial in trials], float)  # infinite where infeasible
    ended = np.array([trial.datetime_complete.timestamp() for trial in trials])
    order = np.argsort(ended, kind="stable")
    minutes = (ended[order] - begun) / 60
    return Course(np.fmin.accumulate(costs), np.fmin.accumulate(costs[order]), minutes)


def draw(folder: Path, searches: dict[str, list[Path]]) -> Path:
    """Draw the best costs so far; returns the picture."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for kind, paths in searches.items():
        for number, path in enumerate(paths):
            best = course(path)
            style = {"color": COLOURS[kind], "label": kind if number == 0 else None}
            left.step(np.arange(len(best.minutes)) + 1, best.over_candidates, where="post", **style)
            right.step(best.minutes, best.over_time, where="post", **style)
    left.set(xlabel="candidates", ylabel="best cost so far", yscale="log")
    right.set(xlabel="minutes")
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
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    a.out.mkdir(parents=True, exist_ok=True)
    if not (a.out / "runs" / "target" / "results.h5").exists():
        assert snnrun("simulate", *TARGET, "--out", "runs/target", "--quiet", cwd=a.out) == 0
    found: dict[str, list[Path]] = {kind: [] for kind in a.optimizers}
    for seed in a.seeds:
        for kind, paths in found.items():
            paths.append(searched(a.out, kind, seed, a.candidates))
    for paths in found.values():
        for path in paths:
            best = course(path)
            cost, minutes = best.over_candidates[-1], best.minutes[-1]
            print(f"{path.name}: best cost {cost:.3g} after {minutes:.1f} min")
    print(draw(a.out, found))


if __name__ == "__main__":
    main()
