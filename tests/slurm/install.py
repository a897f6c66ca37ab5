"""Slurm from Debian's packages, where that can be done."""

import fcntl
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.slurm.cluster import PACKAGES, missing


def why_not(install: bool) -> str:
    """Return why there is no Slurm here, '' if there is; `install`: try to get it first."""
    if not missing():
        return ""
    absent = f"not installed: {', '.join(missing())}"
    if not install:
        return f"{absent}; `make slow` gets them where apt and root are"
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return f"{absent}; needs root and apt-get to install {' '.join(PACKAGES)}"
    said = _install()
    return f"{absent}; apt-get failed: {said[-1000:]}" if missing() else ""


def _install() -> str:
    """Install the packages, one process at a time; return what apt said."""
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ("apt-get", "-o", "DPkg::Lock::Timeout=120", "--quiet", "--yes")
    commands = ("update",), ("install", "--no-install-recommends", *PACKAGES)
    said = ""
    with (Path(tempfile.gettempdir()) / "snnrun-tests-apt.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for command in commands if missing() else ():
            done = subprocess.run([*apt, *command], env=env, capture_output=True, text=True)
            said += done.stdout + done.stderr
    return said
