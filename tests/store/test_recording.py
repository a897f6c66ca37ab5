"""Spikes that somebody recorded, in the formats people keep them in, whole and damaged."""

import h5py
import numpy as np
import pytest

from snnrun.errors import FileError
from snnrun.store.recording import is_run, recorded

MS, IDS = np.array([1.5, 2.0, 2.0, 7.25]), np.array([3, 0, 1, 3])
WORDS = ("by_time", "time", "by_id", "id", "gid", "none", "unknown")
SORTING = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype=np.uint8)


def csv(tmp_path, text, name="spikes.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def sonata(tmp_path, ms=MS, ids=IDS, population="V4", units="ms", sorting=2):
    path = tmp_path / "spikes.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group(f"spikes/{population}")
        group.attrs.create("sorting", sorting, dtype=SORTING)
        group["timestamps"], group["node_ids"] = ms, np.asarray(ids, np.uint64)
        if units:
            group["timestamps"].attrs["units"] = units
    return path


def nwb(tmp_path, seconds=(0.002, 0.002, 0.0015, 0.00725), ends=(1, 2, 2, 4), observed=None):
    path = tmp_path / "session.nwb"
    with h5py.File(path, "w") as file:
        file.attrs["nwb_version"] = "2.7.0"
        units = file.create_group("units")
        units["id"] = np.arange(len(ends))
        units["spike_times"] = np.array(seconds, np.float64)
        units["spike_times_index"] = np.array(ends, np.uint8)
        if observed:
            units["obs_intervals"] = np.array(observed, np.float64)
    return path


def same(found, ms=MS, ids=IDS):
    np.testing.assert_allclose(found.ms, ms)
    np.testing.assert_array_equal(found.ids, ids)


@pytest.mark.parametrize(
    "text",
    [
        "1.5,3\n2,0\n2,1\n7.25,3\n",
        "time_ms,neuron\n1.5,3\n2,0\n2,1\n7.25,3",
        "# time, id\r\n1.5,3\r\n2,0\r\n2,1\r\n7.25,3\r\n",
        "\ufefftimestamps;node_ids\n1.5;3\n2;0\n2;1\n7.25;3\n",
        "1.5\t3\n2\t0\n2\t1\n7.25\t3\n",
        "1.5 3\n2.0 0\n2.0 1\n7.25 3\n",
        "neuron,time\n3,1.5\n0,2\n1,2\n3,7.25\n",
        "2,0\n2,1\n1.5,3\n7.25,3\n",
    ],
)
def test_a_csv_may_look_like_this(tmp_path, text):
    path = csv(tmp_path, text)
    assert not is_run(path)
    found = recorded(path)
    assert list(found) == [""]
    same(found[""])
    assert found[""].neurons is found[""].stop_ms is None


@pytest.mark.parametrize(
    ("name", "unit_ms"),
    [
        *((name, 1e3) for name in ("time (sec)", "time (seconds)", "time_s", "t[s]", "Times/s")),
        *((name, 1e-3) for name in ("time_us", "t [\u00b5s]", "spike time (\u03bcs)", "t_usec")),
        *(
            (name, 1.0)
            for name in ("time", "timestamps", "time stamp", "spike_times_ms", "t in ms")
        ),
        ("time_ns", 1e-6),
        ("time (min)", 6e4),
        ("t_h", 3.6e6),
    ],
)
def test_a_column_names_its_unit(tmp_path, name, unit_ms):
    rows = "".join(f"{ms / unit_ms!r};{i}\n" for ms, i in zip(MS.tolist(), IDS, strict=True))
    same(recorded(csv(tmp_path, f"{name};neuron\n{rows}"))[""])


def test_sonata_has_populations(tmp_path):
    path = sonata(tmp_path)
    assert not is_run(path)
    found = recorded(path)
    assert list(found) == ["V4"]
    same(found["V4"])
    same(recorded(sonata(tmp_path, ms=MS / 1000, units="seconds"))["V4"])
    same(recorded(sonata(tmp_path, units=""))["V4"])


def test_old_sonata_has_gids_and_no_population(tmp_path):
    path = tmp_path / "old.h5"
    with h5py.File(path, "w") as file:
        file["spikes/timestamps"], file["spikes/gids"] = MS, IDS.astype(np.uint64)
    same(recorded(path)[""])


def test_sonata_sorted_by_id_or_not_at_all_is_put_in_order(tmp_path):
    order = [1, 2, 0, 3]
    same(recorded(sonata(tmp_path, MS[order], IDS[order], sorting=1))["V4"])
    same(recorded(sonata(tmp_path, MS[::-1], IDS[::-1], sorting=0))["V4"], ids=[3, 1, 0, 3])


def test_sorting_may_be_an_array_of_one_number(tmp_path):
    path = sonata(tmp_path, MS[::-1], IDS[::-1], sorting=0)
    with h5py.File(path, "a") as file:
        file["spikes/V4"].attrs["sorting"] = np.array([[0]])
    same(recorded(path)["V4"], ids=[3, 1, 0, 3])
    with h5py.File(path, "a") as file:
        file["spikes/V4"].attrs["sorting"] = np.array([0, 1])
    with pytest.raises(FileError, match="attribute sorting of /spikes/V4 is no single number"):
        recorded(path)


@pytest.mark.parametrize("kind", [str, np.bytes_])
@pytest.mark.parametrize(
    ("word", "ordered"),
    [(word, word not in ("none", "unknown")) for word in WORDS],
)
@pytest.mark.parametrize("at", ["spikes/V1", "spikes/V1/node_ids", "spikes"])
def test_bmtk_writes_sorting_as_a_word(tmp_path, kind, word, ordered, at):
    path = tmp_path / "bmtk.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("spikes" if at == "spikes" else "spikes/V1")
        group["timestamps"] = MS if ordered else MS[::-1]
        ids = "gids" if at == "spikes" else "node_ids"
        group[ids] = np.asarray(IDS if ordered else IDS[::-1], np.uint64)
        file[at].attrs["sorting"] = kind(word)
        group["timestamps"].attrs["units"] = kind("milliseconds")
    same(*recorded(path).values(), ids=IDS if ordered else [3, 1, 0, 3])


def test_nwb_has_units_in_seconds(tmp_path):
    found = recorded(nwb(tmp_path, observed=[(0.0, 0.01)]))[""]
    same(found)
    assert (found.neurons, found.stop_ms) == (4, 10.0)
    assert recorded(nwb(tmp_path))[""].stop_ms is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it needs two columns, time in ms and neuron id, not 0"),
        ("1,2,3\n", "it needs two columns, time in ms and neuron id, not 3"),
        ("a,b\n1,2\n", "its columns are called a, b, not time and neuron"),
        ("time_samples,neuron\n1,2\n", "its times are in 'samples', not in ms or s"),
        ("frames (time),neuron\n1,2\n", "its times are in 'frames', not in ms or s"),
        ("time [0.1 ms],neuron\n1,2\n", "its times are in '0 1 ms', not in ms or s"),
        ("ticks,neuron\n1,2\n", "its columns are called ticks, neuron, not time and neuron"),
        ("1,2\n1,x\n", "could not convert string 'x'"),
        ("1,2\n1\n", "the number of columns changed from 2 to 1"),
        ("1,2.5\n", "neuron ids that are no whole numbers"),
        ("1,nan\n", "neuron ids that are no whole numbers"),
        ("1,-2\n", "neuron ids that are negative"),
        ("1,1e300\n", "neuron ids that are"),
        ("-1,2\n", "times that are negative or not finite"),
        ("nan,2\n", "times that are negative or not finite"),
        ("5,2\n3,2\n", "the times of neuron 2 are not in order: 3 ms comes too late"),
    ],
)
def test_a_csv_that_can_not_be_used(tmp_path, text, problem):
    path = csv(tmp_path, text)
    with pytest.raises(FileError) as caught:
        recorded(path)
    assert str(caught.value).startswith(f"{path}: can't be read: ")
    assert problem in str(caught.value)


