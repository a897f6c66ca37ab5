"""Where studies are kept: what is refused, what is shown, and a journal that survives."""

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from snnrun.errors import ConfigError, FileError
from snnrun.optimizer import _worker
from snnrun.optimizer._journal import Journal
from snnrun.optimizer._storage import (
    VARIABLE,
    absolute,
    open_storage,
    url_found_in,
    url_kept_in,
    without_password,
)
from tests.optimizer import worker

SECRET = "p@ss:w/rd"


def log(n):
    return {"op_code": 0, "n": n}


def numbers(journal, start=0):
    return [entry["n"] for entry in journal.read_logs(start)]


class TestJournal:
    def test_gives_each_log_once_in_order_of_those_who_read(self, tmp_path):
        one, other = Journal(tmp_path / "j"), Journal(tmp_path / "j")
        one.append_logs([log(0)])
        with one.later():
            one.append_logs([log(1)])
            assert numbers(one) == [0, 1]  # before it is in the file
            other.append_logs([log(2)])
            assert numbers(one, 2) == [2]
        one.append_logs([log(3)])
        assert numbers(one, 3) == [3]
        assert numbers(other) == [0, 2, 1, 3]
        assert numbers(Journal(tmp_path / "j")) == [0, 2, 1, 3]

    def test_is_written_once_together(self, tmp_path, monkeypatch):
        synced = []
        monkeypatch.setattr(os, "fsync", synced.append)
        journal = Journal(tmp_path / "j")
        with journal.together():
            for n in range(50):
                journal.append_logs([log(n)])
            with journal.together(), journal.later():
                journal.append_logs([log(50)])
            assert numbers(journal) == [*range(51)]
        assert len(synced) == 1 and not (tmp_path / "j.lock").exists()

    def test_is_read_on_where_applying_a_log_failed(self, tmp_path):
        journal = Journal(tmp_path / "j")
        journal.append_logs([log(0), log(1), log(2)])
        assert next(journal.read_logs(0))["n"] == 0
        assert numbers(journal, 1) == [1, 2]

    def test_loses_a_torn_line_only(self, tmp_path):
        path = tmp_path / "j"
        Journal(path).append_logs([log(0)])
        with path.open("ab") as file:
            file.write(b'{"op_code":0,"n":' + b"1" * 9000)
        journal = Journal(path)
        assert numbers(journal) == [0]
        journal.append_logs([log(2)])
        assert numbers(journal, 1) == [2]
        assert [e["n"] for e in optuna_s(path).read_logs(0)] == [0, 2]

    def test_keeps_what_was_done_before_an_error(self, tmp_path):
        journal = Journal(tmp_path / "j")

        def interrupted():
            with journal.together():
                journal.append_logs([log(0)])
                raise RuntimeError

        with pytest.raises(RuntimeError):
            interrupted()
        assert numbers(Journal(tmp_path / "j")) == [0]

    def test_takes_the_lock_of_the_dead(self, tmp_path):
        host, _, start, system = _worker.this_worker().split(":")
        (tmp_path / "j.lock").write_text(f"{host}:{2**22 + 1}:{start}:{system}")
        journal = Journal(tmp_path / "j")
        journal.append_logs([log(0)])
        assert [p.name for p in tmp_path.iterdir()] == ["j"]

    def test_leaves_the_lock_of_others(self, tmp_path, monkeypatch):
        now = [0.0]
        monkeypatch.setattr("snnrun.optimizer._journal.time.monotonic", lambda: now[0])
        waits = []

        def wait(seconds):
            waits.append(seconds)
            now[0] += 1.0

        monkeypatch.setattr("snnrun.optimizer._journal.time.sleep", wait)
        (tmp_path / "j.lock").touch()  # Optuna's own
        Journal(tmp_path / "j").append_logs([log(0)])
        assert len(waits) == 6  # more than 5 s

    def test_of_something_else_is_not_touched(self, tmp_path):
        path = tmp_path / "notes.txt"
        path.write_text("a line without an end")
        with pytest.raises(FileError, match="is no journal of Optuna"):
            open_storage(f"{path}", tmp_path)
        assert path.read_text() == "a line without an end"

    def test_damaged_is_said(self, tmp_path):
        path = tmp_path / "j"
        path.write_text('{"op_code":0,"broken\n')
        with pytest.raises(FileError, match="is damaged"):
            open_storage(f"{path}", tmp_path)

    def test_replaced_under_way_is_said(self, tmp_path):
        journal = Journal(tmp_path / "j")
        journal.append_logs([log(0)])
        assert numbers(journal) == [0]
        (tmp_path / "j").write_text("")
        with pytest.raises(FileError, match="was cut off"):
            numbers(journal, 1)


def optuna_s(path):
    return optuna.storages.journal.JournalFileBackend(f"{path}")


