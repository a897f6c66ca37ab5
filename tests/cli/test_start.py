"""The program starts at once and explains itself."""

import os
import resource
import subprocess
import sys

import pytest

from snnrun import __version__
from snnrun.cli.app import app
from tests.cli.program import ROOT

HEAVY = ("jax", "hydra", "omegaconf", "optuna", "h5py", "matplotlib", "numpy", "rich", "scipy")
COMMANDS = [command.name for command in app.registered_commands]


def program(*arguments):
    """Run the program in its own process; return stdout."""
    return subprocess.run(
        [sys.executable, "-m", "snnrun", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def cpu_seconds(*arguments):
    """Return the CPU time of a run of the program."""

    def spent():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = spent()
    program(*arguments)
    return spent() - before


def test_help_takes_less_than_0_3_s():
    assert min(cpu_seconds("--help") for _ in range(3)) < 0.3


@pytest.mark.parametrize("arguments", [["--help"], ["simulate", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys\n"
        "from snnrun.cli.app import main\n"
        f"sys.argv = ['snnrun', *{arguments}]\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code\n"
        f"print('LOADED', [m for m in {HEAVY} if m in sys.modules])\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines()[-1] == "LOADED []"


def test_help_lists_the_commands(cli):
    outcome = cli("--help")
    assert outcome.code == 0
    assert {"simulate", "show"} <= set(COMMANDS)
    for command in COMMANDS:
        assert f"  {command} " in outcome.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(cli, command):
    outcome = cli(command, "--help")
    assert outcome.code == 0
    summary = outcome.out.splitlines()
    assert f"snnrun {command} [OPTIONS] " in summary[0]
    assert any(line.strip().endswith(".") for line in summary[1:6])


def options(help_text):
    """Return option → its help."""
    found, name = {}, ""
    for line in help_text.splitlines():
        words = line.split()
        if line.startswith("  -"):
            name = next(w.rstrip(",") for w in words if w.startswith("--"))
            found[name] = line
        elif name:
            found[name] += line
    return found


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_help(cli, command):
    found = options(cli(command, "--help").out)
    assert ("--config" in found) == (command not in ("inspect", "plot"))
    for name, text in found.items():
        assert text.strip()[-1] in ".)]", (name, text)
        assert len(text.split(name, 1)[1].split()) >= 2


@pytest.mark.parametrize(
    "option",
    [
        *("--out", "--config", "--config-dir", "--dry-run", "--json", "--quiet", "--debug"),
        *("--log-every", "--strict"),
    ],
)
def test_simulate_has_the_options_of_the_contract(cli, option):
    assert option in options(cli("simulate", "--help").out)


def test_without_a_command_the_help_is_shown(cli):
    outcome = cli()
    assert outcome.code == 2
    assert "snnrun [OPTIONS] COMMAND [ARGS]..." in outcome.out + outcome.err


def test_version(cli):
    assert cli("--version").out == f"{__version__}\n"


def test_an_unknown_command_is_a_usage_error(cli):
    outcome = cli("simulat")
    assert outcome.code == 2
    assert "No such command 'simulat'" in outcome.err


class TestShow:
    def test_a_config_with_units(self, cli):
        outcome = cli("show", "network.scale=0.5")
        assert (outcome.code, outcome.err) == (0, "")
        assert "dt: 0.05  # ms" in outcome.out.splitlines()
        assert "  scale: 0.5" in outcome.out.splitlines()

    def test_a_group(self, cli):
        outcome = cli("show", "neuron")
        assert outcome.code == 0
        lines = outcome.out.splitlines()
        assert [line.split()[0] for line in lines] == sorted(line.split()[0] for line in lines)
        assert {"eif", "eif_fast", "lif"} <= {line.split()[0] for line in lines}
        assert all(len(line.split()) > 3 for line in lines)

    def test_a_kind(self, cli):
        outcome = cli("show", "neuron/eif_fast")
        assert outcome.code == 0
        assert "Exponential integrate-and-fire neuron." in outcome.out
        (row,) = (x for x in outcome.out.splitlines() if x.split()[:2] == ["slope_factor", "0.5"])
        assert "mV" in row
        assert "sharpness of the upstroke" in row

    def test_a_preset(self, cli):
        outcome = cli("show", "network/snops_sbn")
        assert outcome.code == 0
        assert "gaussian_outdegree" in outcome.out

    @pytest.mark.parametrize("what", [["seed=3"], ["neuron"], ["neuron/lif"]])
    def test_as_json(self, cli, what):
        outcome = cli("show", *what, "--json")
        assert outcome.code == 0
        assert isinstance(outcome.json, dict)
        assert outcome.err == ""

    @pytest.mark.parametrize(
        ("what", "nearest"),
        [("nevron", "neuron"), ("neuron/liff", "lif"), ("network/snop", "snops_sbn")],
    )
    def test_unknown_names(self, cli, what, nearest):
        outcome = cli("show", what)
        assert outcome.code == 2
        assert outcome.err.startswith(f"error: show {what}: no such ")
        assert f"did you mean '{nearest}'?" in outcome.err
