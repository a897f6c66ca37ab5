"""The points of a sweep: overrides with several values, in Hydra's grammar.

`range(a,b,s)` ends before b, also where Hydra's own sums of tenths fall short of it. Points are the
grid of all values, the last key fastest.
"""

import itertools
import math
import random
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from hydra.core.override_parser.types import Glob, Override, RangeSweep, Sweep

from snnrun.config.hydra_app import parse
from snnrun.config.messages import from_parser
from snnrun.config.values import is_whole
from snnrun.errors import ConfigError


class Swept(NamedTuple):
    """A key with several values: its path in the config (or group), and how many there are."""

    path: str
    number: int


class Point(NamedTuple):
    """One point: its overrides, and the values of the swept keys by their path."""

    overrides: list[str]
    values: dict[str, Any]


class Grid:
    """The points of some overrides; they are counted before any is made."""

    def __init__(self, app: Any, overrides: list[str]) -> None:
        with from_parser(overrides):
            parsed = parse(overrides, app)
        self._parsed = [o for i, o in enumerate(parsed) if not _is_replaced(o, parsed[i + 1 :])]
        self.swept = [Swept(_path(o), _number(o)) for o in self._parsed if o.is_sweep_override()]
        paths = [swept.path for swept in self.swept]
        if twice := [path for path in paths if paths.count(path) > 1]:
            raise ConfigError(f"{twice[0]}: is swept twice; write its values once")

    @property
    def number(self) -> int:
        """How many points there are."""
        return math.prod(swept.number for swept in self.swept)

    def points(self) -> Iterator[Point]:
        """Yield the points."""
        lines_of = [[f"{o.get_key_element()}={value}" for value in _texts(o)] for o in self._parsed]
        paths = [(i, _path(o)) for i, o in enumerate(self._parsed) if o.is_sweep_override()]
        known = {line: _value(line) for i, _ in paths for line in lines_of[i]}
        for lines in itertools.product(*lines_of):
            yield Point([*lines], {path: known[lines[i]] for i, path in paths})


def _path(override: Override) -> str:
    key = override.get_key_element().lstrip("+~")
    return str(key)


def _is_replaced(swept: Override, later: list[Override]) -> bool:
    """Return whether a later override takes the place of all values of a sweep.

    Others are merged, as in a single run: mappings, and what lies elsewhere.
    """
    same = [o for o in later if _path(o) == _path(swept) and not o.is_sweep_override()]
    return swept.is_sweep_override() and any(
        not o.is_delete() and (not isinstance(o.value(), dict) or is_whole(o.value())) for o in same
    )


def _number(override: Override) -> int:
    """Return how many values a key has; ConfigError where there is none, or no end of them."""
    line = str(override.input_line)
    if not override.is_discrete_sweep():
        raise ConfigError(
            f"override '{line}': an interval has no single values; write 'range(…)' or a list"
        )
    sweep = override.value()
    if isinstance(sweep, RangeSweep):
        return _length(sweep, line)
    if any(isinstance(x, Sweep | Glob) for x in getattr(sweep, "list", None) or ()):
        raise ConfigError(f"override '{line}': a list of values can't hold range, choice or glob")
    number = len(list(override.sweep_iterator()))
    if not number:
        raise ConfigError(f"override '{line}': matches nothing; see snnrun show {_path(override)}")
    return number


def _length(sweep: RangeSweep, line: str) -> int:
    """Return the number of values of a range; in decimals, where 0.9 is 3 times 0.3."""
    try:
        start, stop, step = (Fraction(str(x)) for x in (sweep.start, sweep.stop, sweep.step))
        number = math.ceil((stop - start) / step)
    except (ValueError, ZeroDivisionError):
        raise ConfigError(f"override '{line}': needs a step other than 0 and finite ends") from None
    if number < 1:
        raise ConfigError(
            f"override '{line}': the range is empty; it goes from its first number towards its"
            " second, which is left out"
        )
    return number


def _texts(override: Override) -> Iterable[str]:
    """Return the values of a key as they are written."""
    sweep = override.value()
    if not override.is_sweep_override():
        return [override.get_value_element_as_str()]
    numbers = (getattr(sweep, name, 0) for name in ("start", "stop", "step"))
    if not isinstance(sweep, RangeSweep) or all(isinstance(x, int) for x in numbers):
        return override.sweep_string_iterator()
    start, step = Fraction(str(sweep.start)), Fraction(str(sweep.step))
    values = [repr(float(start + k * step)) for k in range(_number(override))]
    return random.sample(values, len(values)) if sweep.shuffle else values


def _value(line: str) -> Any:
    (override,) = parse([line])
    value = override.value()
    return str(value) if not isinstance(value, int | float | bool | list | dict | None) else value
