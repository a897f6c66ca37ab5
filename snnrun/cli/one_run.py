"""What commands that make one run share: its config, its folder, its end."""

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnrun.cli.answer import answer
from snnrun.errors import SnnrunError, UnhealthyError

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


def show_config(composed: "Composed", command: str, as_json: bool) -> None:
    """Print the config that would be run."""
    if as_json:
        answer(command, "done", 0, config=composed.tree)
    else:
        print(composed.yaml.rstrip())


def begin(folder: "RunFolder", composed: "Composed", warnings: list[str]) -> None:
    """Write what is known before the run."""
    folder.log("\n".join(["started", *(f"warning: {w}" for w in warnings)]))
    folder.write("config.yaml", composed.yaml)


def draw(experiment: "Experiment", folder: "RunFolder", summary: "Summary") -> None:
    """Draw overview.png, or say why there is none: the run is over and stays so."""
    start, warm, stop = (
        steps * experiment.dt
        for steps in (experiment.start, experiment.warmup_steps, summary.per_trial[0][0].end)
    )

    def overview(path: Path) -> None:
        from snnrun.report.overview import Trains, draw
        from snnrun.store.read import spikes

        trains = [Trains(*population) for population in spikes(folder.results)]
        title = f"{experiment.name}, seed {experiment.seed}"
        draw(path, title, trains, warm, stop, start)

    decorate(folder, "overview.png", overview)


def decorate(folder: "RunFolder", name: str, draw: Callable[[Path], None]) -> None:
    """Draw a picture of a run; where that fails, it is said in run.log and on stderr."""
    from snnrun.report.drawing import drawing

    path = folder.path / name
    try:
        with drawing(path):
            draw(path)
    except SnnrunError as error:
        text = f"warning: no {name}: {error}"
        print(text, file=sys.stderr)
        with contextlib.suppress(SnnrunError):  # the disk may be full
            folder.log(text)


def print_json(command: str, path: Path, code: int, found: dict[str, Any]) -> None:
    """Print the one object of --json."""
    from snnrun.store.lock import read_status

    answer(command, read_status(path).get("state"), code, path, **found)


def fail(folder: "RunFolder", summary: "Summary") -> None:
    """Raise the error of an unhealthy run."""
    from snnrun.health import sentence

    raise UnhealthyError(
        f"the network is unhealthy: {sentence(summary.health)}; see {folder.path}/status.json"
    )
