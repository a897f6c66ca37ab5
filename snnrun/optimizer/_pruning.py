"""Candidates that are not worth a long run: they cost more in a short one than most others did."""

from collections.abc import Sequence

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from snnrun.optimizer._trials import BATCH_END, is_infeasible

_LEAST = 10  # others that a candidate is compared with
_OVER = (TrialState.COMPLETE, TrialState.PRUNED)


def is_hopeless(trial: FrozenTrial, trials: Sequence[FrozenTrial], share: float) -> bool:
    """Return whether a candidate's short run is among the worst `share` of all short runs so far.

    Those of feasible candidates count, also of hopeless ones, but not of its own batch: what comes
    out must not depend on who of them is told first.
    """
    ms, batch = trial.last_step, trial.user_attrs.get(BATCH_END)
    if ms is None:
        return False
    known = [t for t in trials if t.state in _OVER and ms in t.intermediate_values]
    known = [t for t in known if not is_infeasible(t) and t.user_attrs.get(BATCH_END) != batch]
    costs = [t.intermediate_values[ms] for t in known]
    enough = len(costs) >= _LEAST
    return enough and trial.intermediate_values[ms] > float(np.quantile(costs, 1 - share))
