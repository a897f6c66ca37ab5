"""results.h5: spikes and reports as in SONATA, readable while it grows."""

import contextlib
import subprocess
import sys

import h5py
import numpy as np
import pytest

from snnrun.errors import FileError
from snnrun.store import read
from snnrun.store.layout import Layout, Report, SpikeTrains
from snnrun.store.results import FORMAT_VERSION, ResultsWriter

NODES = {
    "E": {"size": 10, "type": "excitatory", "kind": "eif", "x": np.arange(10.0)},
    "I": {"size": 4, "type": "inhibitory", "kind": "lif"},
}
PROJECTIONS = {"EI": {"pre": "I", "post": "E", "contacts": 7, "kind": "pairwise_bernoulli"}}
PROVENANCE = {"seed": 2**63 - 1, "git": "", "started": "now", "finished": ""}


def layout(trials=1, compression="lzf", reports=()):
    """Return the layout of a file with two populations."""
    return Layout(
        trials=trials,
        t_stop_ms=100.0,
        spikes=(SpikeTrains("E", 10), SpikeTrains("I", 4)),
        reports=reports,
        compression=compression,
        compression_level=4,
    )


def writer(path, **options):
    """Return a writer whose file is open for readers."""
    made = ResultsWriter(path, layout(**options))
    made.describe("seed: 1 # µ\n", PROVENANCE, NODES, PROJECTIONS)
    return made


def append(made, trial=0):
    made.append_spikes(trial, "E", np.array([0.1, 0.3]), np.array([3, 1], np.uint64))
    made.append_spikes(trial, "E", np.array([0.3]), np.array([2], np.uint64))


class TestSonata:
    @pytest.fixture
    def file(self, tmp_path):
        """Return a finished file with spikes of E and none of I."""
        made = writer(tmp_path / "results.h5")
        append(made)
        made.finish({}, {})
        with h5py.File(tmp_path / "results.h5", "r") as file:
            yield file

    def test_the_file_says_what_it_is(self, file):
        assert (file.attrs["magic"], file.attrs["magic"].dtype) == (0x0A7A, np.uint32)
        assert file.attrs["version"].tolist() == [0, 1]
        assert file.attrs["version"].dtype == np.uint32
        assert (file.attrs["format"], file.attrs["format_version"]) == ("snnrun", FORMAT_VERSION)

    def test_timestamps(self, file):
        times = file["spikes/E/timestamps"]
        assert times.dtype == np.float64
        assert times.attrs["units"] == "ms"
        assert times[:].tolist() == [0.1, 0.3, 0.3]

    def test_node_ids(self, file):
        ids = file["spikes/E/node_ids"]
        assert ids.dtype == np.uint64
        assert ids[:].tolist() == [3, 1, 2]

    def test_sorting_is_an_enumeration(self, file):
        kind = file["spikes/E"].attrs.get_id("sorting").dtype
        assert h5py.check_enum_dtype(kind) == {"none": 0, "by_id": 1, "by_time": 2}
        assert file["spikes/E"].attrs["sorting"] == 2

    def test_a_population_knows_its_size_and_its_time(self, file):
        attributes = file["spikes/E"].attrs
        assert attributes["n_neurons"] == 10
        assert (attributes["t_start_ms"], attributes["t_stop_ms"]) == (0, 100)

    def test_empty_is_written_as_empty(self, file):
        group = file["spikes/I"]
        assert group["timestamps"].shape == group["node_ids"].shape == (0,)
        assert group["timestamps"].dtype == np.float64
        assert group["node_ids"].dtype == np.uint64
        assert group.attrs["n_neurons"] == 4

    def test_the_rest_of_the_description(self, file):
        assert file["config"][()].decode() == "seed: 1 # µ\n"
        assert h5py.check_string_dtype(file["config"].dtype).encoding == "utf-8"
        assert file["provenance"].attrs["seed"] == 2**63 - 1
        assert dict(file["nodes/E"].attrs) == {"size": 10, "type": "excitatory", "kind": "eif"}
        assert file["nodes/E/x"][:].tolist() == list(range(10))
        assert dict(file["network/EI"].attrs) == PROJECTIONS["EI"]


