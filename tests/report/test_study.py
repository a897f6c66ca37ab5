"""The pictures of a search show what is known of it."""

import dataclasses
import math

import matplotlib.image
import numpy as np
import pytest
from matplotlib.collections import LineCollection, PathCollection, QuadMesh

from snnrun.errors import ConfigError, FileError
from snnrun.report.goals import off_target, wanted
from snnrun.report.study import PANELS, available, draw, figure
from snnrun.report.study_axis import Cost, Parameter
from snnrun.report.study_content import content
from snnrun.search.importance import importance
from snnrun.search.record import Axis, Findings, Goal, Record
from tests.search.findings import GOALS, SPECTRUM, TWO, eleven, front, record, search

AB = ("rate error", "correlation error")


def panels(made):
    """Return the axes of a figure without those of its colour bars."""
    return [a for a in made.axes if a.get_label() != "<colorbar>"]


def bar(made):
    (found,) = (a for a in made.axes if a.get_label() == "<colorbar>")
    return found


def legend(made):
    return [t.get_text() for found in made.legends for t in found.get_texts()]


def note(made):
    return made.get_supxlabel().replace("\n", " ")


def line(axes, label):
    """Return the points of a line `[N, 2]`."""
    (found,) = (x for x in axes.lines if x.get_label() == label)
    return found.get_xydata()


def done(findings):
    return [r for r in findings.records if r.state == "done"]


def with_costs(findings, change):
    """Return a search with other costs."""
    records = [
        dataclasses.replace(r, costs=tuple(map(change, r.costs))) if r.state == "done" else r
        for r in findings.records
    ]
    return dataclasses.replace(findings, records=records, best=front(records))


class TestHistory:
    def test_costs_and_the_best_so_far(self):
        findings = search(60)
        axes, times = panels(figure(findings, "history"))
        costs = [(r.number, r.costs[0]) for r in done(findings)]
        np.testing.assert_array_equal(line(axes, "candidate"), costs)
        best = line(axes, "best so far")
        np.testing.assert_array_equal(best[:-1, 1], np.minimum.accumulate([c for _, c in costs]))
        assert best[-1].tolist() == [59, min(c for _, c in costs)]
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("candidate", "cost")
        assert (axes.get_yscale(), times.get_xlabel()) == ("log", "time (minutes)")
        assert line(times, "candidate")[0, 0] == pytest.approx(2.5 / 60)  # begun 2.5 s earlier

    def test_candidates_without_a_cost_are_above(self):
        findings = search(60)
        findings.records[5] = Record(5, "pruned", findings.records[5].values, reason="costs 9")
        made = figure(findings, "history")
        for state in ("infeasible", "pruned", "failed"):
            numbers = [r.number for r in findings.records if r.state == state]
            assert line(panels(made)[0], state)[:, 0].tolist() == numbers
        assert legend(made) == ["candidate", "best so far", "infeasible", "pruned", "failed"]

    def test_no_times_no_panel_of_time(self):
        records = [dataclasses.replace(r, ended=None) for r in search(9).records]
        made = figure(dataclasses.replace(search(9), records=records), "history")
        assert len(panels(made)) == 1

    def test_in_order_of_time_where_candidates_overtake(self):
        records = [record(i, {}, (c,), ended=e) for i, (c, e) in enumerate([(3, 9.0), (2, 5.0)])]
        findings = Findings("demo", TWO, ("cost",), {}, records, (1,))
        _, times = panels(figure(findings, "history"))
        assert line(times, "best so far")[:, 1].tolist() == [2, 2, 2]

    def test_a_panel_an_objective(self):
        made = figure(search(30, objectives=AB), "history")
        assert [a.get_ylabel() for a in panels(made)] == [*AB, *AB]

    def test_errors_of_several_networks(self):
        records = [record(i, {}, (1.0 + i,), se=(0.1 if i else math.nan,)) for i in range(3)]
        made = figure(Findings("demo", TWO, ("cost",), {}, records, (0,)), "history")
        (bars,) = (c for c in panels(made)[0].collections if isinstance(c, LineCollection))
        assert [np.ptp(s[:, 1]) for s in bars.get_segments()] == pytest.approx([0.2, 0.2])
        assert "standard error" in note(made)


