"""`snnrun simulate`: one run."""

import json
import sys
from typing import TYPE_CHECKING, Any

from snnrun.cli.attended import attended
from snnrun.cli.options import (
    Config,
    ConfigDir,
    Debug,
    DryRun,
    Json,
    LogEvery,
    Out,
    Overrides,
    Quiet,
    Strict,
)
from snnrun.errors import UnhealthyError

if TYPE_CHECKING:
    from snnrun.config.compose import Composed
    from snnrun.experiment import Experiment
    from snnrun.observe import Observer
    from snnrun.store.folder import RunFolder
    from snnrun.summary import Summary


def simulate(
    overrides: Overrides = None,
    out: Out = None,
    config: Config = None,
    config_dir: ConfigDir = None,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
    log_every: LogEvery = None,
    strict: Strict = False,
) -> None:
    """Run one experiment into a new folder.

    With trials=K it is repeated K times. For example:

    snnrun simulate network=snops_sbn duration=10s seed=3
    """
    del debug  # read where errors are reported
    import time

    begun = time.perf_counter()
    from snnrun.config.build import build
    from snnrun.config.compose import compose

    composed = compose(overrides or [], config_dir or [], config)
    experiment, warnings = build(composed)
    for warning in warnings:
        _stderr(f"warning: {warning}")
    if dry_run:
        print(json.dumps(composed.tree) if as_json else composed.yaml.rstrip())
        return
    from snnrun.report.progress import observer
    from snnrun.store.folder import RunFolder

    folder = RunFolder.create(out, experiment.name)
    watcher = observer(quiet or as_json, log_every)
    with attended(folder, watcher):
        folder.log("\n".join(["started", *(f"warning: {w}" for w in warnings)]))
        folder.write("config.yaml", composed.yaml)
        summary = _run(experiment, composed, folder, watcher, time.perf_counter() - begun)
        code = _conclude(experiment, folder, summary, strict)
    _report(experiment, folder, summary, code, quiet, as_json)
    if code:
        verdict = summary.health.verdict
        raise UnhealthyError(f"the network is unhealthy: {verdict}; see {folder.path}/status.json")


def _stderr(line: str) -> None:
    print(line, file=sys.stderr)


def _run(
    experiment: "Experiment",
    composed: "Composed",
    folder: "RunFolder",
    watcher: "Observer",
    compose_s: float,
) -> "Summary":
    from snnrun.engine.setup import set_up
    from snnrun.runner import run

    set_up()
    return run(experiment, composed.yaml, folder, watcher, compose_s)


def _conclude(
    experiment: "Experiment", folder: "RunFolder", summary: "Summary", strict: bool
) -> int:
    """Write figure and final status; returns the exit code."""
    from snnrun.summary import as_json

    verdict = summary.health.verdict
    bad = verdict == "nan" or (strict and verdict != "ok")
    state = "unhealthy" if bad or verdict == "runaway" else "done"
    _draw(experiment, folder, summary)
    folder.status(
        state,
        reason=None if verdict == "ok" else f"{verdict}: {json.dumps(summary.health.details)}",
        exit_code=3 if bad else 0,
        timings=as_json(experiment, summary)["timings"],
    )
    folder.log(f"{state}: {verdict}")
    return 3 if bad else 0


def _draw(experiment: "Experiment", folder: "RunFolder", summary: "Summary") -> None:
    try:
        from snnrun.report.overview import Trains, draw
    except ImportError:
        folder.log("no overview.png: matplotlib is not installed")
        return
    from snnrun.store.read import spikes

    stop = summary.per_trial[0][0].end * experiment.dt
    trains = [Trains(*population) for population in spikes(folder.results)]
    title = f"{experiment.name}, seed {experiment.seed}"
    draw(folder.path / "overview.png", title, trains, experiment.duration.warmup_ms, stop)


def _report(
    experiment: "Experiment",
    folder: "RunFolder",
    summary: "Summary",
    code: int,
    quiet: bool,
    as_json_: bool,
) -> None:
    from snnrun.summary import as_json

    found: dict[str, Any] = as_json(experiment, summary)
    if as_json_:
        state = json.loads((folder.path / "status.json").read_text())["state"]
        head = {"command": "simulate", "state": state, "exit_code": code, "out": str(folder.path)}
        print(json.dumps({**head, **found}))
    elif quiet:
        print(folder.path)
    else:
        from snnrun.report.tables import show_summary

        show_summary(found, folder.path)
