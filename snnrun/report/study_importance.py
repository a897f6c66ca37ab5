"""Which parameters decide whether a candidate is among the best."""

import numpy as np
from matplotlib.figure import FigureBase

from snnrun.report.study_content import Content
from snnrun.search.importance import best_of

_COLOURS = ("#1f5fa8", "#e08e0b", "#2e8b57", "#7a4fa3", "#4aa5b5", "#8c6d46")


def draw_importance(place: FigureBase, shown: Content, inches: float) -> None:
    """Draw the share of each parameter as a bar, for each objective; `inches`: the width."""
    del inches
    axes = place.subplots()
    names, several = shown.ranked, len(shown.axes) > 1
    height = 0.8 / len(shown.axes)
    for k, cost in enumerate(shown.axes):
        shares = [100 * shown.important[k].get(name, 0.0) for name in names]
        at = np.arange(len(names)) + height * (k - (len(shown.axes) - 1) / 2)
        colour = _COLOURS[k % len(_COLOURS)]
        axes.barh(at, shares, 0.9 * height, color=colour, label=cost.label)
    labels = [shown.parameters[name].short for name in names]
    axes.set_yticks(range(len(names)), labels, fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("importance (%)", fontsize=9)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    if several:
        axes.legend(fontsize=8, frameon=False, loc="lower right")
    n = len(shown.done)
    shown.say(f"importance: PED-ANOVA, the best {best_of(n)} of {n} candidates against all")
