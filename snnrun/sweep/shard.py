"""Which points of a sweep one of several jobs computes: every n-th.

The number comes from `--shard i/n`, or from what a scheduler tells the tasks of a job array.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from snnrun.errors import ConfigError

# The names of: the task's number, the first, the last, the step between them, how many there are.
# PBS is not here: it tells a task its number alone.
_SCHEDULERS = (
    (
        "SLURM_ARRAY_TASK_ID",
        "SLURM_ARRAY_TASK_MIN",
        "SLURM_ARRAY_TASK_MAX",
        "SLURM_ARRAY_TASK_STEP",
        "SLURM_ARRAY_TASK_COUNT",
    ),
    ("SGE_TASK_ID", "SGE_TASK_FIRST", "SGE_TASK_LAST", "SGE_TASK_STEPSIZE", ""),
    ("LSB_JOBINDEX", "", "LSB_JOBINDEX_END", "LSB_JOBINDEX_STEP", ""),
)


class Shard(NamedTuple):
    """Share `number`, from 0, of `of`."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Return the shard `i/n`; ConfigError where there is none such."""
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
        if found is None:
            raise ConfigError(f"--shard {text}: write i/n, such as 0/4 for the first of four")
        number, of = int(found[1]), int(found[2])
        if of < 1:
            raise ConfigError(f"--shard {text}: n counts the shards; it is 1 or more")
        if number >= of:
            raise ConfigError(f"--shard {text}: i counts from 0; the last one is {of - 1}/{of}")
        return cls(number, of)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Shard | None":
        """Return the shard of this task of a job array.

        None: this is no such task, or the array is not known to be evenly spaced, so that points
        could belong to nobody. Without a shard a job takes whatever points are left. LSF does not
        say where an array begins: that is taken to be 1, as it is by custom.
        """
        for names in _SCHEDULERS:
            if names[0] in environ:
                return _task(*(_number(environ.get(name)) for name in names))
        return None

    @property
    def text(self) -> str:
        """Which points it takes, and how to take all."""
        every = f"every {_ordinal(self.of)} point, from {self.number} on"
        return f"--shard {self.number}/{self.of} takes {every}; --shard 0/1 takes all"

    def holds(self, index: int) -> bool:
        """Return whether a point belongs to this shard."""
        return index % self.of == self.number


def has_own_folder(folder: Path | None, environ: Mapping[str, str]) -> bool:
    """Return whether a task of a job array seems to have a sweep's folder for itself.

    `folder`: None where a new one is made; one that is named after the task, such as runs/7, is
    no other task's either.
    """
    if folder is None:
        return True
    numbers = re.findall(r"[0-9]+", str(folder))
    task = next((environ[names[0]] for names in _SCHEDULERS if names[0] in environ), None)
    return bool(numbers) and _number(task) == _number(numbers[-1]) is not None


def _ordinal(n: int) -> str:
    teens = n % 100 in (11, 12, 13)
    return f"{n}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def _task(
    number: int | None, first: int | None, last: int | None, step: int | None, count: int | None
) -> Shard | None:
    """Return the shard of a task; None where its array has gaps, or it is not in one."""
    first, step = 1 if first is None else first, step or 1
    if number is None or last is None or not first <= number <= last:
        return None
    of = (last - first) // step + 1
    even = (number - first) % step == 0 and count in (None, of)
    return Shard((number - first) // step, of) if even else None


def _number(text: str | None) -> int | None:
    """Return a number; SGE writes `undefined` outside of arrays."""
    return int(text) if text is not None and re.fullmatch(r"[0-9]{1,9}", text) else None
