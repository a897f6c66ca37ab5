"""A process of this program that works for another one, and ends with it."""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from typing import Any

from snnrun.errors import FileError
from snnrun.store.disk import cause

_SIGNALS = {signal.Signals[n] for n in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, n)}


class Child:
    """A new process that runs `target(*arguments, mouth)`; `ear` is the other end of `mouth`.

    It has the parent's imports, but none from the current folder. SIGINT, SIGTERM and SIGHUP
    wait until it calls `hear_signals`.
    """

    def __init__(self, target: Callable[..., None], *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        self.ear, mouth = context.Pipe()
        leash, self._leash = context.Pipe(duplex=False)
        work = (target, arguments, mouth, leash)
        self._process = context.Process(target=_run, args=work, daemon=True)
        try:
            with _undisturbed(), _installed_code_only():
                self._process.start()
        except OSError as error:
            raise FileError(f"another process can't be started: {cause(error)}") from error
        mouth.close()
        leash.close()

    def ask_to_end(self) -> None:
        """Let it save what it computes, and end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it at once; what it had saved before is kept."""
        self._process.kill()

    def exit_code(self) -> int | None:
        """Wait for its end; return its exit code, or minus the signal."""
        self._process.join(10)
        return self._process.exitcode


def hear_signals() -> None:
    """Let through the signals that waited, now that somebody listens."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Let signals wait meanwhile, and in a process started now until it says that it is ready."""
    if not hasattr(signal, "pthread_sigmask"):  # not on Windows
        yield
        return
    resource_tracker.ensure_running()  # which would let them through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _installed_code_only() -> Iterator[None]:
    """Hide the current folder from a process started now until it has this one's places."""
    before = os.environ.get("PYTHONSAFEPATH")
    os.environ["PYTHONSAFEPATH"] = "1"
    try:
        yield
    finally:
        del os.environ["PYTHONSAFEPATH"]
        if before is not None:
            os.environ["PYTHONSAFEPATH"] = before


def _run(
    target: Callable[..., None], arguments: tuple[Any, ...], mouth: Connection, leash: Connection
) -> None:
    _end_with_parent(leash)
    target(*arguments, mouth)


def _end_with_parent(leash: Connection) -> None:
    """End as by SIGTERM when the parent does, however that ends."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG

    def listen() -> None:
        with contextlib.suppress(EOFError, OSError):
            leash.recv()  # nothing is ever said; it ends
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=listen, daemon=True).start()
