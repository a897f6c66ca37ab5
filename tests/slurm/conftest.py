"""A Slurm of one node and one of two, for all tests of a session; see cluster.py."""

from collections.abc import Iterator

import pytest

from tests.slurm.cluster import Cluster, started
from tests.slurm.install import why_not


@pytest.fixture(scope="session")
def _one_node() -> Iterator[Cluster]:
    with started(nodes=1) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def _two_nodes() -> Iterator[Cluster]:
    with started(nodes=2) as cluster:
        yield cluster


@pytest.fixture
def _installed(request: pytest.FixtureRequest) -> None:
    """Slow tests may fetch packages; fast ones use what is there."""
    reason = why_not(install=request.node.get_closest_marker("slow") is not None)
    if reason:
        pytest.skip(f"no Slurm: {reason}")


@pytest.fixture
def one_node(_installed: None, request: pytest.FixtureRequest) -> Cluster:
    """A Slurm of one node."""
    return request.getfixturevalue("_one_node")


@pytest.fixture
def two_nodes(_installed: None, request: pytest.FixtureRequest) -> Cluster:
    """A Slurm of two nodes, both on this host."""
    return request.getfixturevalue("_two_nodes")
