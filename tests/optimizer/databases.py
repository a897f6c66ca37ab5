"""A PostgreSQL server of a test's own."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("initdb", "pg_ctl")
USER = "postgres"  # the server refuses root


def as_user() -> dict[str, Any]:
    """Return arguments for subprocess: another user where this one is root."""
    if os.geteuid():
        return {}
    found = pwd.getpwnam(USER)
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}


def missing() -> str:
    """Return why there can be no server; empty if there can."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"no PostgreSQL: {', '.join(absent)} not found; install postgresql"
    if not os.geteuid() and USER not in {user.pw_name for user in pwd.getpwall()}:
        return f"no PostgreSQL: root can't run it, and there is no user {USER}"
    return ""


@contextmanager
def postgresql() -> Iterator[str]:
    """Yield the URL of a database on a Unix socket, whose path has to be short."""
    if missing():
        pytest.skip(missing())
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    try:
        if not os.geteuid():
            os.chown(folder, pwd.getpwnam(USER).pw_uid, -1)
        data = folder / "data"
        run("initdb", "-D", data, "-U", USER, "-A", "trust", "-N")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        run("pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
        try:
            yield f"postgresql://{USER}@/{USER}?host={folder}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(*command: object) -> None:
    words = [str(word) for word in command]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/", **as_user())
