"""However a run ends, its status says how: done, interrupted, failed."""

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from snnrun.cli.answer import answer, errors_in
from snnrun.errors import FileError, InterruptedRunError, SnnrunError
from snnrun.interruption import Terminated

if TYPE_CHECKING:
    from snnrun.observe import Observer
    from snnrun.store.folder import RunFolder


@contextlib.contextmanager
def attended(
    folder: "RunFolder", watcher: "Observer", as_json: str | None = None
) -> Iterator[None]:
    """Watch over a run in a folder that is its own; `as_json`: the command, under --json."""
    from snnrun.observe import STILL_S
    from snnrun.store.beat import regularly
    from snnrun.store.folder import alive

    try:
        folder.status("queued", reason=None, exit_code=None)
        said = regularly(STILL_S, watcher.still)
        with alive([folder]), said, errors_in(folder.path), _files_of(folder):
            yield
    except InterruptedRunError as error:
        _interrupted(
            folder, error.exit_code, f"interrupted by {error}; its state is saved", as_json
        )
        print(f"continue with: snnrun simulate --resume {folder.path}", file=sys.stderr)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt as error:
        if isinstance(error, Terminated) and any(folder.checkpoints.glob("step_*.h5")):
            code, reason = 75, f"interrupted by {error}; its last checkpoint is kept"
        else:
            code, reason = _code(error), "interrupted; results up to here kept"
        _interrupted(folder, code, reason, as_json)
        raise typer.Exit(code) from None
    except SnnrunError as error:
        _try_status(folder, "failed", str(error), error.exit_code)
        raise
    except Exception as error:
        _try_status(folder, "failed", f"{type(error).__name__}: {error}", 1)
        raise
    finally:
        watcher.close()
        folder.release()


@contextlib.contextmanager
def ended_early(as_json: str | None) -> Iterator[None]:
    """Give the right exit code where a signal comes before there is a folder."""
    try:
        yield
    except KeyboardInterrupt as error:
        print("interrupted", file=sys.stderr)
        if as_json:
            answer(as_json, "interrupted", _code(error))
        raise typer.Exit(_code(error)) from None


def _code(error: KeyboardInterrupt) -> int:
    return 143 if isinstance(error, Terminated) else 130


@contextlib.contextmanager
def _files_of(folder: "RunFolder") -> Iterator[None]:
    """Take what the system says of a file, such as a figure, for an error of a file."""
    try:
        yield
    except OSError as error:
        from snnrun.store.disk import cause

        place = error.filename or folder.path
        raise FileError(f"{place}: can't be read or written: {cause(error)}") from error


def _interrupted(folder: "RunFolder", code: int, reason: str, as_json: str | None) -> None:
    """Say that a run was interrupted, on stderr and in its files."""
    _try_status(folder, "interrupted", reason, code)
    with contextlib.suppress(SnnrunError):
        folder.log(reason)
    print(f"{reason}; results are in {folder.path}/", file=sys.stderr)
    if as_json:
        answer(as_json, "interrupted", code, folder.path)


def _try_status(folder: "RunFolder", state: str, reason: str, code: int) -> None:
    """Set the status, unless even that can't be written."""
    with contextlib.suppress(SnnrunError):
        folder.status(state, reason=reason, exit_code=code)
