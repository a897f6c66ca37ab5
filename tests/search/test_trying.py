"""A batch is tried step by step; what a candidate is told does not depend on the others."""

import math
from dataclasses import replace

import numpy as np
import pytest

from snnrun.optimizer._base import Incumbent, standard_error
from tests.search.trial_runs import (
    Answers,
    Tries,
    breaks,
    can_not_be,
    fires,
    has_no_rate,
    is_infeasible,
    is_synchronous,
    runs_away,
)

FEASIBLE = "objective.feasible={ms: 200, population: E, above_rate: 0.5, min_neurons: 50}"
SNOPS = ("optimizer=snops", "optimizer.candidates=100")


@pytest.fixture
def tries(tmp_path):
    """Return a search in an empty folder."""
    return lambda *overrides: Tries(tmp_path, *overrides)


def constant(rate):
    return Answers(lambda w, trial, first: fires(rate))


class TestSteps:
    def test_what_a_constraint_forbids_is_not_simulated(self, tries):
        search, pool = tries("constraints=['w <= 5', 'w + tau <= 14']"), constant(7.0)
        two, one, none = search.all(pool, 7.0, 5.5, 5.0)
        assert [weight for weight, _, _ in pool.asked] == [5.0]
        assert (two.state, one.state, none.state) == ("infeasible", "infeasible", "done")
        assert two.reason == "violates w <= 5, w + tau <= 14"
        assert one.reason == "violates w <= 5"
        assert search.file(0)["violations"] == {"w <= 5": 2.0, "w + tau <= 14": 1.0}
        assert none.costs == (4.0,)

    def test_a_short_run_decides_about_the_long_one(self, tries):
        pool = Answers(lambda w, trial, first: is_infeasible() if w > 5 else fires(7.0))
        search = tries(FEASIBLE)
        bad, good = search.all(pool, 7.0, 3.0)
        assert pool.asked == [(7.0, 0, True), (3.0, 0, True), (3.0, 0, False)]
        assert (bad.state, bad.reason) == ("infeasible", "E fires too much")
        assert search.file(0)["violations"] == {"rate_high": 0.5}
        assert (good.state, good.costs, good.repeats) == ("done", (4.0,), 1)

    def test_an_unhealthy_network_is_infeasible_if_that_is_asked_for(self, tries):
        search, pool = tries(), Answers(lambda *_: is_synchronous())
        (lenient,) = search.all(pool, 5.0)
        assert (lenient.state, lenient.costs) == ("done", (4.0,))
        search.plan = replace(search.plan, search=replace(search.search, strict=True))
        (strict,) = search.all(pool, 5.0)
        assert (strict.state, strict.reason[:26]) == ("infeasible", "synchronous: population E;")

    def test_all_networks_of_all_candidates_are_simulated_together(self, tries):
        pool = Answers(lambda w, trial, first: fires(w + trial))
        one, other = tries().all(pool, 5.0, 6.0, networks=3)
        assert pool.asked == [(w, trial, False) for trial in range(3) for w in (5.0, 6.0)]
        assert one.costs == (pytest.approx((0 + 1 + 4) / 3),)
        assert one.se == (pytest.approx(standard_error([0.0, 1.0, 4.0])),)
        assert (one.repeats, other.repeats) == (3, 3)
        assert one.statistics == {"E.firing_rate": 6.0}

    def test_all_infeasible(self, tries):
        pool = Answers(lambda w, trial, first: is_infeasible())
        assert [r.state for r in tries(FEASIBLE).all(pool, 1.0, 2.0)] == ["infeasible"] * 2
        assert all(first for _, _, first in pool.asked)


