"""`snnrun plot`: of runs as they were drawn, and with options of their kind of folder only."""

import pytest

from snnrun.cli.plot import plot
from snnrun.errors import ConfigError
from tests.cli.program import SMOKE, call


@pytest.mark.parametrize(
    ("option", "kind", "file"),
    [
        ("statistic", "sweep", "results.h5"),
        ("statistic", "sweep", "search.json"),
        ("panel", "search", "results.h5"),
        ("panel", "search", "plan.json"),
    ],
)
def test_options_of_other_folders_are_refused(tmp_path, option, kind, file):
    (tmp_path / file).touch()
    with pytest.raises(ConfigError, match=f"--{option} x: .* is no {kind}"):
        plot(tmp_path, **{option: "x"})


def test_a_run_that_begins_later_and_one_that_is_stopped_are_drawn_as_by_simulate(tmp_path):
    first, later, stopped = (tmp_path / name for name in ("first", "later", "stopped"))
    begin = (*SMOKE, "checkpoint.final=true", "--out", str(first))
    assert call("simulate", *begin).code == 0
    (saved,) = (first / "checkpoints").iterdir()
    longer = (*SMOKE, "duration.ms=200", "--from-checkpoint", str(saved), "--out", str(later))
    assert call("simulate", *longer).code == 0
    runaway = (*SMOKE, "duration.ms=2000", "engine.max_rate=1", "--out", str(stopped))
    assert call("simulate", *runaway).code == 0
    for run in (later, stopped):
        assert call("plot", str(run), "--out", str(run / "again.png")).code == 0
        assert (run / "again.png").read_bytes() == (run / "overview.png").read_bytes()
