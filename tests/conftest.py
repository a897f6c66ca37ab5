"""Set-up shared by all tests: JAX configured as the program does it; what could not be tried."""

import os

import jax
import pytest

os.environ.pop("COLUMNS", None)  # tables are as wide as what is shown, also in processes of xdist
jax.config.update("jax_enable_x64", True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tried for want of a Slurm or a PostgreSQL."""
    skipped = terminalreporter.stats.get("skipped", [])
    for service in ("Slurm", "PostgreSQL"):
        because = f"no {service}:"
        untried = {r.nodeid: r.longrepr[2] for r in skipped if because in str(r.longrepr)}
        if untried:
            title = f"WARNING: not tried on a real {service}"
            terminalreporter.section(title, sep="!", yellow=True, bold=True)
            for line in (*untried, *sorted(set(untried.values()))):
                terminalreporter.line(line, yellow=True)
