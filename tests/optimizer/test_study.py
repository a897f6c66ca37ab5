"""A study: what is asked, told, put back, gone on with."""

import json
import math

import optuna
import pytest

from snnrun.errors import ConfigError
from snnrun.optimizer import _about, _worker
from snnrun.optimizer._found import Found, best_of
from snnrun.optimizer._space import space_of
from snnrun.optimizer._storage import in_memory, open_storage
from snnrun.optimizer._study import Study
from snnrun.optimizer._trials import WORKER
from snnrun.optimizer.random import Random
from snnrun.optimizer.tpe import Tpe
from snnrun.search.record import Axis, Record

AXES = {
    "tau": Axis("network.tau", 1.0, 25.0),
    "weight": Axis("network.w", 0.1, 10.0, log=True),
    "count": Axis("network.n", 1, 9, whole=True),
    "kind": Axis("network.kind", choice=("a", "b")),
}
ABOUT = {"search": json.dumps({"tau": {"low": 1, "high": 25}}), "objective": "{}"}


def opened(place=None, candidates=12, about=ABOUT, objectives=("cost",), optimizer=None, name="s"):
    optimizer = optimizer or Random(candidates=candidates, batch=None, seed=None)
    place = place or in_memory()
    return Study.open(place, name, optimizer, 5, space_of(AXES), objectives, about)


def tpe(candidates=24):
    return Tpe(
        candidates=candidates,
        batch=None,
        seed=None,
        startup=4,
        multivariate=True,
        constant_liar=False,
    )


def cost(values):
    return (values["tau"] - 9) ** 2 + math.log(values["weight"]) ** 2 + values["count"]


def tell(study, candidate):
    if candidate.values["kind"] == "b":
        study.infeasible(candidate.number, {"rate": 2.5}, "60 % of E above 60 sp/s", Found())
    else:
        study.told(candidate.number, [cost(candidate.values)], Found())


def finish(study, batch=4):
    while asked := study.ask(batch):
        for candidate in asked:
            tell(study, candidate)
    return [record.values for record in study.records()]


def orphan(place, study, *numbers):
    """Make it look as if the process that simulates these had been killed."""
    host, _, start, system = _worker.this_worker().split(":")
    for number in numbers:
        dead = f"{host}:{2**22 + 1}:{start}:{system}"  # above the largest pid
        place.base.set_trial_user_attr(study._desk.trials.id_of(number), WORKER, dead)


@pytest.fixture
def journal(tmp_path):
    return open_storage(None, tmp_path)


def test_never_asks_more_than_there_are_to_be():
    study = opened(candidates=10)
    assert [len(study.ask(4)) for _ in range(4)] == [4, 4, 2, 0]
    assert [r.number for r in study.records()] == [*range(10)]


def test_what_is_told_is_what_is_found(journal):
    study = opened(journal)
    first, second, third, fourth = study.ask(4)
    assert list(first.values) == list(AXES)
    found = Found(
        se=(0.25,),
        terms={"rate": 1.5, "eigen values": math.nan},
        statistics={"E.firing_rate": 4.0, "E.shared_eigenspectrum": (2.0, math.inf)},
        repeats=3,
        seconds=1.5,
    )
    study.told(first.number, [2.0], found)
    study.infeasible(second.number, {"rate": 0.5}, "too fast", Found(seconds=0.5))
    study.failed(third.number, "no space left")
    study.release([fourth.number])
    one, two, three, four = opened(journal).records()
    assert (one.state, one.costs, one.se, one.repeats) == ("done", (2.0,), (0.25,), 3)
    assert one.terms["rate"] == 1.5 and math.isnan(one.terms["eigen values"])
    assert one.statistics == found.statistics
    assert one.values == first.values and one.ended > 1.7e9
    assert (two.state, two.costs, two.reason, two.seconds) == ("infeasible", (), "too fast", 0.5)
    assert (three.state, three.reason) == ("failed", "no space left")
    assert four.state == "waiting" and four.values == fourth.values


def test_optuna_sees_each_statistic_term_and_constraint(journal):
    study = opened(journal)
    one, two = study.ask(2)
    study.told(one.number, [2.0], Found(terms={"rate": 1.5}, statistics={"E.fano_factor": 1.0}))
    study.infeasible(two.number, {"rate": 0.5}, "too fast", Found())
    path = journal.text
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(path))
    seen = optuna.load_study(study_name="s", storage=storage)
    assert seen.trials[0].user_attrs["cost rate"] == 1.5
    assert seen.trials[0].user_attrs["E.fano_factor"] == 1.0
    assert seen.trials[1].constraints == {"rate": 0.5} and seen.trials[1].value == math.inf
    assert seen.best_trial.number == 0
    assert seen.user_attrs["search"] == ABOUT["search"]


