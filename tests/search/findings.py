"""Searches as they might have gone, made without one."""

import numpy as np

from snnrun.search.record import Axis, Findings, Goal, Record

SPECTRUM = (4.6, 2.1, 0.9, 0.4)
TWO = {
    "tau_I": Axis("network.synapses.I.tau_decay", 1, 25, unit="ms"),
    "sigma_I": Axis("network.sigma.I", 0.0, 0.25),
}
GOALS = {
    "rate": Goal("E.firing_rate", (9.29,), scale=0.1, unit="spikes/s"),
    "fano": Goal("E.fano_factor", (0.916,), scale=0.0002),
    "spectrum": Goal("E.shared_eigenspectrum", SPECTRUM, scale=0.01, unit="spikes^2"),
    "cv": Goal("E.isi_cv", low=0.8, high=1.2, scale=1.0),
}


def eleven():
    """Return eleven parameters of every sort."""
    axes = dict(TWO)
    for name, low, high in (("tau_E", 1, 25), ("J_EI", -150, -1), ("J_IE", 1, 150)):
        axes[name] = Axis(f"network.{name}", low, high, unit="mV" if name[0] == "J" else "ms")
    axes["rate_X"] = Axis("drive.X.rate", 0.1, 300.0, log=True, unit="spikes/s")
    axes["k"] = Axis("network.projections.EI.connect.k", 10, 400, log=True, whole=True)
    axes["n"] = Axis("network.n", 1, 6, whole=True)
    axes["neuron"] = Axis("network.populations.E.neuron", choice=("lif", "eif", "adex"))
    axes["per_trial"] = Axis("network.per_trial", choice=(True, False))
    axes["p_a_parameter_with_a_rather_long_name"] = Axis("network.p", 0.01, 0.02)
    return axes


def drawn(axis, rng):
    """Return a value of an axis, uniform in its scale."""
    if axis.choice:
        return axis.choice[rng.integers(len(axis.choice))]
    if axis.log:
        value = float(np.exp(rng.uniform(np.log(axis.low), np.log(axis.high))))
    else:
        value = float(rng.uniform(axis.low, axis.high))
    return round(value) if axis.whole else value


def distance(values):
    """Return how far the first two parameters are from where they should be."""
    tau, sigma = values["tau_I"], values["sigma_I"]
    return ((tau - 8) / 6) ** 2 + ((sigma - 0.1) / 0.08) ** 2


def record(number, values, costs, **more):
    """Return a candidate that is done."""
    off = float(costs[0])
    statistics = {
        "E.firing_rate": 9.29 + 0.3 * off,
        "E.fano_factor": 0.916 - 0.02 * off,
        "E.shared_eigenspectrum": tuple(x * (1 + 0.1 * off) for x in (*SPECTRUM, 0.0, 0.0)),
        "E.isi_cv": 0.75 + 0.1 * off,
    }
    terms = {"rate": off, "fano": 2 * off, "spectrum": 0.5 * off, "cv": 0.0}
    more = {"se": (float("nan"),) * len(costs), "repeats": 1, "seconds": 2.5} | more
    costs = tuple(map(float, costs))
    return Record(number, "done", values, costs, terms=terms, statistics=statistics, **more)


def search(candidates, axes=None, objectives=("cost",), seed=1, bad=True, goals=None):
    """Return a search of some candidates, of which some are infeasible and some failed."""
    rng, axes, records = np.random.default_rng(seed), axes or TWO, []
    for number in range(candidates):
        values = {name: drawn(axis, rng) for name, axis in axes.items()}
        ended = 1e9 + 10.0 * (number + 1)
        if bad and values["tau_I"] > 20:
            why = "E fires at 80 sp/s"
            records.append(Record(number, "infeasible", values, reason=why, ended=ended))
        elif bad and number % 17 == 16:
            records.append(Record(number, "failed", values, reason="NaN", ended=ended))
        else:
            away = distance(values)
            each = [0.05 + away, *(0.1 + abs(away - 3 * k) for k in range(1, len(objectives)))]
            costs = np.array(each) * rng.lognormal(0, 0.3, len(objectives))
            records.append(record(number, values, costs, ended=ended))
    return Findings(
        "demo", axes, objectives, GOALS if goals is None else goals, records, front(records)
    )


def front(records):
    """Return the numbers of the candidates that none beats."""
    done = [r for r in records if r.state == "done"]
    costs = np.array([r.costs for r in done])
    beaten = [bool((np.all(costs <= c, axis=1) & np.any(costs < c, axis=1)).any()) for c in costs]
    return tuple(r.number for r, b in zip(done, beaten, strict=True) if not b)
