"""The command in a folder of its own, with a compile cache that all tests share."""

import os

import jax
import pytest

from tests.cli.program import call

_CONFIGURED = (
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
)


@pytest.fixture(scope="package", autouse=True)
def _cache_of_its_own(tmp_path_factory):
    """Keep compiled programs away from the user's cache; leave JAX as it was."""
    before = {name: getattr(jax.config, name) for name in _CONFIGURED}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
        yield
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.fixture
def cli(tmp_path, monkeypatch):
    """Return the program, called in an empty folder."""
    monkeypatch.chdir(tmp_path)
    assert not os.listdir()
    return call


@pytest.fixture
def no_figure(monkeypatch):
    """Leave out the figure, which takes as long as the rest of a small run."""
    monkeypatch.setattr("snnrun.report.overview.draw", lambda *_: None)
