"""Who simulates a candidate: a process, and whether it is still there.

A worker is named `host:pid:start:system`. The start tells processes apart that had the same pid
one after the other, the system those of containers and of times before a reboot, whose pids say
nothing here. On this system a worker is dead when there is no such process; elsewhere when its
heartbeat has not changed for a minute by the clock of the one who looks.
"""

import functools
import hashlib
import os
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from snnrun.store.lock import DEAD_AFTER_S, exists

BEAT_S = 20.0


def beat_key(worker: str) -> str:
    """Return the study's attribute that holds a worker's heartbeat."""
    return f"alive {worker}"


def this_worker() -> str:
    """Return the name of this process."""
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid}:{_started(pid)}:{_system()}"


def is_gone(worker: str) -> bool | None:
    """Return whether a worker's process has ended; None where that can't be seen from here."""
    host, _, rest = worker.partition(":")
    pid, _, rest = rest.partition(":")
    started, _, system = rest.rpartition(":")
    if host != socket.gethostname() or system != _system() or not pid.isdigit():
        return None
    if not exists(int(pid)):
        return True
    now = _started(int(pid))
    return now is not None and now != started


class Watch:
    """Tells which workers are dead."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[Any, float]] = {}

    def dead(self, worker: str, beats: Mapping[str, Any]) -> bool:
        """Return whether a worker is dead; `beats`: the attributes of the study."""
        gone = is_gone(worker)
        if gone is not None:
            return gone
        beat, now = beats.get(beat_key(worker)), time.monotonic()
        before, since = self._seen.setdefault(worker, (beat, now))
        if before != beat:
            self._seen[worker] = beat, now
            return False
        return now - since > DEAD_AFTER_S


def _started(pid: int) -> str | None:
    """Return when a process began, in whatever unit; empty of a zombie, None where unknown."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        state, *fields = stat.rpartition(")")[2].split()
        return "" if state in "ZX" else fields[18]
    except (OSError, ValueError, IndexError):
        return None if Path("/proc/self/stat").exists() else _started_by_ps(pid)


def _started_by_ps(pid: int) -> str | None:
    """Return the same where there is no /proc, as on macOS."""
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    state, _, start = said.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else "-".join(start.split()).replace(":", ".")


@functools.cache
def _system() -> str:
    """Return a name of what pids belong to: this boot of this host, in this container."""
    parts = [_read("/proc/sys/kernel/random/boot_id")]
    try:
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        parts.append("")
    return hashlib.blake2b("\n".join(parts).encode(), digest_size=4).hexdigest()


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
