"""`snnrun plot`: the picture of a run, a sweep or a search."""

from pathlib import Path
from typing import Annotated

import typer

from snnrun.cli.options import Debug
from snnrun.errors import ConfigError, FileError

Place = Annotated[
    Path, typer.Argument(metavar="PATH", help="Folder of a run, a sweep or a search.")
]
File = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Where to draw: .png, .pdf or .svg."),
]
Statistic = Annotated[
    str | None,
    typer.Option("--statistic", metavar="NAME", help="Of a sweep: one statistic, or <P>.<name>."),
]
Panel = Annotated[
    str | None,
    typer.Option(
        "--panel",
        metavar="NAME",
        help="Of a search: overview, history, importance, slices, parallel, front, targets,"
        " landscape, or all.",
    ),
]


def plot(
    path: Place,
    out: File = None,
    statistic: Statistic = None,
    panel: Panel = None,
    debug: Debug = False,
) -> None:
    """Draw a sweep's statistics over its swept values, a search, or a run's overview."""
    del debug  # read where errors are reported
    _of_another_kind(path, statistic, panel)
    if (path / "plan.json").is_file():
        target = out or path / "sweep.png"
        _sweep(path, target, statistic)
    elif (path / "search.json").is_file():
        _search(path, out, panel or "overview")
        return
    elif (path / "results.h5").is_file():
        target = out or path / "overview.png"
        _run(path, target)
    else:
        raise FileError(f"{path}: holds no run (results.h5), sweep or search")
    print(target)


def _of_another_kind(path: Path, statistic: str | None, panel: str | None) -> None:
    """Refuse what only another kind of folder has."""
    if statistic is not None and not (path / "plan.json").is_file():
        raise ConfigError(f"--statistic {statistic}: {path} is no sweep")
    if panel is not None and not (path / "search.json").is_file():
        raise ConfigError(f"--panel {panel}: {path} is no search")


def _sweep(path: Path, target: Path, statistic: str | None) -> None:
    from snnrun.report.drawing import drawing
    from snnrun.sweep.plan_file import read
    from snnrun.sweep.states import table

    with drawing(target):
        from snnrun.report.sweep import draw

        draw(table(read(path), path), target, statistic)


def _search(path: Path, out: Path | None, panel: str) -> None:
    from snnrun.report.drawing import drawing
    from snnrun.search.begin import reopened
    from snnrun.search.end import outcome

    findings = outcome(*reopened(path)).findings
    with drawing(out or path):
        from snnrun.report.study import draw, draw_panel

        if out is not None and panel != "all":
            draw_panel(findings, out, panel)
            drawn = [out]
        else:
            drawn = draw(findings, out or path, [panel])
    print("\n".join(map(str, drawn)))


def _run(path: Path, target: Path) -> None:
    from snnrun.cli.one_run import compose
    from snnrun.report.drawing import drawing
    from snnrun.store.lock import standing
    from snnrun.store.read import recorded_ms, spikes

    state = standing(path).get("state")
    if state in ("queued", "running", "interrupted"):
        raise FileError(f"{path}: can't be drawn yet: the run is not over ({state})")
    _, e, _ = compose(None, None, path / "config.yaml")
    with drawing(target):
        from snnrun.report.overview import Trains, draw

        trains = [Trains(*population) for population in spikes(path / "results.h5")]
        title = f"{e.name}, seed {e.seed}"
        start, stop = recorded_ms(path / "results.h5") or (0.0, e.steps * e.dt)
        draw(target, title, trains, max(e.warmup_steps * e.dt, start), stop, start)