class TestUrls:
    def test_default_is_a_journal_in_the_folder(self, tmp_path, monkeypatch):
        monkeypatch.delenv(VARIABLE, raising=False)
        assert open_storage(None, tmp_path).text == f"{tmp_path / 'study.journal'}"

    def test_the_environment_says(self, tmp_path, monkeypatch):
        monkeypatch.setenv(VARIABLE, f"journal://{tmp_path / 'other'}")
        open_storage(None, tmp_path)
        assert (tmp_path / "other").exists()

    def test_a_wrong_variable_is_named(self, tmp_path, monkeypatch):
        monkeypatch.setenv(VARIABLE, "nonsense")
        with pytest.raises(ConfigError, match=r"^OPTUNA_STORAGE: nonsense: is no file that exists"):
            open_storage(None, tmp_path)

    def test_must_be_known(self, tmp_path):
        with pytest.raises(ConfigError, match=r"is no file that exists, nor one of journal://PATH"):
            open_storage("somewhere", tmp_path)

    def test_of_a_database_file_has_a_scheme(self, tmp_path):
        path = tmp_path / "s.db"
        open_storage(f"sqlite:///{path}", tmp_path)
        with pytest.raises(ConfigError, match=f"use sqlite:///{path}"):
            open_storage(f"{path}", tmp_path)

    def test_for_reading_must_be_there(self, tmp_path):
        with pytest.raises(FileError, match="there is no such file"):
            open_storage(None, tmp_path, new=False)

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://user:p%40ss%3Aw%2Frd@127.0.0.1:1/none",
            f"postgresql://user:{SECRET}@127.0.0.1:1/none",
            f"postgresql://127.0.0.1:1/none?user=user&password={SECRET}",
            f"mysql://user:{SECRET}@127.0.0.1:1/none",
            f"redis://user:{SECRET}@127.0.0.1:1",
        ],
    )
    def test_out_of_reach_is_said_without_the_password(self, url, tmp_path):
        with pytest.raises((FileError, ConfigError)) as raised:  # the latter: no such package
            open_storage(url, tmp_path)
        assert SECRET not in f"{raised.value}" and "w/rd" not in f"{raised.value}"

    def test_out_of_reach_is_a_file_error(self, tmp_path):
        pytest.importorskip("psycopg", reason="pip install 'snnrun[postgres]'")
        with pytest.raises(FileError, match=r"user:\*\*\*@127.0.0.1:1/none: .*refused"):
            open_storage("postgresql://user:secret@127.0.0.1:1/none", tmp_path)

    def test_without_the_package_says_what_to_install(self, tmp_path, monkeypatch):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        for url, extra in (("postgresql://h/d", "postgres"), ("redis://h", "redis")):
            with pytest.raises(ConfigError, match=rf"pip install 'snnrun\[{extra}\]'"):
                open_storage(url, tmp_path)

    def test_in_a_folder_that_is_not_there(self, tmp_path):
        for url in ("sqlite:///{}/no/s.db", "journal://{}/no/j"):
            with pytest.raises(FileError, match="No such file"):
                open_storage(url.format(tmp_path), tmp_path)

    def test_files_in_a_folder_are_named_from_there(self, tmp_path, monkeypatch):
        folder, elsewhere = tmp_path / "s", tmp_path / "moved"
        folder.mkdir()
        monkeypatch.chdir(tmp_path)
        Path("old").touch()
        cases = {
            "journal://s/study.journal": None,
            "journal://s/mine": "journal://mine",
            "sqlite:///s/fits.db?timeout=5": "sqlite:///fits.db?timeout=5",
            "sqlite+pysqlite:///fits.db": f"sqlite+pysqlite:///{tmp_path}/fits.db",
            "journal://../j": f"journal://{tmp_path.parent}/j",
            "old": f"{tmp_path}/old",
            "sqlite:///:memory:": "sqlite:///:memory:",
            "postgresql://me:secret@host/x": "postgresql://me:***@host/x",
        }
        assert {url: url_kept_in(folder, absolute(url)) for url in cases} == cases
        assert url_found_in(elsewhere, "sqlite:///fits.db") == f"sqlite:///{elsewhere}/fits.db"
        assert url_found_in(elsewhere, f"journal://{tmp_path}/j") == f"journal://{tmp_path}/j"

    def test_passwords_are_hidden(self):
        assert without_password("postgresql://u:a@b:c@h/d") == "postgresql://u:***@h/d"
        assert without_password("redis://:pw@h") == "redis://:***@h"
        assert without_password("x://h?a=1&sslpassword=2&b=3") == "x://h?a=1&sslpassword=***&b=3"


class TestSqlite:
    def test_commits_what_belongs_together_once(self, tmp_path):
        url = f"sqlite:///{tmp_path / 's.db'}"
        with worker.opened(url, tmp_path, 4) as study:
            commits: list[object] = []
            count = commits.append
            event.listen(Engine, "commit", count)
            asked = study.ask(4)
            assert len(commits) == 3  # what is taken, a heartbeat, what is drawn
            study.told(asked[0].number, [1.0], worker.found(1.0))
            assert len(commits) == 4
            event.remove(Engine, "commit", count)
            study.told(asked[0].number, [9.0], worker.found(9.0))  # is over
            study.told(asked[1].number, [2.0], worker.found(2.0))
        with worker.opened(url, tmp_path, 4) as study:
            one, two, three, _ = study.records()
        assert (one.state, one.costs, two.costs, three.state) == ("done", (1.0,), (2.0,), "running")
        assert one.statistics["E.shared_eigenspectrum"] == (1.0, 2.0)


@pytest.mark.slow
def test_kill_9_leaves_the_journal_readable(tmp_path):
    """Twenty workers one after the other, each killed after so many lines."""
    command = [sys.executable, "-m", "tests.optimizer.worker", "", f"{tmp_path}", "100000", "7"]
    told = []
    for k in range(20):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for _ in range(1 + 13 * k % 31):
                told.append(int(process.stdout.readline().split()[1]))
            process.send_signal(signal.SIGKILL)
            told += [int(x.split()[1]) for x in process.stdout if x.endswith("\n")]
        with worker.opened(None, tmp_path, 100000) as study:
            records = study.records()
        storage = optuna.storages.JournalStorage(optuna_s(tmp_path / "study.journal"))
        seen = optuna.load_study(study_name="shared", storage=storage).get_trials()
        assert len(seen) == len(records)
    assert len(told) == len(set(told))
    done = [r.number for r in records if r.state == "done"]
    assert set(told) <= set(done)  # some were told and could not say so
    assert [r.number for r in records] == [*range(len(records))]
    again = study.reap()
    assert again.elsewhere == 0
    assert {r.state for r in study.records()} <= {"done", "waiting"}
