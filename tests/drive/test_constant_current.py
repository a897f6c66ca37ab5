"""Constant current: when it acts."""

import numpy as np
import pytest

from tests.contracts import DriveContract, drawn, preset


class TestConstantCurrent(DriveContract):
    kind = "constant_current"


def course(steps, dt=0.1, **changes):
    """Return the current in each step."""
    drive = preset("drive", "constant_current", **changes)
    c = drive.prepare(dt)
    return np.array([drawn(drive, None, n, 3, c).item() for n in range(steps)])


@pytest.mark.parametrize("dt", [0.05, 0.1])
def test_acts_from_start_until_stop(dt):
    current = course(round(10 / dt), dt, amplitude=25.0, start_ms=2.0, stop_ms=7.5)
    start = np.arange(current.size) * dt
    inside = (start > 2.0 - dt / 2) & (start < 7.5 - dt / 2)
    assert np.array_equal(current, 25.0 * inside)
    assert inside.sum() == round(5.5 / dt)


def test_never_ends_by_default():
    drive = preset("drive", "constant_current", amplitude=-3.0)
    late = drawn(drive, None, 2**31 - 2, 1, drive.prepare(0.1))
    assert late.item() == -3.0
    assert (course(50, amplitude=-3.0) == -3.0).all()


def test_needs_room_to_act():
    changes = {"start_ms": 5.0, "stop_ms": 5.0}
    assert preset("drive", "constant_current", **changes).check(0.1)[0].startswith("stop_ms")


@pytest.mark.parametrize(("ms", "steps"), [(0.23, 2), (0.27, 3), (0.25, 2), (0.75, 8)])
def test_start_and_stop_are_rounded_alike(ms, steps):
    assert np.count_nonzero(course(9, start_ms=0.0, stop_ms=ms, amplitude=1.0)) == steps
    assert np.count_nonzero(course(9, start_ms=ms, stop_ms=0.9, amplitude=1.0)) == 9 - steps
