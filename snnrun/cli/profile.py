"""`snnrun profile`: where time and memory of a run go."""

import dataclasses
import importlib
import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from snnrun.cli import one_run
from snnrun.cli.attended import attended, ended_early
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
)
from snnrun.errors import ConfigError
from snnrun.interruption import Interruption

if TYPE_CHECKING:
    from snnrun.config.compose import Composed
    from snnrun.experiment import Experiment
    from snnrun.observe import Observer
    from snnrun.profile.run import Begun, Profile
    from snnrun.store.folder import RunFolder

Scaling = Annotated[
    bool, typer.Option("--scaling", help="Also at 100 ... 100 000 neurons: scaling.json and .png.")
]
Trace = Annotated[bool, typer.Option("--trace", help="Also a trace of some steps, for Perfetto.")]


def profile(
    overrides: Overrides = None,
    out: Out = None,
    config: Config = None,
    config_dir: ConfigDir = None,
    scaling: Scaling = False,
    trace: Trace = False,
    dry_run: DryRun = False,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
    log_every: LogEvery = None,
) -> None:
    """Run an experiment as simulate does and measure where time and memory go.

    Phases, speed, memory, and what each part of a step costs. For example:

    snnrun profile network=snops_sbn duration=2s --scaling
    """
    del debug  # read where errors are reported
    name = "profile" if as_json else None
    with ended_early(name):
        composed, experiment, warnings, begun = _composed(overrides, config_dir, config)
    if dry_run:
        one_run.show_config(composed, "profile", as_json)
        return
    if experiment.engine.backend == "reference" and (scaling or trace):
        raise ConfigError("--scaling and --trace need a compiled step; not backend=reference")
    from snnrun.report.progress import observer
    from snnrun.store.folder import RunFolder
    from snnrun.summary import conclude

    folder = RunFolder.create(out, experiment.name)
    one_run.begin(folder, composed, warnings)
    watcher = observer(quiet or as_json, log_every)
    with Interruption().listening(), attended(folder, watcher, name):
        found = _profile(experiment, composed, folder, watcher, begun)
        growth = _scaling(composed, experiment, folder, watcher) if scaling else None
        traced = _trace(experiment, folder, watcher) if trace else None
        code = conclude(experiment, folder, found.summary)
    _report(experiment, folder, found, growth, traced, code, quiet, as_json)
    if code:
        one_run.fail(folder, found.summary)


def _composed(
    overrides: list[str] | None, config_dir: list[Path] | None, config: Path | None
) -> tuple["Composed", "Experiment", list[str], "Begun"]:
    """Return config, experiment, warnings, and what was spent on them."""
    wall, cpu = time.perf_counter(), time.process_time()
    import_s = _import()
    from snnrun.profile.run import Begun

    composed, experiment, warnings = one_run.compose(overrides, config_dir, config)
    compose_s = time.perf_counter() - wall - import_s
    return composed, experiment, warnings, Begun(wall, cpu, import_s, compose_s)


def _import() -> float:
    """Import what a run needs, set JAX up, and return how long it took."""
    begun = time.perf_counter()
    for module in ("config.build", "config.compose", "profile.run", "report.progress"):
        importlib.import_module(f"snnrun.{module}")
    from snnrun.engine.setup import set_up

    set_up()
    return time.perf_counter() - begun


def _profile(
    experiment: "Experiment",
    composed: "Composed",
    folder: "RunFolder",
    watcher: "Observer",
    begun: "Begun",
) -> "Profile":
    from snnrun.profile.run import profiled

    def figure(summary: Any) -> None:
        one_run.draw(experiment, folder, summary)

    found = profiled(experiment, composed.yaml, folder, watcher, figure, begun)
    _write(folder, "profile.json", found.found)
    if found.kernels is not None:
        _write(folder, "kernel_profile.json", found.kernels)
    return found


def _scaling(
    composed: "Composed", experiment: "Experiment", folder: "RunFolder", watcher: "Observer"
) -> dict[str, Any]:
    from snnrun.config.build import build
    from snnrun.profile.run import teller
    from snnrun.profile.scaling import EFFORT, SIZES, scaling

    def made(tree: dict[str, Any]) -> "Experiment":
        return build(dataclasses.replace(composed, tree=tree))[0]

    tell, neurons = teller(folder, watcher), experiment.network.size
    growth = scaling(composed.tree, neurons, made, tell, SIZES, EFFORT)
    _write(folder, "scaling.json", growth)

    def picture(path: Path) -> None:
        from snnrun.report.scaling import draw

        draw(path, f"{experiment.name}: cost of a step", growth)

    one_run.decorate(folder, "scaling.png", picture)
    return growth


def _trace(experiment: "Experiment", folder: "RunFolder", watcher: "Observer") -> str:
    from snnrun.profile.trace import trace

    watcher.stage("trace")
    return str(trace(experiment, folder.path / "trace"))


def _write(folder: "RunFolder", name: str, found: dict[str, Any]) -> None:
    from snnrun.summary import plain

    folder.write(name, json.dumps(plain(found), indent=2) + "\n")


def _report(
    experiment: "Experiment",
    folder: "RunFolder",
    found: "Profile",
    growth: dict[str, Any] | None,
    traced: str | None,
    code: int,
    quiet: bool,
    as_json_: bool,
) -> None:
    from snnrun.report.profile import show_profile
    from snnrun.summary import as_json, plain

    if as_json_:
        more = {"profile": found.found, "kernels": found.kernels, "scaling": growth}
        rest = {**plain(more), "trace": traced}
        one_run.print_json(
            "profile", folder.path, code, {**as_json(experiment, found.summary), **rest}
        )
        return
    if quiet:
        print(folder.path)
        return
    show_profile(found.found, found.kernels, growth, folder.path)
    if traced is not None:
        print(f"trace: {traced}; open it at https://ui.perfetto.dev")
