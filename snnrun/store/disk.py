"""Files that are whole or not there, and why one can't be used.

They are written like a database: temporary name, flush, fsync, rename.
"""

import contextlib
import errno
import os
import re
from pathlib import Path

from snnrun.errors import FileError

_WORDS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than is allowed here",
    errno.EROFS: "the file system is read-only",
}
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def cause(error: Exception) -> str:
    """Return why a file can't be used, in a few words; HDF5 hides the number in its text."""
    words = str(error) or type(error).__name__
    hidden = re.search(r"errno = (\d+)", words)
    number = getattr(error, "errno", None) or (int(hidden[1]) if hidden else None)
    if "unable to lock file" in words and number not in (errno.EAGAIN, errno.EACCES):
        return "the file system has no locks; set HDF5_USE_FILE_LOCKING=FALSE in the environment"
    if number is None:
        return words.strip("'\"").splitlines()[0][:300]
    return _WORDS.get(number, os.strerror(number))


def path_kept_in(folder: Path, path: Path) -> str:
    """Return how a file of a folder names a path, so that the folder can be moved and copied.

    What is in the folder is named from there; all else is absolute.
    """
    path, folder = path.resolve(), folder.resolve()
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def temporary_name(path: Path) -> Path:
    """Return what a file is called until it is whole."""
    return path.with_name(f".{path.name}.tmp")


def put_in_place(temporary: Path, path: Path) -> None:
    """Give a file that is whole its name; it is on the disk when this returns."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    with contextlib.suppress(OSError):  # not every system can; it is for power cuts
        number = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def write_atomically(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that it is whole or not there."""
    temporary = temporary_name(path)
    try:
        temporary.write_bytes(content)
        put_in_place(temporary, path)
    except OSError as error:
        discard(temporary)
        raise FileError(f"{path}: can't be written: {cause(error)}") from error


def discard(path: Path) -> None:
    """Delete a file, if there is one and it can be deleted."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
