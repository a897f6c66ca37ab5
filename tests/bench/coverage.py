"""How often the interval of one run holds: value ± standard error, against the mean of many runs.

Trials share one network and have noise, initial state and draws of neurons of their own, which
is what the standard error of one run is over. For each statistic that is a number (of a vector:
the first element) this prints the mean over the trials, their standard deviation, the standard
error that a trial shows (root mean square), and the share of trials whose interval holds the mean:

    python -m tests.bench.coverage network=snops_sbn duration=140s statistics=snops trials=50

About 0.66 is right: a standard error from ten blocks is itself uncertain (Student's t).
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from tests.bench.runs import environment


class Coverage(NamedTuple):
    """Of one statistic, over `trials` that have a value and a standard error."""

    mean: float
    spread: float
    claimed: float
    share: float
    trials: int


def coverage(values: np.ndarray, errors: np.ndarray) -> Coverage:
    """Return how values and standard errors `[K]` of trials agree with each other."""
    known = np.isfinite(values) & np.isfinite(errors)
    values, errors = values[known], errors[known]
    mean, spread = values.mean(), values.std(ddof=1)
    inside = np.abs(values - mean) <= errors
    return Coverage(mean, spread, np.sqrt((errors**2).mean()), inside.mean(), known.sum())


def of_run(results: Path) -> dict[str, Coverage]:
    """Return `<population>.<statistic>` → coverage, of a run with trials."""
    with h5py.File(results) as file:
        trials = [file[f"trials/{k}/statistics"] for k in range(len(file["trials"]))]
        found = {}
        for population in trials[0]:
            for name in trials[0][population]:
                each = [trial[population][name] for trial in trials]
                values = np.array([np.ravel(d[()])[0] for d in each])
                errors = np.array([np.ravel(d.attrs["se"])[0] for d in each])
                found[f"{population}.{name}"] = coverage(values, errors)
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "snnrun", "simulate", "record=none", *sys.argv[1:]]
        subprocess.run([*command, "--out", f"{folder}/run"], env=environment(), check=True)
        for name, c in of_run(Path(folder) / "run" / "results.h5").items():
            print(
                f"{name}: mean {c.mean:.4g}, SD over trials {c.spread:.2g}, SE shown"
                f" {c.claimed:.2g}, holds in {c.share:.2f} of {c.trials}"
            )


if __name__ == "__main__":
    main()