class TestPruning:
    """Candidates that cost more in the short run than the worst of those that are done."""

    PRUNE = (FEASIBLE, "optimizer.prune=0.5", "optimizer.candidates=100")

    @pytest.fixture
    def ten(self, tries):
        """Return a search of ten that are done; they cost w², or (w + 1)² in the short run."""
        search = tries(*self.PRUNE)
        pool = Answers(lambda w, trial, first: fires(5 + w + first))
        done = search.all(pool, *map(float, range(10)))
        assert [record.state for record in done] == ["done"] * 10
        return search, pool

    def test_the_worst_have_no_long_run(self, ten):
        search, pool = ten
        pool.asked.clear()
        good, bad = search.all(pool, 4.4, 4.6)  # the median is (25 + 36) / 2: w = 4.52
        assert pool.asked == [(4.4, 0, True), (4.6, 0, True), (4.4, 0, False)]
        assert (good.state, bad.state, bad.costs) == ("done", "pruned", ())
        assert good.costs == (pytest.approx(4.4**2),)
        assert bad.reason == "costs 31.36 after 200 ms, which is among the worst"
        assert bad.statistics == {"E.firing_rate": pytest.approx(10.6)}
        assert search.file(11)["state"] == "pruned" and search.file(11)["overrides"]

    def test_as_many_as_asked_for(self, tries):
        """Hopeless ones stay among those that others are compared with."""
        search, pool = tries("optimizer.prune=0.25", *self.PRUNE[::2]), constant(0.0)
        rng = np.random.default_rng(1)
        pool = Answers(lambda w, trial, first: fires(5 + w))
        states = [r.state for _ in range(10) for r in search.all(pool, *rng.uniform(1, 9, 10))]
        assert 15 <= states[10:].count("pruned") <= 30

    def test_what_turns_out_infeasible_is_no_measure(self, tries):
        search = tries(*self.PRUNE)
        pool = Answers(lambda w, trial, first: fires(5 + w) if first or w > 1 else runs_away())
        search.all(pool, *[0.5] * 12)
        assert [r.state for r in search.all(pool, *[2.0] * 12)] == ["done"] * 12

    def test_those_of_a_batch_are_not_compared(self, ten):
        search, pool = ten
        assert [r.state for r in search.all(pool, *[4.4] * 20)] == ["done"] * 20

    def test_optuna_has_its_cost(self, ten):
        search, pool = ten
        search.all(pool, 8.0)
        trial = search.study._desk.trials.get(10)
        assert (trial.state.name, trial.value, trial.intermediate_values) == (
            "PRUNED",
            81,
            {200: 81},
        )

    def test_one_that_has_no_cost_yet_goes_on(self, ten):
        search, _ = ten
        pool = Answers(lambda w, trial, first: has_no_rate() if first else fires(90.0))
        (record,) = search.all(pool, 3.0)
        assert record.state == "done"

    def test_not_unless_asked_for(self, tries):
        pool = Answers(lambda w, trial, first: fires(5 + w))
        records = tries(FEASIBLE, "optimizer.candidates=100").all(pool, *map(float, range(10)))
        records += tries(FEASIBLE, "optimizer.candidates=100").all(pool, 50.0)
        assert {record.state for record in records} == {"done"}


class TestWhatGoesWrong:
    @pytest.mark.parametrize(
        ("answer", "state", "reason"),
        [
            (has_no_rate, "infeasible", "E.firing_rate: no neuron fires"),
            (runs_away, "infeasible", "runaway"),
            (can_not_be, "infeasible", "network.scale: must be above 0"),
            (breaks, "failed", "the process that simulated it died"),
        ],
    )
    def test_a_candidate_is_told_with_its_reason(self, answer, state, reason, tries):
        pool = Answers(lambda w, trial, first: answer() if w > 5 else fires(7.0))
        search = tries()
        bad, good = search.all(pool, 7.0, 3.0)
        assert (bad.state, bad.costs) == (state, ())
        assert bad.reason.startswith(reason)
        assert search.file(0)["state"] == state
        assert search.file(0)["reason"] == bad.reason
        assert (good.state, good.costs) == ("done", (4.0,))

    def test_one_bad_network_is_enough(self, tries):
        pool = Answers(lambda w, trial, first: runs_away() if trial == 1 else fires(7.0))
        search = tries()
        (record,) = search.all(pool, 3.0, networks=3)
        assert record.state == "infeasible"
        assert search.file(0)["overrides"][-1] == "trials=2"  # repeats the one that ran away

    def test_costs_too_large_for_a_number(self, tries):
        (record,) = tries().all(constant(1e300), 3.0)
        assert (record.state, record.costs) == ("infeasible", ())
        assert record.reason == "the cost is too large for a number; look at the scales"


