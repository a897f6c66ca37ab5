"""What a candidate found, as attributes of Optuna's trial and back.

    cost <term>                 a term of the cost
    <population>.<statistic>    a statistic: a number, or a list
    se, repeats, seconds, health, reason

Each is an attribute of its own, so that optuna-dashboard shows and plots them; JSON has no NaN,
so that is null.
"""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from snnrun.optimizer._trials import is_infeasible
from snnrun.search.record import Record

Value = float | tuple[float, ...]
_TERM = "cost "
_STATES = {
    TrialState.COMPLETE: "done",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
    TrialState.FAIL: "failed",
    TrialState.PRUNED: "pruned",
}


@dataclasses.dataclass(frozen=True)
class Found:
    """What simulating a candidate gave; fields as in `Record`."""

    se: tuple[float, ...] = ()
    terms: Mapping[str, float] = dataclasses.field(default_factory=dict)
    statistics: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    repeats: int = 0
    seconds: float = 0.0
    health: dict[str, Any] | None = None


def attributes(found: Found | Record, reason: str = "") -> dict[str, Any]:
    """Return the attributes of a candidate."""
    result: dict[str, Any] = {f"{_TERM}{name}": _json(x) for name, x in found.terms.items()}
    result |= {name: _json(x) for name, x in found.statistics.items()}
    if any(math.isfinite(x) for x in found.se):
        result["se"] = _json(found.se)
    result |= {"repeats": found.repeats, "seconds": found.seconds}
    if found.health is not None:
        result["health"] = found.health
    return result | ({"reason": reason} if reason else {})


def record_of(trial: FrozenTrial, names: Sequence[str]) -> Record:
    """Return what is known of a candidate whose parameters are `names`."""
    told = trial.user_attrs
    state = _STATES[trial.state]
    if state == "done" and is_infeasible(trial):
        state = "infeasible"
    costs = tuple(trial.values or ()) if state == "done" else ()
    values = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    unknown = (math.nan,) * len(costs)
    return Record(
        number=trial.number,
        state=state,
        values={name: values[name] for name in names if name in values},
        costs=costs,
        se=tuple(_number(x) for x in told.get("se", unknown)) if costs else (),
        terms={k.removeprefix(_TERM): _number(x) for k, x in told.items() if k.startswith(_TERM)},
        statistics={k: _value(x) for k, x in told.items() if _is_statistic(k)},
        repeats=told.get("repeats", 0),
        reason=told.get("reason", ""),
        seconds=told.get("seconds", 0.0),
        violations={k: x for k, x in trial.constraints.items() if x > 0},
        health=told.get("health"),
        ended=trial.datetime_complete.timestamp() if trial.datetime_complete else None,
    )


def best_of(records: Sequence[Record]) -> tuple[int, ...]:
    """Return the number of the best candidate, or those that no other one beats."""
    done = [r for r in records if r.state == "done" and not any(map(math.isnan, r.costs))]
    if not done:
        return ()
    if len(done[0].costs) == 1:
        return (min(done, key=lambda r: (r.costs, r.number)).number,)
    return tuple(sorted(r.number for r in _front(done)))


def _front(records: Sequence[Record]) -> list[Record]:
    """Return the Pareto front: in this order none is beaten by one that comes later."""
    front: list[Record] = []
    for record in sorted(records, key=lambda r: r.costs):
        rivals = (
            front[-1:] if len(record.costs) == 2 else front
        )  # the last is the least in the second
        if not any(_beats(other.costs, record.costs) for other in rivals):
            front.append(record)
    return front


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    return tuple(one) != tuple(other) and all(a <= b for a, b in zip(one, other, strict=True))


def _is_statistic(key: str) -> bool:
    return "." in key and not key.startswith(_TERM)


def _json(value: Value) -> Any:
    if isinstance(value, tuple):
        return [_json(x) for x in value]
    value = float(value)
    return value if math.isfinite(value) else None if math.isnan(value) else str(value)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _value(value: Any) -> Value:
    return tuple(map(_number, value)) if isinstance(value, list) else _number(value)
