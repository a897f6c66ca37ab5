"""Which parameters decide whether a candidate is among the best."""

import numpy as np
from matplotlib.figure import FigureBase

from snnrun.report.study_content import BLUE, Content, Look
from snnrun.search.importance import best_of

_COLOURS = ("#009e73", "#cc79a7", "#56b4e9", "#e69f00", "0.3", "0.7")  # of objectives


def draw_importance(place: FigureBase, shown: Content, inches: float) -> None:
    """Draw the share of each parameter as a bar, for each objective; `inches`: the width."""
    del inches
    axes = place.subplots()
    names, several = shown.ranked, len(shown.axes) > 1
    height = 0.8 / len(shown.axes)
    for k, cost in enumerate(shown.axes):
        shares = [100 * shown.important[k].get(name, 0.0) for name in names]
        at = np.arange(len(names)) + height * (k - (len(shown.axes) - 1) / 2)
        look: Look = {"facecolor": _COLOURS[k % len(_COLOURS)] if several else BLUE}
        axes.barh(at, shares, 0.9 * height, **look, label=cost.label)
        if several:
            shown.legend.area(f"for {cost.label}", look)
    labels = [shown.parameters[name].short() for name in names]
    axes.set_yticks(range(len(names)), labels, fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel("importance (%)", fontsize=9)
    axes.tick_params(axis="x", labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    n = len(shown.done)
    shown.say(f"importance: PED-ANOVA, the best {best_of(n)} of {n} done candidates against all")
