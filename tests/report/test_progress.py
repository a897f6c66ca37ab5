"""Progress: plain lines where there is no terminal, nothing with --quiet."""

import contextlib
import io
import re
import signal
import time

import pytest
from rich.console import Console

from snnrun.observe import Nobody
from snnrun.report import points, progress
from snnrun.report.progress import Bar, Lines, observer, saying


class Clock:
    """A clock that is set by hand."""

    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    """Replace the clock of the module."""
    made = Clock()
    monkeypatch.setattr(progress.time, "perf_counter", made)
    return made


def lines(capsys):
    """Return the lines on stderr so far; nothing may be on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


@contextlib.contextmanager
def at_once():
    """Fail what does not return."""

    def late(*_):
        raise AssertionError("does not return")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(2)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


class TestLines:
    def test_a_stage_is_a_line(self, capsys):
        shown = Lines()
        for stage in ("build", "compile", "simulate", "statistics"):
            shown.stage(stage)
        assert lines(capsys) == ["build …", "compile …", "simulate …", "statistics …"]

    def test_there_is_a_line_at_least_every_ten_seconds(self, clock, capsys):
        shown = Lines()
        shown.stage("simulate")
        lines(capsys)
        said = []
        for ms in range(1, 1000):  # a look every 0.1 s
            clock.now += 0.1
            shown.progress(ms, 10_000, 5.0)
            said += [clock.now] * len(lines(capsys))
        gaps = [b - a for a, b in zip([100.0, *said], said, strict=False)]
        assert 9 <= len(said) <= 30
        assert max(gaps) < 10

    def test_a_line_says_how_far_it_is(self, clock, capsys):
        shown = Lines()
        shown.stage("simulate")
        clock.now += 20
        shown.progress(500, 2000, 7.251)
        assert lines(capsys)[1:] == ["500/2000 ms, 40.00 x real time, 7.25 sp/s, 60 s left"]

    def test_the_end_is_always_said(self, clock, capsys):
        shown = Lines()
        shown.stage("simulate")
        clock.now += 0.01
        shown.progress(50, 100, 1.0)
        shown.progress(100, 100, 1.0)
        assert [line.split(",")[0] for line in lines(capsys)[1:]] == ["100/100 ms"]

    def test_what_was_simulated_earlier_took_other_time(self, clock, capsys):
        shown = Lines()
        shown.stage("simulate")
        clock.now += 20
        shown.progress(1000, 2000, 7.0, before_ms=1000)
        clock.now += 20
        shown.progress(1500, 2000, 7.0, before_ms=1000)
        assert lines(capsys)[1:] == [
            "1000/2000 ms, 7.00 sp/s",  # nothing is new, so there is no speed
            "1500/2000 ms, 80.00 x real time, 7.00 sp/s, 40 s left",
        ]

    def test_compiling_another_group_is_no_simulation(self, clock, capsys):
        shown = Lines()
        for stage in ("compile", "simulate", "compile", "simulate"):
            shown.stage(stage)
            clock.now += 10
        shown.progress(1000, 2000, 7.0)
        assert lines(capsys)[-1] == "1000/2000 ms, 20.00 x real time, 7.00 sp/s, 20 s left"

    def test_a_long_stage_is_said_to_go_on(self, clock, capsys):
        shown = Lines()
        for stage in ("compile", "simulate"):
            shown.stage(stage)
            for _ in range(6):
                clock.now += 2
                shown.still()
        shown.progress(500, 2000, 1.0)
        for _ in range(3):
            clock.now += 2
            shown.still()
        assert [line for line in lines(capsys) if "…" in line] == [
            *("compile …", "compile … 6 s", "compile … 12 s"),
            *("simulate …", "simulate … 6 s", "simulate … 12 s", "simulate … 18 s, 500/2000 ms"),
        ]

    def test_every_so_many_simulated_ms(self, clock, capsys):
        shown = Lines(250.0)
        shown.stage("simulate")
        for ms in range(60, 1260, 60):
            clock.now += 0.001
            shown.progress(ms, 5000, 1.0)
        said = [int(re.match(r"(\d+)/", line)[1]) for line in lines(capsys)[1:]]
        assert said == [300, 540, 780, 1020]

    def test_zero_ms_means_at_every_look(self, clock, capsys):
        shown = Lines(0.0)
        shown.stage("simulate")
        for ms in (10, 20, 30):
            clock.now += 0.001
            with at_once():
                shown.progress(ms, 100, 1.0)
        assert len(lines(capsys)) == 4


def test_points_that_take_long_are_still_computed(clock, capsys):
    shown = points.Course(4, quiet=False)
    shown.over(0, "done", "")
    for _ in range(6):
        clock.now += 2
        shown.still()
    said = ["0/4 points, -:-- left", "1/4 points, 0:18 left", "1/4 points, 0:36 left"]
    assert lines(capsys) == said


def test_something_that_takes_long_is_said(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_LINE_S", 0.01)
    for quiet in (False, True):
        with saying("planning", quiet):
            time.sleep(0.1)
        first, *_ = [*lines(capsys), ""]
        assert first == ("" if quiet else "planning … 0 s")


class TestObserver:
    def test_quiet_is_nobody(self, capsys):
        shown = observer(quiet=True, log_every_ms=None)
        assert isinstance(shown, Nobody)
        shown.stage("build")
        shown.progress(1, 2, 3)
        shown.close()
        assert lines(capsys) == []

    def test_no_terminal_means_lines(self, capsys):
        assert isinstance(observer(quiet=False, log_every_ms=None), Lines)

    def test_a_terminal_means_a_bar_unless_lines_are_asked_for(self, monkeypatch):
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setattr(Console, "is_terminal", property(lambda _: True))
        assert isinstance(observer(quiet=False, log_every_ms=None), Bar)
        assert isinstance(observer(quiet=False, log_every_ms=100.0), Lines)

    def test_a_dumb_terminal_means_lines(self, monkeypatch):
        monkeypatch.setenv("TERM", "dumb")
        monkeypatch.setattr(Console, "is_terminal", property(lambda _: True))
        assert isinstance(observer(quiet=False, log_every_ms=None), Lines)


def test_the_bar_shows_time_speed_and_rate():
    file = io.StringIO()
    bar = Bar(Console(file=file, force_terminal=True, width=120, _environ={"TERM": "xterm"}))
    bar.stage("build")
    bar.stage("compile")
    bar.stage("simulate")
    bar.progress(500, 2000, 7.25)
    bar.still()
    bar.stage("compile")  # the next group of trials
    bar.stage("simulate")
    bar.progress(2000, 2000, 7.5)
    bar.stage("statistics")
    bar.close()
    text = file.getvalue()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is shown again
    for part in ("build …", "simulate", "2.00/2 s", "x real time", "7.50 sp/s", "0:00 left"):
        assert part in text
