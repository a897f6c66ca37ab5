"""Targets from runs and from recorded spikes: measured as a network's own are."""

import dataclasses
import functools
import shutil
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pytest

from snnrun.config.build import build
from snnrun.config.compose import Composer
from snnrun.config.search import search_of
from snnrun.errors import ConfigError
from snnrun.objective._targets import Sources, targets
from snnrun.store import read
from tests.cli.program import call

VALUES = [
    "network.scale=0.1",
    "duration.ms=1000",
    "duration.warmup_ms=100",
    "statistics.firing_rate.window_ms=50",
    "statistics.fano_factor={kind: fano_factor, population: E, window_ms: 50, sample: 20,"
    " draws: 3}",
    "statistics.spike_count_correlation.window_ms=50",
    "statistics.spike_count_correlation_fisher=null",
    "statistics.psv={kind: percent_shared_variance, population: E, window_ms: 30, sample: 8,"
    " draws: 2, min_rate: 0.0}",
    "statistics.es={kind: shared_eigenspectrum, population: E, window_ms: 30, sample: 8,"
    " draws: 2, min_rate: 0.0}",
    "statistics.cv={kind: isi_cv, min_spikes: 3}",
]
E_KEYS = [
    ("E", n) for n in ("firing_rate", "fano_factor", "spike_count_correlation", "psv", "es", "cv")
]
RATE = [("E", "firing_rate")]


@functools.cache
def composer():
    """Return what composes each choice of groups once."""
    return Composer([])


class Done(NamedTuple):
    """A run of 3 trials: its folder, experiment, and values by trial."""

    folder: Path
    e: object
    values: list


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    outcome = call("simulate", "--quiet", "--out", str(folder), "trials=3", *VALUES)
    assert outcome.code == 0, outcome.err
    e, _ = build(composer().compose(VALUES))
    _, trials = read.estimates(folder / "results.h5")
    return Done(folder, e, [{k: v for k, (v, _) in trial.items()} for trial in trials])


@pytest.fixture(scope="module")
def spikes(done):
    """Return the spikes of the first trial, by population."""
    return {p.name: p for p in read.spikes(done.folder / "results.h5")}


def sources(files, **more):
    return Sources(**{"population": None, "neurons": None, "ms": None, **more}, files=files)


def wanted(done, path, keys, **more):
    return targets(sources(str(path), **more), done.e, keys)[0]


def problems(done, files, keys=RATE, e=None, **more):
    with pytest.raises(ConfigError) as caught:
        targets(sources(files, **more), e or done.e, keys)
    return caught.value.problems


def write_sonata(path, spikes, about=True):
    with h5py.File(path, "w") as file:
        for name, one in spikes.items():
            group = file.create_group(f"spikes/{name}")
            group["timestamps"], group["node_ids"] = one.ms, one.ids
            group["timestamps"].attrs["units"] = "ms"
            if about:
                group.attrs["n_neurons"], group.attrs["t_stop_ms"] = one.neurons, 1000.0


def write_csv(path, spikes):
    lines = (f"{ms!r},{i}" for ms, i in zip(spikes.ms.tolist(), spikes.ids.tolist(), strict=True))
    path.write_text("time,neuron\n" + "\n".join(lines) + "\n")


def write_nwb(path, spikes):
    with h5py.File(path, "w") as file:
        trains = [spikes.ms[spikes.ids == i] / 1000 for i in range(spikes.neurons)]
        file["units/spike_times"] = np.concatenate(trains)
        file["units/spike_times_index"] = np.cumsum([len(t) for t in trains]).astype(np.uint32)
        file["units/obs_intervals"] = np.tile([0.0, 1.0], (spikes.neurons, 1))


def same(found, trial, keys):
    for key in keys:
        assert np.array_equal(found[key].target, trial[key]), key
        assert np.isfinite(trial[key]).all()


class TestTheSpikesOfARunGiveItsStatisticsBitForBit:
    def test_from_sonata(self, done, spikes, tmp_path):
        path, keys = tmp_path / "spikes.h5", [*E_KEYS, ("I", "firing_rate"), ("I", "cv")]
        write_sonata(path, spikes)
        same(wanted(done, path, keys), done.values[0], keys)

    def test_from_csv(self, done, spikes, tmp_path):
        path = tmp_path / "spikes.csv"
        write_csv(path, spikes["E"])
        same(wanted(done, path, E_KEYS, neurons=80, ms=1000.0), done.values[0], E_KEYS)

    def test_from_nwb(self, done, spikes, tmp_path):
        path = tmp_path / "spikes.nwb"
        write_nwb(path, spikes["E"])
        same(wanted(done, path, E_KEYS), done.values[0], E_KEYS)

    def test_from_a_population_of_another_name(self, done, spikes, tmp_path):
        path = tmp_path / "spikes.h5"
        write_sonata(path, {"V4": spikes["E"], "PFC": spikes["I"]})
        same(wanted(done, path, E_KEYS, population="V4"), done.values[0], E_KEYS)
        (found,) = problems(done, str(path))
        assert found == (
            f"{path}: has no population 'E'; there is PFC, V4: set objective.targets.population"
        )


