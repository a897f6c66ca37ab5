"""Processes find what a single one does, and lose nothing when one of them dies."""

import os
import signal

import pytest

from snnrun.errors import InterruptedRunError
from snnrun.interruption import Interruption
from snnrun.search.pool import Pool
from snnrun.search.simulate import Source
from tests.cli.searches import SMALL
from tests.search.test_simulate import FEASIBLE, found, simulator, wanted

ONES = [wanted(w=2.5, seed=1), wanted(w=0.0, k=-1.0), wanted(w=9.0, seed=2), wanted(w=4.0, seed=3)]


class Killing(Pool):
    """A pool some of whose processes are killed as soon as they are at work."""

    def __init__(self, kills):
        self.kills = kills
        super().__init__(Source(SMALL), FEASIBLE, 2, self.kill)

    def kill(self):
        """Kill a process, unless enough were."""
        for child in self._children:
            if child is not None and self.kills and child._process.is_alive():
                self.kills -= 1
                os.kill(child._process.pid, signal.SIGKILL)
                child._process.join()
                return


@pytest.fixture(scope="module")
def alone():
    """Return what one process finds."""
    return simulator(feasible=FEASIBLE).simulate(ONES, Interruption())


@pytest.fixture
def pool_of():
    """Return what makes pools that are closed in the end."""
    made = []

    def make(pool):
        made.append(pool)
        return pool

    yield make
    for pool in made:
        pool.close()


def same(results, expected):
    for one, other in zip(results, expected, strict=True):
        assert one.error == other.error
        assert one.judged == other.judged
        assert other.error or found(one) == found(other)


def test_two_processes_and_one_that_is_killed_midway(pool_of, alone):
    pool = pool_of(Killing(1))
    assert pool.processes == 2
    same(pool.simulate(ONES, Interruption()), alone)
    assert pool.kills == 0
    same(pool.simulate(ONES[2:], Interruption()), alone[2:])  # with a process in its place
    (only,) = pool.simulate(ONES[:1], Interruption())
    same([only], alone[:1])


def test_a_candidate_whose_process_always_dies_has_failed(pool_of):
    pool = pool_of(Killing(1000))
    (one,) = pool.simulate(ONES[:1], Interruption())
    assert one.broken
    assert one.error == "the process that simulated it died (out of memory?)"


def test_asked_to_end_while_others_simulate(pool_of):
    interruption = Interruption()

    def ask():
        interruption._receive(signal.SIGUSR1, None)

    pool = pool_of(Pool(Source(SMALL), None, 2, ask))
    with pytest.raises(InterruptedRunError, match="SIGUSR1"):
        pool.simulate(ONES, interruption)
    pool.close()
    assert pool._children == [None, None]


def test_a_single_process_is_this_one(alone):
    pool = Pool(Source(SMALL), FEASIBLE, 1)
    assert pool.processes == 1
    same(pool.simulate(ONES, Interruption()), alone)