@pytest.mark.parametrize("costs", [[math.nan], [math.inf]])
def test_a_cost_is_a_number(costs):
    study = opened()
    (candidate,) = study.ask(1)
    with pytest.raises(ValueError, match="must be finite"):
        study.told(candidate.number, costs, Found())


def test_the_best_is_feasible():
    study = opened(candidates=20)
    finish(study)
    findings = study.findings(AXES, {})
    done = [r for r in findings.records if r.state == "done"]
    assert 0 < len(done) < 20
    assert findings.best == (min(done, key=lambda r: r.costs).number,)
    assert findings.objectives == ("cost",)


@pytest.mark.parametrize("objectives", [2, 3])
def test_the_pareto_front_is_that_of_all_pairs(objectives):
    study = opened(candidates=40, objectives=tuple("abc"[:objectives]))
    for c in study.ask(40):  # few distinct costs, so that there are ties
        n = (c.values["count"], round(c.values["tau"]) // 4, round(c.values["weight"]))
        study.told(c.number, [float(x) for x in n[:objectives]], Found())
    costs = {r.number: r.costs for r in study.records()}
    front = [
        n
        for n, mine in costs.items()
        if not any(o != mine and all(map(float.__le__, o, mine)) for o in costs.values())
    ]
    assert best_of(study.records()) == tuple(front) and len(front) > 1


def test_nothing_feasible_has_no_best():
    assert best_of([Record(0, "infeasible", {})]) == ()


class TestStartPoints:
    def test_come_first_and_once(self):
        place = in_memory()
        study = opened(place)
        study.start([{"tau": 3.0}, {"tau": 4.0, "kind": "b"}])
        opened(place).start([{"tau": 3.0}, {"tau": 4.0, "kind": "b"}])
        asked = study.ask(4)
        assert [c.number for c in asked] == [0, 1, 2, 3]
        assert asked[0].values["tau"] == 3.0
        assert (asked[1].values["tau"], asked[1].values["kind"]) == (4.0, "b")
        assert all(c.values.keys() == AXES.keys() for c in asked)

    def test_are_not_more_than_there_are_candidates(self):
        study = opened(candidates=1)
        study.start([{"tau": 3.0}, {"tau": 4.0}])
        assert len(study.records()) == 1

    def test_must_be_in_the_space(self):
        with pytest.raises(ConfigError) as error:
            opened().start([{"tau": 30.0, "x": 1}, {"count": 1.5, "kind": "c", "weight": True}])
        assert [p.split(":")[0] for p in error.value.problems] == [
            "start_points[0].tau",
            "start_points[0].x",
            "start_points[1].count",
            "start_points[1].kind",
            "start_points[1].weight",
        ]


class TestGoingOn:
    def test_with_another_space_shows_the_difference(self, journal):
        opened(journal)
        other = {"tau": {"low": 1, "high": 30, "log": True}}
        with pytest.raises(ConfigError) as error:
            opened(journal, about={**ABOUT, "search": json.dumps(other)})
        assert f"{error.value}".splitlines()[1:] == [
            "  - search.tau.high: 25",
            "  + search.tau.high: 30",
            "  + search.tau.log: true",
        ]

    def test_what_an_earlier_version_did_not_keep_is_no_difference(self, journal):
        opened(journal)
        newer = {**ABOUT, "engine.backend": '"auto"'}
        assert opened(journal, about=newer).notes == opened(journal).notes == ()

    def test_with_other_objectives_is_refused(self, journal):
        opened(journal)
        with pytest.raises(ConfigError, match="objectives"):
            opened(journal, objectives=("rate", "correlation"))

    def test_with_another_version_is_told(self, journal, monkeypatch):
        assert opened(journal).notes == ()
        monkeypatch.setattr(_about, "__version__", "99.0")
        assert "this is 99.0" in opened(journal).notes[0]

    def test_with_what_is_not_ours_is_refused(self, journal):
        study = optuna.create_study(storage=journal.base, study_name="s")
        study.tell(study.ask(), 1.0)
        with pytest.raises(ConfigError, match="not made by snnrun"):
            opened(journal)

    def test_with_more_candidates(self, journal):
        finish(opened(journal, candidates=3))
        assert [c.number for c in opened(journal, candidates=5).ask(9)] == [3, 4]

    @pytest.mark.parametrize("told", [0, 1, 3])
    def test_asks_what_would_have_been_asked(self, told, tmp_path):
        whole = finish(opened(in_memory(), optimizer=tpe()))
        study = opened(open_storage(None, tmp_path), optimizer=tpe())
        study.start([])
        for k in range(3):
            asked = study.ask(4)
            for candidate in asked[: told if k == 2 else 4]:
                tell(study, candidate)
        study.release([c.number for c in asked])
        assert finish(opened(open_storage(None, tmp_path), optimizer=tpe())) == whole

    def test_asks_the_same_where_a_batch_was_begun_only(self, monkeypatch):
        """Killed when two of four were created and none was drawn."""
        whole = finish(opened(optimizer=tpe()))
        place = in_memory()
        study = opened(place, optimizer=tpe())
        for candidate in study.ask(4):
            tell(study, candidate)
        trials = study._desk.trials
        for _ in range(2):
            trials.create({WORKER: "", "batch_end": 8})
        orphan(place, study, 4, 5)
        again = opened(place, optimizer=tpe())
        assert again.reap().again == (4, 5)
        assert finish(again) == whole


class TestDeadWorkers:
    def test_candidates_wait_again(self):
        place = in_memory()
        study = opened(place)
        asked = study.ask(3)
        orphan(place, study, 0, 2)
        other = opened(place)
        assert other.reap() == ((0, 2), (), 0)
        assert other.reap() == ((), (), 0)
        again = other.ask(4)
        assert [(c.number, c.tries) for c in again] == [(0, 1), (2, 1)]
        assert [c.values for c in again] == [asked[0].values, asked[2].values]
        assert len(other.records()) == 3

    def test_candidates_are_given_up_in_the_end(self):
        place = in_memory()
        study = opened(place)
        study.ask(1)
        for _ in range(2):
            orphan(place, study, 0)
            assert study.reap().again == (0,)
            assert [c.number for c in study.ask(1)] == [0]
        orphan(place, study, 0)
        assert study.reap() == ((), (0,), 0)
        assert study.records()[0].state == "failed"
        assert "3 processes" in study.records()[0].reason

    def test_what_they_tell_after_all_counts_once(self):
        place = in_memory()
        study = opened(place)
        study.ask(1)
        orphan(place, study, 0)
        study.reap()
        study.told(0, [1.0], Found())  # it was only slow
        study.told(0, [2.0], Found())
        study.failed(0, "late")
        assert study.ask(1)[0].number == 1
        assert study.records()[0].costs == (1.0,)

    def test_elsewhere_show_by_their_silence(self, monkeypatch):
        now = [1000.0]
        monkeypatch.setattr(_worker.time, "monotonic", lambda: now[0])
        watch = _worker.Watch()
        worker = "another-host:1:2:3"
        beats = {_worker.beat_key(worker): 1.0}
        for seconds, dead in ((0, False), (59, False), (2, True)):
            now[0] += seconds
            assert watch.dead(worker, beats) == dead
        assert not watch.dead(worker, {_worker.beat_key(worker): 2.0})
        assert _worker.is_gone(worker) is None

    def test_released_ones_are_not_counted(self):
        study = opened()
        study.release([c.number for c in study.ask(2)])
        assert [(c.number, c.tries) for c in study.ask(2)] == [(0, 0), (1, 0)]


def test_another_ones_candidates_are_not_released():
    place = in_memory()
    study = opened(place)
    study.ask(1)
    orphan(place, study, 0)
    study.release([0])
    assert study.records()[0].state == "running"


def test_what_could_not_be_drawn_is_released(monkeypatch):
    study = opened()

    def broken(*args):
        raise RuntimeError("no more")

    monkeypatch.setattr("snnrun.optimizer._desk.draw", broken)
    with pytest.raises(RuntimeError, match="no more"):
        study.ask(3)
    assert {r.state for r in study.records()} == {"waiting"}


@pytest.mark.parametrize(
    ("axis", "problem"),
    [
        (Axis("a", 2.0, 1.0), "low (2) must be below high (1)"),
        (Axis("a", 1.0, 1.0), "low (1) must be below high (1)"),
        (Axis("a", 0.0, 1.0, log=True), "low must be above 0 where log is true, not 0"),
        (Axis("a", 0.5, 2, whole=True), "low and high must be whole numbers where int is true"),
        (Axis("a", 0.0, math.inf), "low and high must be finite numbers"),
        (Axis("a", choice=(1, [2])), "each choice must be a number, a text, true, false or null"),
        (Axis("a", choice=(1, True)), "True is there twice"),
    ],
)
def test_bounds_must_make_sense(axis, problem):
    with pytest.raises(ConfigError) as error:
        space_of({"x": axis})
    assert error.value.problems == (f"search.x: {problem}",)
