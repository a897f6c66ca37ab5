"""A worker asks candidates until all are over; what it leaves waits for the next one."""

import threading

import pytest

from snnrun.errors import InterruptedRunError
from snnrun.interruption import Interruption
from snnrun.search import worker
from snnrun.search.worker import work
from tests.search.trial_runs import Answers, Tries, breaks, fires, is_infeasible

MANY = ("optimizer=tpe", "optimizer.candidates=13", "optimizer.seed=5")


class Ending(Answers):
    """Asks to end at some candidate."""

    def __init__(self, answer, interruption, after):
        super().__init__(answer)
        self._interruption, self._after = interruption, after

    def simulate(self, wanted, interruption):
        if len(self.asked) >= self._after:
            self._interruption._signal = "SIGUSR1"
        return super().simulate(wanted, interruption)


def rate(w, trial, first):
    if w > 7:
        return is_infeasible()
    return breaks() if w < 1.5 else fires(w + trial)


def run(tries, pool, batch=4, networks=1, interruption=None):
    """Work until all is over; return how many candidates were over after each batch."""
    seen = []

    def tell():
        states = [r.state for r in tries.study.records()]
        seen.append(sum(s not in ("running", "waiting") for s in states))

    interruption = interruption or Interruption()
    work(tries.search, tries.ledger, pool, batch, networks, interruption, tell)
    return seen


def table(tries):
    return [
        (r.number, r.state, r.values, r.costs, r.repeats, r.reason) for r in tries.study.records()
    ]


def test_batches_until_all_are_over(tmp_path):
    tries, pool = Tries(tmp_path, *MANY), Answers(rate)
    assert run(tries, pool) == [4, 8, 12, 13]
    assert len(pool.asked) == 13
    assert run(tries, pool) == []  # nothing is left
    assert {r.state for r in tries.study.records()} >= {"done", "infeasible"}


def test_waits_for_those_that_another_takes_meanwhile(tmp_path, monkeypatch):
    """Where the other one does not finish them, somebody has to."""
    tries, other = Tries(tmp_path, *MANY), Tries(tmp_path, *MANY).study
    other._desk.worker = "elsewhere:1:1:x"
    ask, held = tries.study.ask, []

    def asked(count):
        if not held:
            held.extend(candidate.number for candidate in other.ask(13))
        return ask(count)

    monkeypatch.setattr(tries.study, "ask", asked)
    monkeypatch.setattr(worker.time, "sleep", lambda seconds: other.release(held))
    pool = Answers(rate)
    run(tries, pool)
    assert len(held) == len(pool.asked) == 13


def test_the_same_again(tmp_path):
    one, other = Tries(tmp_path / "one", *MANY), Tries(tmp_path / "other", *MANY)
    run(one, Answers(rate))
    run(other, Answers(rate, processes=3))
    assert table(one) == table(other)


@pytest.mark.parametrize("after", [0, 4, 8])
def test_asked_to_end_and_going_on(after, tmp_path):
    whole = Tries(tmp_path / "whole", *MANY)
    run(whole, Answers(rate))
    interruption = Interruption()
    tries = Tries(tmp_path / "parts", *MANY)
    with pytest.raises(InterruptedRunError, match="SIGUSR1"):
        run(tries, Ending(rate, interruption, after), interruption=interruption)
    states = [r.state for r in tries.study.records()]
    assert states[after:] == ["waiting"] * 4
    assert "running" not in states
    again, pool = Tries(tmp_path / "parts", *MANY), Answers(rate)
    run(again, pool)
    assert len(pool.asked) == 13 - after
    assert table(again) == table(whole)


def test_a_bug_leaves_nothing_running(tmp_path):
    def answer(w, trial, first):
        raise ZeroDivisionError

    tries = Tries(tmp_path, *MANY)
    with pytest.raises(ZeroDivisionError):
        run(tries, Answers(answer))
    assert [r.state for r in tries.study.records()] == ["waiting"] * 4


def test_the_best_of_earlier_batches_decides_who_is_promising(tmp_path):
    """All of the first batch have more networks; later only those that may be the best."""
    more = ("optimizer=snops", "optimizer.candidates=8", "optimizer.startup=8")
    tries = Tries(tmp_path, *more, "optimizer.samples=10")
    pool = Answers(lambda w, trial, first: fires(w))
    run(tries, pool)
    records = tries.study.records()
    best = min(r.costs[0] for r in records[:4])
    assert [r.repeats for r in records[:4]] == [5] * 4
    assert [r.repeats for r in records[4:]] == [5 if r.costs[0] < best else 1 for r in records[4:]]
    assert len({r.repeats for r in records}) == 2


def test_it_says_that_it_is_alive_however_long_it_simulates(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "_BEAT_S", 1e-3)
    tries, beaten, before = Tries(tmp_path, *MANY), threading.Event(), threading.active_count()
    alive = tries.study.alive

    def count():
        if threading.current_thread() is not threading.main_thread():
            beaten.set()
        alive()

    monkeypatch.setattr(tries.study, "alive", count)

    def answer(w, trial, first):
        assert beaten.wait(60)
        return fires(w)

    run(tries, Answers(answer))
    assert threading.active_count() == before
