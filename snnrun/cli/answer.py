"""The one object of `--json`, and how errors become messages and exit codes."""

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import typer

from snnrun.cli import variables
from snnrun.errors import ConfigError, SnnrunError, UnhealthyError

UsageError: Any = typer.BadParameter.__mro__[1]  # click's, which typer has under various names
_LONGEST = 1000  # letters of a message
_MORE = "\n  "  # before each further line of an error


def answer(
    command: str | None, state: str | None, code: int, out: Path | None = None, **more: Any
) -> None:
    """Print the object of --json; what is not known is empty or null."""
    head = {"command": command, "state": state, "exit_code": code, "out": out and str(out)}
    unknown: dict[str, Any] = {"statistics": {}, "health": None, "timings": {}}
    print(json.dumps({**head, **unknown, **more}))


@contextlib.contextmanager
def errors_in(folder: Path) -> Iterator[None]:
    """Let an error that comes meanwhile bear the folder that it came in."""
    try:
        yield
    except Exception as error:
        error.out = folder  # type: ignore[attr-defined]
        raise


def guarded(command: Callable[[], Any]) -> int:
    """Return the exit code of a command; an error the user can mend is one short message."""
    try:
        return _heeding_variables(command) or 0
    except UsageError as error:
        error.show()
        return _failed(error, error.format_message(), error.exit_code)
    except typer.Abort as error:  # a question that was not answered
        print("interrupted", file=sys.stderr)
        return _failed(error, "interrupted", 130, "interrupted")
    except SnnrunError as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        say(error)
        if not isinstance(error, UnhealthyError):  # what was found is printed already
            _failed(error, str(error), error.exit_code)
        if getattr(error, "leave_at_once", False):
            sys.stdout.flush()
            os._exit(error.exit_code)
        return error.exit_code
    except Exception as error:
        traceback.print_exc()
        return _failed(error, f"{type(error).__name__}: {error}", 1)


def _heeding_variables(command: Callable[[], Any]) -> Any:
    """Run a command; a value that JAX refuses to read from the environment is a ConfigError."""
    try:
        return command()
    except ValueError as error:
        problem = variables.refused(error)
        if problem is None:
            raise
        raise problem from error


def _failed(error: Exception, text: str, code: int, state: str = "failed") -> int:
    """Print the object of a command that failed, under --json; returns the exit code."""
    if "--json" in sys.argv:
        command = next((word for word in sys.argv[1:] if not word.startswith("-")), None)
        answer(command, state, code, getattr(error, "out", None), error=text)
    return code


def say(error: SnnrunError) -> None:
    """Print an error, or all of them, on stderr."""
    problems = error.problems if isinstance(error, ConfigError) else str(error).splitlines()
    for problem in problems:
        lines = [_printable(line) for line in problem.split(_MORE)]
        print(f"error: {_MORE.join(lines)}", file=sys.stderr)


def _printable(text: str) -> str:
    """Return the text, cut, with what could steer a terminal written out."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
