"""Tables that fit a terminal: columns for which there is no room go on below, none is cut."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

_WIDEST = 400  # letters of a line where nothing says how many there may be
_GAP = 2  # letters between columns

Rows = Sequence[Sequence[str] | None]


def console() -> Console:
    """Return a console for tables and for lines of any length.

    What is read from a file or a pipe is as wide as it is, unless COLUMNS says otherwise.
    """
    how: dict[str, Any] = {"soft_wrap": True, "highlight": False, "markup": False}
    known = Console().is_terminal or os.environ.get("COLUMNS", "").isdigit()
    return Console(**how) if known else Console(**how, width=_WIDEST)


def show_table(to: Console, columns: Sequence[str], rows: Rows, keep_last: bool = False) -> None:
    """Print a table, or several below each other that all begin with its first column.

    `>` before a column's name puts it to the right, as numbers are; None instead of a row: a gap;
    `keep_last`: the last column ends each table.
    """
    for i, places in enumerate(_blocks(columns, rows, to.width, keep_last)):
        if i:
            to.print()
        shown = [row and [row[k] for k in places] for row in rows]
        to.print(_table([columns[k] for k in places], shown))


def parts_of(to: Console, columns: Sequence[str], rows: Rows, keep_last: bool = False) -> int:
    """Return in how many parts a table is printed."""
    return len(list(_blocks(columns, rows, to.width, keep_last)))


def _blocks(columns: Sequence[str], rows: Rows, width: int, keep_last: bool) -> Iterator[list[int]]:
    """Yield the columns of each table: as many as there is room for, one at least."""
    widths = [
        max(len(name.removeprefix(">")), *(len(row[k]) for row in rows if row), 0)
        for k, name in enumerate(columns)
    ]
    last = [len(columns) - 1] if keep_last else []
    always = widths[0] + sum(_GAP + widths[k] for k in last)
    block, used = [0], always
    for k in range(1, len(columns) - len(last)):
        if len(block) > 1 and used + _GAP + widths[k] > width:
            yield block + last
            block, used = [0], always
        block, used = [*block, k], used + _GAP + widths[k]
    yield block + last


def _table(columns: Sequence[str], rows: Rows) -> Table:
    """Return a table in which names may be folded, if they must, and numbers never."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True, show_edge=False)
    for k, name in enumerate(columns):
        right = name.startswith(">")
        least = max((len(row[k]) for row in rows if row), default=0) if right else None
        justify: Any = "right" if right else "left"
        table.add_column(name.removeprefix(">"), justify=justify, overflow="fold", min_width=least)
    for row in rows:
        if row is None:
            table.add_section()
        else:
            table.add_row(*row)
    return table
