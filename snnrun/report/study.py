"""Pictures of a search: how it went, what it found, what it learned of the parameters."""

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.figure import Figure, FigureBase

from snnrun.errors import ConfigError
from snnrun.report.goals import is_vector
from snnrun.report.picture import blank, save, write_notes
from snnrun.report.study_content import Content, content
from snnrun.report.study_front import draw_front, pairs
from snnrun.report.study_history import draw_history, draw_times, has_times
from snnrun.report.study_importance import draw_importance
from snnrun.report.study_landscape import draw_landscape
from snnrun.report.study_slices import draw_parallel, draw_slices
from snnrun.report.study_targets import draw_targets, has_targets
from snnrun.report.sweep_axis import plain
from snnrun.search.record import Findings

PANELS = (
    *("overview", "history", "importance", "slices", "parallel"),
    *("front", "targets", "landscape"),
)
_WIDTH = 11.0  # of the overview, inches
_SLICES = 4  # in it


def draw(
    findings: Findings, folder: Path, panels: Sequence[str] = ("overview",), suffix: str = "png"
) -> list[Path]:
    """Draw panels of a search, each into `<folder>/<panel>.<suffix>`; return the files.

    `panels`: of `PANELS`, or `all`: all that there is something to draw of. ConfigError where one
    is asked for that there is not; FileError if a file can't be written.
    """
    if "all" in panels:
        panels = available(findings)
    paths = [folder / f"{panel}.{suffix}" for panel in panels]
    for panel, path in zip(panels, paths, strict=True):
        draw_panel(findings, path, panel)
    return paths


def draw_panel(findings: Findings, path: Path, panel: str = "overview") -> None:
    """Draw one panel into a file (png, pdf or svg), as `draw` does."""
    save(lambda: figure(findings, panel), path)


def available(findings: Findings) -> list[str]:
    """Return the panels that there is something to draw of; ConfigError where there is none."""
    shown = content(findings)
    return [panel for panel in PANELS if not _missing(shown, panel)]


def figure(findings: Findings, panel: str = "overview") -> Figure:
    """Return the picture of a panel."""
    if panel not in PANELS:
        raise ConfigError(f"a search has no picture {panel}; it has {', '.join(PANELS)}, all")
    shown = content(findings)
    if why := _missing(shown, panel):
        raise ConfigError(f"{panel}: {why}")
    made = blank()
    if panel == "overview":
        _overview(made, shown)
    else:
        _DRAWN[panel](made, shown)
        shown.legend.draw(made)
    write_notes(made, shown.notes)
    return made


def _missing(shown: Content, panel: str) -> str:
    """Return why a panel can't be drawn, '' where it can."""
    if panel == "front" and len(shown.axes) < 2:
        return "there is one objective; a Pareto front needs two"
    if panel == "importance" and not any(map(any, map(dict.values, shown.important))):
        return f"can't be told from {len(shown.done)} done candidates"
    if panel == "landscape" and len(shown.parameters) < 2:
        return "one parameter is searched; it needs two"
    if panel == "targets" and not has_targets(shown):
        return "no statistic of a term is known"
    return ""


def _history(made: Figure, shown: Content) -> None:
    made.set_size_inches(9.5, 1.6 + 2.2 * len(shown.axes))
    if has_times(shown):
        halves = made.subfigures(1, 2, squeeze=False)[0]
        draw_history(halves[0], shown, 4.7)
        draw_times(halves[1], shown, 4.7)
    else:
        draw_history(made, shown, 9.5)


def _importance(made: Figure, shown: Content) -> None:
    rows = len(shown.parameters) * (1 + 0.5 * (len(shown.axes) - 1))
    made.set_size_inches(6.5, 1.4 + 0.3 * rows)
    draw_importance(made, shown, 6.5)


def _slices(made: Figure, shown: Content) -> None:
    names = list(shown.parameters)
    columns = min(len(names), 4)
    rows = -(-len(names) // columns) * len(shown.axes)
    width = max(5.0, 2.7 * columns)
    made.set_size_inches(width, 2.3 * rows + 0.7)
    draw_slices(made, shown, width, names, columns)


def _parallel(made: Figure, shown: Content) -> None:
    width = max(6.5, 1.2 * (len(shown.parameters) + len(shown.axes)))
    made.set_size_inches(width, 4.5)
    draw_parallel(made, shown, width - 1.2)


def _front(made: Figure, shown: Content) -> None:
    n = len(pairs(len(shown.axes)))
    made.set_size_inches(max(5.5, 3.6 * min(3, n)), 3.6 * -(-n // 3) + 0.6)
    draw_front(made, shown, 3.6 * min(3, n))


def _targets(made: Figure, shown: Content) -> None:
    goals = shown.findings.goals.values()
    made.set_size_inches(9.5 if any(map(is_vector, goals)) else 7, max(3, 1.4 + 0.35 * len(goals)))
    draw_targets(made, shown, made.get_figwidth())


def _landscape(made: Figure, shown: Content) -> None:
    made.set_size_inches(6.5, 5.2)
    draw_landscape(made, shown, (6.5, 4.6))


def _overview(made: Figure, shown: Content) -> None:
    """Draw rows of panels: what there is, the most useful first."""
    rows = [row for row in (*_course(shown), _found(shown), _learned(shown)) if row]
    made.set_size_inches(_WIDTH, 3.1 * len(rows) + 0.8)
    made.suptitle(plain(f"{shown.findings.name}: {_counted(shown)}"), fontsize=12)
    places = made.subfigures(len(rows), 1, squeeze=False)[:, 0]
    for place, row in zip(places, rows, strict=True):
        widths = [width for width, _ in row]
        parts = place.subfigures(1, len(row), squeeze=False, width_ratios=widths)
        for part, (width, panel) in zip(parts[0], row, strict=True):
            panel(part, shown, _WIDTH * width / sum(widths))
    shown.legend.draw(made, above=places[0])


def _counted(shown: Content) -> str:
    n = len(shown.done)
    each = [f"{n} candidate{'s' * (n > 1)} done"]
    return ", ".join(each + [f"{len(of)} {state}" for state, of in shown.others.items() if of])


Row = list[tuple[float, Callable[[FigureBase, Content, float], None]]]


def _course(shown: Content) -> list[Row]:
    """Return a row, or two where the front has several panels."""
    first: Row = [(2.0, draw_history)]
    front: Row = [] if _missing(shown, "front") else [(1.6, draw_front)]
    several = len(shown.axes) > 2
    if not several:
        first += front
    if not _missing(shown, "importance"):
        first.append((1.0, draw_importance))
    return [first, front] if several else [first]


def _found(shown: Content) -> Row:
    row: Row = [(1.7, draw_parallel if _missing(shown, "targets") else draw_targets)]
    if not _missing(shown, "landscape"):
        row.append((1.0, lambda place, shown, inches: draw_landscape(place, shown, (inches, 3.1))))
    return row


def _learned(shown: Content) -> Row:
    if len(shown.axes) > 1:
        return [(1.0, draw_parallel)]
    names = shown.ranked[:_SLICES]
    if len(names) < len(shown.parameters):
        shown.say(f"cost over {len(names)} of {len(shown.parameters)} parameters")
    return [
        (1.0, lambda place, shown, inches: draw_slices(place, shown, inches, names, len(names)))
    ]


_DRAWN: dict[str, Callable[[Figure, Content], None]] = {
    "history": _history,
    "importance": _importance,
    "slices": _slices,
    "parallel": _parallel,
    "front": _front,
    "targets": _targets,
    "landscape": _landscape,
}
