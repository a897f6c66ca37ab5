"""Compiled programs on disk: one folder a jaxlib version, platform and CPU type.

`JAX_COMPILATION_CACHE_DIR` is respected. Hits are measured, not assumed.
"""

import contextlib
import hashlib
import os
import platform
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import jax

_HIT = "/jax/compilation_cache/cache_hits"


class Watch:
    """Whether programs compiled under it came from the cache."""

    hits = 0
    enabled = True

    @property
    def verdict(self) -> str:
        """`hit`, `miss`, or `off` when there is no cache."""
        if not self.enabled:
            return "off"
        return "hit" if self.hits else "miss"


def set_up() -> Path | None:
    """Point JAX at the cache and return its folder; None (no cache) if it can't be written."""
    given = os.environ.get("JAX_COMPILATION_CACHE_DIR")
    folder = Path(given) if given else _default_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        usable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        usable = False
    jax.config.update("jax_compilation_cache_dir", str(folder) if usable else None)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return folder if usable else None


def folder() -> Path | None:
    """Return where compiled programs are kept; None where there is no cache."""
    used = jax.config.jax_compilation_cache_dir  # type: ignore[attr-defined]
    return Path(used) if used else None


def clear() -> int:
    """Remove our compiled programs from the cache; returns how many there were."""
    used, removed = folder(), 0
    for entry in used.glob("jit_chunk-*") if used else ():
        with contextlib.suppress(OSError):
            entry.unlink()
            removed += entry.name.endswith("-cache")
    return removed


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
    """Count cache hits of the programs compiled inside the block."""
    watch = Watch()
    watch.enabled = bool(jax.config.jax_compilation_cache_dir)  # type: ignore[attr-defined]

    def listen(event: str, **_: object) -> None:
        watch.hits += event == _HIT

    jax.monitoring.register_event_listener(listen)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield watch
    finally:
        jax.monitoring.unregister_event_listener(listen)
    for warning in caught:
        if "persistent compilation cache" in str(warning.message):
            clear()  # JAX never replaces an entry that it can't read
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