class TestCostAxis:
    @pytest.mark.parametrize(
        ("costs", "scale"),
        [
            ([1.0, 2.0], "linear"),
            ([0.01, 2.0], "log"),
            ([0.0, 0.01, 2.0], "asinh"),
            ([-5.0, 0.1, 0.2, 0.1, 9.0], "asinh"),
            ([-5.0, 4.0], "linear"),
            ([1.0], "linear"),
            ([0.0, 0.0], "linear"),
            ([1e-200, 1e200], "log"),
        ],
    )
    def test_scale(self, costs, scale):
        findings = Findings(
            "demo", TWO, ("cost",), {}, [record(i, {}, (c,)) for i, c in enumerate(costs)], (0,)
        )
        axes = panels(figure(findings, "history"))[0]
        low, high = axes.get_ylim()
        assert axes.get_yscale() == scale
        assert low < min(costs) <= max(costs) < high
        assert len(axes.get_yticks()) >= 2

    @pytest.mark.parametrize("costs", [[0.01, 2.0], [0.0, 0.01, 2.0], [1.0, 3.0]])
    def test_even_and_back(self, costs):
        cost = Cost.of("cost", np.array(costs))
        np.testing.assert_allclose(cost.uneven(cost.even(np.array(costs))), costs, atol=1e-12)


class TestSlices:
    def test_a_panel_a_parameter(self):
        findings = search(80, eleven())
        made = figure(findings, "slices")
        names = [a.get_xlabel() for a in panels(made)]
        assert names[:3] == ["tau_I (ms)", "sigma_I", "tau_E (ms)"]
        assert names[-1].endswith("…") and len(names) == 11
        values = [[r.values["tau_I"], r.costs[0]] for r in done(findings)]
        np.testing.assert_array_equal(panels(made)[0].lines[0].get_xydata(), values)
        star = panels(made)[0].lines[1].get_xydata()
        (best,) = (r for r in findings.records if r.number == findings.best[0])
        assert star.tolist() == [[best.values["tau_I"], best.costs[0]]]

    def test_scales_limits_and_ticks(self):
        made = {a.get_xlabel(): a for a in panels(figure(search(80, eleven()), "slices"))}
        assert made["rate_X (spikes/s)"].get_xscale() == made["k"].get_xscale() == "log"
        assert made["tau_I (ms)"].get_xscale() == "linear"
        for name, low, high in (("tau_I (ms)", 1, 25), ("k", 10, 400), ("n", 0.5, 6.5)):
            left, right = made[name].get_xlim()
            assert left < low < high < right
        labels = [t.get_text() for t in made["neuron"].get_xticklabels()]
        assert labels == ["lif", "eif", "adex"]
        assert [t.get_text() for t in made["per_trial"].get_xticklabels()] == ["true", "false"]
        assert all(x == round(x) for x in made["n"].get_xticks())

    def test_choices_lie_side_by_side_in_their_place(self):
        findings = search(80, eleven())
        made = {a.get_xlabel(): a for a in panels(figure(findings, "slices"))}
        x = made["neuron"].lines[0].get_xdata()
        place = [("lif", "eif", "adex").index(r.values["neuron"]) for r in done(findings)]
        assert np.abs(x - place).max() <= 0.25
        assert len(set(x)) == x.size

    def test_a_row_an_objective(self):
        made = figure(search(30, objectives=AB), "slices")
        assert [a.get_ylabel() for a in panels(made)] == [AB[0], "", AB[1], ""]
        assert [a.get_xlabel() for a in panels(made)] == ["", "", "tau_I (ms)", "sigma_I"]


