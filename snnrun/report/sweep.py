"""sweep.png: statistics over the swept values: lines, phase diagrams, or columns of them."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from snnrun.errors import ConfigError
from snnrun.report.picture import blank, save, write_notes
from snnrun.report.sweep_content import Content, content
from snnrun.report.sweep_lines import draw_lines
from snnrun.report.sweep_maps import draw_columns, draw_maps
from snnrun.sweep.table import Key, Table

_PANELS = 12
_COLUMNS = 6
_ROWS = 6  # of columns, each of a statistic
_NAMES = 12  # that a note lists
_RATE = "firing_rate"
_USEFUL = (
    _RATE,
    "fano_factor",
    "spike_count_correlation",
    "isi_cv",
    "percent_shared_variance",
    "shared_dimensionality",
    "synchrony",
    "branching_parameter_mr",
    "firing_rate_sd",
    "isi_cv2",
)


def draw(table: Table, path: Path, statistic: str | None = None) -> None:
    """Draw a sweep into a file (png, pdf or svg), as `figure` does.

    FileError if it can't be written.
    """
    save(lambda: figure(table, statistic), path)


def figure(table: Table, statistic: str | None = None) -> Figure:
    """Return the picture of a sweep, averaged over the seed.

    One swept path: lines over it, a panel a statistic. Two: a phase diagram a statistic and
    population. Three: a column of them for each value of the third. More: the first three that
    vary, numbers before texts, and averages over the others.
    `statistic`: only this one, `name` or `<P>.name`. ConfigError if there is none of that name,
    or nothing to draw.
    """
    shown = content(table)
    keys = _with_values(shown, _asked(list(table.units), statistic))
    made = blank()
    if len(shown.axes) == 1:
        draw_lines(made, shown, _limited(shown, _groups_by_name(keys), _PANELS))
    elif len(shown.axes) == 2:
        groups = _limited(shown, [[key] for key in keys], _PANELS)
        draw_maps(made, shown, [key for (key,) in groups])
    else:
        columns = _columns(shown)
        groups = _limited(shown, [[key] for key in keys], _ROWS)
        draw_columns(made, shown, [key for (key,) in groups], columns)
    write_notes(made, shown.notes)
    return made


def _asked(keys: list[Key], statistic: str | None) -> list[Key]:
    """Return the statistics to show, the most useful first and populations side by side."""
    found = [key for key in keys if statistic in (None, key[1], ".".join(key))]
    if not found:
        names = ", ".join(dict.fromkeys(name for _, name in keys))
        raise ConfigError(f"the sweep has no statistic {statistic}; it has {names}")
    rank = {name: i for i, name in enumerate(dict.fromkeys([*_USEFUL, *(n for _, n in keys)]))}
    return sorted(found, key=lambda key: rank[key[1]])


def _with_values(shown: Content, keys: list[Key]) -> list[Key]:
    """Leave out what has no value anywhere, but for rates, and say so."""
    there = {key for key in keys if np.isfinite(shown.mean[key]).any() or key[1] == _RATE}
    if not there:
        names = ", ".join(map(".".join, keys))
        raise ConfigError(f"{names}: has no value at any point, so there is nothing to draw")
    if len(there) < len(keys):
        gone = [".".join(key) for key in keys if key not in there]
        shown.notes.append(f"no value at any point: {_listed(gone)}")
    return [key for key in keys if key in there]


def _groups_by_name(keys: list[Key]) -> list[list[Key]]:
    names = dict.fromkeys(name for _, name in keys)
    return [[key for key in keys if key[1] == name] for name in names]


def _limited(shown: Content, groups: list[list[Key]], most: int) -> list[list[Key]]:
    """Keep the most useful panels, all rates among them, and say what is left out."""
    rates = sum(group[0][1] == _RATE for group in groups)
    kept = max(1, most, rates)
    if len(groups) > kept:
        gone = [group[0][1] if len(group) > 1 else ".".join(group[0]) for group in groups[kept:]]
        shown.notes.append(f"{kept} of {len(groups)} statistics; not shown: {_listed(gone)}")
    return groups[:kept]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(names[:_NAMES]) + more


def _columns(shown: Content) -> list[int]:
    """Return which values of the third path have a column: all, or some evenly spread."""
    axis = shown.axes[2]
    n = len(axis.values)
    if n > _COLUMNS:
        shown.notes.append(f"{_COLUMNS} of {n} values of {axis.path}")
    return [int(i) for i in np.unique(np.linspace(0, n - 1, min(n, _COLUMNS)).round())]
