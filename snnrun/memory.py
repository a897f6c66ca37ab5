"""Memory of this process, in MB.

Where Linux tells, it is asked: the peak that `getrusage` knows may be inherited from the
process that started this one.
"""

import math
import resource
import sys
from pathlib import Path

MB = 2**20
_STATUS, _MEMINFO = Path("/proc/self/status"), Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")  # limits of containers and Slurm's jobs
_GROUP_LIMITS = [
    (_GROUP / "memory.max", _GROUP / "memory.current"),
    (_GROUP / "memory/memory.limit_in_bytes", _GROUP / "memory/memory.usage_in_bytes"),
]


def peak_mb() -> float:
    """Return the most memory this process had."""
    return _entry(_STATUS, "VmHWM") or _usage()


def resident_mb() -> float:
    """Return the memory this process has now (its peak where that is not known)."""
    return _entry(_STATUS, "VmRSS") or _usage()


def available_mb() -> float:
    """Return the memory this process may still take; infinite where nobody knows."""
    free = [_entry(_MEMINFO, "MemAvailable") or math.inf]
    for limit, used in _GROUP_LIMITS:
        if limit.exists() and (most := limit.read_text().strip()) != "max":
            free.append((int(most) - int(used.read_text())) / MB)
    return min(free)


def _entry(path: Path, name: str) -> float | None:
    """Return a line `name: number kB` of a file."""
    if not path.exists():
        return None
    for line in path.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return None


def _usage() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