def test_other_files_that_can_not_be_used(tmp_path):
    empty = tmp_path / "empty.h5"
    h5py.File(empty, "w").close()
    cases = {
        sonata(tmp_path, MS[::-1], IDS): "the times of neuron 3 are not in order",
        csv(tmp_path, "no HDF5", "spikes.nwb"): "can't be read",
        tmp_path / "missing.csv": "No such file",
        tmp_path / "missing.h5": "No such file",
        empty: "it holds neither /spikes (SONATA) nor /units (NWB)",
        tmp_path: "is no file",
        nwb(tmp_path, ends=(1, 5)): "spike_times_index does not fit",
    }
    for path, problem in cases.items():
        with pytest.raises(FileError, match="can't be read") as caught:
            recorded(path)
        assert problem in str(caught.value), path


def test_units_that_are_no_time(tmp_path):
    with pytest.raises(FileError, match="are in 'steps', not in ms or s"):
        recorded(sonata(tmp_path, units="steps"))
    path = nwb(tmp_path)
    with h5py.File(path, "r+") as file:
        file["units/spike_times"].attrs["unit"] = "samples"
    with pytest.raises(FileError, match="are in 'samples', not in ms or s"):
        recorded(path)


@pytest.mark.parametrize(("unit", "ms"), [("ms", 1.0), ("microseconds", 1e-3), ("\u00b5s", 1e-3)])
def test_files_that_name_their_unit_are_believed(tmp_path, unit, ms):
    same(recorded(sonata(tmp_path, MS / ms, units=unit))["V4"])
    path = nwb(tmp_path, [2.0 / ms, 2.0 / ms, 1.5 / ms, 7.25 / ms])
    with h5py.File(path, "r+") as file:
        file["units/spike_times"].attrs["unit"] = unit
    same(recorded(path)[""])


def test_a_link_to_elsewhere_is_not_followed(tmp_path):
    path = tmp_path / "linked.h5"
    with h5py.File(path, "w") as file:
        file["spikes"] = h5py.ExternalLink(str(sonata(tmp_path)), "/spikes")
    with pytest.raises(FileError, match="is a link to elsewhere"):
        recorded(path)
