"""The plain values of a checkpoint, checked before anything relies on them."""

import math
from collections.abc import Callable
from typing import Any

Test = Callable[[Any], bool]


def checked(about: Any) -> dict[str, Any]:
    """Return what a checkpoint says of itself; ValueError where that can't be true."""
    _check(about, _ABOUT, "about")
    for number, trial in about["trials"].items():
        _check(trial, _TRIAL, f"trial {number}")
    return about


def _check(found: Any, tests: dict[str, Test], of: str) -> None:
    if not isinstance(found, dict):
        raise ValueError(f"{of} is no mapping")
    for name, test in tests.items():
        if name not in found and name not in _LATER:
            raise ValueError(f"{of} says nothing of {name}")
        if name in found and not test(found[name]):
            raise ValueError(f"{of} has a wrong {name}")


def _whole(x: Any) -> bool:
    return type(x) is int and 0 <= x < 2**63


def _number(x: Any) -> bool:
    return type(x) in (int, float) and math.isfinite(x) and x >= 0


def _flag(x: Any) -> bool:
    return isinstance(x, bool)


def _text(x: Any) -> bool:
    return isinstance(x, str)


def _found(x: Any) -> bool:
    return x is None or isinstance(x, dict)


def _each(key: Test, value: Test) -> Test:
    return lambda x: isinstance(x, dict) and all(key(k) and value(v) for k, v in x.items())


_LATER = ("sums", "started")  # not in checkpoints of the first days
_ABOUT: dict[str, Test] = {
    "dt": lambda x: _number(x) and x > 0,
    "start": _whole,
    "network_seed": _whole,
    "kept": _flag,
    "rows": _each(_text, _whole),
    "sums": _each(_text, _whole),
    "started": lambda x: x is None or _text(x),
    "seconds": _each(_text, _number),
    "trials": _each(str.isdecimal, lambda x: isinstance(x, dict)),
}
_TRIAL: dict[str, Test] = {
    "end": _whole,
    "over": _flag,
    "stopped": _flag,
    "fault": _found,
    "runaway": _found,
}
