"""scaling.png: the cost of a step and of its parts over the number of neurons."""

from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from snnrun.profile.scaling import cost_of
from snnrun.report.picture import save
from snnrun.report.sweep_axis import plain


def draw(path: Path, title: str, growth: dict[str, Any]) -> None:
    """Draw one line a part and one for the whole step, on logarithmic axes.

    Costs that are not above the noise are left out. FileError if it can't be written.
    """
    save(lambda: _figure(title, growth), path, dpi=110)


def _figure(title: str, growth: dict[str, Any]) -> Figure:
    figure = Figure(figsize=(7.5, 5.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    rows, exponents = growth["sizes"], growth["exponents"]
    for name in exponents:
        costs = [(r["neurons"], cost) for r in rows if (cost := cost_of(r, name)) > 0]
        slope = exponents[name]["neurons"]
        label = name if slope is None else f"{name} (N^{slope:.2f})"
        style = {"color": "black", "lw": 2.2} if name == "step" else {"lw": 1.2}
        if costs:
            axes.plot(*zip(*costs, strict=True), "o-", ms=4, label=label, **style)
    axes.set(xscale="log", yscale="log", xlabel="neurons N", ylabel="time of a step (µs)")
    axes.set_title(plain(title))
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend()
    return figure
