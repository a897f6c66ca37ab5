"""Points of a sweep that are computed together find what each finds alone, to the last bit."""

import shutil
from pathlib import Path

import pytest

from snnrun.store.lock import read_status
from snnrun.sweep.plan_file import read
from tests.cli.cut import interrupted_at
from tests.cli.files import assert_same_results
from tests.cli.program import call

EE = "network.projections.EE"
E = "network.populations.E"
SMALL = ("duration.ms=300", "duration.warmup_ms=0", "record.spikes=null")
TINY = ("network.scale=0.1", "duration.ms=300", "duration.warmup_ms=0", "record.spikes=null")
LATE = "{dist:uniform,low:0.5,high:3}"
VARIED = "{dist:normal,mean:15,std:1.5}"


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("snnrun.report.overview.draw", lambda *_: None)


def swept(*overrides, options=(), out="sweep"):
    """Compute a sweep; return its points' overrides."""
    outcome = call("sweep", "--out", out, "--quiet", *options, *overrides)
    assert outcome.code == 0, outcome.err
    return [point.overrides for point in read(Path(out)).points]


def assert_as_alone(points, how=(), out="sweep", spikes=1000, some=None):
    """Assert that each point has the results of the same run alone."""
    for index in some or range(len(points)):
        alone = f"{out}-{index}"
        outcome = call("simulate", "--out", alone, "--quiet", *points[index], *how)
        assert outcome.code == 0, outcome.err
        here = f"{out}/points/{index}/results.h5"
        assert_same_results(f"{alone}/results.h5", here, spikes)
        shutil.rmtree(alone)


NUMBERS = (f"{EE}.weight=5,20", "drive.X.rate=8,12", f"{E}.neuron.tau_m=14,16")
DELAYS = (f"{EE}.delay={LATE}", "network.projections.IE.delay=0.1,2", "seed=1,2")
GRAPHS = (f"{EE}.connect.p=0.15,0.25", "seed=1,2")
TRIALS = ("trials=2", "network.per_trial=true", f"{EE}.connect.p=0.18,0.2")
DRAWN = (f"{EE}.weight={{dist:lognormal,mean:10,std:5}}", f"{E}.neuron.tau_m={VARIED}", "seed=1,2")


@pytest.mark.parametrize("overrides", [NUMBERS, DELAYS, GRAPHS, TRIALS])
def test_native(overrides):
    points = swept(*SMALL, *overrides)
    found = [read_status(Path(f"sweep/points/{i}")) for i in range(len(points))]
    assert len({each["fingerprint"] for each in found}) == len(points)
    assert_as_alone(points, some=[0, len(points) - 1])


MORE = {
    "drawn weights and neurons": (*SMALL, *DRAWN),
    "delays": (*SMALL, f"{EE}.delay=0,1.5", "network.projections.EI.delay=0,0.05"),
    "trials": (*SMALL, "trials=2", f"{EE}.weight=5,10", "seed=1,2"),
    "neurons": (*SMALL, f"{E}.neuron.tau_m=10,{VARIED}", f"{E}.v_init=-60,-62"),
    "white noise": (*SMALL, "network=bg_bench", "seed=1,2"),
    "lattice": (
        *SMALL,
        "network=lattice_bench",
        "seed=1,2",
        "network.projections.EE.weight=0.1,0.2",
    ),
    "brunel": (*SMALL, "network=brunel", "network.scale=0.1", "seed=1,2"),
    "state and counts": (*SMALL, "+record.state.E={variables:[v],every_ms:1.3}", *GRAPHS),
    "statistics only": (*SMALL, "record.spikes=[]", *GRAPHS),
    "float64": (*SMALL, "engine.precision=float64", *GRAPHS),
    "xla": (*SMALL, "engine.backend=xla", *NUMBERS),
    "xla with own networks": (*SMALL, "engine.backend=xla", *GRAPHS),
}


@pytest.mark.slow
@pytest.mark.parametrize("overrides", MORE.values(), ids=MORE)
def test_more(overrides):
    spikes = 0 if "record.spikes=[]" in overrides else 1000
    assert_as_alone(swept(*overrides), spikes=spikes)


@pytest.mark.parametrize("backend", ["xla", "reference"])
def test_other_backends(backend):
    overrides = (*TINY, f"engine.backend={backend}", *GRAPHS)
    assert_as_alone(swept(*overrides), some=[0, 3], spikes=200)


def test_however_many_at_a_time_also_after_interruptions(monkeypatch):
    points = swept(*SMALL, *GRAPHS, "engine.batch=3", out="whole")
    left = interrupted_at(monkeypatch, 1777, 3001)
    arguments = ("--out", "sweep", "--quiet", *SMALL, *GRAPHS, "engine.batch=3")
    assert call("sweep", *arguments).code == 75
    assert call("sweep", "--resume", "sweep", "--quiet", "engine.batch=2").code == 75
    assert left == []
    assert call("sweep", "--resume", "sweep", "--quiet", "engine.batch=1").code == 0
    for index in range(len(points)):
        file = f"points/{index}/results.h5"
        assert_same_results(f"whole/{file}", f"sweep/{file}")
    assert Path("whole/table.csv").read_text() == Path("sweep/table.csv").read_text()
