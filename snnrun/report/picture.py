"""What pictures have in common: an empty figure, notes below it, and its file."""

import io
import textwrap
from collections.abc import Callable
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from snnrun.errors import ConfigError
from snnrun.report.sweep_axis import plain
from snnrun.store.disk import write_atomically

_FORMATS = ("png", "pdf", "svg")


def blank() -> Figure:
    """Return an empty figure that arranges its panels itself."""
    made = Figure(layout=ConstrainedLayoutEngine(w_pad=0.06, wspace=0.02))
    FigureCanvasAgg(made)
    return made


def save(made: Callable[[], Figure], path: Path, dpi: float = 150) -> None:
    """Make a figure and write it: png (also without a suffix), pdf or svg.

    ConfigError for another suffix, before it is made; FileError if it can't be written.
    """
    suffix = path.suffix.lower().removeprefix(".") or "png"
    if suffix not in _FORMATS:
        raise ConfigError(f"{path}: a figure is one of {', '.join(_FORMATS)}, not {suffix}")
    image = io.BytesIO()
    made().savefig(image, dpi=dpi, format=suffix)
    write_atomically(path, image.getbuffer())


def write_notes(made: Figure, notes: list[str]) -> None:
    """Write what the reader must know below a figure."""
    if notes:
        width = int(made.get_figwidth() * 16)
        lines = textwrap.wrap(plain("; ".join(notes)), width, break_on_hyphens=False)
        made.supxlabel("\n".join(lines), x=0.01, ha="left", fontsize=8, color="0.25")
