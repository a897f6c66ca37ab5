"""The pre-flight agrees with what a run then needs, and warns of what it should."""

import dataclasses
import json

import numpy as np
import pytest

from snnrun import batch
from snnrun.balance import balance
from snnrun.config.build import build
from snnrun.config.compose import compose
from snnrun.course import Lane
from snnrun.distribution import Distribution
from snnrun.errors import ConfigError
from snnrun.network import build as draw
from snnrun.preflight import analysis, check, pace, sizes
from snnrun.preflight.check import as_json, expected_rates, preflight
from snnrun.preflight.concerns import concerns
from snnrun.trial import Trial
from tests.cli.program import ROOT, finish, start

MINE = ROOT / "tests" / "config" / "data" / "my_network"
EE = "network.projections.EE"
FITTED = ("percent_shared_variance", "shared_dimensionality", "shared_eigenspectrum")


def experiment(*overrides):
    """Return the experiment of some overrides."""
    return build(compose(list(overrides), []))[0]


def warnings(*overrides):
    """Return the concerns about an experiment."""
    e = experiment(*overrides)
    return list(concerns(e, sizes.counts(e), balance(e)))


def says(found, *texts):
    """Return how many warnings hold all the texts."""
    return sum(all(text in warning for text in texts) for warning in found)


class TestContacts:
    def test_of_fixed_degrees_are_exact(self):
        e = build(compose(["network=mine"], [MINE]))[0]
        network = draw(e.network, e.drives, e.seed, e.dt)
        found = sizes.counts(e)
        assert {name: c.contacts for name, c in found.items()} == network.contacts
        assert found["EE"].out_degree == 40
        assert found["IX"].in_degree == 100
        assert found["EX"].density == pytest.approx(0.1)

    def test_of_pairs_are_within_their_deviation(self):
        e = experiment("network=balanced_small")
        network = draw(e.network, e.drives, e.seed, e.dt)
        for name, c in sizes.counts(e).items():
            assert abs(c.contacts - network.contacts[name]) < 5 * c.sd

    def test_a_current_makes_none(self):
        node = "{kind: constant_current, amplitude: 1, start_ms: 0, stop_ms: null}"
        drive = [f"+drive.D={node}", "+network.projections.ED={pre: D, post: E, weight: 1}"]
        assert "ED" not in sizes.counts(experiment(*drive))


class TestSizes:
    @pytest.mark.parametrize("changes", [{}, {"weight": "drawn"}, {"delay": "drawn"}])
    def test_contacts_take_what_the_network_takes(self, changes):
        e = experiment("network=snops_sbn")
        value = Distribution("uniform", 1.0, 5.0)
        p = dataclasses.replace(e.network.projections["EE"], **dict.fromkeys(changes, value))
        projections = {**e.network.projections, "EE": p}
        e = dataclasses.replace(e, network=dataclasses.replace(e.network, projections=projections))
        edges = draw(e.network, e.drives, e.seed, e.dt).edges
        held = [a for a in (edges.target, edges.weight, edges.extra) if a is not None]
        # one copy as it is drawn, two in the engine's precision (weights: half as large)
        engine = [a.nbytes / (2 if a is edges.weight else 1) for a in held]
        expected = (sum(a.nbytes for a in held) + 2 * sum(engine)) / 2**20
        assert sizes.memory(e, 1)["contacts"] == pytest.approx(expected, rel=0.01)
        assert e.depth == edges.depth

    def test_of_spikes_and_states_on_disk(self):
        state = "record.state.E={variables: [v, i_E], every_ms: 1, neurons: [1, 2, 3]}"
        e = experiment("network=snops_sbn", "duration=10s", "trials=3", state, "record.spikes=[E]")
        found = sizes.disk(e, {"E": 4.0, "I": 1e9, "X": 1e9})
        # 2500 neurons at 4 sp/s for 10 s, in chunks of 16384 rows
        assert found["spikes"] == pytest.approx(3 * 7 * 16384 * 16 / 2**20)
        assert found["states"] == pytest.approx(3 * 2 * 10_000 * 3 * 4 / 2**20)

    def test_of_counts_and_edges_on_disk(self):
        counts = ["record.counts.bin_ms=10", "record.counts.populations=[I]", "record.edges=true"]
        e = experiment("network=snops_sbn", "duration=10s", "record=none", *counts)
        found = sizes.disk(e, {})
        assert found["spikes"] == 0
        assert found["counts"] == pytest.approx(1000 * 625 / 2**20)  # a byte each
        total = sum(c.contacts for c in sizes.counts(e).values())
        assert found["edges"] == pytest.approx(16 * total / 2**20)

    def test_of_a_drive_that_is_recorded(self):
        e = experiment("network=snops_sbn", "record.spikes=[X]", "duration=10s")
        found = sizes.disk(e, expected_rates(e, balance(e))[0])
        assert found["spikes"] == pytest.approx(2500 * 10 * 10 * 16 / 2**20, rel=0.1)

    def test_a_longer_network_needs_more(self):
        small = sizes.memory(experiment("network=balanced_small"), 1)
        large = sizes.memory(experiment("network=balanced_small", "network.scale=10"), 1)
        assert large["contacts"] > 80 * small["contacts"]
        assert large["state"] == pytest.approx(10 * small["state"], rel=0.01)

    def test_more_contacts_than_an_index_holds_are_an_error(self):
        size = [f"network.populations.{p}.size={n}" for p, n in (("E", 360000), ("I", 90000))]
        with pytest.raises(ConfigError, match="contacts: at most"):
            preflight(experiment("network=huang2019", *size), [])


