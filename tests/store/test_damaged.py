"""Damaged, foreign and hostile files: refused with path and reason, or read as if undamaged.

Files of real runs, damaged in many ways with fixed seeds, are read in processes of their own:
none crashes, hangs, eats memory, or is taken for right where it is not.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import pytest

from snnrun.checkpoints import Checkpoints
from snnrun.store import checkpoint, seal
from tests.cli.program import ROOT, call
from tests.store.damage import BYTES, CONTENTS, PLACES, abouts, put

RUN = ("duration=smoke", "network.scale=0.2", "drive.X.rate=10", "checkpoint.at_ms=[60]")
FEW, MANY = 4, 60  # seeds of each way to damage bytes
HANG_S = 120  # a file takes milliseconds
SPIKES = ("spikes/E/timestamps", "spikes/I/node_ids")
STATISTIC = "statistics/E/firing_rate"
ARRAY = "arrays/0/state/synapses/0/x"
STILL_RIGHT = (
    "missing",
    "group instead",
    "group above missing",
    "type: a table",
    "version",
    "format",
)


class Files(NamedTuple):
    """Of one run: its folder, what a killed process left, and the checkpoint."""

    folder: Path
    killed: Path
    saved: Path
    about: dict[str, Any]

    def source(self, how: str) -> Path:
        return {
            "finished": self.folder / "results.h5",
            "interrupted": self.killed / "results.h5",
            "saved": self.saved,
        }[how]


def real_run(folder: Path, *more: str) -> Files:
    """Run; keep a copy of the folder as it is when the checkpoint is written."""
    killed = folder.with_name(f"{folder.name}-killed")

    def write(self, *arguments, **options):
        path = original(self, *arguments, **options)
        if not killed.exists():
            shutil.copytree(folder, killed)
        return path

    original = Checkpoints.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "write", write)
        assert call("simulate", *RUN, *more, "--out", str(folder), "--quiet").code == 0
    saved = folder / "checkpoints" / "step_1200.h5"
    about = checkpoint.read(saved).about
    assert min(about["rows"].values()) > 20
    return Files(folder, killed, saved, about)


@pytest.fixture(scope="module", params=["none", "gzip"])
def files(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("real") / request.param
    return real_run(folder, f"record.compression={request.param}")


def read_all(cases: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Read files in processes of their own; one that crashes is followed by another."""
    said: list[dict[str, str]] = []
    while len(said) < len(cases):
        done = subprocess.run(
            [sys.executable, "-m", "tests.store.reader"],
            input="".join(json.dumps(case) + "\n" for case in cases[len(said) :]),
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=HANG_S,
            check=False,
        )
        said += [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode:
            said.append({"broke": f"signal {-done.returncode}: {done.stderr[-2000:]}"})
    return said


def undamaged(files: Files, how: str, folder: Path) -> str:
    """Return what is read of the file as it was written."""
    path = folder / "whole" / "results.h5"
    path.parent.mkdir()
    put(path, files.source(how))
    (said,) = read_all([{"how": how, "path": str(path), "about": files.about}])
    return said["read"]


def check(
    files: Files, how: str, folder: Path, paths: dict[str, Path], always: bool = False
) -> Counter[str]:
    """Check how each file is read; count how many are refused, and read all the same."""
    right = undamaged(files, how, folder)
    cases = [{"how": how, "path": str(path), "about": files.about} for path in paths.values()]
    ends: Counter[str] = Counter()
    wrong = {}
    for (name, path), said in zip(paths.items(), read_all(cases), strict=True):
        message = said.get("refused", "")
        fine = said.get("read") == right and not always
        good = message.startswith(str(path)) and "\n" not in message and len(message) < 700
        ends["refused" if good else "read"] += 1
        if not (fine or good):
            wrong[name] = said
    assert not wrong
    return ends


def damaged_bytes(files: Files, how: str, folder: Path, seeds: int) -> dict[str, Path]:
    content = files.source(how).read_bytes()
    used = content.rstrip(b"\0")  # what follows may be reserved, and damage there is none
    paths = {}
    for kind, damage in BYTES.items():
        for seed in range(seeds):
            found = damage(used, random.Random(f"{kind} {how} {seed}"))
            found += content[len(used) :] if len(found) >= len(used) else b""
            if found != content:
                paths[f"{kind} {seed}"] = path = folder / f"{len(paths)}" / "results.h5"
                path.parent.mkdir()
                path.write_bytes(found)
    return paths


@pytest.mark.parametrize("how", ["finished", "interrupted", "saved"])
@pytest.mark.parametrize("seeds", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
def test_damaged_bytes(files, tmp_path, how, seeds):
    paths = damaged_bytes(files, how, tmp_path, seeds)
    assert len(BYTES) >= 15
    assert len(paths) >= 13 * seeds
    ends = check(files, how, tmp_path, paths)
    assert ends["refused"] >= (0.45 if how == "interrupted" else 0.99) * len(paths)


def reseal(path: Path, how: str) -> None:
    """Let the checksum be that of what the file holds."""
    if how == "finished":
        seal.seal(path)
    elif how == "saved":
        with path.open("r+b") as raw:
            sum_ = checkpoint._digest(raw)
            raw.seek(0)
            raw.write(checkpoint._MARK + sum_)


def rebuilt(source: Path, path: Path) -> None:
    """Copy what a file holds, where HDF5 would not let it be changed."""
    with h5py.File(source, swmr=True) as old, h5py.File(path, "w", libver="v110") as new:
        new.attrs.update(old.attrs)
        for name in old:
            old.copy(name, new)


def targets(how: str) -> dict[str, tuple[str, ...]]:
    """Return what is changed in a file, and which changes it can bear."""
    if how == "saved":
        return {"about": (), "config": (), ARRAY: STILL_RIGHT}
    unread = ("format",) if how == "interrupted" else ()  # texts of unsealed files
    return dict.fromkeys(SPIKES, unread) | ({STATISTIC: STILL_RIGHT} if how == "finished" else {})


@pytest.mark.parametrize("how", ["finished", "interrupted", "saved"])
def test_hostile_contents(files, tmp_path, how):
    paths = {}
    for kind, change in CONTENTS.items():
        for target, exempt in targets(how).items():
            if kind.startswith(exempt or "-"):
                continue
            path = tmp_path / f"{len(paths)}" / "results.h5"
            path.parent.mkdir()
            source = files.source(how)
            rebuilt(source, path) if how == "interrupted" else put(path, source)
            put(path.parent.parent / "other.h5", source)
            with h5py.File(path, "r+", libver="v110") as file:
                change(file, target, tmp_path / "other.h5")
            reseal(path, how)
            paths[f"{kind} {target}"] = path
    assert len(CONTENTS) >= 32
    assert len(paths) >= 58
    ends = check(files, how, tmp_path, paths, always=True)
    assert ends["refused"] == len(paths)


def test_hostile_words_of_a_checkpoint(files, tmp_path):
    paths = {}
    for kind, text in abouts(files.about).items():
        paths[kind] = path = tmp_path / f"{len(paths)}.h5"
        put(path, files.saved)
        with h5py.File(path, "r+") as file:
            del file["about"]
            file["about"] = np.frombuffer(text.encode(), np.uint8)
        reseal(path, "saved")
    assert len(paths) >= 29
    assert check(files, "saved", tmp_path, paths, always=True)["refused"] == len(paths)


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return real_run(tmp_path_factory.mktemp("real") / "run")


class TestCommands:
    """Every command that reads such a file ends with code 5 and says why."""

    def command(self, real, how, tmp_path):
        """Return the file that is read, in a copy, and the command."""
        if how == "saved":
            path = tmp_path / "saved.h5"
            put(path, real.saved)
            command = ("simulate", *RUN, "--from-checkpoint", str(path), "--out", "run")
            return path, command
        source = real.folder if how == "finished" else real.killed
        shutil.copytree(source, tmp_path / "run")
        return tmp_path / "run" / "results.h5", ("simulate", "--resume", str(tmp_path / "run"))

    @pytest.mark.parametrize("how", ["finished", "interrupted", "saved"])
    @pytest.mark.parametrize("place", PLACES)
    def test_something_else_in_its_place(self, real, tmp_path, monkeypatch, how, place):
        monkeypatch.chdir(tmp_path)
        path, command = self.command(real, how, tmp_path)
        path.unlink()
        PLACES[place](path)
        self.refused(call(*command), path)

    @pytest.mark.parametrize("how", ["finished", "interrupted", "saved"])
    @pytest.mark.parametrize("kind", ["truncated", "zeroed page", "rubbish", "empty", "text"])
    def test_damaged_bytes(self, real, tmp_path, monkeypatch, how, kind):
        monkeypatch.chdir(tmp_path)
        path, command = self.command(real, how, tmp_path)
        path.write_bytes(BYTES[kind](path.read_bytes()[: 300 * 1024], random.Random(1)))
        self.refused(call(*command), path)

    def refused(self, outcome, path):
        assert outcome.code == 5, outcome.err
        message = outcome.err.strip().splitlines()[-1]
        assert str(path) in message
        assert "Traceback" not in outcome.err
        assert len(message) < 700

    @pytest.mark.parametrize(
        ("array", "value"),
        [
            ("gathered/total", None),
            ("gathered/total", np.zeros(3, np.int64)),
            ("gathered/total", np.zeros(200)),
            ("gathered/tally/0_2000", np.zeros((0, 1))),
            ("state/ring", np.zeros(3)),
            ("state/ring", np.zeros((2, 7), np.float32)),
            ("state/neurons/0/v", np.zeros((200, 2), np.float32)),
            ("state/neurons/0/v", np.zeros(200, np.int64)),
            ("state/word", None),
        ],
    )
    def test_arrays_that_do_not_fit(self, real, tmp_path, monkeypatch, array, value):
        monkeypatch.chdir(tmp_path)
        self.command(real, "interrupted", tmp_path)
        (path,) = (tmp_path / "run" / "checkpoints").iterdir()
        with h5py.File(path, "r+") as file:
            del file[f"arrays/0/{array}"]
            if value is not None:
                file[f"arrays/0/{array}"] = value
        reseal(path, "saved")
        outcome = call("simulate", "--resume", "run")
        assert outcome.code in (2, 5), outcome.err
        assert "Traceback" not in outcome.err
        assert "checkpoint" in outcome.err
        assert "fit" in outcome.err

    @pytest.mark.parametrize(
        "name", ["spikes/../E", "/etc/passwd", "nodes/E/x", "spikes/Z/node_ids"]
    )
    def test_rows_of_what_is_not_written(self, real, tmp_path, monkeypatch, name):
        self.changed_rows(real, tmp_path, monkeypatch, {name: 3})

    def test_more_rows_than_there_are(self, real, tmp_path, monkeypatch):
        self.changed_rows(real, tmp_path, monkeypatch, {"spikes/E/timestamps": 10**12})

    def test_fewer_rows_than_were_written(self, real, tmp_path, monkeypatch):
        self.changed_rows(real, tmp_path, monkeypatch, {"spikes/E/timestamps": 3})

    def changed_rows(self, real, tmp_path, monkeypatch, rows):
        monkeypatch.chdir(tmp_path)
        results, command = self.command(real, "interrupted", tmp_path)
        (path,) = (tmp_path / "run" / "checkpoints").iterdir()
        about = {**real.about, "rows": {**real.about["rows"], **rows}}
        with h5py.File(path, "r+") as file:
            del file["about"]
            file["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
        reseal(path, "saved")
        self.refused(call(*command), results)


def test_nothing_is_ever_unpickled():
    risky = (
        "import pickle",
        "import marshal",
        "import shelve",
        "allow_pickle",
        "import joblib",
        "eval(",
    )
    for path in (ROOT / "snnrun").rglob("*.py"):
        source = path.read_text()
        assert not [word for word in risky if word in source.replace(".eval(", "")], path
