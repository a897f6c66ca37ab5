"""Processes of a sweep that die, and what else happens to points that are computed together."""

import os
import signal
from multiprocessing import Pipe
from pathlib import Path

import pytest

from snnrun.config.compose import Composer
from snnrun.config.points import Grid
from snnrun.errors import ConfigError, FileError, InterruptedRunError, SnnrunError
from snnrun.interruption import Interruption
from snnrun.store.lock import read_status
from snnrun.sweep import courses, processes, work
from snnrun.sweep.claim import folder_of
from snnrun.sweep.courses import Courses
from snnrun.sweep.orders import Begun, Ended, Orders, Over, Progress
from snnrun.sweep.plan import make
from snnrun.sweep.plan_file import write
from snnrun.sweep.processes import Crew
from snnrun.sweep.watch import Watch
from snnrun.sweep.work import Worker

SMALL = ("duration=smoke", "network.scale=0.1")
POISON = 2


def planned(folder, *overrides):
    """Plan a sweep in a folder; returns the plan and what a process is told."""
    given = [*overrides, *SMALL]
    composer = Composer([])
    plan, _ = make(given, [], None, Grid(composer.app, given), composer)
    assert write(plan, folder)
    return plan, Orders(folder=folder, scope=tuple(range(len(plan.points))), again={})


def states(orders):
    return [read_status(folder_of(orders.folder, i)).get("state") for i in orders.scope]


def reasons(orders):
    return [read_status(folder_of(orders.folder, i)).get("reason") for i in orders.scope]


def crew(plan, orders, number, heard, interruption=None):
    Crew(plan, orders, number, _told(heard), interruption or Interruption(), _never).work()


def _told(heard):
    return lambda event, who: heard.append(event)


def _never():
    return False


def dies_at_once(orders, first, mouth):
    os._exit(7)


def dies_of_a_point(orders, first, mouth):
    begun = Courses.begun

    def deadly(all_, point, folder):
        if point.index == POISON:
            os.kill(os.getpid(), signal.SIGKILL)
        return begun(all_, point, folder)

    Courses.begun = deadly
    ORIGINAL(orders, first, mouth)


ORIGINAL = processes._main


class TestProcesses:
    def test_that_die_before_they_begin_are_not_replaced_for_ever(self, tmp_path, monkeypatch):
        plan, orders = planned(tmp_path, "seed=1,2")
        monkeypatch.setattr(processes, "_main", dies_at_once)
        with pytest.raises(SnnrunError, match=r"died before they computed a point \(exit code 7\)"):
            crew(plan, orders, 2, [])

    def test_a_deadly_point_takes_no_other_with_it(self, tmp_path, monkeypatch):
        plan, orders = planned(tmp_path, "seed=range(0,5)")
        monkeypatch.setattr(processes, "_main", dies_of_a_point)
        heard = []
        crew(plan, orders, 2, heard)
        assert states(orders) == ["done", "done", "failed", "done", "done"]
        assert reasons(orders)[POISON] == "its process died (SIGKILL; out of memory?)"
        assert sorted(e.point for e in heard if isinstance(e, Over)) == [0, 1, 2, 3, 4]

    def test_run_no_code_of_the_current_folder(self, tmp_path, monkeypatch):
        plan, orders = planned(tmp_path, "seed=1,2")
        for name in ("multiprocessing", "json", "ctypes", "numpy"):
            (tmp_path / f"{name}.py").write_text("import os\nos._exit(9)\n")
        monkeypatch.chdir(tmp_path)
        before = os.environ.get("PYTHONSAFEPATH")
        crew(plan, orders, 1, [])
        assert states(orders) == ["done", "done"]
        assert os.environ.get("PYTHONSAFEPATH") == before

    def test_asked_to_end_while_they_start(self, tmp_path, capfd):
        plan, orders = planned(tmp_path, "seed=1,2")
        interruption = Interruption()
        interruption.savable = True
        with interruption.listening():
            os.kill(os.getpid(), signal.SIGTERM)
            with pytest.raises(InterruptedRunError, match="SIGTERM"):
                crew(plan, orders, 2, [], interruption)
        assert not {"done", "failed"}.intersection(states(orders))
        assert capfd.readouterr().err == ""

    def test_whose_parent_is_gone_tell_nobody(self):
        ear, mouth = Pipe()
        ear.close()
        processes._teller(mouth)(Progress(0.5))
        mouth.close()


