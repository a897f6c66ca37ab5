"""The command in a folder of its own."""

import os

import pytest

from tests.cli.program import call


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
