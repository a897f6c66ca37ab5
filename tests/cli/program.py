"""The program `snnrun`: called in this process, or started in one of its own."""

import contextlib
import io
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from snnrun.cli.app import main

ROOT = Path(__file__).parents[2]
CONF = ROOT / "conf"
SMOKE = ("duration=smoke", "network.scale=0.2")


class Outcome(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout."""
        return json.loads(self.out)


def call(*arguments: str) -> Outcome:
    """Run the program's `main` in this process; an unexpected error is exit code 1, as outside."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["snnrun", *arguments])
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


def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    """Start the program in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "snnrun", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str], timeout: float = 60) -> Outcome:
    """Wait for a started program."""
    out, err = process.communicate(timeout=timeout)
    return Outcome(process.returncode, out, err)


def folder_of(run: Outcome) -> Path:
    """Return the folder that a run with --quiet or --json printed."""
    assert run.code == 0, run.err
    return Path(run.json["out"] if run.out.startswith("{") else run.out.strip())
