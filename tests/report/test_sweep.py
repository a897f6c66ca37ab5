"""The picture of a sweep shows what the table says."""

import math

import matplotlib.image
import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_rgba
from matplotlib.patches import PathPatch

from snnrun.errors import ConfigError
from snnrun.report.sweep import draw, figure
from snnrun.sweep.table import Row, Table, means
from tests.sweep.points import FANO, RATE, UNITS, grid

TWO = {("E", "firing_rate"): "spikes/s", ("I", "firing_rate"): "spikes/s"}
A, B, C = [0.0, 1.0, 2.0, 5.0], [1, 10, 100], ["x", "y"]


def panels(made):
    """Return the axes of a figure without those of its colour bars."""
    return [a for a in made.axes if a.get_label() != "<colorbar>"]


def bars(made):
    return [a for a in made.axes if a.get_label() == "<colorbar>"]


def mesh(axes):
    (found,) = (c for c in axes.collections if isinstance(c, QuadMesh))
    return found


def drawn(axes):
    """Return the values of a phase diagram `[X, Y]`, NaN where it has none."""
    values = mesh(axes).get_array()
    return np.ma.filled(values.astype(float), np.nan).T


def areas(axes):
    """Return look → how many cells: their hatch, or their colour where they have none."""
    patches = [p for p in axes.get_children() if isinstance(p, PathPatch)]
    return {p.get_hatch() or p.get_facecolor(): len(p.get_path().vertices) // 5 for p in patches}


def legend(made):
    return [t.get_text() for found in made.legends for t in found.get_texts()]


def note(made):
    return made.get_supxlabel().replace("\n", " ")


def line(axes, label):
    """Return x, y and half the error bars of a line."""
    (found,) = (c for c in axes.containers if c.get_label() == label)
    (segments,) = (c.get_segments() for c in found.lines[2])
    data = found.lines[0].get_xydata()
    return *data.T, np.array([np.ptp(s[:, 1]) / 2 for s in segments if np.ndim(s) == 2])


class TestOnePath:
    def test_a_panel_a_statistic_and_a_line_a_population(self):
        units = {("I", "isi_cv"): "", ("I", "firing_rate"): "spikes/s", RATE: "spikes/s"}
        made = figure(grid({"drive.X.rate": A}, units))
        first, second = panels(made)
        assert [a.get_ylabel() for a in (first, second)] == ["firing_rate (spikes/s)", "isi_cv"]
        assert first.get_xlabel() == "drive.X.rate"
        for name, begin in (("I", 10), ("E", 20)):
            x, y, _ = line(first, name)
            assert (x.tolist(), y.tolist()) == (A, [begin, begin + 1, begin + 2, begin + 3])
        assert legend(made) == ["I", "E"]

    def test_the_seed_is_averaged_over(self):
        table = grid({"a": A, "seed": [1, 2, 3]}, {RATE: "spikes/s"})
        made = figure(table)
        (axes,) = panels(made)
        x, y, se = line(axes, "E")
        expected = np.array([row.statistics[RATE] for row in means(table).rows])
        np.testing.assert_allclose(np.c_[y, se], expected)
        assert x.tolist() == A
        assert "mean over seed (3 values), n = 3; bars: standard error of the mean" in note(made)

    def test_points_have_their_own_errors_without_seeds(self):
        made = figure(grid({"a": A}, {RATE: ""}))
        assert line(panels(made)[0], "E")[2] == pytest.approx(0.5)
        assert "standard error of each point" in note(made)

    def test_the_seed_alone_is_an_axis_of_points(self):
        (axes,) = panels(figure(grid({"seed": [1, 2, 3]}, {RATE: ""})))
        assert axes.get_xlabel() == "seed"
        assert axes.containers[0].lines[0].get_linewidth() == 0

    def test_values_in_any_order_are_drawn_in_theirs(self):
        table = grid({"a": [3, 1, 2]}, {RATE: ""})
        x, y, _ = line(panels(figure(table))[0], "E")
        assert (x.tolist(), y.tolist()) == ([1, 2, 3], [1, 2, 0])

    def test_failed_and_missing_points_are_bands(self):
        table = grid({"a": A}, {RATE: ""}, failed={1: "boom"}, queued={3: ""})
        made = figure(table)
        (axes,) = panels(made)
        assert areas(axes) == {"/////": 1, to_rgba("0.88"): 1}
        (band,) = (p for p in axes.patches + axes.artists if p.get_hatch())
        assert np.unique(band.get_path().vertices[:, 0]).tolist() == [0.5, 1.5]
        assert legend(made) == ["E", "failed", "no result"]
        np.testing.assert_array_equal(line(axes, "E")[1], [0, np.nan, 2, np.nan])

    def test_unhealthy_points_have_a_symbol(self):
        made = figure(grid({"a": A}, {RATE: ""}, unhealthy={2: "silent; raise the input"}))
        (marks,) = (a for a in panels(made)[0].lines if a.get_marker() == "v")
        assert marks.get_xydata().tolist() == [[2.0, 2.0]]
        assert legend(made) == ["E", "unhealthy: silent"]

    def test_a_runaway_does_not_flatten_the_rest(self):
        table = grid({"a": A}, TWO, unhealthy={3: "runaway: population E"})
        wild = dict.fromkeys(TWO, (500.0, 1.0))
        rows = [*table.rows[:3], Row(3, "unhealthy", "runaway", {"a": 5.0}, wild, None)]
        made = figure(Table(["a"], TWO, rows))
        (axes,) = panels(made)
        top = axes.get_ylim()[1]
        heights = {m.get_ydata()[0] for m in axes.lines if m.get_marker() == "^"}
        assert top < 20
        assert len(heights) == 2
        assert max(heights) == top
        assert "symbols at the upper edge" in note(made)

    def test_more_than_twelve_statistics_keep_the_useful_ones(self):
        units = {("E", f"s{i}"): "" for i in range(14)} | {RATE: "", FANO: ""}
        made = figure(grid({"a": A}, units))
        names = [a.get_ylabel() for a in panels(made)]
        assert names == ["firing_rate", "fano_factor", *(f"s{i}" for i in range(10))]
        assert "12 of 16 statistics; not shown: E.s10, E.s11, E.s12, E.s13" in note(made)


class TestAxes:
    @pytest.mark.parametrize(
        ("values", "scale"),
        [
            ([1, 2, 4, 8], "log"),
            ([0.01, 0.1, 1], "log"),
            ([1, 3, 10, 30, 100], "log"),
            ([1, 2, 5, 10, 20, 50], "log"),
            ([1, 2, 3, 4], "linear"),
            ([8, 9, 10, 11], "linear"),
            ([0, 1, 3, 10], "linear"),
            ([-1, -10, -100], "linear"),
            ([1, 100], "linear"),
            ([7], "linear"),
        ],
    )
    def test_scales(self, values, scale):
        (axes,) = panels(figure(grid({"a": values}, {RATE: ""})))
        assert axes.get_xscale() == scale
        assert [t.get_text() for t in axes.get_xticklabels()] == [str(v) for v in sorted(values)]

    def test_texts_are_categories_in_their_order(self):
        made = figure(grid({"neuron": ["lif", "eif", "adex"]}, TWO))
        (axes,) = panels(made)
        assert [t.get_text() for t in axes.get_xticklabels()] == ["lif", "eif", "adex"]
        e, i = (line(axes, name)[0] for name in "EI")
        np.testing.assert_allclose((e + i) / 2, [0, 1, 2], atol=1e-12)
        assert (i > e).all()

    def test_numbers_and_texts_together_are_categories(self):
        (axes,) = panels(figure(grid({"a": [1, "all", [2, 3], None]}, {RATE: ""})))
        found = [t.get_text() for t in axes.get_xticklabels()]
        assert found == ["1", "all", "[2,3]", "null"]

    def test_long_paths_are_broken_and_whole(self):
        path = "network.populations.E.neuron.parameters.tau_m"
        label = panels(figure(grid({path: A}, {RATE: ""})))[0].get_xlabel()
        assert label.replace("\n", "") == path
        assert label.count("\n") == 1

    def test_what_looks_like_a_formula_is_shown_as_it_is(self, tmp_path):
        draw(grid({"a$b": ["$x_{$", "^$"]}, {RATE: ""}), tmp_path / "sweep.png")

    def test_ticks_do_not_overlap(self):
        table = grid({"a": [0, 1, 1.001, 1.002, 2]}, {RATE: ""})
        found = [t.get_text() for t in panels(figure(table))[0].get_xticklabels()]
        assert found == ["0", "1", "2"]


class TestTwoPaths:
    def test_the_values_are_those_of_the_means(self):
        table = grid({"a": A, "b": B, "seed": [1, 2]})
        made = figure(table)
        rate, fano = panels(made)
        for axes, key in ((rate, RATE), (fano, FANO)):
            expected = [row.statistics[key][0] for row in means(table).rows]
            np.testing.assert_allclose(drawn(axes), np.reshape(expected, (4, 3)))
        assert [b.get_ylabel() for b in bars(made)] == ["firing_rate (spikes/s)", "fano_factor"]
        assert [a.get_title() for a in panels(made)] == ["E", "E"]
        assert (rate.get_xlabel(), rate.get_ylabel()) == ("a", "b")
        assert (rate.get_xscale(), rate.get_yscale()) == ("linear", "log")

    def test_the_cells_end_between_the_values(self):
        axes, _ = panels(figure(grid({"a": A, "b": B})))
        corners = mesh(axes).get_coordinates()
        assert corners[0, :, 0].tolist() == [-0.5, 0.5, 1.5, 3.5, 6.5]
        np.testing.assert_allclose(corners[:, 0, 1], np.sqrt([0.1, 10, 1000, 100_000]))
        np.testing.assert_allclose(axes.get_xlim(), (-0.5, 6.5))

    def test_points_without_results(self):
        table = grid(
            {"a": A, "b": B},
            {RATE: ""},
            failed={0: "boom", 4: "boom"},
            interrupted={11: ""},
            unhealthy={10: "runaway: E"},
        )
        gone = Table(table.swept, table.units, [r for r in table.rows if r.index != 7])
        made = figure(gone)
        (axes,) = panels(made)
        assert areas(axes) == {"/////": 2, to_rgba("0.88"): 2}
        assert np.argwhere(np.isnan(drawn(axes))).tolist() == [[0, 0], [1, 1], [2, 1], [3, 2]]
        assert legend(made) == ["failed", "no result", "unhealthy: runaway"]
        (marks,) = axes.lines
        assert (marks.get_marker(), marks.get_xydata().tolist()) == ("^", [[5.0, 10.0]])

    def test_points_of_which_some_seeds_failed_keep_their_value(self):
        made = figure(grid({"a": A, "b": B, "seed": [1, 2]}, {RATE: ""}, failed={3: "boom"}))
        (axes,) = panels(made)
        assert areas(axes) == {"///": 1}
        assert np.isfinite(drawn(axes)).all()
        assert legend(made) == ["some failed"]
        assert "n = 1 to 2" in note(made)

    def test_statistics_without_a_value_at_some_points(self):
        table = grid({"a": A, "b": B}, {RATE: ""})
        table.rows[5].statistics[RATE] = (math.nan, math.nan)
        made = figure(table)
        assert areas(panels(made)[0]) == {to_rgba("white"): 1}
        assert legend(made) == ["no value"]

    def test_the_colours_are_those_of_healthy_points(self):
        table = grid({"a": A, "b": B}, {RATE: ""}, unhealthy={11: "runaway: E"})
        table.rows[11].statistics[RATE] = (900.0, 1.0)
        made = figure(table)
        limits = mesh(panels(made)[0]).get_clim()
        assert limits == (0.0, 6.0)
        assert "colours span the healthy points" in note(made)
        assert drawn(panels(made)[0])[3, 2] == 900

    def test_rates_are_never_hidden(self):
        units = {(f"P{i}", n): "" for i in range(14) for n in ("isi_cv", "firing_rate")}
        made = figure(grid({"a": A, "b": B}, units))
        assert [a.get_title() for a in panels(made)] == [f"P{i}" for i in range(14)]
        assert {b.get_ylabel() for b in bars(made)} == {"firing_rate"}
        assert "14 of 28 statistics; not shown: P0.isi_cv, " in note(made)
        assert "P11.isi_cv and 2 more" in note(made)

    def test_a_text_goes_up_and_a_number_to_the_right(self):
        axes, _ = panels(figure(grid({"neuron": ["lif", "eif"], "a": A})))
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("a", "neuron")
        assert [t.get_text() for t in axes.get_yticklabels()] == ["lif", "eif"]
        np.testing.assert_array_equal(drawn(axes)[:, 1] - drawn(axes)[:, 0], 1)

    def test_what_does_not_vary_is_said(self):
        made = figure(grid({"a": A, "dt": [0.1], "b": B, "seed": [7]}, {RATE: ""}))
        assert drawn(panels(made)[0]).shape == (4, 3)
        assert "dt = 0.1; seed = 7" in note(made)

    def test_labels_are_on_the_outer_panels(self):
        units = {(p, n): "" for p in "EI" for n in ("firing_rate", "isi_cv", "fano_factor")}
        found = panels(figure(grid({"a": A, "b": B}, units)))
        assert [bool(a.get_xlabel()) for a in found] == [False, False, True, True, True, True]
        assert [bool(a.get_ylabel()) for a in found] == [True, False, False, False, True, False]


class TestMorePaths:
    def test_three_are_columns_of_the_shortest(self):
        table = grid({"a": A, "c": C, "b": B})
        made = figure(table)
        found = panels(made)
        assert len(found) == 4
        assert [a.get_title() for a in found[:2]] == ["c\n= x", "c\n= y"]
        values = np.reshape([r.statistics[FANO][0] for r in table.rows], (4, 2, 3))
        for i in range(2):
            np.testing.assert_array_equal(drawn(found[2 + i]), values[:, i])
        assert [b.get_ylabel() for b in bars(made)] == ["E.firing_rate (spikes/s)", "E.fano_factor"]
        assert mesh(found[0]).get_clim() == mesh(found[1]).get_clim()

    def test_many_columns_are_thinned_out(self):
        made = figure(grid({"a": list(range(11)), "b": list(range(12)), "c": list(range(9))}))
        assert len(panels(made)) == 12
        assert "6 of 9 values of c" in note(made)

    def test_rows_are_limited(self):
        units = {("E", f"s{i}"): "" for i in range(9)} | UNITS
        made = figure(grid({"a": [1, 2], "b": [1, 2], "c": C}, units))
        assert len(panels(made)) == 12
        assert bars(made)[0].get_ylabel() == "E.firing_rate (spikes/s)"
        assert "6 of 11 statistics" in note(made)

    def test_four_average_over_the_last_and_prefer_numbers(self):
        table = grid({"c": C, "a": A, "b": B, "d": [1, 2], "seed": [1, 2]}, {RATE: ""})
        made = figure(table)
        found = panels(made)
        assert [a.get_title() for a in found] == ["d\n= 1", "d\n= 2"]
        assert "mean over c (2 values), seed (2 values), n = 4" in note(made)
        rows = means(table, ("c", "seed")).rows
        values = np.reshape([r.statistics[RATE][0] for r in rows], (4, 3, 2))
        np.testing.assert_allclose(drawn(found[1]), values[:, :, 1])

    def test_texts_alone(self):
        made = figure(grid(dict.fromkeys("wxyz", C), {RATE: ""}))
        assert len(panels(made)) == 2
        assert "mean over z" in note(made)


class TestAsked:
    def test_one_statistic_of_all_populations_or_of_one(self):
        table = grid({"a": A, "b": B}, TWO | {FANO: ""})
        assert [a.get_title() for a in panels(figure(table, "firing_rate"))] == ["E", "I"]
        assert [a.get_title() for a in panels(figure(table, "I.firing_rate"))] == ["I"]

    def test_an_unknown_one(self):
        with pytest.raises(ConfigError, match="no statistic rate; it has firing_rate, fano_factor"):
            figure(grid({"a": A}), "rate")

    def test_one_without_values(self):
        table = grid({"a": A}, UNITS | {("E", "isi_cv"): ""})
        for row in table.rows:
            row.statistics["E", "isi_cv"] = (math.nan, math.nan)
        assert "no value at any point: E.isi_cv" in note(figure(table))
        with pytest.raises(ConfigError, match="isi_cv: has no value at any point"):
            figure(table, "isi_cv")


class TestNothing:
    def test_is_finished(self):
        table = grid({"a": A}, failed={0: "", 1: ""}, queued={2: "", 3: ""})
        with pytest.raises(ConfigError, match=r"is finished.*\(2 failed, 2 queued\)"):
            figure(table)

    @pytest.mark.parametrize("units", [{}, {("I", "isi_cv"): ""}])
    def test_has_a_value(self, units):
        table = grid({"a": A})
        with pytest.raises(ConfigError, match="no statistic has a value"):
            figure(Table(table.swept, units, table.rows))

    def test_is_swept(self):
        with pytest.raises(ConfigError, match="nothing was swept"):
            figure(Table([], UNITS, []))


class TestFile:
    @pytest.mark.parametrize("name", ["sweep.png", "sweep.pdf", "sweep.svg", "sweep"])
    def test_formats(self, tmp_path, name):
        draw(grid({"a": A, "b": B}, failed={3: "boom"}), tmp_path / name)
        begin = (tmp_path / name).read_bytes()[:5]
        assert begin == {".pdf": b"%PDF-", ".svg": b"<?xml"}.get(name[5:], b"\x89PNG\r")
        assert [p.name for p in tmp_path.iterdir()] == [name]

    def test_other_formats_are_refused(self, tmp_path):
        with pytest.raises(ConfigError, match="one of png, pdf, svg, not bmp"):
            draw(grid({"a": A}), tmp_path / "sweep.bmp")

    def test_a_large_sweep(self, tmp_path):
        """2500 points of 12 statistics, of which a third failed and many are unhealthy."""
        units = {(p, f"s{i}"): "" for p in "EI" for i in range(6)}
        states = {
            "failed": dict.fromkeys(range(0, 2500, 3), ""),
            "unhealthy": dict.fromkeys(range(1, 2500, 3), "runaway"),
        }
        table = grid({"a": list(range(50)), "b": list(range(50))}, units, **states)
        draw(table, tmp_path / "sweep.png")
        picture = matplotlib.image.imread(tmp_path / "sweep.png")
        assert picture.shape[0] > 1000
        assert picture.std() > 0.1