class TestParallel:
    def lines(self, made):
        return [c for c in panels(made)[0].collections if isinstance(c, LineCollection)]

    def test_a_line_a_candidate_and_the_best_on_top(self):
        findings = search(50)
        made = figure(findings, "parallel")
        all_, best = self.lines(made)
        costs = [r.costs[0] for r in done(findings)]
        assert all_.get_array().tolist() == sorted(costs, reverse=True)
        np.testing.assert_array_equal(all_.get_segments()[-1], best.get_segments()[0])
        (x, y) = all_.get_segments()[-1].T
        (found,) = (r for r in findings.records if r.number == findings.best[0])
        assert x.tolist() == [0, 1, 2]
        assert y == pytest.approx(
            [(found.values["tau_I"] - 1) / 24, found.values["sigma_I"] / 0.25, 0]
        )
        assert [t.get_text() for t in panels(made)[0].get_xticklabels()] == [
            "tau_I (ms)",
            "sigma_I",
            "cost",
        ]
        assert bar(made).get_ylabel() == "cost"

    def test_many_are_the_best_of_them(self):
        made = figure(search(2000), "parallel")
        assert len(self.lines(made)[0].get_segments()) == 1000
        assert "lines: the best 1000 of" in note(made)

    def test_of_several_objectives_the_front_is_coloured(self):
        findings = search(60, objectives=AB)
        grey, coloured = self.lines(figure(findings, "parallel"))
        assert grey.get_array() is None
        assert len(coloured.get_segments()) == len(findings.best)


class TestFront:
    def test_two_objectives(self):
        findings = search(80, objectives=AB)
        (axes,) = panels(figure(findings, "front"))
        assert (axes.get_xlabel(), axes.get_ylabel()) == AB
        np.testing.assert_array_equal(axes.lines[0].get_xydata(), [r.costs for r in done(findings)])
        expected = sorted(r.costs for r in findings.records if r.number in findings.best)
        np.testing.assert_array_equal(axes.lines[2].get_xydata(), expected)

    def test_three_are_pairs(self):
        made = figure(search(40, objectives=("a", "b", "c")), "front")
        assert [(a.get_xlabel(), a.get_ylabel()) for a in panels(made)] == [
            ("a", "b"),
            ("a", "c"),
            ("b", "c"),
        ]

    def test_five_are_the_first_six_pairs(self):
        made = figure(search(40, objectives=tuple("abcde")), "front")
        assert len(panels(made)) == 6
        assert "6 of 10 pairs" in note(made)

    def test_one_objective_has_none(self):
        with pytest.raises(ConfigError, match="one objective"):
            figure(search(9), "front")


class TestTargets:
    @pytest.mark.parametrize(
        ("goal", "value", "off", "words"),
        [
            (Goal("s", (2.0,), scale=4.0, unit="spikes/s"), 5.0, 1.5, "target 2 sp/s"),
            (Goal("s", (2.0,), scale=4.0), 0.0, -1.0, "target 2"),
            (Goal("s", (2.0,)), 0.0, -2.0, "target 2"),
            (Goal("s", low=1.0, high=2.0, scale=1.0), 1.5, 0.0, "range 1 to 2"),
            (Goal("s", low=1.0, scale=0.25), 0.5, -1.0, "at least 1"),
            (Goal("s", high=2.0, scale=0.25), 3.0, 2.0, "at most 2"),
            (Goal("s", scale=1.0), 3.0, None, "to be minimised"),
            (Goal("s", (4.0, 3.0), scale=4.0), (1.0, 3.0, 4.0), 2.5, "norm of the difference"),
            (Goal("s", (1.0, 3.0, 4.0), scale=1.0), (1.0,), 5.0, "norm of the difference"),
            (Goal("s", (2.0,), scale=1.0), math.nan, None, "target 2"),
        ],
    )
    def test_distance(self, goal, value, off, words):
        assert off_target(goal, value) == (off if off is None else pytest.approx(off))
        assert wanted(goal) == words

    def test_the_best_candidate(self):
        findings = search(60)
        axes, spectrum = panels(figure(findings, "targets"))
        (best,) = (r for r in findings.records if r.number == findings.best[0])
        assert [t.get_text() for t in axes.get_yticklabels()] == list(GOALS)
        expected = [off_target(g, best.statistics[g.statistic]) for g in GOALS.values()]
        assert [p.get_width() for p in axes.patches[1:]] == pytest.approx(expected)
        assert axes.get_title() == f"candidate {best.number}, the best"
        assert axes.get_xlabel() == "(achieved − target) / √scale"
        assert (spectrum.get_title(), spectrum.get_ylabel()) == ("spectrum", "spikes²")
        assert line(spectrum, "target")[:, 1].tolist() == [*SPECTRUM, 0.0]
        assert line(spectrum, "achieved")[:, 1] == pytest.approx(
            best.statistics["E.shared_eigenspectrum"][:5]
        )

    def test_far_ones_do_not_hide_near_ones(self):
        axes = panels(figure(search(1, bad=False), "targets"))[0]
        assert axes.get_xscale() == "asinh"

    def test_of_a_front_one_stands_for_all(self):
        findings = search(80, objectives=AB)
        made = figure(findings, "targets")
        shown = content(findings)
        assert shown.done[shown.chosen].number in findings.best
        assert f"candidate {shown.done[shown.chosen].number} is the one of the front" in note(made)

    def test_no_goals(self):
        with pytest.raises(ConfigError, match="targets: no statistic"):
            figure(search(9, goals={}), "targets")