class TestPointsTogether:
    def test_one_that_cannot_be_concluded_fails_alone(self, tmp_path, monkeypatch):
        plan, orders = planned(tmp_path, "seed=1,2,3")
        conclude = work.conclude

        def failing(e, *more, **others):
            if e.seed == 2:
                raise FileError("gone")
            return conclude(e, *more, **others)

        monkeypatch.setattr(work, "conclude", failing)
        Worker(plan, orders, lambda event: None, Interruption()).work()
        assert states(orders) == ["done", "failed", "done"]

    def test_have_shares_of_what_was_compiled(self, tmp_path):
        plan, orders = planned(tmp_path, "seed=1,2,3,4", "engine.batch=2", "duration.ms=130")
        Worker(plan, orders, lambda event: None, Interruption()).work()
        found = [read_status(folder_of(tmp_path, i))["timings"] for i in orders.scope]
        assert [t["compile_s"] > 0 for t in found] in ([True, True, False, False], [False] * 4)
        assert found[0]["compile_s"] == found[1]["compile_s"]
        assert found[2]["cache"] == "hit"

    def test_are_no_more_than_files_can_be_open(self, monkeypatch):
        monkeypatch.setattr(courses.resource, "getrlimit", lambda _: (40, 1024))
        assert courses.most_together() == 10
        monkeypatch.setattr(courses.resource, "getrlimit", lambda _: (-1, -1))
        assert courses.most_together() == 256

    def test_a_run_that_cannot_begin_leaves_its_file_closed(self, tmp_path, monkeypatch):
        plan, orders = planned(tmp_path, "seed=1")
        with monkeypatch.context() as patch:
            patch.setattr("snnrun.files.Checkpoints", _refuse)
            Worker(plan, orders, lambda event: None, Interruption()).work()
        assert states(orders) == ["failed"]
        held = [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]
        assert not [path for path in held if path.startswith(str(tmp_path))]


def _refuse(*_):
    raise ConfigError("refused")


class TestWatch:
    def test_progress_never_goes_back(self, tmp_path, monkeypatch):
        shown = []
        monkeypatch.setattr(
            "snnrun.report.points._Silent.show", lambda _, done, *m: shown.append(done)
        )
        watch = Watch(Orders(folder=tmp_path, scope=tuple(range(8)), again={}), quiet=True)
        events = [Begun(tuple(range(4))), Progress(0.5), Progress(1.0)]
        events += [Over(i, "done", "") for i in range(4)]
        events += [Begun(tuple(range(4, 8))), Progress(0.25)]
        events += [Over(i, "failed", "x") for i in range(4, 8)] + [Ended(0, "")]
        for event in events:
            watch.hear(event, "a process")
        assert shown == sorted(shown)
        assert shown[-1] == 8
        assert watch.failed == 4


class TestRanges:
    @pytest.mark.parametrize(
        ("text", "number"),
        [
            (f"range(0,{10**20})", 10**20),
            ("range(10,0,-3)", 4),
            ("range(0,1,0.25)", 4),
            (f"range(0.5,{10**400})", 10**400),
            (f"range({10**400},0)", "the range is empty"),
            ("range(0,inf)", "finite ends"),
        ],
        ids=range(6),
    )
    def test_of_any_length(self, text, number):
        app = Composer([]).app
        if isinstance(number, str):
            with pytest.raises(ConfigError, match=number):
                Grid(app, [f"seed={text}"])
        else:
            assert Grid(app, [f"seed={text}"]).number == number

    def test_of_one_key_twice(self):
        with pytest.raises(ConfigError, match="seed: is swept twice"):
            Grid(Composer([]).app, ["seed=1,2", "++seed=3,4"])
