"""A search in words: progress and outcome."""

import dataclasses
import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from snnrun.report import points
from snnrun.report.searching import Course, show_outcome, states
from snnrun.search.record import Axis, Goal, Record
from tests.report.test_progress import Clock
from tests.search.findings import eleven, record, search


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(points.time, "perf_counter", made)
    return made


def candidate(number, cost, state="done", **more):
    costs = (cost,) if isinstance(cost, float) else cost
    return Record(number, state, {}, costs if state == "done" else (), **more)


def lines(capsys):
    """Return the lines on stderr so far; nothing may be on stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


class TestCourse:
    def test_a_line_says_it_all(self, clock, capsys):
        course = Course(10, ("cost",), quiet=False)
        for told in (candidate(0, 2.0), candidate(1, 0.5), candidate(2, 1.0)):
            course.told(told)
        course.told(candidate(3, (), "infeasible", reason="80 sp/s"))
        course.told(candidate(4, (), "failed", reason="NaN"))
        clock.now += 20
        course.batch("here", 2, 0.5)
        assert lines(capsys) == [
            "0/10 candidates, -:-- left",
            "candidate 4 failed: NaN",
            "6/10 candidates, 75 % feasible, 1 failed, best cost 0.5, 0:13 left",
        ]

    def test_a_candidate_counts_once(self, clock, capsys):
        course = Course(4, ("cost",), quiet=False)
        for _ in range(3):
            course.told(candidate(0, 2.0))
            course.told(candidate(1, 9.0, "running"))
        clock.now += 10
        course.batch("here", 0, 0.0)
        assert lines(capsys)[-1] == "1/4 candidates, 100 % feasible, best cost 2, 0:30 left"

    def test_earlier_candidates_are_done_and_take_no_time(self, clock, capsys):
        before = [candidate(0, 1.0), candidate(1, (), "failed"), candidate(2, 1.0, "waiting")]
        course = Course(4, ("cost",), quiet=False, before=before)
        clock.now += 10
        course.told(candidate(2, 3.0))
        assert lines(capsys) == [
            "2/4 candidates, 100 % feasible, 1 failed, best cost 1, -:-- left",
            "3/4 candidates, 100 % feasible, 1 failed, best cost 1, 0:10 left",
        ]

    def test_there_is_a_line_at_least_every_ten_seconds(self, clock, capsys):
        course, said = Course(1000, ("cost",), quiet=False), []
        for step in range(600):
            clock.now += 0.2
            course.batch("here", 16, step / 600)
            said += [clock.now] * len(lines(capsys))
        gaps = [b - a for a, b in zip([100.0, *said], said, strict=False)]
        assert len(said) > 10 and max(gaps) < 10

    def test_a_line_every_so_many_candidates(self, clock, capsys):
        course = Course(12, ("cost",), quiet=False, every=4)
        for number in range(12):
            clock.now += 60
            course.told(candidate(number, 1.0))
        said = [line.partition("/")[0] for line in lines(capsys)]
        assert said == ["0", "4", "8", "12"]

    def test_several_objectives_have_a_front(self, clock, capsys):
        course = Course(9, ("a", "b"), quiet=False)
        for number, costs in enumerate(
            [(1.0, 5.0), (2.0, 2.0), (3.0, 3.0), (0.5, 4.0), (2.0, 2.0)]
        ):
            course.told(candidate(number, costs))
        clock.now += 10
        course.batch("here", 0, 0.0)
        assert "100 % feasible, 2 on the front" in lines(capsys)[-1]

    def test_the_end_is_said(self, clock, capsys):
        course = Course(1, ("cost",), quiet=False)
        course.told(candidate(0, 1.0))
        course.close()
        assert lines(capsys)[-1].startswith("1/1 candidates")

    def test_quiet_says_nothing(self, capsys):
        course = Course(1, ("cost",), quiet=True)
        course.told(candidate(0, (), "failed", reason="NaN"))
        course.close()
        assert lines(capsys) == []
        assert course.failed == 1

    def test_a_bar_in_a_terminal(self, monkeypatch):
        file = io.StringIO()
        made = Console(file=file, force_terminal=True, width=120, _environ={"TERM": "xterm"})
        monkeypatch.setattr(points, "Console", lambda **_: made)
        course = Course(3, ("cost",), quiet=False)
        course.told(candidate(0, 0.25))
        course.close()
        for part in ("candidates", "1/3", "100 % feasible, best cost 0.25", "left"):
            assert part in file.getvalue()


def outcome(findings, capsys, quiet=False):
    """Return what is printed on stdout, with single blanks, and on stderr."""
    show_outcome(findings, Path("out"), quiet, {"wall_s": 2.0, "ask_s": 0.5})
    out, err = capsys.readouterr()
    return [re.sub(" +", " ", line).strip() for line in out.splitlines()], err


class TestOutcome:
    def test_of_one_objective(self, capsys):
        values = {"tau_I": 8.125, "sigma_I": 0.25}
        found = record(0, values, (0.5,), se=(0.0625,), repeats=3)
        findings = dataclasses.replace(search(0), records=[found], best=(0,))
        out, err = outcome(findings, capsys)
        assert out[:2] == [
            "1 candidate: 1 done",
            "best: candidate 0, cost 0.5 ± 0.062 (3 networks)",
        ]
        for line in (
            "tau_I 8.125 ms network.synapses.I.tau_decay",
            "rate E.firing_rate 9.44 target 9.29 sp/s 0.5",
            "spectrum E.shared_eigenspectrum 4.83 2.21 0.945 0.42 0 … 4.6 2.1 0.9 0.4 0.25",
            "cv E.isi_cv 0.8 range 0.8 to 1.2 0",
            "note: sigma_I is near its bound high=0.25; better ones may lie beyond",
            "config: out/best/config.yaml",
            "table: out/table.csv",
        ):
            assert line in out
        assert err == "picture: snnrun plot out\n"

    def test_of_several_objectives(self, capsys):
        findings = search(200, eleven(), objectives=("rate error", "corr"))
        out, _ = outcome(findings, capsys)
        assert f"front: {len(findings.best)} candidates that none beats in all objectives" in out
        rows = [int(line.split()[0]) for line in out if re.match(r"\d+ \d", line)]
        assert set(rows[1:]) <= set(findings.best) | {200}
        assert "… and 5 more columns in the table" in out
        assert "config: out/best/" in out

    def test_of_none(self, capsys):
        bad = [candidate(i, (), "infeasible", reason=f"{i % 2 + 80} sp/s") for i in range(3)]
        findings = dataclasses.replace(search(0), records=bad, best=())
        out, err = outcome(findings, capsys)
        assert out == [
            "3 candidates: 3 infeasible",
            "no candidate is done",
            "2 infeasible: 80 sp/s",
            "1 infeasible: 81 sp/s",
            "table: out/table.csv",
            "seconds: 2.0 (in all processes: ask 0.5)",
        ]
        assert err == ""

    def test_reasons_of_failures_are_the_most_frequent(self, capsys):
        bad = [candidate(i, (), "failed", reason=f"r{min(i, 7)}") for i in range(1, 10)]
        out, _ = outcome(dataclasses.replace(search(0), records=bad, best=()), capsys)
        assert out[1] == "3 failed: r7"
        assert "… and 2 more reasons in the table" in out

    def test_quiet_is_the_folder(self, capsys):
        assert outcome(search(3), capsys, quiet=True)[0] == ["out"]

    def test_choices_integers_and_missing_statistics(self, capsys):
        axes = {"kind": Axis("a", choice=("[red]", True)), "n": Axis("b", 1, 10**9, whole=True)}
        goals = {"few": Goal("E.nothing"), "most": Goal("E.isi_cv", high=1.5)}
        best = Record(
            4, "done", {"kind": "[red]", "n": 123456789}, (0.0,), statistics={"E.isi_cv": 1.0}
        )
        findings = dataclasses.replace(search(0), axes=axes, goals=goals, records=[best], best=(4,))
        out, _ = outcome(findings, capsys)
        assert "kind [red] a" in out and "n 123456789 b" in out
        assert "few E.nothing to be minimised" in out and "most E.isi_cv 1 at most 1.5" in out


def test_states_are_counted():
    assert states([]) == "0 candidates"
    assert states(search(100).records) == "100 candidates: 78 done, 18 infeasible, 4 failed"
