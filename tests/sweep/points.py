"""Tables of sweeps, made up."""

import itertools
import math

from snnrun.sweep.table import Row, Table

RATE = ("E", "firing_rate")
FANO = ("E", "fano_factor")
UNITS = {RATE: "spikes/s", FANO: ""}


def row(index=0, values=None, state="done", fingerprint="a", reason="", **statistics):
    """Return a point; statistics of E by name: a value, or (value, se)."""
    pairs = {
        ("E", name): x if isinstance(x, tuple) else (x, math.nan) for name, x in statistics.items()
    }
    return Row(index, state, reason, values or {}, pairs, fingerprint)


def grid(swept, units=UNITS, **states):
    """Return the table of a whole grid.

    The j-th statistic is 10 j plus the sum of 1, 2, … times the index of each value, with SE
    0.5. `states`: state → {index of a point: reason}; those that are no result have none.
    """
    rows = []
    for i, at in enumerate(itertools.product(*(range(len(v)) for v in swept.values()))):
        values = {path: v[k] for (path, v), k in zip(swept.items(), at, strict=True)}
        state = next((s for s, which in states.items() if i in which), "done")
        height = sum((j + 1) * k for j, k in enumerate(at))
        found = {key: (10.0 * j + height, 0.5) for j, key in enumerate(units)}
        there = found if state in ("done", "unhealthy") else {}
        rows.append(Row(i, state, states.get(state, {}).get(i, ""), values, there, str(i)))
    return Table(list(swept), dict(units), rows)
