"""Finished runs that can be taken instead of computing a point again."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from snnrun.config.reader import read
from snnrun.errors import SnnrunError
from snnrun.store.folder import RunFolder
from snnrun.store.lock import read_status
from snnrun.sweep.claim import folder_of
from snnrun.sweep.plan import hash_of
from snnrun.sweep.plan_file import NAME
from snnrun.sweep.plan_file import read as read_plan

_STATES = ("done", "unhealthy")


def finished(places: list[Path]) -> dict[str, Path]:
    """Return the finished runs below some folders, by the hash of their config."""
    found: dict[str, Path] = {}
    for place in places:
        for folder, names, files in os.walk(place):
            path = Path(folder)
            if NAME in files:
                found |= dict(_points(path))
                names.clear()
            elif "results.h5" in files and read_status(path).get("state") in _STATES:
                with contextlib.suppress(SnnrunError, OSError):
                    found[hash_of(read(path / "config.yaml", str(path))[1])] = path
                names.clear()
    return found


def _points(sweep: Path) -> Iterator[tuple[str, Path]]:
    with contextlib.suppress(SnnrunError):
        for point in read_plan(sweep).points:
            path = folder_of(sweep, point.index)
            if read_status(path).get("state") in _STATES:
                yield point.hash, path


def take_over(source: Path | None, folder: RunFolder) -> bool:
    """Take the files of a finished run; False if there is none."""
    if source is None or source.resolve() == folder.path.resolve():
        return False
    status = read_status(source)
    if status.get("state") not in _STATES or "fingerprint" not in status:
        return False
    try:
        for name in ("config.yaml", "results.h5"):
            _linked(source / name, folder.path / name)
    except OSError:
        return False
    folder.log(f"taken from {source}")
    more = {key: status.get(key) for key in ("timings", "statistics", "health", "fingerprint")}
    folder.status(
        str(status["state"]), reason=status.get("reason"), exit_code=status.get("exit_code"), **more
    )
    return True


def _linked(source: Path, target: Path) -> None:
    """Give a file that never changes a second name, or copy it."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