class TestReport:
    @pytest.fixture
    def file(self, tmp_path):
        """Return a finished file with a report of neurons 2 and 5 of E."""
        report = Report("E", "v", "mV", np.array([2, 5]), 0.5, 0.5, 2.5)
        made = writer(tmp_path / "results.h5", reports=(report,))
        made.append_report(0, "E", "v", np.full((3, 2), -65.5))
        made.append_report(0, "E", "v", np.full((1, 2), -60.0))
        made.finish({}, {})
        with h5py.File(tmp_path / "results.h5", "r") as file:
            yield file["report/E/v"]

    def test_data(self, file):
        assert file["data"].dtype == np.float32
        assert file["data"].attrs["units"] == "mV"
        assert file["data"][:].tolist() == [[-65.5, -65.5]] * 3 + [[-60, -60]]

    def test_mapping(self, file):
        mapping = file["mapping"]
        assert mapping["node_ids"][:].tolist() == [2, 5]
        assert mapping["node_ids"].dtype == np.uint64
        assert mapping["index_pointers"][:].tolist() == [0, 1, 2]
        assert mapping["index_pointers"].dtype == np.uint64
        assert mapping["element_ids"][:].tolist() == [0, 0]
        assert mapping["element_ids"].dtype == np.uint32
        assert mapping["element_pos"][:].tolist() == [0, 0]
        assert mapping["element_pos"].dtype == np.float32
        assert mapping["time"][:].tolist() == [0.5, 2.5, 0.5]
        assert mapping["time"].dtype == np.float64
        assert mapping["time"].attrs["units"] == "ms"


@pytest.mark.parametrize(
    ("kind", "filter_", "level"), [("none", None, None), ("lzf", "lzf", None), ("gzip", "gzip", 4)]
)
def test_compression(tmp_path, kind, filter_, level):
    path = tmp_path / "results.h5"
    made = writer(path, compression=kind)
    append(made)
    made.finish({"counts/E": (np.ones((3, 10), np.uint16), {"bin_ms": 10.0})}, {})
    with h5py.File(path, "r") as file:
        for name in ("spikes/E/timestamps", "spikes/I/node_ids", "counts/E"):
            assert file[name].compression == filter_
            assert file[name].compression_opts == level
        assert file["spikes/E/timestamps"][:].tolist() == [0.1, 0.3, 0.3]
        assert file["counts/E"].dtype == np.uint16
        assert file["counts/E"].attrs["bin_ms"] == 10


def test_each_trial_has_its_own_spikes(tmp_path):
    path = tmp_path / "results.h5"
    made = writer(path, trials=2)
    append(made, trial=1)
    made.finish({}, {"trials/1/health": {"verdict": "ok"}})
    with h5py.File(path, "r") as file:
        assert list(file["trials"]) == ["0", "1"]
        assert file["trials/0/spikes/E/timestamps"].size == 0
        assert file["trials/1/spikes/E/timestamps"].size == 3
        assert file["trials/1/health"].attrs["verdict"] == "ok"
        assert "spikes" not in file


def test_what_is_known_at_the_end_is_added(tmp_path):
    path = tmp_path / "results.h5"
    made = writer(path)
    entries = {
        "statistics/E/firing_rate": (5.0, {"units": "spikes/s", "se": 0.5}),
        "statistics/E/shared_eigenspectrum": (np.array([3.0, 1.0]), {"units": ""}),
        "statistics/I/fano_factor": (np.nan, {"reason": "too short"}),
    }
    made.finish(entries, {"health": {"verdict": "ok"}, "provenance": {"finished": "then"}})
    with h5py.File(path, "r") as file:
        assert file["statistics/E/firing_rate"][()] == 5
        assert dict(file["statistics/E/firing_rate"].attrs) == {"units": "spikes/s", "se": 0.5}
        assert file["statistics/E/shared_eigenspectrum"][:].tolist() == [3, 1]
        assert np.isnan(file["statistics/I/fano_factor"][()])
        assert file["health"].attrs["verdict"] == "ok"
        assert file["provenance"].attrs["finished"] == "then"
        assert file["provenance"].attrs["seed"] == 2**63 - 1


HOLD = """
import sys, h5py
file = h5py.File(sys.argv[1], "r", swmr=True)
print("opened", flush=True)
sys.stdin.read()
"""
LOOK = """
import sys, h5py
print("looking", flush=True)
while True:
    try:
        h5py.File(sys.argv[1], "r", swmr=True).close()
    except OSError:
        pass
"""


