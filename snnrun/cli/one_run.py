"""What commands that make one run share: its config, its folder, its end."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnrun.errors import UnhealthyError

if TYPE_CHECKING:
    from snnrun.config.compose import Composed
    from snnrun.experiment import Experiment
    from snnrun.store.folder import RunFolder
    from snnrun.summary import Summary


def compose(
    overrides: list[str] | None, config_dir: list[Path] | None, config: Path | None
) -> tuple["Composed", "Experiment", list[str]]:
    """Return config, experiment and warnings, which are printed."""
    from snnrun.config.build import build
    from snnrun.config.compose import compose

    composed = compose(overrides or [], config_dir or [], config)
    experiment, warnings = build(composed)
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return composed, experiment, warnings


def show_config(composed: "Composed", as_json: bool) -> None:
    """Print the config that would be run."""
    print(json.dumps(composed.tree) if as_json else composed.yaml.rstrip())


def begin(folder: "RunFolder", composed: "Composed", warnings: list[str]) -> None:
    """Write what is known before the run."""
    folder.log("\n".join(["started", *(f"warning: {w}" for w in warnings)]))
    folder.write("config.yaml", composed.yaml)


def draw(experiment: "Experiment", folder: "RunFolder", summary: "Summary") -> None:
    """Draw overview.png."""
    try:
        from snnrun.report.overview import Trains, draw
    except ImportError:
        folder.log("no overview.png: matplotlib is not installed")
        return
    from snnrun.store.read import spikes

    start, warm, stop = (
        steps * experiment.dt
        for steps in (experiment.start, experiment.warmup_steps, summary.per_trial[0][0].end)
    )
    trains = [Trains(*population) for population in spikes(folder.results)]
    title = f"{experiment.name}, seed {experiment.seed}"
    draw(folder.path / "overview.png", title, trains, warm, stop, start)


def print_json(command: str, path: Path, code: int, found: dict[str, Any]) -> None:
    """Print the one object of --json."""
    from snnrun.store.lock import read_status

    state = read_status(path).get("state")
    head = {"command": command, "state": state, "exit_code": code, "out": str(path)}
    print(json.dumps({**head, **found}))


def fail(folder: "RunFolder", summary: "Summary") -> None:
    """Raise the error of an unhealthy run."""
    from snnrun.health import sentence

    raise UnhealthyError(
        f"the network is unhealthy: {sentence(summary.health)}; see {folder.path}/status.json"
    )