@pytest.fixture(scope="module")
def found():
    return as_json(preflight(experiment("network=snops_sbn", "duration=smoke"), ["first"]))


class TestPreflight:
    def test_is_plain(self, found):
        assert json.loads(json.dumps(found)) == found

    def test_has_the_keys_of_the_contract(self, found):
        keys = {"memory_mb", "disk_mb", "seconds", "projections", "balanced", "warnings"}
        assert keys <= set(found)
        assert found["projections"]["EI"]["contacts"] == 937_500
        assert found["projections"]["IX"]["out_degree"] == 32
        assert {n: round(r, 2) for n, r in found["balanced"].items()} == {"E": 41.67, "I": 17.78}
        assert found["warnings"][0] == "first"

    def test_times_the_network(self, found):
        measured = found["measured"]
        assert measured["ms"] == pytest.approx(100)
        parts = measured["build_s"] + measured["compile_s"] + 2000 * measured["step_s"]
        time = found["time"]
        assert sum(time.values()) == pytest.approx(found["seconds"], abs=2e-3)
        parts += time["statistics"] + time["writing"]
        assert found["seconds"] == pytest.approx(parts, abs=2e-3)
        assert 1 < measured["rates"]["E"] < 100

    def test_expected_input(self, found):
        # E: 375 x 41.67 + 375 x 17.78 + 250 x 10 events a second; the currents cancel
        got = found["inputs"]["E"]
        events = (375 * 125 / 3 + 375 * 160 / 9 + 250 * 10) * 0.05 / 1000
        assert got["events_per_step"] == pytest.approx(events)
        inhibitory = -375 * 160 / 9 / 1000 * 60 / np.sqrt(3125)
        assert got["inhibitory"] == pytest.approx(inhibitory)
        assert got["excitatory"] == pytest.approx(-inhibitory)

    def test_what_does_not_fit_is_not_built(self, monkeypatch):
        monkeypatch.setattr(batch, "available_mb", lambda: 10.0)
        monkeypatch.setattr(check, "measure", lambda e: pytest.fail("it was built"))
        found = as_json(preflight(experiment("network=snops_sbn"), []))
        assert (found["seconds"], found["measured"]) == (None, None)
        assert says(found["warnings"], "memory:", "10 MB are available", "was not built") == 1

    def test_without_a_prediction_a_rate_is_assumed(self):
        e = experiment("network=balanced_small", "drive=none")
        assert expected_rates(e, balance(e)) == ({"E": 10.0, "I": 10.0}, "assumed")

    @pytest.mark.parametrize(
        ("ms", "verdict"), [(10.0, None), (50.0, "runaway"), (300.0, "runaway")]
    )
    def test_a_slow_runaway_is_judged_before_the_guard_looks(self, ms, verdict):
        """A network of many events gets through less time, and is in trouble nevertheless."""
        e = experiment("duration=2s", "network.projections.EI.weight=-10")
        network = draw(e.network, e.drives, e.seed, e.dt)
        trial = Trial.begin(e, network, 0, False)
        trial.end, trial.total = e.steps_in(ms), np.full(network.size, round(300 * ms / 1000))
        found = pace._health(e, [Lane(None, network, trial)], ms)
        assert (found and found.verdict) == verdict

    def test_disk_is_reckoned_from_what_was_measured(self):
        e = experiment("network=balanced_small", "duration=smoke", "drive.X.rate=0")
        assert preflight(e, []).disk["spikes"] == 0

    def test_a_run_that_would_be_stopped_ends_there(self):
        e = experiment("duration=140s", "network.projections.EI.weight=-10")
        found = preflight(e, [])
        assert (found.pace.stopped, found.pace.health.verdict) == (True, "runaway")
        assert found.pace.ms == 200
        assert found.seconds["simulate"] == pytest.approx(4000 * found.pace.step_s)

    def test_statistics_take_time(self, monkeypatch):
        monkeypatch.setattr(analysis, "_iteration_s", lambda neurons, draws: 1e-5)
        monkeypatch.setattr(analysis, "_timed", lambda statistic, shape, rate: 0.0)
        rates = {"E": 10.0, "I": 10.0}

        def seconds(*more):
            network = ("network=snops_sbn", "statistics=snops", "duration=140s")
            return analysis.seconds(experiment(*network, *more), rates)

        # of E: 10 draws, 5 folds, 15 numbers of latents, 180 iterations; fit and standard error
        whole = 10 * (5 * 15 * 180 + 2000) * 1e-5
        assert seconds() == pytest.approx(whole)
        assert seconds("trials=3") == pytest.approx(3 * whole)
        fixed = [f"statistics.{name}.latents=1" for name in FITTED]
        assert seconds(*fixed) == pytest.approx(10 * 2000 * 1e-5)
        assert seconds("duration=2s") == 0  # too short for a value

    def test_pairs_of_neurons_take_their_time(self, monkeypatch):
        monkeypatch.setattr(analysis, "_timed", lambda statistic, shape, rate: 1e-6 * shape[1] ** 2)
        node = "+statistics.c={kind: spike_count_correlation_fisher, window_ms: 100}"
        e = experiment("statistics=none", node, "duration.ms=40500")
        sizes_of = (p.size for p in e.network.populations.values())
        pairs = sum(1e-6 * n**2 for n in sizes_of)
        assert analysis.seconds(e, {"E": 5.0, "I": 5.0}) == pytest.approx(pairs)

    @pytest.mark.parametrize("trials", [1, 5])
    def test_trials_take_their_time(self, trials):
        one = ["network=balanced_small", "network.scale=0.2", "duration=smoke"]
        how = ["engine.batch=2", "engine.threads=2"]
        e = experiment(*one, f"trials={trials}", "network.per_trial=false", *how)
        found = preflight(e, [])
        paced = dataclasses.replace(found.pace, build_s=10.0, compile_s=1.0, step_s=0.001)
        groups, at_once = -(-trials // 2), min(2, -(-trials // 2))
        assert sum(paced.seconds(e).values()) == pytest.approx(11 + 2 * -(-groups // at_once))
        own = dataclasses.replace(e, network=dataclasses.replace(e.network, per_trial=True))
        alone = dataclasses.replace(paced, lanes=1, workers=1)
        assert sum(alone.seconds(own).values()) == pytest.approx(1 + 12 * trials)


class TestConcerns:
    def test_a_good_network_raises_none(self):
        assert warnings("network=balanced_small", "duration=10s") == []

    def test_dense_and_few_contacts(self):
        found = warnings("network=balanced_small", "duration=10s", f"{EE}.connect.p=0.3")
        assert says(found, "dense projections", "EE 0.3") == 1
        found = warnings("network=balanced_small", "duration=10s", f"{EE}.connect.p=0.02")
        assert found == [next(w for w in found if "few contacts a target (EE 16)" in w)]

    def test_conditions_of_the_balanced_state(self):
        found = warnings("network=balanced_small", "network.projections.EX.weight=60")
        assert says(found, "balanced state:", "w_EX/w_IX > |w_EI/w_II| > |w_EE/w_IE|", "1.2") == 1
        assert says(found, "balanced state: no balanced state in which all populations fire") == 1

    def test_coarse_steps(self):
        found = warnings("network=balanced_small", "duration=10s", "dt=0.2")
        assert says(found, "dt: 0.2 ms is above a tenth of", "tau_rise (1 ms)") == 3
        assert says(found, "tau_decay") == 0  # ten steps of 2 ms
        assert warnings("network=balanced_small", "duration=10s", "dt=0.1") == []

    def test_too_few_windows(self):
        base = ["network=balanced_small", "duration.warmup_ms=0"]
        found = warnings(*base, "duration.ms=250")
        assert says(found, "fano_factor", "will have no value: it takes 2 windows", "not 1") == 1
        found = warnings(*base, "duration.ms=3900")
        assert says(found, "fano_factor", "no standard error: it takes 20 windows", "not 19") == 1
        assert says(found, "firing_rate") == 0
        assert warnings(*base, "duration.ms=3900", "trials=2") == []
        assert warnings(*base, "duration.ms=4000") == []


def test_a_run_needs_what_was_said(tmp_path):
    """Memory, disk and time of a real run, each in a process of its own."""
    size = "network.populations.E.size=4900"
    run = ["network=snops_sbn", size, "duration.ms=1500", "--json"]
    said = finish(start("check", *run, cwd=tmp_path)).json
    assert list(tmp_path.iterdir()) == []
    anew = tmp_path / "compiled"  # compiling needs memory too
    outcome = finish(start("simulate", *run, "--out", "run", cwd=tmp_path, compiled=anew))
    assert outcome.code == 0, outcome.err
    done = outcome.json
    timings = done["timings"]
    program = said["memory"]["program"]
    growth = timings["peak_memory_mb"] - program
    assert 0.5 < (said["memory_mb"] - program) / growth < 2
    assert 0.5 < said["memory_mb"] / timings["peak_memory_mb"] < 2
    took = sum(timings[name] for name in ("build_s", "trace_s", "compile_s", "simulate_s"))
    assert 1 / 5 < said["seconds"] / took < 5  # another program may take the cores meanwhile
    rates = {p: s["firing_rate"]["value"] for p, s in done["statistics"].items()}
    e = experiment(*run[:-1])
    expected = sum(sizes.disk(e, rates).values()) * 2**20
    written = sum(path.stat().st_size for path in (tmp_path / "run").rglob("*") if path.is_file())
    assert 0.5 < expected / written < 2
