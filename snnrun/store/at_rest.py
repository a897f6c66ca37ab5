"""A file that its writer could not close, as if it had.

HDF5 opens such a file only to read along with its writer (SWMR), and then waits, for hours, for
what is damaged to become whole. So its superblock is read as if the writer had let go of it:
without the mark of a writer, and up to the end of the file.
"""

import io
import os
import struct
from pathlib import Path

_SIGNATURE = b"\x89HDF\r\n\x1a\n\x03\x08\x08"  # superblock of version 3, 8 bytes an address
_MARKS, _END, _SUM = 11, 28, 44  # where those are
_WORD = 2**32 - 1


class AtRest(io.FileIO):
    """The raw content of an HDF5 file that nobody writes any more; OSError if it is none."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self._head = _released(self.read(_SUM + 4) or b"", os.fstat(self.fileno()).st_size)
        except OSError:
            self.close()
            raise

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read all that a buffer holds, as HDF5 asks for nothing behind the end."""
        view, at = memoryview(buffer).cast("B"), self.tell()
        if super().readinto(view) != len(view):
            raise OSError("is cut off")
        known = self._head[at : at + len(view)]
        view[: len(known)] = known
        return len(view)


def _released(head: bytes, size: int) -> bytes:
    """Return a superblock without the mark of a writer."""
    if len(head) < _SUM + 4 or not head.startswith(_SIGNATURE):
        raise OSError("file signature not found")
    if lookup3(head[:_SUM]) != struct.unpack_from("<I", head, _SUM)[0]:
        raise OSError("its superblock is damaged")
    end = struct.pack("<Q", size)
    head = head[:_MARKS] + b"\0" + head[_MARKS + 1 : _END] + end + head[_END + 8 : _SUM]
    return head + struct.pack("<I", lookup3(head))


def lookup3(data: bytes) -> int:
    """Return the checksum of HDF5's metadata (Bob Jenkins, 2006), of whole words."""
    words = struct.unpack(f"<{len(data) // 4}I", data)
    a = b = c = (0xDEADBEEF + len(data)) & _WORD
    while len(words) > 3:
        a, b, c = _mixed((a + words[0]) & _WORD, (b + words[1]) & _WORD, (c + words[2]) & _WORD)
        words = words[3:]
    a, b, c = ((x + w) & _WORD for x, w in zip((a, b, c), (*words, 0, 0, 0), strict=False))
    for turn in (14, 11, 25, 16, 4, 14, 24):
        a, b, c = b, ((c ^ b) - _turned(b, turn)) & _WORD, a
    return b


def _mixed(a: int, b: int, c: int) -> tuple[int, int, int]:
    for turn in (4, 6, 8, 16, 19, 4):
        a, c = ((a - c) & _WORD) ^ _turned(c, turn), (c + b) & _WORD
        a, b, c = b, c, a
    return a, b, c


def _turned(x: int, by: int) -> int:
    return ((x << by) | (x >> (32 - by))) & _WORD
