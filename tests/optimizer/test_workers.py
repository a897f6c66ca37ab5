"""Four processes share a study, two are killed: nothing is lost, nothing is there twice."""

import select
import signal
import subprocess
import sys
from collections import Counter

import pytest

from tests.optimizer import databases, worker

TOTAL, BATCH = 36, 4
HOLDS = (5, 6)  # told before two of them stop for ever, with 3 and 2 candidates


def started(url, folder, *hold):
    command = [sys.executable, "-m", "tests.optimizer.worker", url, folder, TOTAL, BATCH, *hold]
    return subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, text=True)


def lines(process):
    return [line.split() for line in process.stdout]


def until_holding(process):
    """Return what was told, and what is held."""
    told = []
    for line in process.stdout:
        word, *found = line.split()
        if word == "holding":
            return told, [int(n) for n in found]
        told += found
    raise AssertionError("it ended")


def share(url, folder):
    victims = [started(url, folder, hold) for hold in HOLDS]
    others: list[subprocess.Popen] = []
    try:
        held = [until_holding(victim) for victim in victims]
        others += [started(url, folder) for _ in range(2)]
        told = [n for each, _ in held for n in each]
        select.select([process.stdout for process in others], [], [], 60)  # one is at work
        for victim in victims:
            victim.send_signal(signal.SIGKILL)
        told += [n for process in others for _, n in lines(process)]
        assert [process.wait() for process in others] == [0, 0]
        return [int(n) for n in told], [n for _, numbers in held for n in numbers]
    finally:
        for process in (*victims, *others):
            process.kill()
            process.wait()
            process.stdout.close()


def check(url, folder):
    told, held = share(url, folder)
    with worker.opened(url, folder, TOTAL) as study:
        records = study.records()
    assert Counter(told) == Counter(range(TOTAL))  # each once, by whomever
    assert [r.number for r in records] == [*range(TOTAL)]
    assert {r.state for r in records} == {"done"}
    assert len({tuple(r.values.values()) for r in records}) == TOTAL
    assert len(held) == 5 and {records[n].state for n in held} == {"done"}
    with worker.opened(f"journal://{folder / 'alone'}", folder, TOTAL) as alone:
        assert [c.values for c in alone.ask(TOTAL)] == [r.values for r in records]


def test_on_a_journal(tmp_path):
    check("", tmp_path)


@pytest.mark.parametrize(
    "name", ["postgresql", "redis", pytest.param("mysql", marks=pytest.mark.slow)]
)
def test_on_a_server(name, tmp_path):
    with databases.SERVERS[name]() as url:
        check(url, tmp_path)
