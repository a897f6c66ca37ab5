"""The program `snnrun`: called in this process, or started in one of its own.

Compiled programs are kept in a folder of this test session, never in the user's cache.
"""

import atexit
import contextlib
import functools
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import pytest

from snnrun.cli.app import main

ROOT = Path(__file__).parents[2]
SMOKE = ("duration=smoke", "network.scale=0.2")
_CONFIGURED = (
    "jax_compilation_cache_dir",
    "jax_compilation_cache_max_size",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout."""
        return json.loads(self.out)


@functools.cache
def _cache() -> str:
    """Return a folder for compiled programs that is removed at the end."""
    folder = tempfile.mkdtemp(prefix="snnrun-test-cache-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@contextlib.contextmanager
def _untouched() -> Iterator[None]:
    """Keep JAX's configuration as it was."""
    before = {name: getattr(jax.config, name) for name in _CONFIGURED}
    try:
        yield
    finally:
        for name, value in before.items():
            jax.config.update(name, value)


def call(*arguments: str) -> Outcome:
    """Run the program's `main` in this process; an unexpected error is exit code 1, as outside."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, _untouched():
        patch.setattr(sys, "argv", ["snnrun", *arguments])
        patch.setenv("XDG_CACHE_HOME", _cache())
        patch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _exit_code(main)
    return Outcome(code, out.getvalue(), err.getvalue())


def _exit_code(run: Callable[[], None]) -> int:
    try:
        run()
    except SystemExit as end:
        return int(end.code or 0)
    except Exception:
        traceback.print_exc()
        return 1
    return 0


# A shell's background jobs ignore SIGINT, and their children with them; this one does not.
_HEEDS_CTRL_C = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("snnrun", run_name="__main__", alter_sys=True)
"""


def start(
    *arguments: str,
    cwd: Path,
    compiled: Path | None = None,
    first: str = "",
    leads: bool = False,
) -> subprocess.Popen[str]:
    """Start the program in a process of its own.

    `compiled`: a compile cache of its own; `first`: what Python does before; `leads`: it and its
    children are a process group.
    """
    env = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": _cache()}
    env.pop("JAX_COMPILATION_CACHE_DIR", None)
    if compiled is not None:
        env["JAX_COMPILATION_CACHE_DIR"] = str(compiled)
    return subprocess.Popen(
        [sys.executable, "-c", f"{first}\n{_HEEDS_CTRL_C}", *arguments],
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=leads,
    )


def finish(process: subprocess.Popen[str], timeout: float = 60) -> Outcome:
    """Wait for a started program."""
    out, err = process.communicate(timeout=timeout)
    return Outcome(process.returncode, out, err)


def folder_of(run: Outcome) -> Path:
    """Return the folder that a run with --quiet or --json printed."""
    assert run.code == 0, run.err
    return Path(run.json["out"] if run.out.startswith("{") else run.out.strip())
