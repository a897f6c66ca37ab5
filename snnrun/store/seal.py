"""Sealed files: their SHA-256 behind all that HDF5 reads, so that no damage goes unseen.

Other programs read a sealed file like any other; one that is changed loses its seal.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

from snnrun.errors import FileError

_MARK = b"\nsnnrun sha256 "
_LENGTH = len(_MARK) + 65
_PIECE = 1 << 20


def seal(path: Path) -> None:
    """Seal a file; it is on the disk when this returns."""
    with path.open("r+b") as raw:
        sum_ = digest(raw, 0, os.fstat(raw.fileno()).st_size)
        raw.seek(0, os.SEEK_END)
        raw.write(_MARK + sum_ + b"\n")
        raw.flush()
        os.fsync(raw.fileno())


def check_seal(path: Path) -> bool:
    """Return whether a file has a seal; FileError if it is broken."""
    with path.open("rb") as raw:
        end = os.fstat(raw.fileno()).st_size - _LENGTH
        raw.seek(max(0, end))
        mark = raw.read()
        if end < 0 or not mark.startswith(_MARK):
            return False
        if mark != _MARK + digest(raw, 0, end) + b"\n":
            raise FileError(f"{path}: is damaged, or was changed (its checksum differs)")
    return True


def digest(raw: Any, begin: int, end: int) -> bytes:
    """Return the SHA-256, as hex, of the bytes [begin, end) of an open file."""
    raw.seek(begin)
    sum_ = hashlib.sha256()
    while piece := raw.read(min(_PIECE, end - raw.tell())):
        sum_.update(piece)
    return sum_.hexdigest().encode()
