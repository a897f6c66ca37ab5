"""Reading HDF5 files that anybody may have written.

No link, external or virtual storage leads out of a file, no foreign filter is loaded, and nothing
is read before its type is known and its size is one that the file can hold.
"""

import contextlib
import json
import math
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from snnrun.errors import FileError
from snnrun.store.disk import cause

ERRORS = (
    OSError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
)
NUMBERS = "biuf"
_FILTERS = {h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_LZF}
_EXPANSION = 1100  # more than any of them expands
_SMALL = 1 << 20
_KINDS = {"snnrun": "results file", "snnrun-checkpoint": "checkpoint"}
VERSIONS = {"snnrun": 2, "snnrun-checkpoint": 1}  # the newest of each kind


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say of which file an error is; whatever HDF5 raises on a damaged one."""
    try:
        yield
    except ERRORS as error:
        raise FileError(f"{path}: can't be read: {cause(error)}") from error


@contextlib.contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open a file for reading; what goes wrong meanwhile is a FileError."""
    with explained(path):
        check_regular(path)
        with h5py.File(path, "r") as file:
            yield file


def check_regular(path: Path) -> None:
    """Complain of what is no file; opening a pipe would wait for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("is no file")


def version(path: Path, file: h5py.File, kind: str) -> int:
    """Return the format version; FileError unless the file seems of this kind and it is known.

    Safe even where damage may have gone unseen: no text is read, on which HDF5 may hang.
    """
    if not {"format", "format_version"} <= set(file.attrs):
        raise FileError(f"{path}: is no {_KINDS[kind]} of snnrun")
    found = number(file, "format_version")
    if np.shape(found) or found != int(found) or found < 1:
        raise ValueError(f"it has format version {found}")
    if found > VERSIONS[kind]:
        raise FileError(
            f"{path}: has format version {found}; this snnrun reads up to {VERSIONS[kind]}:"
            " install a newer one"
        )
    return int(found)


def check_format(path: Path, file: h5py.File, kind: str) -> None:
    """FileError unless the file says that it is of this kind."""
    if text(file, "format") != kind:
        raise FileError(f"{path}: is no {_KINDS[kind]} of snnrun")


def node(parent: h5py.Group, path: str) -> Any:
    """Return a group or dataset that lies in the same file."""
    for name in path.split("/"):
        if not has(parent, name):
            raise KeyError(f"there is no {path}")
        if parent.id.links.get_info(name.encode()).type != h5py.h5l.TYPE_HARD:
            raise ValueError(f"{path} is a link to elsewhere")
        parent = parent[name]
    return parent


def has(parent: Any, name: str) -> bool:
    """Return whether a group has an entry of this name; what `in` says follows links."""
    return isinstance(parent, h5py.Group) and parent.id.links.exists(name.encode())


def group(parent: h5py.Group, path: str) -> h5py.Group:
    """Return a group that lies in the same file."""
    found = node(parent, path)
    if not isinstance(found, h5py.Group):
        raise ValueError(f"{path} is no group")
    return found


def array(parent: h5py.Group, path: str, kinds: str = NUMBERS, ndim: int | None = None) -> Any:
    """Return the values of a dataset."""
    return dataset(parent, path, kinds, ndim)[()]


def dataset(
    parent: h5py.Group, path: str, kinds: str = NUMBERS, ndim: int | None = None
) -> h5py.Dataset:
    """Return a dataset that is stored in the same file, of these kinds of dtype."""
    found = node(parent, path)
    if not isinstance(found, h5py.Dataset):
        raise ValueError(f"{path} is no dataset")
    if found.dtype.kind not in kinds or found.shape is None:
        raise ValueError(f"{path} has the type {found.dtype}")
    if ndim not in (None, found.ndim):
        raise ValueError(f"{path} has {found.ndim} dimensions, not {ndim}")
    _check_storage(found)
    return found


def text(holder: Any, name: str) -> str:
    """Return an attribute that is a text."""
    about = _attribute(holder, name)
    if h5py.check_string_dtype(about.dtype) is None or about.shape != ():
        raise ValueError(f"attribute {name} of {holder.name} is no text")
    found = holder.attrs[name]
    return found.decode() if isinstance(found, bytes) else str(found)


def number(holder: Any, name: str) -> Any:
    """Return an attribute that is a number, or an array of them."""
    about = _attribute(holder, name)
    if about.dtype.kind not in NUMBERS or about.shape is None:
        raise ValueError(f"attribute {name} of {holder.name} is no number")
    return holder.attrs[name]


def is_text(holder: Any, name: str) -> bool:
    """Return whether an attribute is a text."""
    return h5py.check_string_dtype(_attribute(holder, name).dtype) is not None


def strict_json(text: str) -> Any:
    """Return what JSON says, which knows neither NaN nor infinity."""

    def refuse(word: str) -> None:
        raise ValueError(f"{word} in JSON")

    return json.loads(text, parse_constant=refuse)


def _attribute(holder: Any, name: str) -> Any:
    if name not in holder.attrs:
        raise KeyError(f"there is no attribute {name} of {holder.name}")
    about = holder.attrs.get_id(name)
    if math.prod(about.shape or ()) * about.dtype.itemsize > _held(holder):
        raise ValueError(f"attribute {name} of {holder.name} is larger than the file")
    return about


def _check_storage(found: h5py.Dataset) -> None:
    """Complain unless the values lie in the file itself and can have the size they claim."""
    plan = found.id.get_create_plist()
    if found.is_virtual or plan.get_external_count():
        raise ValueError(f"{found.name} is stored elsewhere")
    if {plan.get_filter(i)[0] for i in range(plan.get_nfilters())} - _FILTERS:
        raise ValueError(f"{found.name} is packed in an unknown way")
    size = math.prod(found.shape) * found.dtype.itemsize
    if found.chunks is None:
        fits = found.id.get_storage_size() == size <= _held(found)
    else:
        fits = _chunks_fit(found, size)
    if not fits:
        raise ValueError(f"{found.name} claims more values than are stored")


def _chunks_fit(found: h5py.Dataset, size: int) -> bool:
    """Return whether every chunk is stored, and none can grow beyond its size."""
    chunk = math.prod(found.chunks) * found.dtype.itemsize
    wanted = math.prod(-(-n // c) for n, c in zip(found.shape, found.chunks, strict=True))
    stored: list[int] = []
    if max(size, chunk if size else 0) <= _EXPANSION * _held(found) + _SMALL:
        found.id.chunk_iter(lambda about: stored.append(about.size))
    return len(stored) >= wanted and max(stored, default=0) <= chunk + chunk // 8 + 1024


def _held(holder: Any) -> int:
    """Return the size of the file that something lies in."""
    return int(holder.file.id.get_filesize())


def as_plain(value: Any) -> Any:
    """Return a value that JSON knows: null for what is not finite."""
    if np.ndim(value):
        return [as_plain(x) for x in value]
    return float(value) if np.isfinite(value) else None
