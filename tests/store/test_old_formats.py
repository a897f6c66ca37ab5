"""Files of every format version there ever was stay readable; their folders are kept in data/."""

import json
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import yaml

from snnrun.store import checkpoint, read
from snnrun.store.results import FORMAT_VERSION
from tests.cli.program import call

DATA = Path(__file__).parent / "data"
VERSIONS = [1, 2]
SAVED = "step_1000.h5"


@pytest.fixture(params=VERSIONS)
def kept(request):
    """Return the folder of a run that wrote this version."""
    return DATA / f"format_{request.param}"


@pytest.fixture
def run(kept, tmp_path):
    """Return a copy that can be written."""
    folder = tmp_path / "run"
    shutil.copytree(kept, folder)
    (folder / "checkpoints").mkdir()
    (folder / SAVED).rename(folder / "checkpoints" / SAVED)
    return folder


def test_there_is_one_of_each_version_and_they_are_small():
    assert VERSIONS[-1] == FORMAT_VERSION
    for version in VERSIONS:
        folder = DATA / f"format_{version}"
        with h5py.File(folder / "results.h5") as file:
            assert file.attrs["format_version"] == version
        assert all(path.stat().st_size < 100_000 for path in folder.iterdir())


def test_spikes(kept):
    e, i = read.spikes(kept / "results.h5")
    assert (e.name, e.type, e.neurons, e.ms.size) == ("E", "excitatory", 40, 49)
    assert (i.name, i.type, i.neurons) == ("I", "inhibitory", 10)
    assert 0 < e.ms.min() < e.ms.max() < 100


def test_the_outcome_is_shown(run):
    shown = call("simulate", "--resume", str(run), "--json")
    assert shown.code == 0, shown.err
    assert shown.json["statistics"]["E"]["firing_rate"]["value"] == 12.25
    assert shown.json["health"]["verdict"] == "ok"


def test_a_checkpoint(kept):
    found = checkpoint.read(kept / SAVED)
    assert found.about["trials"]["0"]["end"] == 1000
    assert found.part("0/state/")["neurons/0/v"].shape == (50,)


def test_an_interrupted_run_goes_on(kept, run):
    status = json.loads((run / "status.json").read_text())
    (run / "status.json").write_text(json.dumps(status | {"state": "interrupted"}))
    outcome = call("simulate", "--resume", str(run), "--quiet")
    assert outcome.code == 0, outcome.err
    assert "passed over" not in (run / "run.log").read_text()
    for before, after in zip(*(read.spikes(f / "results.h5") for f in (kept, run)), strict=True):
        late = before.ms > 50  # what was written before the checkpoint is carried over
        assert np.array_equal(before.ms[~late], after.ms[after.ms <= 50])
        assert (~late).any()


def test_a_new_run_begins_from_a_checkpoint(kept, tmp_path):
    out = tmp_path / "run"
    source = ("--config", str(kept / "config.yaml"), "--from-checkpoint", str(kept / SAVED))
    outcome = call("simulate", *source, "--out", str(out), "--quiet")
    assert outcome.code == 0, outcome.err
    assert read.spikes(out / "results.h5")[0].ms.min() > 50


def test_a_config_of_before_there_were_checkpoints(tmp_path):
    tree = yaml.safe_load((DATA / "format_1" / "config.yaml").read_text())
    del tree["checkpoint"]
    for key in ("max_voltage", "max_conductance", "min_pace"):
        del tree["engine"][key]
    del tree["record"]["edges"]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tree))
    shown = call("simulate", "--config", str(tmp_path / "config.yaml"), "--dry-run", "--json")
    assert shown.code == 0, shown.err
    config = shown.json["config"]
    assert config["engine"]["max_voltage"] == 10000
    assert config["checkpoint"]["keep"] == 3
    assert config["record"]["edges"] is False
    assert config["record"]["state"] == tree["record"]["state"]


def test_what_is_no_preset_has_to_be_there(tmp_path):
    tree = yaml.safe_load((DATA / "format_1" / "config.yaml").read_text())
    del tree["network"]["populations"]["E"]["neuron"]["tau_m"]
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(tree))
    shown = call("simulate", "--config", str(tmp_path / "config.yaml"), "--dry-run")
    assert shown.code == 2
    assert "tau_m" in shown.err
