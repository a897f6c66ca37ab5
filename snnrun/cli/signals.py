"""SIGTERM ends a run like Ctrl-C: files closed, status written."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class Signals:
    """Whether the run was asked to terminate."""

    terminated = False


@contextlib.contextmanager
def terminated_as_interrupt() -> Iterator[Signals]:
    """Raise KeyboardInterrupt on SIGTERM inside the block."""
    seen = Signals()

    def handle(number: int, frame: FrameType | None) -> None:
        del number, frame
        seen.terminated = True
        raise KeyboardInterrupt

    try:
        before = signal.signal(signal.SIGTERM, handle)
    except ValueError:  # not the main thread
        yield seen
        return
    try:
        yield seen
    finally:
        signal.signal(signal.SIGTERM, before)
