"""SONATA's own library reads the spikes of a run."""

from pathlib import Path

import h5py
import libsonata
import numpy as np

from tests.cli.program import call


def test_libsonata_reads_what_h5py_reads(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert call("simulate", "--quiet", "--out", str(out), "duration.ms=400").code == 0
    reader = libsonata.SpikeReader(str(out / "results.h5"))
    assert sorted(reader.get_population_names()) == ["E", "I"]
    for name in ("E", "I"):
        population = reader[name]
        spikes = population.get()
        with h5py.File(out / "results.h5") as file:
            ids, ms = file[f"spikes/{name}/node_ids"][:], file[f"spikes/{name}/timestamps"][:]
        assert len(spikes) > 100
        assert population.sorting == "by_time"
        np.testing.assert_array_equal([node for node, _ in spikes], ids)
        np.testing.assert_allclose([time for _, time in spikes], ms)
