"""Set-up shared by all tests: JAX configured as the program does it; what could not be tried."""

import jax
import pytest

jax.config.update("jax_enable_x64", True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly that nothing was tried on a Slurm, where there is none."""
    skipped = terminalreporter.stats.get("skipped", [])
    untried = {r.nodeid: r.longrepr[2] for r in skipped if "no Slurm:" in str(r.longrepr)}
    if untried:
        terminalreporter.section(
            "WARNING: not tried on a real Slurm", sep="!", yellow=True, bold=True
        )
        for line in (*untried, *sorted(set(untried.values()))):
            terminalreporter.line(line, yellow=True)
