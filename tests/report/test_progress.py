"""Progress: plain lines where there is no terminal, nothing with --quiet."""

import contextlib
import io
import re
import signal

import pytest
from rich.console import Console

from snnrun.observe import Nobody
from snnrun.report import progress
from snnrun.report.progress import Bar, Lines, observer


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
    bar.stage("compile")  # the next group of trials
    bar.stage("simulate")
    bar.progress(2000, 2000, 7.5)
    bar.stage("statistics")
    bar.close()
    text = file.getvalue()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is shown again
    for part in ("build …", "simulate", "2.00/2 s", "x real time", "7.50 sp/s"):
        assert part in text