def costs(rates):
    return [(rate - 5) ** 2 for rate in rates]


class TestIntensification:
    """Promising: below best + 2 SE; then at least 5 networks, at most 10, until SE <= 0.15."""

    RATES = (6.0, 5.9, 6.1, 5.95, 6.05, 6.4, 5.2, 6.0, 6.1, 5.8, 5.0, 5.0)

    def tried(self, tries, rates, best, processes=1, *more):
        pool = Answers(lambda w, trial, first: fires(rates[trial]), processes)
        (record,) = tries(*SNOPS, *more).all(pool, 3.0, best=best)
        return record, len(pool.asked)

    def test_the_first_ones_are_promising(self, tries):
        record, asked = self.tried(tries, self.RATES, None)
        assert (record.repeats, asked) == (5, 5)
        assert record.costs == (pytest.approx(sum(costs(self.RATES[:5])) / 5),)
        assert record.se == (pytest.approx(standard_error(costs(self.RATES[:5]))),)

    def test_one_that_is_worse_has_one_network(self, tries):
        record, asked = self.tried(tries, self.RATES, Incumbent(0.5, 0.2))
        assert (record.repeats, asked, record.costs) == (1, 1, (1.0,))
        assert math.isnan(record.se[0])

    def test_one_that_may_be_better_has_more(self, tries):
        record, _ = self.tried(tries, self.RATES, Incumbent(0.5, 0.3))
        assert record.repeats == 5

    def test_it_ends_when_the_mean_is_worse(self, tries):
        record, _ = self.tried(tries, (5.1, 5.2, 7.0, 5.0, 5.0), Incumbent(0.5, 0.1))
        assert record.repeats == 3

    def test_it_goes_on_until_the_mean_is_known(self, tries):
        rates = (5.0, 6.0, 5.0, 6.5, 5.0, 6.0, 5.0, 5.9, 5.1, 6.2, 5.0)
        record, _ = self.tried(tries, rates, None)
        errors = {n: standard_error(costs(rates[:n])) for n in range(5, 11)}
        settled = [n for n, se in errors.items() if se <= 0.15]
        assert record.repeats == min([*settled, 10]) > 5

    def test_never_more_than_max_repeats(self, tries):
        record, _ = self.tried(tries, (5.0, 9.0) * 10, None)
        assert record.repeats == 10

    def test_a_network_that_runs_away_makes_it_infeasible(self, tries):
        pool = Answers(lambda w, trial, first: runs_away() if trial == 3 else fires(6.0))
        (record,) = tries(*SNOPS).all(pool, 3.0)
        assert record.state == "infeasible"

    @pytest.mark.parametrize("processes", [1, 2, 3, 7])
    @pytest.mark.parametrize("bad", [None, 3, 4, 5, 6])
    def test_the_number_of_processes_changes_nothing(self, bad, processes, tmp_path):
        """What is simulated ahead does not count, not even where it runs away."""

        def answer(w, trial, first):
            return runs_away() if trial == bad and w < 4 else fires(5 + w * (1 + trial % 3) / 10)

        def told(folder, processes):
            pool = Answers(answer, processes)
            records = Tries(folder, *SNOPS).all(pool, 3.0, 2.0, 9.0, best=Incumbent(0.4, 0.05))
            return [(r.state, r.costs, r.se, r.repeats, r.reason) for r in records]

        expected = told(tmp_path / "alone", 1)
        found = told(tmp_path / "together", processes)
        assert repr(found) == repr(expected)

    def test_others_have_as_many_networks_as_trials(self, tries):
        pool = constant(5.0)
        (record,) = tries("optimizer=random").all(pool, 3.0)
        assert (record.repeats, len(pool.asked)) == (1, 1)
