"""The folder of a run: made empty, never taken over; files whole or not there."""

import json
import os
import re
import socket
from pathlib import Path

import pytest

from snnrun.errors import ConfigError, FileError
from snnrun.store.disk import write_atomically
from snnrun.store.folder import RunFolder, alive, now, unique_name
from snnrun.store.lock import read_status

ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00"


def test_a_new_folder_is_under_outputs_with_a_name_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = [RunFolder.create(None, "mine").path for _ in range(20)]
    assert len(set(made)) == 20
    for path in made:
        assert path.parent == Path("outputs/mine")
        assert sorted(p.name for p in path.iterdir()) == ["checkpoints", "run.log"]


def test_names_are_sorted_by_time():
    assert re.fullmatch(r"\d{8}-\d{6}-[0-9a-f]{6}", unique_name())


def test_parents_are_made(tmp_path):
    assert RunFolder.create(tmp_path / "a" / "b", "x").path.is_dir()


@pytest.mark.parametrize("name", ["config.yaml", "results.h5", "status.json"])
def test_a_folder_with_a_run_in_it_is_refused(tmp_path, name):
    (tmp_path / name).write_text("")
    with pytest.raises(ConfigError, match=f"already holds a run \\({name}\\); give another --out"):
        RunFolder.create(tmp_path, "x")
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_folder_is_given_once(tmp_path):
    folder = RunFolder.create(tmp_path / "run", "x")
    with pytest.raises(ConfigError, match="another process works in it; wait until it ends"):
        RunFolder.create(tmp_path / "run", "x")
    folder.release()
    RunFolder.create(tmp_path / "run", "x").status("queued")
    with pytest.raises(ConfigError, match="already holds a run"):
        RunFolder.create(tmp_path / "run", "x")


def test_a_folder_with_other_files_is_taken(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    RunFolder.create(tmp_path, "x")
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("below", ["", "run"])
def test_a_file_in_the_way_is_a_config_error(tmp_path, below):
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file.*(is in the way|can't be written)"):
        RunFolder.create(tmp_path / "file" / below, "x")


class TestStatus:
    def test_has_the_keys_of_the_contract_in_order(self, tmp_path):
        RunFolder(tmp_path).status("running")
        status = json.loads((tmp_path / "status.json").read_text())
        assert list(status) == [
            *("state", "reason", "exit_code", "host", "pid", "started", "updated", "timings")
        ]
        assert (status["state"], status["pid"]) == ("running", os.getpid())
        assert status["host"] == socket.gethostname()
        assert re.fullmatch(ISO, status["started"])
        assert (status["reason"], status["exit_code"], status["timings"]) == (None, None, None)

    def test_keeps_its_start_and_takes_what_is_new(self, tmp_path, monkeypatch):
        times = iter(["2026-01-01T00:00:00.000+00:00", "b", "c"])
        monkeypatch.setattr("snnrun.store.folder.now", lambda: next(times))
        folder = RunFolder(tmp_path)
        folder.status("running")
        folder.status("failed", reason="disk", exit_code=5)
        status = json.loads((tmp_path / "status.json").read_text())
        assert status["started"] == "2026-01-01T00:00:00.000+00:00"
        assert status["updated"] == "c"
        assert (status["state"], status["reason"], status["exit_code"]) == ("failed", "disk", 5)


def test_time_is_iso_8601_in_utc():
    assert re.fullmatch(ISO, now())


def test_the_log_grows_line_by_line(tmp_path):
    folder = RunFolder(tmp_path)
    folder.log("one")
    folder.log("zwei µ")
    lines = (tmp_path / "run.log").read_text(encoding="utf-8").splitlines()
    assert [re.fullmatch(f"{ISO} (.*)", line)[1] for line in lines] == ["one", "zwei µ"]


class TestWriteAtomically:
    def test_replaces_the_content(self, tmp_path):
        path = tmp_path / "file"
        write_atomically(path, b"one")
        write_atomically(path, b"two")
        assert path.read_bytes() == b"two"
        assert [p.name for p in tmp_path.iterdir()] == ["file"]

    def test_leaves_the_old_content_when_the_disk_is_full(self, tmp_path, monkeypatch):
        path = tmp_path / "file"
        write_atomically(path, b"one")

        def full(_):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(FileError, match="file: can't be written: the disk is full"):
            write_atomically(path, b"two")
        assert path.read_bytes() == b"one"
        assert [p.name for p in tmp_path.iterdir()] == ["file"]

    def test_a_folder_that_is_gone_is_a_file_error(self, tmp_path):
        with pytest.raises(FileError, match="can't be written"):
            write_atomically(tmp_path / "gone" / "file", b"one")


def test_the_status_says_that_the_process_is_alive(tmp_path, monkeypatch):
    monkeypatch.setattr("snnrun.store.folder.BEAT_S", 0.01)
    folder = RunFolder.create(tmp_path / "run", "x")
    folder.status("running", reason="mine")
    before = read_status(folder.path)
    with alive([folder]):
        while read_status(folder.path)["updated"] == before["updated"]:
            pass
    after = read_status(folder.path)
    assert after == before | {"updated": after["updated"]}
    folder.release()
