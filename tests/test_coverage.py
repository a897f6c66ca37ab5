"""The interval of one run, value ± standard error, holds as often as it claims."""

import pytest

from tests.bench.coverage import of_run
from tests.cli.program import call

DRAWN = [
    f"+statistics.{name}.{key}"
    for name in ("fano_factor", "firing_rate")
    for key in ("sample=50", "draws=6")
]


@pytest.mark.slow
@pytest.mark.parametrize("changes", [(), tuple(DRAWN)], ids=["all neurons", "draws of 50"])
def test_sixty_trials_of_one_network(tmp_path, changes):
    out = tmp_path / "run"
    run = call("simulate", "duration=20s", "trials=60", "record=none", *changes, "--out", str(out))
    assert run.code == 0, run.err
    found = of_run(out / "results.h5")
    assert len(found) == 8
    for name, c in found.items():
        assert c.trials == 60
        # 0.66 is right; three standard deviations of a share of 60
        assert 0.48 <= c.share <= 0.84, (name, c)
        assert 0.7 * c.spread <= c.claimed <= 1.4 * c.spread, (name, c)
