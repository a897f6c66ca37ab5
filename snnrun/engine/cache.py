"""Compiled programs on disk: one folder a jaxlib version, platform and CPU type.

JAX's `JAX_COMPILATION_CACHE_DIR` is respected (its keys tell versions and CPU types apart), and
so are `JAX_COMPILATION_CACHE_MAX_SIZE` (bytes, -1 without limit, 0 no cache) and
`JAX_ENABLE_COMPILATION_CACHE`. Above the limit, the programs unused for longest go. JAX's own
limit is left off: it needs `filelock`, a lock on the folder for each read, deletes other people's
entries and stops at those that it did not write.
Hits are measured, not assumed.
"""

import contextlib
import hashlib
import logging
import os
import platform
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import jax

_HIT = "/jax/compilation_cache/cache_hits"
_OURS = "jit_chunk-*"  # <name>-<hash>-cache, and -atime where another program limits the size
_LIMIT = 10**9
_ABOUT_ENTRIES = logging.getLogger("jax._src.compiler")  # the only place that tells their keys


class Watch:
    """Whether programs compiled under it came from the cache."""

    hits = 0
    enabled = True
    entry: Path | None = None

    @property
    def verdict(self) -> str:
        """`hit`, `miss`, or `off` when there is no cache."""
        if not self.enabled:
            return "off"
        return "hit" if self.hits else "miss"

    def note(self, key: str, missed: bool) -> None:
        """Remember the entry; JAX never replaces one that it can't read, so that goes first."""
        used = folder()
        if used is not None and key.startswith(_OURS.rstrip("*")):
            self.entry = used / f"{key}-cache"
            if missed:
                _remove(self.entry)


def set_up() -> Path | None:
    """Point JAX at the cache and return its folder; None (no cache) if it can't be written."""
    given = os.environ.get("JAX_COMPILATION_CACHE_DIR")
    folder = Path(given) if given else _default_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted = limit() != 0 and jax.config.jax_enable_compilation_cache  # type: ignore[attr-defined]
        usable = wanted and os.access(folder, os.R_OK | os.W_OK | os.X_OK)
    except OSError:
        usable = False
    jax.config.update("jax_compilation_cache_dir", str(folder) if usable else None)
    jax.config.update("jax_compilation_cache_max_size", -1)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return folder if usable else None


def folder() -> Path | None:
    """Return where compiled programs are kept; None where there is no cache."""
    used = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    return Path(used) if used else None


def limit() -> int:
    """Return how many bytes of compiled programs are kept; -1: all."""
    return int(os.environ.get("JAX_COMPILATION_CACHE_MAX_SIZE") or _LIMIT)


def clear() -> int:
    """Remove our compiled programs from the cache; returns how many there were."""
    return sum(_remove(entry) for entry in _entries())


def prune(most: int) -> None:
    """Remove the programs unused for longest until the rest takes `most` bytes (-1: any).

    Others may read and remove entries meanwhile: what is gone is gone, a reader that comes too
    late compiles.
    """
    found = []
    for entry in _entries() if most >= 0 else ():
        with contextlib.suppress(OSError):
            about = entry.stat()
            found.append((about.st_mtime_ns, about.st_size, entry))
    total = sum(size for _, size, _ in found)
    for _, size, entry in sorted(found):
        if total <= most:
            return
        _remove(entry)
        total -= size


def _entries() -> list[Path]:
    """Return our programs: in the default place, those of other versions and CPU types too."""
    used = folder()
    if used is None:
        return []
    everywhere = used == _default_folder()
    return list(used.parent.glob(f"*/{_OURS}-cache") if everywhere else used.glob(f"{_OURS}-cache"))


def _remove(entry: Path) -> bool:
    """Remove an entry; returns whether it was there."""
    try:
        entry.unlink()
    except OSError:
        return False
    with contextlib.suppress(OSError):
        entry.with_name(entry.name.removesuffix("cache") + "atime").unlink()
    return True


def _default_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    machine = hashlib.blake2b(_cpu().encode(), digest_size=4).hexdigest()
    name = f"{version('jaxlib')}-{platform.system().lower()}-{platform.machine()}-{machine}"
    return Path(base) / "snnrun" / "jax" / name


def _cpu() -> str:
    """Return what tells CPU types apart: a program for one may crash on another."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    wanted = ("model name", "flags", "Features", "CPU part")
    return "\n".join(sorted({line for line in lines if line.startswith(wanted)}))


@contextlib.contextmanager
def watched() -> Iterator[Watch]:
    """Count cache hits of the programs compiled inside the block; mend and prune the cache."""
    watch = Watch()
    watch.enabled = folder() is not None

    def listen(event: str, **_: object) -> None:
        watch.hits += event == _HIT

    jax.monitoring.register_event_listener(listen)
    try:
        with warnings.catch_warnings(record=True) as caught, _listening(watch):
            warnings.simplefilter("always")
            yield watch
    finally:
        jax.monitoring.unregister_event_listener(listen)
    _tidy(watch, _passed_on(caught))


@contextlib.contextmanager
def _listening(watch: Watch) -> Iterator[None]:
    """Tell `watch` the keys that JAX logs; what is logged does not change."""
    level, shown = _ABOUT_ENTRIES.level, _ABOUT_ENTRIES.getEffectiveLevel()

    def heard(record: logging.LogRecord) -> bool:
        found = record.args[-1] if isinstance(record.args, tuple) and record.args else None
        if isinstance(found, str):
            watch.note(found, missed="CACHE MISS" in record.msg.upper())
        return record.levelno >= shown

    _ABOUT_ENTRIES.addFilter(heard)
    _ABOUT_ENTRIES.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        _ABOUT_ENTRIES.setLevel(level)
        _ABOUT_ENTRIES.removeFilter(heard)


def _passed_on(caught: list[warnings.WarningMessage]) -> str:
    """Return what JAX says about the cache; pass all other warnings on."""
    about = []
    for warning in caught:
        if "persistent compilation cache" in str(warning.message):
            about.append(str(warning.message))
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
    return "\n".join(about)


def _tidy(watch: Watch, said: str) -> None:
    """Mark the entry as used now, drop it if it was not written to its end, keep the limit."""
    if watch.entry is None:
        if said:  # an entry that JAX can't read, and no word which
            clear()
    elif "Error writing" in said:
        _remove(watch.entry)
    elif watch.hits:
        with contextlib.suppress(OSError):
            os.utime(watch.entry)
    if watch.enabled and not watch.hits:
        prune(limit())