def test_trials_of_a_run_are_recordings_with_mean_and_variance(done):
    found = wanted(done, done.folder, E_KEYS)
    rates = [trial["E", "firing_rate"] for trial in done.values]
    assert found["E", "firing_rate"].target == pytest.approx(np.mean(rates))
    assert found["E", "firing_rate"].variance == pytest.approx(np.var(rates, ddof=1))
    spectra = np.array([trial["E", "es"] for trial in done.values])
    np.testing.assert_allclose(found["E", "es"].target, spectra.mean(axis=0))
    around = ((spectra - spectra.mean(axis=0)) ** 2).sum(axis=1).mean()
    assert found["E", "es"].variance == pytest.approx(around)


def test_files_are_recordings_too(done, spikes, tmp_path):
    paths = [tmp_path / f"{k}.h5" for k in range(3)]
    for k, path in enumerate(paths):
        mine = {p.name: p for p in read.spikes(done.folder / "results.h5", k)}
        write_sonata(path, mine)
    found, _ = targets(sources(list(map(str, paths))), done.e, E_KEYS)
    assert wanted(done, paths[0], RATE)[RATE[0]].variance is None
    together = wanted(done, done.folder, E_KEYS)
    # draws differ between trials of a run: only what takes all neurons is the same
    for name in ("firing_rate", "spike_count_correlation", "cv"):
        assert found["E", name] == pytest.approx(together["E", name])


def test_silent_neurons_count_where_the_number_is_known(done, spikes, tmp_path):
    path = tmp_path / "spikes.csv"
    write_csv(path, spikes["E"])
    known = wanted(done, path, RATE, neurons=160, ms=1000.0)[RATE[0]].target
    assert known == pytest.approx(done.values[0][RATE[0]] / 2)
    path.write_text("150,1003\n160,1003\n170,17\n940,17\n")  # labels of two neurons
    assert wanted(done, path, RATE)[RATE[0]].target == pytest.approx(3 / 0.8 / 2)


def test_a_time_on_the_end_of_a_step_belongs_to_it(done, tmp_path):
    """Windows end at 100, 150, ... ms: a spike at 150.0 is of the first, 150.01 of the second."""
    path = tmp_path / "spikes.csv"
    path.write_text("100,0\n100.01,0\n150,0\n150.01,0\n200.000000001,0\n200.01,0\n250,0\n")
    e = dataclasses.replace(done.e, statistics={"f": done.e.statistics["fano_factor"]})
    alone = e.statistics["f"].replace(sample=None, draws=None, min_rate=None)
    e = dataclasses.replace(e, statistics={"f": alone})
    found = targets(sources(str(path)), e, [("E", "f")])[0]["E", "f"].target
    counts = np.array([2, 2, 2])  # (100, 150], (150, 200], (200, 250]
    assert found == pytest.approx(counts.var(ddof=1) / counts.mean())


def test_too_few_neurons_too_short_and_out_of_range(done, spikes, tmp_path):
    path = tmp_path / "spikes.csv"
    few = spikes["E"].ids < 15
    write_csv(path, spikes["E"]._replace(ms=spikes["E"].ms[few], ids=spikes["E"].ids[few]))
    (found,) = problems(done, str(path), [("E", "fano_factor")])
    assert found.startswith(f"{path}: E.fano_factor: needs at least 20 neurons that enter; ")
    write_csv(path, spikes["E"])
    (found,) = problems(done, str(path), ms=190.0)
    assert found == (
        f"{path}: is too short: 190 ms hold 1 window of 50 ms after the warm-up (100 ms);"
        " at least 2 are needed"
    )
    (found,) = problems(done, str(path), [("E", "psv")], ms=400.0)
    assert "E.psv: needs at least 20 windows of 30 ms after the warm-up; there are 10" in found
    (found,) = problems(done, str(path), neurons=70)
    assert found.startswith(f"{path}: holds neuron 7") and found.endswith("ids are 0 … 69")
    found = problems(done, str(path), [*RATE, ("I", "firing_rate")])
    assert found == (f"{path}: holds one population; give terms of I targets of their own",)


def test_all_files_are_looked_at(done, tmp_path):
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path in paths:
        path.write_text("1,0\n")
    assert [p.split(":")[0] for p in problems(done, list(map(str, paths)))] == list(map(str, paths))


