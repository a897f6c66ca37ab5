"""The folder of compiled programs: its limit, damage, other processes, disks that can't be written.

In processes of their own, which compile small programs under the name that the engine's has.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Words: a number compiles and runs that program and says what the cache had; others damage all
# entries, or count what `clear` removes.
SCRIPT = """
import errno, os, pathlib, sys, warnings
warnings.simplefilter("error")
import jax, numpy as np
from snnrun.engine import cache

folder = cache.set_up()

def entries():
    return folder.glob("jit_chunk-*-cache")

def compiled(number):
    def chunk(x):
        return x * number + 1
    with cache.watched() as watch:
        program = jax.jit(chunk).lower(np.ones(3, np.float32)).compile()
    assert np.array_equal(program(np.ones(3, np.float32)), np.full(3, number + 1))
    return watch.verdict

def no_space(path, data):
    with open(path, "wb") as file:
        file.write(data[: len(data) // 2])
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

for word in sys.argv[1:]:
    if word.isdigit():
        print(compiled(int(word)))
    elif word == "clear":
        print(cache.clear())
    elif word == "full":
        pathlib.Path.write_bytes = no_space
    for entry in entries() if word in ("truncate", "random", "empty") else ():
        data = entry.read_bytes()
        kept = {"truncate": data[: len(data) // 2], "empty": b""}
        entry.write_bytes(kept.get(word, os.urandom(len(data))))
"""


def start(*words: object, **changes: object) -> subprocess.Popen[str]:
    """Start the script with changes to its environment."""
    env = {**os.environ, "JAX_PLATFORMS": "cpu"}
    env.pop("JAX_COMPILATION_CACHE_MAX_SIZE", None)
    env |= {key: str(value) for key, value in changes.items()}
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *map(str, words)],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> list[str]:
    """Return what a script says that must not fail, nor warn."""
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert not err
    return out.split()


def verdicts(folder: Path, *words: object, most: int | None = None) -> list[str]:
    """Return what the script says with its cache in `folder`, of `most` bytes."""
    size = {} if most is None else {"JAX_COMPILATION_CACHE_MAX_SIZE": most}
    return said(start(*words, JAX_COMPILATION_CACHE_DIR=folder, **size))


def total(folder: Path) -> int:
    """Return the bytes of the compiled programs in a folder."""
    return sum(entry.stat().st_size for entry in folder.glob("jit_chunk-*"))


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Return the bytes that a program takes."""
    folder = tmp_path_factory.mktemp("one")
    assert verdicts(folder, 1) == ["miss"]
    return total(folder)


class TestLimit:
    def test_is_held_and_what_was_used_last_stays(self, tmp_path, one):
        words = [0, *(word for k in range(1, 20) for word in (k, 0))]  # 0 is used all the time
        said = verdicts(tmp_path, *words, 19, 18, 1, most=int(4.5 * one))
        assert 3 * one < total(tmp_path) <= 4.5 * one
        assert said[: len(words)] == ["miss", *["miss", "hit"] * 19]
        assert said[len(words) :] == ["hit", "hit", "miss"]

    def test_leaves_alone_what_is_not_ours(self, tmp_path, one):
        others = [tmp_path / name for name in ("jit_other-0a-cache", "jit_other-0a-atime", "mine")]
        for other in others:
            other.write_bytes(b"0" * 10 * one)
            os.utime(other, (0, 0))
        said = verdicts(tmp_path, 1, 2, 2, "clear", most=int(1.5 * one))
        assert said == ["miss", "miss", "hit", "1"]
        assert sorted(tmp_path.iterdir()) == sorted(others)

    def test_zero_is_no_cache(self, tmp_path):
        assert verdicts(tmp_path, 1, "clear", most=0) == ["off", "0"]
        assert not any(tmp_path.iterdir())

    def test_nothing_is_kept_where_jax_is_told_so(self, tmp_path):
        told = {"JAX_COMPILATION_CACHE_DIR": tmp_path, "JAX_ENABLE_COMPILATION_CACHE": "false"}
        assert said(start(1, 1, **told)) == ["off", "off"]
        assert not any(tmp_path.iterdir())

    def test_is_a_gigabyte(self, monkeypatch):
        from snnrun.engine import cache

        monkeypatch.delenv("JAX_COMPILATION_CACHE_MAX_SIZE", raising=False)
        assert cache.limit() == 10**9


def test_processes_write_read_and_prune_at_once(tmp_path, one):
    most = int(2.5 * one)
    size = {"JAX_COMPILATION_CACHE_DIR": tmp_path, "JAX_COMPILATION_CACHE_MAX_SIZE": most}
    words = [k % 4 for k in range(24)]
    for process in [start(*words, **size), start(*words[::-1], **size)]:
        assert "off" not in said(process)
    assert total(tmp_path) <= most


def test_a_damaged_entry_is_replaced_and_others_stay(tmp_path):
    words, expected = [], []
    for damage in ("truncate", "random", "empty"):
        # program 2 is compiled again only because it was damaged as well
        words += [1, 2, damage, 1, 1, 2, 2, "clear"]
        expected += ["miss", "miss", "miss", "hit", "miss", "hit", "2"]
    assert verdicts(tmp_path, *words) == expected


def test_other_versions_and_processors_have_their_own(tmp_path):
    env: dict[str, object] = {"XDG_CACHE_HOME": tmp_path, "JAX_COMPILATION_CACHE_DIR": ""}
    assert said(start(1, **env)) == ["miss"]
    (own,) = (tmp_path / "snnrun" / "jax").iterdir()
    own.rename(own.with_name("0.0.1-linux-x86_64-00000000"))
    env["JAX_COMPILATION_CACHE_MAX_SIZE"] = "-1"  # none
    assert said(start(1, 1, "clear", **env)) == ["miss", "hit", "2"]  # all that is ours


@contextlib.contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Mount a file system in memory, or skip the test."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"NO FILE SYSTEM COULD BE MOUNTED: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX permissions")
def test_a_folder_that_cannot_be_written(tmp_path):
    folder = tmp_path / "jax"
    if os.geteuid():
        folder.mkdir(mode=0o500)
        assert verdicts(folder, 1, 1) == ["off", "off"]
    else:  # whom permissions do not stop
        with mounted(folder, "ro,size=64k"):
            assert verdicts(folder, 1, 1) == ["off", "off"]


def test_a_write_that_fails_half_way_leaves_nothing(tmp_path):
    assert verdicts(tmp_path, 1, "full", 2, 2, 1) == ["miss", "miss", "miss", "hit"]
    assert len(list(tmp_path.iterdir())) == 1


def test_a_full_disk(tmp_path):
    folder = tmp_path / "jax"
    with mounted(folder, "size=64k"):
        with contextlib.suppress(OSError), (folder / "large").open("wb", buffering=0) as file:
            while True:
                file.write(b"0" * 4096)
        assert verdicts(folder, 1, 1) == ["miss", "miss"]
        assert [entry.name for entry in folder.iterdir()] == ["large"]
