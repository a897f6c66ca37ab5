"""Searches lose nothing: killed, interrupted or shared, they come to the same table."""

import contextlib
import json
import os
import random
import signal
import time

import optuna
import pytest

from tests.cli.program import finish
from tests.cli.searches import SMALL, begin, candidate, kill, over, rows, search
from tests.cli.sweeps import wait_for
from tests.optimizer import databases

LEARNS = (*SMALL, "optimizer=tpe", "optimizer.startup=6", "optimizer.batch=2")
TPE = (*LEARNS, "optimizer.candidates=30")
RANDOM = (*SMALL, "optimizer.candidates=40", "optimizer.batch=2")


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """Return the table of the undisturbed search that learns."""
    return rows(search(tmp_path_factory.mktemp("learned") / "s", *TPE))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Return the table of the undisturbed random search."""
    return rows(search(tmp_path_factory.mktemp("drawn") / "s", *RANDOM))


@contextlib.contextmanager
def stored(folder, url=None):
    """Yield a function that returns the candidates of a search as Optuna reads them."""
    if url is None:
        backend = optuna.storages.journal.JournalFileBackend(str(folder / "study.journal"))
        storage = optuna.storages.JournalStorage(backend)
    else:
        storage = optuna.storages.RDBStorage(url.replace("postgresql:", "postgresql+psycopg:"))
    try:
        yield lambda: optuna.load_study(study_name=None, storage=storage).trials
    finally:
        if url is not None:
            storage.remove_session()
            storage.engine.dispose()


def assert_whole(folder, table):
    """Assert that a search is over, and found what the undisturbed one did."""
    assert rows(folder) == table
    for row in table:
        assert candidate(folder, int(row["number"]))["costs"] == {"cost": float(row["cost"])}
    with stored(folder) as trials:
        states = {t.state for t in trials()}
    assert states == {optuna.trial.TrialState.COMPLETE}
    assert not list(folder.rglob("*.tmp"))


def live(folder, candidates, *arguments):
    """Search until so many more candidates are over, then be killed; returns whether it was."""
    before = over(folder)
    process = begin(folder, *arguments, leads=True)
    try:
        return wait_for(lambda: over(folder) >= before + candidates, process)
    finally:
        kill(process)


def test_killed_and_gone_on_with(tmp_path, learned):
    folder = tmp_path / "s"
    assert live(folder, 5, *TPE)
    known = {n: candidate(folder, n) for n in range(4)}
    assert_whole(search(folder, *TPE), learned)
    assert {n: candidate(folder, n) for n in known} == known


@pytest.mark.slow
def test_killed_ten_times(tmp_path, learned):
    folder, rng = tmp_path / "s", random.Random(3)
    kills = sum(live(folder, rng.choice([0, 1, 2, 3, 4]), *TPE) for _ in range(10))
    assert kills > 5
    assert_whole(search(folder, *TPE), learned)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGUSR1", "SIGINT", "SIGTERM"])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_asked_to_end(name, workers, tmp_path, drawn):
    folder = tmp_path / "s"
    process = begin(folder, *RANDOM, "--workers", workers)
    assert wait_for(lambda: over(folder) >= 4, process)
    process.send_signal(signal.Signals[name])
    outcome = finish(process)
    assert outcome.code == 75, outcome.err
    assert f"interrupted by {name}" in outcome.err
    assert f"go on with: snnrun optimize --resume {folder}" in outcome.err
    table = rows(folder)
    assert {row["state"] for row in table} <= {"done", "waiting"}
    assert (folder / "best/config.yaml").is_file()
    assert_whole(search(folder, *RANDOM), drawn)


@pytest.mark.slow
def test_two_workers(tmp_path, drawn):
    folder = tmp_path / "s"
    outcome = finish(begin(folder, *RANDOM, "--workers", "2"))
    assert (outcome.code, outcome.err) == (0, "")
    assert_whole(folder, drawn)


@pytest.mark.slow
def test_the_same_command_twice_at_once(tmp_path, drawn):
    folder = tmp_path / "s"
    processes = [begin(folder, *RANDOM) for _ in range(3)]
    for process in processes:
        outcome = finish(process)
        assert (outcome.code, outcome.err) == (0, "")
    assert_whole(folder, drawn)


@pytest.mark.slow
def test_one_of_two_is_killed(tmp_path, drawn):
    folder = tmp_path / "s"
    victim, other = begin(folder, *RANDOM, leads=True), begin(folder, *RANDOM)
    assert wait_for(lambda: over(folder) >= 6, victim)
    kill(victim)
    assert finish(other).code == 0
    assert_whole(folder, drawn)
    logs = (folder / "study.journal").read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in logs)


@pytest.fixture
def database():
    """Return the URL of a PostgreSQL server started for the test."""
    with databases.postgresql() as url:
        yield url


def stop_at_work(process, trials):
    """Stop a process while it simulates candidates."""
    while True:
        assert process.poll() is None, "it was over before"
        os.killpg(process.pid, signal.SIGSTOP)
        workers = [t.user_attrs["worker"] for t in trials() if t.state.name == "RUNNING"]
        if any(f":{process.pid}:" in worker for worker in workers):
            return
        os.killpg(process.pid, signal.SIGCONT)
        time.sleep(0.01)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["journal", "postgresql"])
def test_two_of_four_are_killed(place, tmp_path, request):
    """Killed with candidates in hand: others simulate them, none is lost or there twice."""
    many, folder = (*RANDOM, "optimizer.candidates=160"), tmp_path / "s"
    url = [] if place == "journal" else ["--storage", request.getfixturevalue("database")]
    processes = [begin(folder, *many, *url, leads=True) for _ in range(4)]
    assert wait_for(lambda: over(folder) >= 8, processes[0])
    with stored(folder, *url[1:]) as trials:
        for victim in processes[:2]:
            stop_at_work(victim, trials)
        for victim in processes[:2]:
            kill(victim)
        for process in processes[2:]:
            outcome = finish(process)
            assert (outcome.code, outcome.err) == (0, "")
        assert {t.state.name for t in trials()} == {"COMPLETE"}
        assert sum(t.user_attrs.get("deaths", 0) for t in trials()) >= 2
    assert rows(folder) == rows(search(tmp_path / "alone", *many))


@pytest.mark.slow
def test_in_two_processes_as_in_one(tmp_path):
    snops = ("optimizer=snops", "optimizer.candidates=12", "optimizer.startup=6")
    more = ("optimizer.samples=200", "optimizer.batch=4", "optimizer.min_repeats=2")
    ms = ("objective.feasible={ms: 300, population: E, above_rate: 0.5, min_neurons: 50}",)
    alone = search(tmp_path / "alone", *SMALL, *snops, *more, *ms)
    together = tmp_path / "together"
    outcome = finish(begin(together, *SMALL, *snops, *more, *ms, "engine.threads=2"))
    assert outcome.code == 0, outcome.err
    assert rows(together) == rows(alone)
    assert max(int(row["repeats"]) for row in rows(alone)) > 1
