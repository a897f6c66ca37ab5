"""The pace of a run: a warning when it falls, once each time."""

from types import SimpleNamespace

import numpy as np
import pytest

from snnrun.clock import Clock
from snnrun.pulse import Pulse, Slowdown


def looks(share, paces):
    """Return the warnings over windows of 20 s with so many steps/s each."""
    slowdown, steps, now = Slowdown(share), 0, 100.0
    said = [slowdown.look(steps, now)]
    for pace in paces:
        for _ in range(4):
            steps, now = steps + 5 * pace, now + 5
            said.append(slowdown.look(steps, now))
    return [text for text in said if text]


def test_a_slowdown_is_said_once_each_time():
    (first, second) = looks(0.5, [1000, 1200, 400, 300, 1100, 500])
    said = "slower than before: 400 steps/s over the last 20 s, up to 1200 earlier"
    assert first.startswith(said) and "engine.min_pace" in first
    assert "500 steps/s" in second


class Told:
    """Keeps what an observer hears of progress."""

    def __init__(self):
        self.heard = []

    def progress(self, *told):
        self.heard.append(told)


def test_steps_of_the_first_chunk_are_new_and_saved_ones_are_not():
    """Three trials of 100 steps: one that was over, one saved at step 40, one not begun."""
    ends = {0: None, 1: 40, 2: 0}
    engine = SimpleNamespace(min_pace=None)
    e = SimpleNamespace(engine=engine, start=0, steps=100, dt=0.5)
    over, second = (SimpleNamespace(number=n, end=100, total=np.zeros(3)) for n in (0, 1))
    course = SimpleNamespace(e=e, numbers=range(3), trials=[over])
    course.saved = SimpleNamespace(step=ends.__getitem__)
    told = Told()
    pulse = Pulse([course], told)
    second.end = 60
    course.trials.append(second)
    pulse.progress()
    assert told.heard == [(80.0, 150.0, 0.0, 70.0)]


@pytest.mark.parametrize(("share", "paces"), [(None, [1000, 10]), (0.5, [1000, 600, 2000, 1500])])
def test_nothing_is_said(share, paces):
    assert looks(share, paces) == []


def test_phases_of_an_earlier_part_are_added():
    clock = Clock({"compose_s": 1.5}, cpu_from=0.0)
    clock.add({"compose_s": 2.0, "build_s": 4.0, "cpu_s": 100.0})
    with clock.timed("build_s"):
        inside = clock.seconds["build_s"]
    seconds = clock.seconds
    assert seconds["compose_s"] == 3.5
    assert 4 < inside <= seconds["build_s"] < 5
    assert seconds["cpu_s"] > 100
