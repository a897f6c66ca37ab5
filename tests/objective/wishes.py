"""Costs and statistics for tests."""

import numpy as np

from snnrun.objective._cost import Cost
from snnrun.objective._terms import Term
from snnrun.statistics._base import Estimate, missing
from tests.contracts import preset

_NOTHING = dict.fromkeys(("target", "low", "high", "minimise", "weight", "scale"))


def term(statistic, **wish):
    """Return a term of a statistic of E."""
    return Term(**{**_NOTHING, "statistic": statistic, "population": "E", **wish})


def cost_of(kind, wishes, several=None):
    """Return a cost whose terms are named like their statistics of E."""
    terms = {name: term(name, **wish) for name, wish in wishes.items()}
    return Cost(preset("objective", kind), terms, several or {})


def estimates(values):
    """Return what a network was found to do; a text is the reason of no value."""
    return {
        ("E", name): missing(value)
        if isinstance(value, str)
        else Estimate(np.asarray(value, np.float64), np.asarray(np.nan), None)
        for name, value in values.items()
    }
