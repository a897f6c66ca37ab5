"""A worker of a study, as a process: `URL FOLDER TOTAL BATCH [HOLD]`.

It prints `told N` for each candidate. With HOLD it stops for ever when it has told so many, and
prints `holding N N …`: what it was asked and did not tell.
"""

import contextlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from snnrun.optimizer._found import Found
from snnrun.optimizer._space import space_of
from snnrun.optimizer._storage import open_storage
from snnrun.optimizer._study import Study
from snnrun.optimizer.random import Random
from snnrun.search.record import Axis

AXES = {name: Axis(f"network.{name}", 0.5, 4.0) for name in ("x", "y")}


@contextlib.contextmanager
def opened(url: str | None, folder: Path, total: int) -> Iterator[Study]:
    optimizer = Random(candidates=total, batch=None, seed=None)
    with contextlib.closing(open_storage(url, folder)) as place:
        space, about = space_of(AXES), {"search": "{}"}
        yield Study.open(place, "shared", optimizer, 3, space, ("cost",), about)


def found(x: float) -> Found:
    statistics = {"E.firing_rate": x, "E.shared_eigenspectrum": (x, 2 * x)}
    return Found(terms={"rate": x * x}, statistics=statistics, repeats=1, seconds=0.5)


def say(*words: object) -> None:
    print(*words, flush=True)


def work(study: Study, batch: int, hold: int | None) -> None:
    told = 0
    while True:
        study.reap()
        asked = study.ask(batch)
        for i, candidate in enumerate(asked):
            if told == hold:
                say("holding", *(c.number for c in asked[i:]))
                threading.Event().wait()
            study.told(candidate.number, [candidate.values["x"]], found(candidate.values["y"]))
            told += 1
            say("told", candidate.number)
        if not asked:
            left = study.reap()
            if not (left.again or left.elsewhere):
                return
            threading.Event().wait(0.05)  # another worker has the rest, and may die


if __name__ == "__main__":
    url, folder, total, batch, *hold = sys.argv[1:]
    with opened(url, Path(folder), int(total)) as study:
        work(study, int(batch), int(hold[0]) if hold else None)
