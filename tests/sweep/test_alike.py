"""Which points of a sweep share a program, and how many programs are made."""

import jax
import pytest

from snnrun.config.build import build
from snnrun.config.compose import Composer
from snnrun.edges import Least
from snnrun.engine import xla
from snnrun.engine.chunk import chunk
from snnrun.sweep.alike import Grouping
from tests.cli.program import call

EE = "network.projections.EE"
E = "network.populations.E"


@pytest.fixture(scope="module")
def composer():
    return Composer([])


@pytest.fixture
def grouped(composer):
    """Return what groups some experiments make, given their overrides."""

    def of(*sweeps):
        grouping = Grouping()
        numbers = [grouping.add(build(composer.compose([*lines]))[0]) for lines in sweeps]
        return numbers, grouping.groups

    return of


ALIKE = [
    "seed=7",
    f"{EE}.weight=3.5",
    f"{EE}.weight=3",
    f"{EE}.connect.p=0.15",
    f"{EE}.delay=1.5",
    f"{E}.neuron.tau_m=12",
    f"{E}.v_init.low=-60.5",
    "drive.X.rate=20",
    "network.synapses.I.tau_decay=9.5",
    "name=other",
]
OTHERS = [
    f"{E}.size=400",
    "network.scale=0.5",
    f"neuron@{E}.neuron=lif",
    f"connect@{EE}.connect=fixed_indegree",
    "duration.ms=700",
    "duration.warmup_ms=100",
    "dt=0.1",
    "trials=2",
    "statistics.fano_factor.window_ms=50",
    "record.spikes=[E]",
    "+record.counts={bin_ms:10}",
    "engine.backend=xla",
    "engine.precision=float64",
    f"{E}.v_init=-60.5",
    f"{EE}.weight={{dist:normal,mean:10,std:1}}",
    f"{EE}.delay={{dist:uniform,low:1,high:2}}",
]


@pytest.mark.parametrize("override", ALIKE)
def test_these_share_a_program(grouped, override):
    numbers, groups = grouped((), (override,), ())
    assert numbers == [0, 0, 0]
    assert (len(groups), groups[0].points, groups[0].trials) == (1, 3, 1)


@pytest.mark.parametrize("override", OTHERS)
def test_these_do_not(grouped, override):
    numbers, groups = grouped((), (override,), (), (override,))
    assert numbers == [0, 1, 0, 1]
    assert [group.points for group in groups] == [2, 2]


def test_numbers_of_contacts_do_not(grouped):
    rule = f"connect@{EE}.connect=fixed_indegree", f"{EE}.connect.p=null"
    assert grouped((*rule, f"{EE}.connect.k=50"), (*rule, f"{EE}.connect.k=60"))[0] == [0, 1]


def test_what_they_need_together(grouped):
    low = grouped((f"{EE}.connect.p=0.1",))[1][0].least
    high = grouped((f"{EE}.connect.p=0.4",))[1][0].least
    late = grouped((f"{EE}.delay=5",))[1][0].least
    _, (group,) = grouped((f"{EE}.connect.p=0.1",), (f"{EE}.connect.p=0.4",), (f"{EE}.delay=5",))
    assert low.contacts < high.contacts and low.row < high.row and low.depth < late.depth
    assert group.least == Least(high.contacts, high.row, late.depth)
    assert late.depth == 5 / 0.05 + 1


@pytest.mark.parametrize(
    ("overrides", "own"),
    [
        (f"{EE}.weight=3", False),
        (f"{EE}.delay=3", False),
        ("drive.X.rate=3", False),
        ("seed=3", True),
        (f"{EE}.connect.p=0.15", True),
    ],
)
def test_whose_contacts_differ(grouped, overrides, own):
    assert grouped((), (overrides,))[1][0].own_contacts == own
    assert not grouped((), ())[1][0].own_contacts


@pytest.fixture
def programs(monkeypatch, tmp_path):
    """A list that grows each time a program is made; none is known at first."""
    monkeypatch.chdir(tmp_path)
    seen = []

    def counted(plan, c, carry, first, steps, warmup):
        seen.append(plan)
        return chunk(plan, c, carry, first, steps, warmup)

    monkeypatch.setattr(xla, "chunk", counted)
    monkeypatch.setattr(xla, "_programs", {})
    jax.clear_caches()
    return seen


QUICK = ("duration.ms=60", "duration.warmup_ms=0", "engine.batch=4", "--quiet", "--out", "s")


def test_weights_seeds_delays_and_probabilities_compile_once(programs):
    swept = (f"{EE}.weight=5,10", f"{EE}.delay=0,2", f"{EE}.connect.p=0.1,0.3", "seed=1,2")
    assert call("sweep", *swept, *QUICK).code == 0
    assert len(programs) == 1


def test_sizes_compile_again(programs):
    assert call("sweep", f"{E}.size=80,160", "network.populations.I.size=40", *QUICK).code == 0
    assert len(programs) == 2
