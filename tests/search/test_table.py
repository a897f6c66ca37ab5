"""The table of a search."""

import csv
import math

import numpy as np
import pytest

from snnrun.errors import FileError
from snnrun.search.record import Axis, Findings, Goal, Record
from snnrun.search.table import write_table
from tests.search.findings import eleven, search

NAN = math.nan


def cells(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def written(findings, tmp_path):
    """Return the table as dictionaries, column → cell."""
    write_table(findings, tmp_path / "table.csv")
    head, *lines = cells(tmp_path / "table.csv")
    assert all(len(line) == len(head) for line in lines)
    assert len(set(head)) == len(head)
    return [dict(zip(head, line, strict=True)) for line in lines]


AXES = {
    "tau": Axis("a.tau", 1, 9),
    "n": Axis("a.n", 1, 9, whole=True),
    "kind": Axis("b", choice=("x", True)),
}
GOALS = {"fano": Goal("E.fano_factor", (1.0,)), "spectrum": Goal("E.spectrum", (4.0, 1.0))}


def test_every_cell(tmp_path):
    done = Record(
        1,
        "done",
        {"tau": 2.5, "n": np.int64(3), "kind": True},
        (np.float64(0.1),),
        (NAN,),
        {"spectrum": 1e-300, "fano": 0.5},
        {"E.rate": 3.0, "E.spectrum": (4.5, NAN), "E.fano_factor": NAN},
        2,
        seconds=7,
    )
    bad = Record(0, "infeasible", {"tau": 1e-7, "kind": "x"}, reason='80 sp/s, "E"\nrunaway é')
    late = Record(2, "waiting", {})
    findings = Findings("demo", AXES, ("cost",), GOALS, [done, bad, late], (1,))
    write_table(findings, tmp_path / "table.csv")
    assert cells(tmp_path / "table.csv") == [
        [
            *("number", "state", "cost", "tau", "n", "kind", "term.fano", "term.spectrum"),
            *("E.fano_factor", "E.spectrum", "E.rate", "cost.se", "repeats", "reason", "seconds"),
        ],
        [
            *("0", "infeasible", "", "1e-07", "", "x", "", "", "", "", "", "", "0"),
            *('80 sp/s, "E"\nrunaway é', "0.0"),
        ],
        [
            *("1", "done", "0.1", "2.5", "3", "true", "0.5", "1e-300"),
            *("", "[4.5,null]", "3.0", "", "2", "", "7.0"),
        ],
        ["2", "waiting", *[""] * 10, "0", "", "0.0"],
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_a_column_an_objective(tmp_path):
    (row,) = written(search(1, bad=False, objectives=("rate", "correlation")), tmp_path)
    assert list(row)[:6] == ["number", "state", "rate", "correlation", "tau_I", "sigma_I"]
    assert (row["rate.se"], row["correlation.se"]) == ("", "")
    assert float(row["rate"]) > 0 and float(row["correlation"]) > 0


def test_an_axis_called_like_another_column_goes_by_its_path(tmp_path):
    axes = {"rate": Axis("drive.X.rate", 1, 9), "number": Axis("p.size", 1, 9)}
    values = {"rate": 5.0, "number": 7}
    record = Record(0, "done", values, (0.25, 1.0))
    (row,) = written(Findings("demo", axes, ("rate", "b"), {}, [record], (0,)), tmp_path)
    assert (row["rate"], row["drive.X.rate"], row["number"], row["p.size"]) == (
        "0.25",
        "5.0",
        "0",
        "7",
    )


def test_candidates_are_in_order_and_numbers_in_full(tmp_path):
    findings = search(60, eleven(), seed=3)
    findings.records.reverse()
    rows = written(findings, tmp_path)
    by_number = {record.number: record for record in findings.records}
    assert [int(row["number"]) for row in rows] == list(range(60))
    for row in rows:
        record = by_number[int(row["number"])]
        assert row["state"] == record.state
        assert float(row["tau_I"]) == record.values["tau_I"]
        assert row["cost"] == (repr(record.costs[0]) if record.costs else "")
        assert row["term.rate"] == (repr(record.terms["rate"]) if record.terms else "")


def test_no_candidates_leave_the_head(tmp_path):
    write_table(Findings("demo", AXES, ("cost",), GOALS, [], ()), tmp_path / "t.csv")
    expected = b"number,state,cost,tau,n,kind,cost.se,repeats,reason,seconds\n"
    assert (tmp_path / "t.csv").read_bytes() == expected


def test_a_folder_that_is_missing_is_said(tmp_path):
    with pytest.raises(FileError, match="can't be written"):
        write_table(search(1), tmp_path / "missing" / "table.csv")
