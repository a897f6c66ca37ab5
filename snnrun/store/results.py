"""results.h5: one writer, streamed; a reader with swmr=True sees all up to the last flush.

Everything that grows is created before the file goes into SWMR mode; statistics, health and
timings are added when it is closed. Layout: /spikes/<P> as in SONATA, see `Layout` below.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from snnrun.errors import FileError
from snnrun.store.carry_over import carry_over
from snnrun.store.disk import cause, discard, put_in_place, temporary_name
from snnrun.store.layout import ROWS, Layout, Report
from snnrun.store.opened import VERSIONS
from snnrun.store.room import NoRoomError, Room
from snnrun.store.seal import seal
from snnrun.store.written import Written

FORMAT_VERSION = VERSIONS["snnrun"]
_SORTING = h5py.enum_dtype({"none": 0, "by_id": 1, "by_time": 2}, basetype=np.uint8)
_FLUSH_S = 0.5
_unclosable: list[Any] = []
_LIBVER = ("v110", "v110")  # SWMR needs it, and readers with an older HDF5 library can open it


class ResultsWriter:
    """The one writer of a run's results.h5."""

    def __init__(self, path: Path, layout: Layout) -> None:
        self.layout, self.path = layout, path
        self.seconds = 0.0
        self.written = Written.nothing(layout.growing())
        self._flushed = time.monotonic()
        self._open: dict[str, Any] = {}
        self._broken = False
        self._room = Room()
        self._temporary = temporary_name(path)
        with self._guarded():
            self._file = h5py.File(self._temporary, "w", libver=_LIBVER)
        self._file.attrs.create("magic", np.uint32(0x0A7A))
        self._file.attrs.create("version", np.array([0, 1], np.uint32))
        self._file.attrs["format"] = "snnrun"
        self._file.attrs["format_version"] = FORMAT_VERSION

    def describe(
        self,
        config: str,
        provenance: dict[str, Any],
        nodes: dict[str, dict[str, Any]],
        projections: dict[str, dict[str, Any]],
        before: Written | None = None,
    ) -> None:
        """Write what is known before the first step, and open the file for readers.

        `nodes` and `projections`: name → attributes; NumPy arrays become datasets. `before`:
        what an earlier part of the run has written.
        """
        with self._guarded():
            arrays = [x for n in (nodes, projections) for one in n.values() for x in one.values()]
            self._room.make(
                self._temporary,
                self._file,
                self.layout.size(before.rows if before else {}),
                *arrays,
            )
            self._file.create_dataset("config", data=config, dtype=h5py.string_dtype("utf-8"))
            self._file.create_group("provenance").attrs.update(provenance)
            for group, entries in (("nodes", nodes), ("network", projections)):
                self._file.require_group(group)
                for name, attributes in entries.items():
                    _attributes_and_arrays(self._file.create_group(f"{group}/{name}"), attributes)
            for trial in range(self.layout.trials):
                self._create_trial(trial)
            self.written.started = str(provenance["started"])
            if before and before.rows:
                carry_over(self.path, self._file, before, self.written)
            self._file.swmr_mode = True
            put_in_place(self._temporary, self.path)  # readers only ever see SWMR mode

    def append_spikes(self, trial: int, name: str, ms: np.ndarray, ids: np.ndarray) -> None:
        """Append spikes of a population, in order of time."""
        group = f"{self.layout.root(trial)}spikes/{name}/"
        self._append(group + "timestamps", ms)
        self._append(group + "node_ids", ids)

    def append_edges(self, trial: int, projection: str, arrays: dict[str, np.ndarray]) -> None:
        """Write the contacts of a projection, unless an earlier part of the run did."""
        group = f"{self.layout.root(trial)}network/{projection}/"
        for name, values in arrays.items():
            if not self.written.rows[group + name]:
                self._append(group + name, values)

    def append_report(self, trial: int, population: str, variable: str, rows: np.ndarray) -> None:
        """Append samples `[T, N]` of a state variable."""
        self._append(f"{self.layout.root(trial)}report/{population}/{variable}/data", rows)

    def flush(self, force: bool = False) -> None:
        """Let readers see what was appended, at least every second."""
        if force or time.monotonic() - self._flushed > _FLUSH_S:
            begun = time.perf_counter()
            with self._guarded():
                self._file.flush()
            self._room.flushed()
            self._flushed = time.monotonic()
            self.seconds += time.perf_counter() - begun

    def sync(self) -> Written:
        """Put the file onto the disk; returns what was written."""
        self.flush(force=True)
        begun = time.perf_counter()
        with self._guarded(), self.path.open("rb") as file:
            os.fsync(file.fileno())
        self.seconds += time.perf_counter() - begun
        return self.written

    def close(self) -> None:
        """Close the file as it is."""
        if not self._broken and self._file:
            with self._guarded():
                self._open.clear()
                self._file.close()

    def finish(self, entries: dict[str, Any], attributes: dict[str, dict[str, Any]]) -> None:
        """Close the stream and add what is known at the end, to a copy that takes its place.

        So neither a reader nor a process that is killed meanwhile leaves it unreadable.
        `entries`: path → (value, attributes) of datasets; `attributes`: path → attributes of
        groups. Paths are relative to the file's root.
        """
        begun = time.perf_counter()
        self.close()
        with self._guarded():
            shutil.copyfile(self.path, self._temporary)
            self._room = Room(self._temporary.stat().st_size)
            self._room.make(self._temporary, None, 0, *(x for x, _ in entries.values()), attributes)
            self._file = file = h5py.File(self._temporary, "r+", libver=_LIBVER)
            for path, (value, more) in entries.items():
                options = self.layout.stored() if np.ndim(value) == 2 and np.size(value) else {}
                dataset = file.create_dataset(path, data=value, **options)
                dataset.attrs.update(more)
            for path, more in attributes.items():
                file.require_group(path).attrs.update(more)
            _correct_ends(file, self.layout)
            file.close()
            seal(self._temporary)
            put_in_place(self._temporary, self.path)
        self.seconds += time.perf_counter() - begun

    def _create_trial(self, trial: int) -> None:
        root = self._file.require_group(self.layout.root(trial) or "/")
        root.require_group("spikes")
        for trains in self.layout.spikes:
            group = root.create_group(f"spikes/{trains.name}")
            group.attrs.create("sorting", 2, dtype=_SORTING)
            group.attrs["n_neurons"] = trains.neurons
            group.attrs["t_start_ms"] = self.layout.t_start_ms
            group.attrs["t_stop_ms"] = self.layout.t_stop_ms
            _growing(self.layout, group, "timestamps", (), np.float64).attrs["units"] = "ms"
            _growing(self.layout, group, "node_ids", (), np.uint64)
        for report in self.layout.reports:
            _create_report(self.layout, root, report)
        if self.layout.edges:
            _create_edges(self._file, self.layout, trial)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn an error of the file system into one that says what to do.

        h5py reports some as RuntimeError. HDF5 can't close a file it failed to write and
        crashes when it tries, so the handles are kept and the program has to leave at once.
        """
        try:
            yield
        except (FileError, NoRoomError) as error:  # HDF5 is well; of the file carried over
            self._file.close()
            discard(self._temporary)
            if isinstance(error, NoRoomError):
                raise FileError(f"{self.path}: can't be written: {error}") from error
            raise
        except (OSError, RuntimeError) as error:
            self._broken = True
            _unclosable.append((getattr(self, "_file", None), self._open))
            discard(self._temporary)
            raise FileError(
                f"{self.path}: can't be written: {cause(error)}", leave_at_once=True
            ) from error

    def _append(self, path: str, rows: np.ndarray) -> None:
        if len(rows):
            begun = time.perf_counter()
            with self._guarded():
                dataset = self._open.setdefault(path, self._open.get(path) or self._file[path])
                rows = np.ascontiguousarray(rows, dataset.dtype)
                self._room.make_for(self.path, dataset, rows)
                dataset.resize(dataset.shape[0] + len(rows), axis=0)
                dataset[-len(rows) :] = rows
                self.written.add(path, rows)
            self.seconds += time.perf_counter() - begun


def _growing(layout: Layout, group: h5py.Group, name: str, tail: tuple[int, ...], kind: Any) -> Any:
    rows = max(1, ROWS // max(1, int(np.prod(tail))))
    return group.create_dataset(
        name,
        (0, *tail),
        kind,
        maxshape=(None, *tail),
        chunks=(rows, *(max(1, n) for n in tail)),
        **layout.stored(),
    )


def _create_report(layout: Layout, root: h5py.Group, report: Report) -> None:
    group = root.create_group(f"report/{report.population}/{report.variable}")
    n = report.neurons.size
    _growing(layout, group, "data", (n,), np.float32).attrs["units"] = report.units
    mapping = group.create_group("mapping")
    mapping["node_ids"] = report.neurons.astype(np.uint64)
    mapping["index_pointers"] = np.arange(n + 1, dtype=np.uint64)
    mapping["index_pointer"] = mapping["index_pointers"]  # the name bmtk reads
    mapping["element_ids"] = np.zeros(n, np.uint32)
    mapping["element_pos"] = np.zeros(n, np.float32)
    mapping["time"] = np.array([report.first_ms, report.stop_ms, report.every_ms])
    mapping["time"].attrs["units"] = "ms"


def _create_edges(file: h5py.File, layout: Layout, trial: int) -> None:
    """Make room for a trial's own contacts; the first one's are /network by another name."""
    if trial == 0:
        file[f"{layout.root(0)}network"] = file["network"]
        return
    for name, arrays in layout.edges.items():
        group = file.create_group(f"{layout.root(trial)}network/{name}")
        group.attrs.update(file[f"network/{name}"].attrs)
        for array, kind in arrays.items():
            _growing(layout, group, array, (), kind)


def _attributes_and_arrays(group: h5py.Group, entries: dict[str, Any]) -> None:
    for key, value in entries.items():
        if isinstance(value, np.ndarray):
            group.create_dataset(key, data=value)
        else:
            group.attrs[key] = value


def text(value: Any) -> str:
    """Return a value as JSON, for attributes that hold more than a number."""
    return json.dumps(value)


def _correct_ends(file: h5py.File, layout: Layout) -> None:
    """Let each report end where its samples end; a run may have been stopped early.

    The number of contacts is that of each trial.
    """
    for trial in range(1, layout.trials):
        for name in layout.edges:
            group = file[f"{layout.root(trial)}network/{name}"]
            group.attrs["contacts"] = group["source_node_id"].shape[0]
    for trial in range(layout.trials):
        for report in layout.reports:
            group = file[f"{layout.root(trial)}report/{report.population}/{report.variable}"]
            rows = group["data"].shape[0]
            group["mapping/time"][1] = report.first_ms + rows * report.every_ms
