"""The table of a sweep: its CSV, means over seeds, and values that change nothing."""

import csv
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnrun.errors import FileError
from snnrun.sweep.table import Table, dead, means, write_csv, write_means_csv
from tests.sweep.points import FANO, RATE, UNITS, grid, row

NAN = math.nan


def cells(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


class TestCsv:
    def test_every_cell(self, tmp_path):
        rows = [
            row(0, {"seed": 2**63 - 1, "neuron": "lif"}, firing_rate=(0.1, 1e-300)),
            row(
                1,
                {"seed": 2, "neuron": {"kind": "eif", "v": [1, 2.5]}},
                "failed",
                None,
                'it, "broke"\nhere é',
            ),
            row(2, {"seed": 1e-7, "neuron": True}, firing_rate=(NAN, NAN), fano_factor=math.inf),
        ]
        write_csv(Table(["seed", "neuron"], UNITS, rows), tmp_path / "table.csv")
        assert cells(tmp_path / "table.csv") == [
            [
                *("index", "state", "reason", "seed", "neuron"),
                *("E.firing_rate", "E.firing_rate.se", "E.fano_factor", "E.fano_factor.se"),
            ],
            ["0", "done", "", "9223372036854775807", "lif", "0.1", "1e-300", "", ""],
            [
                *("1", "failed", 'it, "broke"\nhere é', "2"),
                '{"kind":"eif","v":[1,2.5]}',
                *("", "", "", ""),
            ],
            ["2", "done", "", "1e-07", "true", "", "", "inf", ""],
        ]
        assert [p.name for p in tmp_path.iterdir()] == ["table.csv"]

    def test_the_bytes(self, tmp_path):
        write_csv(
            Table(["a"], {RATE: ""}, [row(3, {"a": None}, firing_rate=1)]), tmp_path / "t.csv"
        )
        expected = b"index,state,reason,a,E.firing_rate,E.firing_rate.se\n3,done,,null,1.0,\n"
        assert (tmp_path / "t.csv").read_bytes() == expected

    @given(st.floats(allow_nan=False), st.floats(allow_nan=False, width=32))
    def test_numbers_are_in_full(self, tmp_path_factory, x, y):
        path = tmp_path_factory.mktemp("full") / "table.csv"
        table = Table(["a"], UNITS, [row(0, {"a": x}, firing_rate=(np.float64(x), np.float32(y)))])
        write_csv(table, path)
        assert [float(c) for c in cells(path)[1][3:6]] == [x, x, y]

    def test_an_empty_table_has_its_head(self, tmp_path):
        write_csv(Table([], {}, []), tmp_path / "table.csv")
        assert (tmp_path / "table.csv").read_bytes() == b"index,state,reason\n"

    def test_a_text_that_is_no_unicode(self, tmp_path):
        table = Table([], {}, [row(0, state="failed", reason="no \udcff")])
        write_csv(table, tmp_path / "table.csv")
        assert cells(tmp_path / "table.csv")[1][2] == "no \\udcff"

    def test_a_folder_that_is_missing_is_said(self, tmp_path):
        with pytest.raises(FileError, match="can't be written"):
            write_csv(Table([], {}, []), tmp_path / "missing" / "table.csv")


class TestMeans:
    @pytest.fixture
    def table(self):
        """Return two values of `a` with three seeds, of which some have no results."""
        rows = [
            row(0, {"a": 1, "seed": 1}, firing_rate=(2.0, 9.0), fano_factor=1.0),
            row(1, {"a": 1, "seed": 2}, "unhealthy", firing_rate=4.0, fano_factor=NAN),
            row(2, {"a": 1.0, "seed": 3}, firing_rate=9.0, fano_factor=NAN),
            row(3, {"a": 2, "seed": 1}, firing_rate=5.0),
            row(4, {"a": 2, "seed": 2}, "failed"),
            row(5, {"a": 2, "seed": 3}, "running", firing_rate=100.0),
            row(6, {"a": 3, "seed": 1}, "queued"),
        ]
        return Table(["a", "seed"], UNITS, rows)

    def test_the_numbers(self, table):
        found = means(table)
        first, second, third = found.rows
        assert (found.swept, found.over) == (["a"], ["seed"])
        assert [r.values for r in found.rows] == [{"a": 1}, {"a": 2}, {"a": 3}]
        assert [r.n for r in found.rows] == [3, 1, 0]
        assert first.statistics[RATE] == pytest.approx((5.0, math.sqrt(13 / 3)))
        assert first.statistics[FANO] == pytest.approx((1.0, NAN), nan_ok=True)
        assert second.statistics[RATE] == pytest.approx((5.0, NAN), nan_ok=True)
        assert third.statistics[RATE] == pytest.approx((NAN, NAN), nan_ok=True)
        assert [len(r.of) for r in found.rows] == [3, 3, 1]

    def test_the_file(self, table, tmp_path):
        write_means_csv(means(table), tmp_path / "means.csv")
        se = repr(math.sqrt(13 / 3))
        head = ["E.firing_rate", "E.firing_rate.se", "E.fano_factor", "E.fano_factor.se"]
        found = cells(tmp_path / "means.csv")
        assert found[0] == ["a", "n", *head]
        assert found[1][:3] == ["1", "3", "5.0"]
        assert float(found[1][3]) == pytest.approx(float(se))
        assert found[1][4:] == ["1.0", ""]
        assert found[2:] == [["2", "1", "5.0", "", "", ""], ["3", "0", "", "", "", ""]]

    def test_over_other_paths(self):
        table = grid({"a": [1, 2], "b": ["x", "y", "z"], "seed": [1, 2]})
        (one, two) = means(table, over=("b", "seed")).rows
        assert (one.n, two.n) == (6, 6)
        assert two.statistics[RATE][0] - one.statistics[RATE][0] == pytest.approx(1)

    def test_the_seed_alone_leaves_one_row(self):
        found = means(grid({"seed": [1, 2, 3]}))
        assert (found.swept, [r.n for r in found.rows]) == ([], [3])
        assert found.rows[0].statistics[RATE] == pytest.approx((1.0, 1 / math.sqrt(3)))

    def test_without_seeds_every_point_is_a_row(self):
        table = grid({"a": [1, 2]})
        found = means(table)
        assert [r.n for r in found.rows] == [1, 1]
        assert [r.statistics[RATE][0] for r in found.rows] == [0, 1]

    def test_values_that_are_lists_and_look_alike(self):
        values = [["E"], ["E"], '["E"]', True, 1, 1.0, None]
        table = Table(["a"], UNITS, [row(i, {"a": v}) for i, v in enumerate(values)])
        assert [len(r.of) for r in means(table).rows] == [2, 1, 1, 2, 1]


class TestDead:
    def table(self, prints, swept=None):
        """Return a grid whose points have these fingerprints."""
        made = grid(swept or {"a": [1, 2], "b": [1, 2]})
        rows = [
            row(r.index, r.values, "done" if p else "failed", p)
            for r, p in zip(made.rows, prints, strict=True)
        ]
        return Table(made.swept, made.units, rows)

    @pytest.mark.parametrize(
        ("prints", "expected"),
        [
            ("wxyz", []),
            ("wwww", ["a", "b"]),
            ("wwxx", ["b"]),
            ("wxwx", ["a"]),
            ("wwxy", []),
            (["w", "w", None, None], ["b"]),
            (["w", None, None, "w"], []),
            (["w", "w", "x", None], ["b"]),
            ([None] * 4, []),
        ],
    )
    def test_two_paths(self, prints, expected):
        assert dead(self.table(list(prints))) == expected

    def test_one_value_shows_nothing(self):
        assert dead(self.table(["w", "w"], {"a": [1, 2], "b": [3]})) == ["a"]

    def test_the_same_value_twice_shows_nothing(self):
        assert dead(self.table(["w", "w"], {"a": [1, 1.0]})) == []

    def test_unhealthy_points_count_and_unfinished_do_not(self):
        rows = [row(0, {"a": 1}, "unhealthy", "w"), row(1, {"a": 2}, "done", "w")]
        late = row(2, {"a": 3}, "interrupted", "x")
        assert dead(Table(["a"], UNITS, [*rows, late])) == ["a"]
