"""However a run ends, its status says how: done, interrupted, failed.

SIGTERM ends a run like Ctrl-C: files closed, status written.
"""

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING

import typer

from snnrun.errors import SnnrunError

if TYPE_CHECKING:
    from snnrun.observe import Observer
    from snnrun.store.folder import RunFolder


@contextlib.contextmanager
def attended(folder: "RunFolder", watcher: "Observer") -> Iterator[None]:
    """Watch over a run in a folder that was just made."""
    terminated = False

    def terminate(number: int, frame: FrameType | None) -> None:
        nonlocal terminated
        del number, frame
        terminated = True
        raise KeyboardInterrupt

    before = _on_sigterm(terminate)
    try:
        folder.status("queued")
        yield
    except KeyboardInterrupt:
        code = 143 if terminated else 130
        folder.status("interrupted", reason="interrupted; results up to here kept", exit_code=code)
        print(f"interrupted; results up to here are in {folder.path}/", file=sys.stderr)
        raise typer.Exit(code) from None
    except SnnrunError as error:
        _try_status(folder, str(error), error.exit_code)
        raise
    except Exception as error:
        _try_status(folder, f"{type(error).__name__}: {error}", 1)
        raise
    finally:
        watcher.close()
        _on_sigterm(before)


def _on_sigterm(handler: object) -> object:
    """Install a handler; does nothing outside the main thread."""
    try:
        return signal.signal(signal.SIGTERM, handler)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return None


def _try_status(folder: "RunFolder", reason: str, code: int) -> None:
    """Mark the run failed, unless even that can't be written."""
    with contextlib.suppress(SnnrunError):
        folder.status("failed", reason=reason, exit_code=code)