def test_rates_that_no_neurons_have_are_doubted(done, spikes, tmp_path):
    path = tmp_path / "spikes.csv"
    ms, ids = spikes["E"].ms, spikes["E"].ids
    write_csv(path, spikes["E"]._replace(ms=ms / 1000, ids=ids))  # in s, without a word
    (found,) = problems(done, str(path), neurons=80, ms=1.0)
    rate = 1e3 * ids.size / 80
    assert found.startswith(f"{path}: {rate:.3g} spikes/s a neuron ({ids.size} spikes, 80 neurons,")
    assert "a column called time_s or time_us" in found
    write_csv(path, spikes["E"]._replace(ms=ms * 1000, ids=ids))
    _, (note,) = targets(sources(str(path), neurons=80, ms=1e6), done.e, RATE)
    assert note.startswith(f"{path}: {rate / 1e6:.3g} spikes/s a neuron")


def test_fewer_windows_than_neurons_is_warned_of(done, spikes, tmp_path):
    path = tmp_path / "spikes.h5"
    write_sonata(path, spikes)
    e = dataclasses.replace(done.e, statistics={"psv": done.e.statistics["psv"].replace(sample=30)})
    _, notes = targets(sources(str(path)), e, [("E", "psv")])
    assert notes == [
        f"{path}: psv: 30 windows for 30 neurons make the covariance singular, so one latent is"
        " taken, not cross-validated; run longer or set latents"
    ]


def test_a_run_must_have_measured_the_same(done):
    path = done.folder / "results.h5"
    other = done.e.statistics["fano_factor"].replace(sample=30, window_ms=100.0)
    statistics = {**done.e.statistics, "fano_factor": other, "new": other}
    e = dataclasses.replace(done.e, statistics=statistics)
    found = problems(done, str(path), [("E", "fano_factor"), ("E", "new")], e)
    assert found[0] == (
        f"{path}: its fano_factor has window_ms 50, not 100.0, sample 20, not 30;"
        " measure both in the same way"
    )
    assert found[1].startswith(f"{path}: has no new of E; there is ")


class TestSearch:
    AXIS = "search.a={path: network.synapses.I.tau_decay, low: 1, high: 25}"
    BASE = (*VALUES, "optimizer=random", "objective=squared", AXIS)
    TERM = "objective.terms.rate={statistic: firing_rate, population: E"

    def search(self, *overrides):
        composed = composer().compose([*self.BASE, *overrides])
        return search_of(composed, build(composed)[0])

    def problems(self, *overrides):
        with pytest.raises(ConfigError) as caught:
            self.search(*overrides)
        return caught.value.problems

    def test_terms_without_a_wish_take_target_and_scale_from_the_files(self, done):
        expected = wanted(done, done.folder, RATE)[RATE[0]]
        found = self.search(
            f"objective.targets={done.folder}",
            self.TERM + "}",
            "objective.terms.own={statistic: cv, population: E, target: 1}",
            "objective.terms.scaled={statistic: fano_factor, scale: 3}",
        ).objective.terms
        assert (found["rate"].target, found["rate"].variance) == expected
        assert (found["own"].target, found["own"].variance) == (1.0, 1.0)
        assert found["scaled"].variance == 3.0

    def test_files_of_runs_that_are_the_same_give_no_scale(self, done, spikes, tmp_path):
        path = tmp_path / "spikes.h5"
        write_sonata(path, spikes)
        shutil.copy(path, tmp_path / "again.h5")
        files = f"objective.targets=[{path},{tmp_path}/again.h5]"
        (found,) = self.problems(files, self.TERM + "}")
        assert found.startswith(
            "objective.terms.rate.scale: E.firing_rate is the same in all recordings; give"
        )
        assert self.search(files, self.TERM + ", scale: 1}").objective.terms["rate"].scale == 1.0

    def test_what_is_wrong_with_files_is_told_with_the_rest(self, tmp_path):
        path = tmp_path / "spikes.csv"
        path.write_text("1,0\n")
        node = f"objective.targets={{files: {path}, neurons: 3}}"
        (found,) = self.problems(node, self.TERM + "}")
        assert found.startswith(f"objective.targets: {path}: is too short: ")

    @pytest.mark.parametrize(
        ("node", "expected"),
        [
            ("3", "objective.targets: must be a word or a list or a mapping: file, or files"),
            ("[]", "objective.targets: must be a file or a list of files, not []"),
            ("[3]", "objective.targets: must be a file or a list of files, not [3]"),
            ("{file: x}", "objective.targets.file: unknown key; did you mean 'files'?"),
            ("{files: x, ms: -1}", "objective.targets.ms: must be above 0 ms, not -1"),
        ],
    )
    def test_a_wrong_node(self, node, expected):
        found = self.problems(f"objective.targets={node}", self.TERM + "}")[0]
        assert found.startswith(expected), found
