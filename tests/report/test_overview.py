"""overview.png is drawn whatever there is to draw."""

import matplotlib
import matplotlib.image
import numpy as np
import pytest

from snnrun.errors import ConfigError, FileError, SnnrunError
from snnrun.report.drawing import drawing
from snnrun.report.overview import Trains, draw


def poisson(name, type_, neurons, rate, seconds=2.0, seed=1):
    """Return Poisson trains."""
    rng = np.random.default_rng(seed)
    number = rng.poisson(neurons * rate * seconds)
    ms = np.sort(rng.uniform(0, seconds * 1000, number))
    return Trains(name, type_, neurons, ms, rng.integers(neurons, size=number).astype(np.uint64))


def drawn(tmp_path, trains, warmup=500.0, stop=2000.0):
    """Draw and return the picture as `[height, width, 4]`."""
    path = tmp_path / "overview.png"
    draw(path, "title", trains, warmup, stop)
    assert [p.name for p in tmp_path.iterdir()] == ["overview.png"]
    return matplotlib.image.imread(path)


def ink(picture):
    """Return how many pixels are coloured (neither grey, black nor white)."""
    return int((np.ptp(picture[..., :3], axis=-1) > 0.2).sum())


EMPTY = np.zeros(0)
SILENT = Trains("E", "excitatory", 100, EMPTY, EMPTY.astype(np.uint64))


def test_populations_are_drawn_in_colour(tmp_path):
    e, i = poisson("E", "excitatory", 200, 8), poisson("I", "inhibitory", 50, 12, seed=2)
    picture = drawn(tmp_path, [e, i])
    assert picture.shape[0] > 500
    assert picture.shape[1] > 800
    both = ink(picture)
    assert both > ink(drawn(tmp_path, [e])) > 1000


def test_more_spikes_more_ink(tmp_path):
    few, many = (poisson("E", "excitatory", 200, rate) for rate in (1, 20))
    assert ink(drawn(tmp_path, [few])) < ink(drawn(tmp_path, [many]))


@pytest.mark.parametrize(
    "trains",
    [
        [],
        [SILENT],
        [SILENT, poisson("I", "inhibitory", 50, 10)],
        [Trains("E", "excitatory", 1, np.array([3.0]), np.zeros(1, np.uint64))],
        [Trains("E", "excitatory", 5000, np.array([3.0]), np.full(1, 4999, np.uint64))],
        [poisson("X", "drive", 30, 5), poisson("Y", "drive", 30, 5)],
        [poisson(n, "excitatory", 20, 5) for n in "ABCDE"],
    ],
    ids=["nothing", "silent", "one-silent", "one-spike", "a-spike-in-many", "drives", "five"],
)
def test_there_is_always_a_figure(tmp_path, trains):
    assert drawn(tmp_path, trains).shape[2] == 4


@pytest.mark.parametrize(("warmup", "stop"), [(0, 100), (0, 0.05), (500, 500), (500, 120), (0, 4)])
def test_short_runs_have_one_too(tmp_path, warmup, stop):
    trains = poisson("E", "excitatory", 50, 20, seconds=stop / 1000)
    drawn(tmp_path, [trains], float(warmup), float(stop))


@pytest.mark.parametrize("settings", [{"text.usetex": True}, {"font.size": 99.0}])
def test_the_users_settings_change_nothing(tmp_path, monkeypatch, settings):
    expected = drawn(tmp_path, [SILENT])
    for name, value in settings.items():
        monkeypatch.setitem(matplotlib.rcParams, name, value)
    with drawing(tmp_path / "overview.png"):
        found = drawn(tmp_path, [SILENT])
    assert np.array_equal(found, expected)
    assert {name: matplotlib.rcParams[name] for name in settings} == settings


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (ImportError("numpy.core.multiarray failed to import"), FileError, "multiarray failed"),
        (MemoryError(), FileError, "MemoryError"),
        (OSError(28, "No space left on device"), FileError, "the disk is full"),
        (RuntimeError("no latex"), SnnrunError, "RuntimeError: no latex"),
        (ConfigError("no such panel"), ConfigError, "no such panel"),
    ],
)
def test_what_can_t_be_drawn_is_an_error_that_says_why(tmp_path, error, kind, words):
    with pytest.raises(SnnrunError, match=words) as found, drawing(tmp_path / "x.png"):
        raise error
    assert type(found.value) is kind


def test_a_title_is_no_formula_and_a_suffix_is_a_format(tmp_path):
    draw(tmp_path / "x.pdf", r"5 $ \frac", [SILENT], 0.0, 100.0)
    assert (tmp_path / "x.pdf").read_bytes()[:5] == b"%PDF-"


def test_a_file_that_is_there_is_replaced(tmp_path):
    (tmp_path / "overview.png").write_text("old")
    drawn(tmp_path, [poisson("E", "excitatory", 20, 5)])