class TestImportance:
    def test_bars(self):
        findings = search(100, eleven())
        made = figure(findings, "importance")
        (axes,) = panels(made)
        shares = importance(findings)
        assert [p.get_width() for p in axes.patches] == pytest.approx(
            [100 * s for s in shares.values()]
        )
        assert axes.get_yticklabels()[0].get_text() == next(iter(shares))
        assert "PED-ANOVA" in note(made)

    def test_objectives_side_by_side(self):
        made = figure(search(100, objectives=AB), "importance")
        assert len(panels(made)[0].patches) == 4
        assert legend(made) == [f"for {name}" for name in AB]

    def test_too_few_candidates(self):
        with pytest.raises(ConfigError, match="can't be told from 4"):
            figure(search(4, bad=False), "importance")


class TestLandscape:
    def test_of_two_it_is_interpolated(self):
        findings = search(80)
        made = figure(findings, "landscape")
        (axes,) = panels(made)
        dots = next(c for c in axes.collections if isinstance(c, PathCollection))
        expected = {(r.values["tau_I"], r.values["sigma_I"], r.costs[0]) for r in done(findings)}
        found = np.column_stack([dots.get_offsets(), dots.get_array()])
        assert set(map(tuple, found.tolist())) == expected
        (mesh,) = (c for c in axes.collections if isinstance(c, QuadMesh))
        inside = mesh.get_array().compressed()
        costs = [r.costs[0] for r in done(findings)]
        assert min(costs) <= inside.min() * (1 + 1e-9) and inside.max() <= max(costs) * (1 + 1e-9)
        assert "interpolated linearly" in note(made)
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("tau_I (ms)", "sigma_I")
        assert bar(made).get_ylabel() == "cost"

    def test_not_where_the_nearest_candidate_is_infeasible(self):
        (axes,) = panels(figure(search(200), "landscape"))
        (mesh,) = (c for c in axes.collections if isinstance(c, QuadMesh))
        right = mesh.get_array()[:, -20:]  # tau_I > 22, which is infeasible
        assert np.ma.getmaskarray(right).all()

    def test_of_more_it_is_not_and_numbers_come_first(self):
        findings = search(100, eleven())
        made = figure(findings, "landscape")
        (axes,) = panels(made)
        assert not [c for c in axes.collections if isinstance(c, QuadMesh)]
        assert "9 more parameters" in note(made)
        assert {axes.get_xlabel(), axes.get_ylabel()} == {"tau_I (ms)", "sigma_I"}

    @pytest.mark.parametrize(
        "where", [lambda i: (5, 0.1), lambda i: (5, 0.01 * i), lambda i: (i + 1, 0.01 * i)]
    )
    def test_candidates_in_one_line(self, where):
        values = [dict(zip(TWO, where(i), strict=True)) for i in range(6)]
        records = [record(i, v, (1.0 + i,)) for i, v in enumerate(values)]
        (axes,) = panels(figure(Findings("demo", TWO, ("cost",), {}, records, (0,)), "landscape"))
        assert not [c for c in axes.collections if isinstance(c, QuadMesh)]

    def test_one_parameter_has_none(self):
        axes = {"tau_I": TWO["tau_I"]}
        records = [record(0, {"tau_I": 3.0}, (1.0,))]
        findings = Findings("demo", axes, ("cost",), {}, records, (0,))
        assert available(findings) == ["overview", "history", "slices", "parallel"]


