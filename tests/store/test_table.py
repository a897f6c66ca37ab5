"""table.h5: the table of a sweep, a dataset a column."""

import math

import h5py
import numpy as np
import pytest

from snnrun.errors import FileError
from snnrun.store.table import write_table
from snnrun.sweep.table import Row, Table

KEYS = {("E", "firing_rate"): "spikes/s", ("all", "synchrony"): ""}
TABLE = Table(
    ["seed", "dt", "neuron", "db/x"],
    KEYS,
    [
        Row(0, "done", "", {"seed": 2**63 - 1, "dt": 1, "neuron": "é", "db/x": [1, 2]},
            {("E", "firing_rate"): (0.1, 0.01), ("all", "synchrony"): (1.0, math.nan)}, "f"),
        Row(1, "failed", "NUL \0, \udcff", {"seed": 1, "dt": 0.5, "neuron": "b", "db/x": True},
            {}, None),
    ],
)  # fmt: skip


@pytest.fixture
def file(tmp_path):
    """Return the file of the table above."""
    write_table(TABLE, tmp_path / "table.h5")
    assert [p.name for p in tmp_path.iterdir()] == ["table.h5"]
    with h5py.File(tmp_path / "table.h5", "r") as file:
        yield file


def test_it_says_what_it_is(file):
    assert (file.attrs["format"], file.attrs["format_version"]) == ("snnrun table", 1)


def test_the_columns_are_those_of_the_csv_in_their_order(file):
    expected = ["index", "state", "reason", "seed", "dt", "neuron", "db/x"]
    expected += ["E.firing_rate", "E.firing_rate.se", "all.synchrony", "all.synchrony.se"]
    columns = file["columns"]
    assert list(columns.attrs["order"]) == expected
    assert [columns[name].attrs["name"] for name in columns] == expected
    assert list(columns)[6] == "db.x"


def test_types_and_values(file):
    columns = file["columns"]
    for name, kind, values in (
        ("index", np.int64, [0, 1]),
        ("seed", np.int64, [2**63 - 1, 1]),
        ("dt", np.float64, [1.0, 0.5]),
    ):
        assert columns[name].dtype == kind
        assert columns[name][()].tolist() == values
    rate = columns["E.firing_rate"]
    assert (rate.dtype, rate.attrs["units"]) == (np.float64, "spikes/s")
    np.testing.assert_array_equal(rate, [0.1, np.nan])
    np.testing.assert_array_equal(columns["all.synchrony.se"], [np.nan, np.nan])
    for name, values in (
        ("state", ["done", "failed"]),
        ("reason", ["", "NUL \\0, \\udcff"]),
        ("neuron", ["é", "b"]),
        ("db.x", ["[1,2]", "true"]),
    ):
        assert h5py.check_string_dtype(columns[name].dtype).encoding == "utf-8"
        assert columns[name].asstr()[()].tolist() == values


def test_an_empty_table(tmp_path):
    write_table(Table(["a"], KEYS, []), tmp_path / "table.h5")
    with h5py.File(tmp_path / "table.h5", "r") as file:
        assert {c.shape for c in file["columns"].values()} == {(0,)}


def test_equal_tables_give_equal_bytes(tmp_path):
    for name in "ab":
        write_table(TABLE, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_what_can_not_be_written_is_said(tmp_path):
    with pytest.raises(FileError, match="can't be written"):
        write_table(TABLE, tmp_path / "missing" / "table.h5")
    assert list(tmp_path.iterdir()) == []
