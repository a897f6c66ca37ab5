"""Memory of this process, not of the one that started it."""

import subprocess
import sys

import numpy as np

from snnrun import memory
from tests.cli.program import ROOT


def test_a_large_array_is_seen():
    before = memory.resident_mb()
    array = np.ones(64 * memory.MB, np.uint8)
    during = memory.resident_mb()
    assert array[-1] == 1
    assert 48 < during - before < 128
    del array
    assert memory.resident_mb() < during - 48
    assert memory.peak_mb() >= during - 1


def test_the_peak_is_not_inherited():
    held = np.ones(256 * memory.MB, np.uint8)
    code = "from snnrun.memory import peak_mb; print(peak_mb())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert held[-1] == 1
    assert 5 < float(done.stdout) < 200


def test_free_memory_is_known():
    assert 1 < memory.available_mb() < 1e9


def test_the_limit_of_a_group_counts(tmp_path, monkeypatch):
    limit, used = tmp_path / "memory.max", tmp_path / "memory.current"
    monkeypatch.setattr(memory, "_GROUP_LIMITS", [(limit, used)])
    free = memory.available_mb()
    limit.write_text("max\n")
    assert memory.available_mb() > free / 2
    limit.write_text(f"{50 * memory.MB}\n")
    used.write_text(f"{20 * memory.MB}\n")
    assert memory.available_mb() == 30
