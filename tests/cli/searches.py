"""Searches of a small network: their commands, what they leave, comparisons."""

import csv
import json
import os
import signal
from pathlib import Path
from subprocess import Popen
from typing import Any

from tests.cli.program import call, start

NETWORK = (
    *("network=balanced_small", "network.scale=0.2", "duration.ms=300", "duration.warmup_ms=0"),
    *("record=none", "engine.threads=1"),
)
AXIS = "search.w={path: network.projections.EE.weight, low: 1, high: 10}"
OTHER = "search.tau={path: network.synapses.I.tau_decay, low: 4, high: 16}"
TERM = "objective.terms.rate={statistic: firing_rate, population: E, target: 5}"
RATE_I = "objective.terms.rate_I={statistic: firing_rate, population: I, target: 6}"
SMALL = (*NETWORK, "objective=squared", "optimizer=random", AXIS, OTHER, TERM)
BATCH = "optimizer.batch=4"


def rows(folder: Path | str) -> list[dict[str, str]]:
    """Return the table of a search, without the times."""
    with Path(folder, "table.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    return [{k: v for k, v in row.items() if k != "seconds"} for row in table]


def column(folder: Path | str, name: str) -> list[str]:
    """Return a column of the table."""
    return [row[name] for row in rows(folder)]


def candidate(folder: Path | str, number: int) -> dict[str, Any]:
    """Return the file of a candidate."""
    found: dict[str, Any] = json.loads(Path(folder, f"candidates/{number}.json").read_text())
    return found


def search(folder: Path | str, *arguments: str, code: int = 0) -> Path:
    """Search in this process; return the folder."""
    outcome = call("optimize", *arguments, "--out", str(folder), "--quiet")
    assert outcome.code == code, outcome.err
    return Path(folder)


def begin(folder: Path, *arguments: str, leads: bool = False, first: str = "") -> Popen[str]:
    """Start a search in a process of its own."""
    words = ("optimize", *arguments, "--out", str(folder), "--quiet")
    return start(*words, cwd=folder.parent, leads=leads, first=first)


def kill(process: Popen[str]) -> None:
    """Kill a process and those it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def over(folder: Path) -> int:
    """Return how many candidates have a file."""
    return len([*folder.glob("candidates/*.json")])
