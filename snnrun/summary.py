"""What a run found, over its trials, and how it is laid out in the results file."""

import dataclasses
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from snnrun.experiment import Experiment
from snnrun.health import Health, sentence
from snnrun.network import Network
from snnrun.statistics._base import Estimate
from snnrun.store.folder import RunFolder, now
from snnrun.trial import Counting, Trial, statistics, verdict

Estimates = dict[tuple[str, str], Estimate]


@dataclasses.dataclass
class Summary:
    """(population, name) → estimate, the worst health, and seconds per phase."""

    statistics: Estimates
    health: Health
    timings: dict[str, Any]
    per_trial: list[tuple[Trial, Estimates, Health]]


def summarise(e: Experiment, network: Network, trials: list[Trial]) -> Summary:
    """Compute statistics and health of each trial and over trials."""
    each = [(t, statistics(e, network, t), verdict(e, network, t)) for t in trials]
    worst = min((health for _, _, health in each), key=lambda health: health.rank)
    over = "networks" if e.network.per_trial else "trials"
    return Summary(_over_trials([s for _, s, _ in each], over), worst, {}, each)


def _over_trials(all_: list[Estimates], over: str) -> Estimates:
    """Return mean and standard error over trials, which are `over`; one trial keeps its own."""
    if len(all_) == 1:
        return all_[0]
    found = {}
    for key in all_[0]:
        values = np.array(np.broadcast_arrays(*(estimates[key].value for estimates in all_)))
        reasons = [e[key].reason for e in all_ if e[key].reason]
        se = values.std(axis=0, ddof=1) / np.sqrt(len(values))
        reason = reasons[0] if reasons else None
        found[key] = Estimate(values.mean(axis=0), np.asarray(se), reason, over)
    return found


def entries(e: Experiment, network: Network, summary: Summary) -> dict[str, Any]:
    """Return path → (value, attributes) of the datasets added when a run ends."""
    found = dict(_statistic_entries(e, summary.statistics, ""))
    record = Counting.of(e).record
    for trial, estimates, _ in summary.per_trial:
        root = f"trials/{trial.number}/" if e.trials > 1 else ""
        if root:
            found |= dict(_statistic_entries(e, estimates, root))
        if record is not None:
            counts = trial.tally.counts(record._replace(end=min(record.end, trial.end)))
            names = e.record.counts.populations or list(e.network.populations)
            more = {"bin_ms": record.size * e.dt, "t_start_ms": record.origin * e.dt}
            for name in names:
                found[f"{root}counts/{name}"] = (counts[:, network.neurons[name]], more)
    return found


def _statistic_entries(
    e: Experiment, estimates: Estimates, root: str
) -> Iterator[tuple[str, tuple[Any, dict[str, Any]]]]:
    for (population, name), estimate in estimates.items():
        statistic = e.statistics[name]
        more = {
            "units": statistic.units,
            "definition": statistic.definition,
            "se": estimate.se,
            "se_over": estimate.se_over,
        }
        window_ms = getattr(statistic, "window_ms", None)
        if window_ms is not None:
            more["window_ms"] = window_ms
        if estimate.reason:
            more["reason"] = estimate.reason
        yield f"{root}statistics/{population}/{name}", (estimate.value, more)


def attributes(e: Experiment, summary: Summary) -> dict[str, dict[str, Any]]:
    """Return path → attributes of the groups added when a run ends."""
    found = {
        "health": _health(summary.health),
        "timings": summary.timings,
        "statistics": {},
        "provenance": {"finished": now()},
    }
    for trial, _, health in summary.per_trial:
        root = f"trials/{trial.number}/" if e.trials > 1 else ""
        found[f"{root}health"] = _health(health)
        for name in e.recorded:
            found[f"{root}spikes/{name}"] = {"t_stop_ms": trial.end * e.dt}
    return found


def _health(health: Health) -> dict[str, Any]:
    return {"verdict": health.verdict, "details": json.dumps(health.details)}


def as_json(e: Experiment, summary: Summary) -> dict[str, Any]:
    """Return the statistics, health and timings as plain JSON values (NaN as null)."""
    tree: dict[str, Any] = {}
    for (population, name), estimate in summary.statistics.items():
        units = e.statistics[name].units
        tree.setdefault(population, {})[name] = {
            "value": plain(estimate.value),
            "se": plain(estimate.se),
            "se_over": estimate.se_over,
            "units": units,
        }
        if estimate.reason:
            tree[population][name]["reason"] = estimate.reason
    return {
        "statistics": tree,
        "health": dataclasses.asdict(summary.health),
        "timings": {k: plain(v) for k, v in summary.timings.items()},
    }


def conclude(e: Experiment, folder: RunFolder, summary: Summary, strict: bool = False) -> int:
    """Write the final status; returns the exit code."""
    verdict = summary.health.verdict
    bad = verdict == "nan" or (strict and verdict != "ok")
    state = "unhealthy" if bad or verdict == "runaway" else "done"
    details = json.dumps(summary.health.details, ensure_ascii=False)
    found = as_json(e, summary)
    folder.status(
        state,
        reason=None if verdict == "ok" else f"{sentence(summary.health)} ({details})",
        exit_code=3 if bad else 0,
        timings=found["timings"],
        statistics=scalars(e, summary),
        health=found["health"],
        fingerprint=fingerprint(summary),
    )
    folder.log(f"{state}: {verdict}")
    return 3 if bad else 0


def scalars(e: Experiment, summary: Summary) -> dict[str, dict[str, list[Any]]]:
    """Return population → name → [value, standard error] of the statistics that are numbers."""
    return {
        population: {
            name: [found["value"], found["se"]]
            for name, found in each.items()
            if not isinstance(found["value"], list)
        }
        for population, each in as_json(e, summary)["statistics"].items()
    }


def fingerprint(summary: Summary) -> str:
    """Return a hash of all that was found: spike trains and statistics."""
    parts = hashlib.sha256()
    for trial, estimates, health in summary.per_trial:
        parts.update(trial.fingerprint.tobytes() + trial.total.tobytes() + health.verdict.encode())
        for key, estimate in estimates.items():
            parts.update(repr(key).encode() + np.asarray(estimate.value).tobytes())
    return parts.hexdigest()


def plain(value: Any) -> Any:
    """Return a value that JSON knows, whatever it holds; null for what is not finite."""
    if isinstance(value, (str, int, type(None))):
        return value
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if np.ndim(value):
        return [plain(v) for v in np.asarray(value)]
    return float(value) if np.isfinite(value) else None