class TestParameter:
    @pytest.mark.parametrize("low", [1e-9, 0.03, 1, 700])
    @pytest.mark.parametrize("ratio", [1.5, 4, 30, 1e5, 1e30])
    def test_logarithmic_ticks(self, low, ratio):
        at, labels = Parameter("a", Axis("a", low, low * ratio, log=True)).ticks(5)
        assert 2 <= len(at) <= 5 and len(set(labels)) == len(labels)
        assert all(low * (1 - 1e-6) <= x <= low * ratio * (1 + 1e-6) for x in at)

    def test_values_that_are_none_have_no_place(self):
        found = Parameter("a", Axis("a", choice=("x", 1))).positions(["x", 1, True, None])
        np.testing.assert_array_equal(found, [0, 1, np.nan, np.nan])
        found = Parameter("a", Axis("a", 0, 1)).positions([0.5, "x", None, True])
        np.testing.assert_array_equal(found, [0.5, np.nan, np.nan, np.nan])


class TestDraw:
    def test_every_panel_is_a_file(self, tmp_path):
        files = draw(search(40, objectives=AB), tmp_path, ("all",))
        assert [f.name for f in files] == [f"{panel}.png" for panel in PANELS]
        for file in files:
            image = matplotlib.image.imread(file)
            assert min(image.shape[:2]) > 300 and image.std() > 0.05
        assert sorted(f.name for f in tmp_path.iterdir()) == sorted(f.name for f in files)

    def test_by_default_an_overview(self, tmp_path):
        (file,) = draw(search(20), tmp_path, suffix="svg")
        assert file.name == "overview.svg" and b"<svg" in file.read_bytes()[:2000]

    def test_what_is_not_there(self, tmp_path):
        with pytest.raises(ConfigError, match="no picture fronts; it has overview, history"):
            draw(search(9), tmp_path, ("fronts",))
        with pytest.raises(ConfigError, match="png, pdf, svg, not gif"):
            draw(search(9), tmp_path, suffix="gif")
        with pytest.raises(FileError, match="can't be written"):
            draw(search(9), tmp_path / "missing")

    def test_nothing_is_done(self):
        bad = [Record(i, "infeasible", {"tau_I": 21.0, "sigma_I": 0.1}) for i in range(3)]
        with pytest.raises(ConfigError, match=r"no candidate is done.*\(3 infeasible\)"):
            figure(Findings("demo", TWO, ("cost",), GOALS, bad, ()))


class TestOverview:
    def test_of_one_objective(self):
        made = figure(search(100, eleven()))
        labels = [a.get_xlabel() for a in panels(made)]
        assert labels[:2] == ["candidate", "importance (%)"]
        assert "element" in labels and labels[-1] != ""
        assert made.get_suptitle() == "demo: 70 candidates done, 27 infeasible, 3 failed"
        assert "cost over 4 of 11 parameters" in note(made)

    def test_of_three_objectives(self):
        made = figure(search(60, eleven(), objectives=("a", "b", "c")))
        assert [a.get_ylabel() for a in panels(made)][:3] == ["a", "b", "c"]

    @pytest.mark.parametrize("candidates", [1, 2, 5])
    def test_of_few_candidates(self, candidates, tmp_path):
        (file,) = draw(search(candidates), tmp_path)
        assert matplotlib.image.imread(file).std() > 0.05

    @pytest.mark.parametrize(
        "change", [lambda c: 1.0, lambda c: max(0.0, c - 0.5), lambda c: c**3 - 5]
    )
    def test_of_equal_zero_and_negative_costs(self, change, tmp_path):
        draw(with_costs(search(40), change), tmp_path)

    def test_a_name_that_looks_like_a_formula(self, tmp_path):
        axes = {"$tau_I": TWO["tau_I"], "^{": Axis("a", choice=("$x", "}$"))}
        records = [record(i, {"$tau_I": 2.0 + i, "^{": "$x"}, (1.0 + i,)) for i in range(3)]
        findings = Findings("a $ b", axes, ("$cost",), GOALS, records, (0,))
        draw(findings, tmp_path, ("overview", "parallel"))

    def test_ten_thousand_candidates(self):
        made = figure(search(10_000, eleven(), seed=2))
        assert panels(made)[0].lines[0].get_rasterized()
