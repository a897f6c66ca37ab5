"""Every command of the README and of the networks' pages works as it stands there."""

import re
import shlex
from pathlib import Path

import pytest

from tests.cli.program import ROOT, call

PAGES = [ROOT / "README.md", *sorted((ROOT / "experiments").glob("*/README.md"))]
MINE = ROOT / "tests" / "config" / "data" / "my_network"
COMMANDS = sorted(
    {
        line.strip()
        for page in PAGES
        for line in page.read_text().splitlines()
        if line.startswith("    snnrun ") and " runs/" not in line
    }
)
IN_RUNS = re.findall(r"^    (snnrun .* runs/.*)$", PAGES[0].read_text(), re.MULTILINE)
LONG = [command for command in IN_RUNS if " simulate " in command]
SEARCHES = [command for command in IN_RUNS if "runs/fit" in command]
SWEEPS = [command for command in IN_RUNS if command not in [*LONG, *SEARCHES]]


def arguments(command: str, run: Path) -> list[str]:
    """Return a command's words, with the names that stand for a user's files filled in."""
    words = shlex.split(command.partition("  #")[0])[1:]
    stands_for = {"my_network": str(MINE), "outputs/balanced_small/…/config.yaml": str(run)}
    return [stands_for.get(word, word) for word in words]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "config.yaml"
    path.write_text(call("simulate", "--dry-run").out)
    return path


def test_there_are_commands() -> None:
    assert len(COMMANDS) >= 10


LARGE = [pytest.param(c, marks=pytest.mark.slow) if "huang" in c else c for c in COMMANDS]


@pytest.mark.parametrize("command", LARGE)
def test_command(command: str, config: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    short = ["duration.ms=50", "duration.warmup_ms=0"]
    if " optimize " in command:  # of so short runs there are no costs
        short = ["--dry-run"]
    outcome = call(*arguments(command, config), *short)
    assert outcome.code == 0, outcome.err
    made = (tmp_path / "outputs").is_dir()
    assert made or "--dry-run" in short or command.startswith("snnrun check")


def _shortened(found: re.Match[str]) -> str:
    return f"duration.ms={2 * int(found[1])}"


def test_long_runs(tmp_path: Path, monkeypatch) -> None:
    """The commands of a run that goes on, in their order, with 2 ms for each second."""
    monkeypatch.chdir(tmp_path)
    saved = "runs/settled/checkpoints/step_200000.h5"
    assert [saved in command for command in LONG] == [False, False, False, True]
    for command in LONG:
        words = command.replace(saved, "runs/settled/checkpoints/step_400.h5").split()[1:]
        words = [re.sub(r"duration=(\d+)s", _shortened, word) for word in words]
        more = [] if "--resume" in words else ["duration.warmup_ms=0"]
        outcome = call(*words, *more)
        assert outcome.code == 0, outcome.err


def test_sweeps(tmp_path: Path, monkeypatch) -> None:
    """The commands of a sweep, in their order, of a short one."""
    monkeypatch.chdir(tmp_path)
    assert [c.split()[1] for c in SWEEPS] == ["sweep", "plot", "sweep", "inspect"]
    for command in SWEEPS:
        short = ["duration.ms=300", "duration.warmup_ms=100"] if "--out" in command else []
        outcome = call(*shlex.split(command)[1:], *short)
        assert outcome.code == 0, outcome.err
    assert "18 points: 18 done" in outcome.out
    assert (tmp_path / "runs" / "sweep" / "sweep.png").is_file()


def test_searches(tmp_path: Path, monkeypatch) -> None:
    """The commands of a search, in their order, of a smaller network and fewer candidates."""
    monkeypatch.chdir(tmp_path)
    assert [c.split()[1] for c in SEARCHES] == ["optimize", "plot", "optimize", "inspect"]
    small = ["duration.ms=5000", "network.scale=0.16", "optimizer.batch=2", "engine.threads=1"]
    for command in SEARCHES:
        command = command.replace("--candidates 20", "--candidates 2").replace("30", "3")
        outcome = call(*shlex.split(command)[1:], *(small if "--out" in command else []))
        assert outcome.code == 0, outcome.err
    assert "3 candidates: 3 done" in outcome.out
    assert (tmp_path / "runs" / "fit" / "overview.png").is_file()


def test_the_search_shown_can_be_run(tmp_path: Path) -> None:
    """It is a config of the default network."""
    shown = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[2]
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "mine.yaml").write_text(f"# @package _global_\n{shown}")
    outcome = call("optimize", "-C", str(tmp_path), "experiment=mine", "--dry-run")
    assert outcome.code == 0, outcome.err


def test_the_sweep_shown_can_be_run(tmp_path: Path) -> None:
    """Its axes are of the default network."""
    shown = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[1]
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments" / "mine.yaml").write_text(f"# @package _global_\n{shown}")
    outcome = call("sweep", "-C", str(tmp_path), "experiment=mine", "--dry-run", "--json")
    assert outcome.code == 0, outcome.err
    assert (outcome.json["points"], outcome.json["invalid"]) == (18, 0)


def test_the_network_shown_is_the_one_tested() -> None:
    shown = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)[0]
    assert shown == (MINE / "network" / "mine.yaml").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if "://" not in link:
            assert (page.parent / link).exists(), link
