"""`snnrun plot`: options of one kind of folder are refused for another."""

import pytest

from snnrun.cli.plot import plot
from snnrun.errors import ConfigError


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
