"""What is said where nobody listens any more is lost; the command goes on.

A terminal is closed (EIO), the reader of a pipe is gone (EPIPE), the disk of a log is full
(ENOSPC): none of these is a reason to lose a run, or to end with another exit code.
"""

import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def never_fail() -> None:
    """Let nothing that is printed fail; '±' and 'µ' where only ASCII is spoken become '?'."""
    sys.stdout, sys.stderr = _unfailing(sys.stdout), _unfailing(sys.stderr)


def _unfailing(stream: TextIO | None) -> TextIO:
    if stream is None:  # closed by whoever started the program; a file must not get its number
        return open(os.devnull, "w", encoding="utf-8")
    if type(stream) is not io.TextIOWrapper:  # replaced by somebody who knows why
        return stream
    return io.TextIOWrapper(
        io.BufferedWriter(_Unfailing(stream.fileno(), "wb", closefd=False)),
        encoding=stream.encoding,
        errors="replace",
        line_buffering=stream.line_buffering or stream.write_through,
    )


class _Unfailing(io.FileIO):
    """A file that seems to take whatever is written to it."""

    def write(self, data: "ReadableBuffer") -> int:
        """Write what can be written."""
        try:
            while (written := super().write(data)) is None:  # a full pipe that does not wait
                select.select([], [self], [])
        except OSError:
            return len(memoryview(data).cast("B"))
        return written
