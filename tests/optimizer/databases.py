"""Servers of a test's own: PostgreSQL, MySQL (MariaDB) and Redis, on Unix sockets."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

USER = "postgres"  # its server refuses root


def need(name: str, package: str, *programs: str) -> None:
    """Skip a test where there can be no such server, or no driver for it."""
    pytest.importorskip(package, reason=f"no {name}: pip install 'snnrun[postgres,mysql,redis]'")
    if absent := [program for program in programs if shutil.which(program) is None]:
        pytest.skip(f"no {name}: {', '.join(absent)} not found; install it from your distribution")


@contextmanager
def folder() -> Iterator[Path]:
    """Yield a folder whose path is short enough for a socket."""
    made = Path(tempfile.mkdtemp(prefix="db", dir="/tmp"))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


@contextmanager
def postgresql() -> Iterator[str]:
    """Yield the URL of a database."""
    need("PostgreSQL", "psycopg", "initdb", "pg_ctl")
    if not os.geteuid() and USER not in {user.pw_name for user in pwd.getpwall()}:
        pytest.skip(f"no PostgreSQL: root can't run it, and there is no user {USER}")
    with folder() as place:
        who: dict[str, Any] = {}
        if not os.geteuid():
            found = pwd.getpwnam(USER)
            who = {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
            os.chown(place, found.pw_uid, -1)
        data = place / "data"
        run("initdb", "-D", data, "-U", USER, "-A", "trust", "-N", **who)
        options = f"-c listen_addresses= -c unix_socket_directories={place} -c fsync=off"
        run("pg_ctl", "-D", data, "-w", "-l", place / "log", "-o", options, "start", **who)
        try:
            yield f"postgresql://{USER}@/{USER}?host={place}"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop", **who)


@contextmanager
def mysql() -> Iterator[str]:
    """Yield the URL of a database."""
    need("MySQL", "pymysql", "mariadb-install-db", "mariadbd", "mariadb")
    with folder() as place:
        data, socket = place / "data", place / "socket"
        mine = ["--no-defaults", f"--datadir={data}"]
        user = pwd.getpwuid(os.geteuid()).pw_name
        run(
            "mariadb-install-db",
            *mine,
            "--auth-root-authentication-method=normal",
            f"--user={user}",
        )
        served = ["mariadbd", *mine, f"--socket={socket}", "--skip-networking", f"--user={user}"]
        with server(socket, *served):
            run("mariadb", "--no-defaults", f"--socket={socket}", "-uroot", "-ecreate database d")
            yield f"mysql://root@localhost/d?unix_socket={socket}"


@contextmanager
def redis() -> Iterator[str]:
    """Yield the URL of a Redis."""
    need("Redis", "redis", "redis-server")
    with folder() as place:
        socket = place / "socket"
        options = ["--port", "0", "--save", "", "--dir", place]
        with server(socket, "redis-server", "--unixsocket", socket, *options):
            yield f"unix://{socket}"


SERVERS: dict[str, Callable[[], AbstractContextManager[str]]] = {
    "postgresql": postgresql,
    "mysql": mysql,
    "redis": redis,
}


@contextmanager
def server(socket: Path, *command: object) -> Iterator[None]:
    """Run a server while the block lasts, which begins when its socket is there."""
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen([str(word) for word in command], stdout=nowhere, stderr=nowhere)
    try:
        while not socket.exists():
            assert process.poll() is None, f"{command[0]} ended"
            time.sleep(0.05)
        yield
    finally:
        process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)


def run(*command: object, **how: Any) -> None:
    words = [str(word) for word in command]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/", **how)
