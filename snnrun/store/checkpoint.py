"""Checkpoints: whole or not there, and known to be undamaged before a byte of them is used.

An HDF5 file behind a user block of 512 bytes, which holds the SHA-256 of all that follows it.
`/about` is JSON (as bytes); every other dataset is an array of the run's state. Nothing in it is
ever executed or unpickled.
"""

import contextlib
import dataclasses
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from snnrun.errors import FileError
from snnrun.store import opened
from snnrun.store.about import checked
from snnrun.store.disk import write_atomically
from snnrun.store.seal import digest

FORMAT = "snnrun-checkpoint"
FORMAT_VERSION = opened.VERSIONS[FORMAT]
_BLOCK = 512
_MARK = b"snnrun checkpoint sha256 "


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """What a run is before a step: `about` (plain values) and named arrays, with its config."""

    about: dict[str, Any]
    arrays: dict[str, np.ndarray]
    config: str
    source: str = "the checkpoint"

    def part(self, prefix: str) -> dict[str, np.ndarray]:
        """Return the arrays whose names begin with `prefix`, without it."""
        return {
            name.removeprefix(prefix): x
            for name, x in self.arrays.items()
            if name.startswith(prefix)
        }


def name_of(step: int) -> str:
    """Return the file name of a checkpoint."""
    return f"step_{step}.h5"


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint at once or not at all; it is on the disk when this returns.

    It is made in memory, because HDF5 crashes where it can't write all of a file.
    """
    image = io.BytesIO()
    with h5py.File(image, "w", libver="v110", userblock_size=_BLOCK) as file:
        file.attrs["format"], file.attrs["format_version"] = FORMAT, FORMAT_VERSION
        for name, text in (("config", checkpoint.config), ("about", json.dumps(checkpoint.about))):
            file[name] = np.frombuffer(text.encode(), np.uint8)
        for name, array in checkpoint.arrays.items():
            file[f"arrays/{name}"] = array
    mark = _MARK + _digest(image)
    with image.getbuffer() as content:
        content[: len(mark)] = mark
        with contextlib.suppress(OSError):  # somebody deleted it; the run can do without that
            path.parent.mkdir(exist_ok=True)
        write_atomically(path, content)


def read(path: Path) -> Checkpoint:
    """Read a checkpoint; FileError where it is missing, foreign, damaged or too new."""
    with opened.explained(path):
        _verify(path)
    with opened.opened(path) as file:
        opened.version(path, file, FORMAT)
        opened.check_format(path, file, FORMAT)
        about, config = (
            opened.array(file, name, "u", ndim=1).tobytes().decode() for name in ("about", "config")
        )
        arrays = dict(_arrays(opened.group(file, "arrays"))) if opened.has(file, "arrays") else {}
        return Checkpoint(checked(opened.strict_json(about)), arrays, config, str(path))


def newest(folder: Path) -> list[Path]:
    """Return the checkpoints of a folder, the latest first."""
    numbers = {p: p.stem.removeprefix("step_") for p in folder.glob("step_*.h5")}
    known = [p for p, number in numbers.items() if number.isdigit()]
    return sorted(known, key=lambda p: int(numbers[p]), reverse=True)


def _arrays(group: h5py.Group, prefix: str = "", depth: int = 8) -> Iterator[tuple[str, Any]]:
    """Yield name and values of each array below a group."""
    if not depth:
        raise ValueError(f"{prefix} is nested too deeply")
    for name in group:
        if isinstance(opened.node(group, name), h5py.Group):
            yield from _arrays(group[name], f"{prefix}{name}/", depth - 1)
        else:
            yield f"{prefix}{name}", opened.array(group, name)


def _verify(path: Path) -> None:
    """Complain unless the file is a checkpoint as it was written."""
    opened.check_regular(path)
    with path.open("rb") as raw:
        head = raw.read(_BLOCK)
        if not head.startswith(_MARK):
            raise FileError(f"{path}: is no checkpoint of snnrun")
        if head[len(_MARK) :].rstrip(b"\0") != _digest(raw):
            raise FileError(f"{path}: is damaged (its checksum differs): take an earlier one")


def _digest(raw: Any) -> bytes:
    """Return the SHA-256 of what follows the user block."""
    return digest(raw, _BLOCK, raw.seek(0, os.SEEK_END))