@contextlib.contextmanager
def reader(program, path):
    """Let another process read the file."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout.readline().strip() in ("opened", "looking")
        yield
    finally:
        process.kill()
        process.communicate()


class TestReaders:
    def test_who_look_all_the_time_do_not_disturb(self, tmp_path):
        path = tmp_path / "results.h5"
        with reader(LOOK, path):
            for _ in range(20):
                made = writer(path)
                append(made)
                made.finish({}, {"health": {"verdict": "ok"}})
        with h5py.File(path, "r") as file:
            assert file["spikes/E/timestamps"].size == 3
            assert file["health"].attrs["verdict"] == "ok"

    def test_do_not_disturb_the_end(self, tmp_path):
        path = tmp_path / "results.h5"
        made = writer(path)
        append(made)
        made.flush(force=True)
        with reader(HOLD, path):
            made.finish({}, {"health": {"verdict": "ok"}})
        with h5py.File(path, "r") as file:
            assert file["health"].attrs["verdict"] == "ok"

    def test_see_all_up_to_the_last_flush(self, tmp_path):
        path = tmp_path / "results.h5"
        made = writer(path)
        append(made)
        made.flush(force=True)
        with h5py.File(path, "r", swmr=True) as file:
            times = file["spikes/E/timestamps"]
            assert times[:].tolist() == [0.1, 0.3, 0.3]
            append(made)
            made.flush(force=True)
            times.refresh()
            assert times.size == 6
            assert file["config"][()].decode() == "seed: 1 # µ\n"
        made.close()

    def test_a_closed_file_without_an_end_is_plain(self, tmp_path):
        made = writer(tmp_path / "results.h5")
        append(made)
        made.close()
        made.close()
        with h5py.File(tmp_path / "results.h5", "r") as file:
            assert file["spikes/E/timestamps"].size == 3
            assert "statistics" not in file

    def test_spikes_by_population(self, tmp_path):
        made = writer(tmp_path / "results.h5")
        append(made)
        made.finish({}, {})
        e, i = read.spikes(tmp_path / "results.h5")
        assert (e.name, e.type, e.neurons) == ("E", "excitatory", 10)
        assert (e.ms.tolist(), e.ids.tolist()) == ([0.1, 0.3, 0.3], [3, 1, 2])
        assert (i.name, i.ms.size, i.ids.size) == ("I", 0, 0)

    def test_spikes_of_a_trial(self, tmp_path):
        made = writer(tmp_path / "results.h5", trials=2)
        append(made, trial=1)
        made.finish({}, {})
        assert [read.spikes(tmp_path / "results.h5", t)[0].ms.size for t in (0, 1)] == [0, 3]

    def test_a_missing_a_corrupt_and_a_foreign_file_are_said_to_be_so(self, tmp_path):
        with pytest.raises(FileError, match=r"none\.h5: can't be read"):
            read.spikes(tmp_path / "none.h5")
        (tmp_path / "corrupt.h5").write_bytes(b"\x89HDF\r\n\x1a\nand no more")
        with pytest.raises(FileError, match=r"corrupt\.h5: can't be read"):
            read.spikes(tmp_path / "corrupt.h5")
        with h5py.File(tmp_path / "foreign.h5", "w") as file:
            file["spikes"] = 1
        with pytest.raises(FileError, match=r"foreign\.h5: is no results file of snnrun"):
            read.spikes(tmp_path / "foreign.h5")


class TestWriter:
    def test_a_place_that_cannot_be_written_is_a_file_error(self, tmp_path):
        with pytest.raises(FileError, match="can't be written"):
            ResultsWriter(tmp_path / "nowhere" / "results.h5", layout())

    @pytest.mark.parametrize("act", ["append", "flush", "describe"])
    def test_a_full_disk_is_said_to_be_one(self, tmp_path, monkeypatch, act):
        full = OSError(28, "No space left on device")

        def raises(*_, **__):
            raise full

        if act == "describe":
            made = ResultsWriter(tmp_path / "results.h5", layout())
            monkeypatch.setattr(h5py.File, "create_dataset", raises)
            monkeypatch.setattr(h5py.Group, "create_dataset", raises)
            with pytest.raises(FileError, match=r"results\.h5: can't be written: the disk is full"):
                made.describe("", {}, {}, {})
            return
        made = writer(tmp_path / "results.h5")
        name = "resize" if act == "append" else "flush"
        with monkeypatch.context() as patch:
            patch.setattr(h5py.Dataset if act == "append" else h5py.File, name, raises)
            with pytest.raises(FileError, match="the disk is full"):
                append(made) if act == "append" else made.flush(force=True)
        made.close()

    def test_time_spent_writing_is_counted(self, tmp_path):
        made = writer(tmp_path / "results.h5")
        append(made)
        made.finish({}, {})
        assert made.seconds > 0
