"""The points of a sweep: overrides with several values, in Hydra's grammar.

`range(a,b,s)` ends before b, also where Hydra's own sums of tenths fall short of it. Points are the
grid of all values, the last key fastest.
"""

import itertools
import math
import random
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from hydra.core.override_parser.types import (
    ChoiceSweep,
    Glob,
    Override,
    Quote,
    QuotedString,
    RangeSweep,
    Sweep,
    ValueType,
)

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
    """The points of some overrides; they are counted before any is made.

    `axes`: path → values of a sweep in the config, unless the overrides sweep the same path.
    """

    def __init__(
        self, app: Any, overrides: list[str], axes: Mapping[str, list[Any] | str] | None = None
    ) -> None:
        with from_parser(overrides):
            given = parse(overrides, app)
        self.axes = dict(axes or {})
        below = [override_of(path, values, app) for path, values in self.axes.items()]
        swept = {_path(o) for o in given if o.is_sweep_override()}
        parsed = [*(o for o in below if _path(o) not in swept), *given]
        self._parsed = [o for i, o in enumerate(parsed) if not _is_replaced(o, parsed[i + 1 :])]
        self.swept = [Swept(_path(o), number_of(o)) for o in self._parsed if o.is_sweep_override()]
        paths = [swept.path for swept in self.swept]
        if twice := [path for path in paths if paths.count(path) > 1]:
            raise ConfigError(f"{twice[0]}: is swept twice; write its values once")
        for i, earlier in enumerate(self._parsed):
            _refuse_second_sweep(earlier, self._parsed[i + 1 :])
        if axis := next((path for path in paths if path.startswith("sweep.")), None):
            path = axis.removeprefix("sweep.")
            raise ConfigError(f"{axis}: write its values as a list, or sweep {path}=… itself")

    @property
    def number(self) -> int:
        """How many points there are."""
        return math.prod(swept.number for swept in self.swept)

    @property
    def first(self) -> list[str]:
        """The overrides of a point, without those of the others being made."""
        return [f"{o.get_key_element()}={next(iter(_texts(o)))}" for o in self._parsed]

    def points(self) -> Iterator[Point]:
        """Yield the points."""
        lines_of = [[f"{o.get_key_element()}={value}" for value in _texts(o)] for o in self._parsed]
        paths = [(i, _path(o)) for i, o in enumerate(self._parsed) if o.is_sweep_override()]
        known = {line: _value(line) for i, _ in paths for line in lines_of[i]}
        for lines in itertools.product(*lines_of):
            yield Point([*lines], {path: known[lines[i]] for i, path in paths})


def override_of(path: str, values: list[Any] | str, app: Any = None) -> Override:
    """Return the override of several values that an axis in a config stands for."""
    line = f"{path}={values}"
    with from_parser([line]):
        (found,) = parse([line if isinstance(values, str) else f"{path}="], app)
    if not isinstance(values, str):
        found.value_type = ValueType.SIMPLE_CHOICE_SWEEP
        found._value = ChoiceSweep(list=[_quoted(value) for value in values], simple_form=True)
        found.input_line = line
    return found


def _quoted(value: Any) -> Any:
    """Return a value whose words can't be taken for anything else."""
    if isinstance(value, list):
        return [_quoted(each) for each in value]
    if isinstance(value, dict):
        return {key: _quoted(each) for key, each in value.items()}
    return QuotedString(value, Quote.single) if isinstance(value, str) else value


def _path(override: Override) -> str:
    key = override.get_key_element().lstrip("+~")
    return str(key)


def _is_replaced(swept: Override, later: list[Override]) -> bool:
    """Return whether a later override takes the place of all values of a sweep.

    Others are merged, as in a single run: mappings without that key, and what lies elsewhere.
    """
    return swept.is_sweep_override() and any(
        _sets(o, o.value(), _path(swept)) for o in later if not o.is_sweep_override()
    )


def _refuse_second_sweep(swept: Override, later: list[Override]) -> None:
    """Complain of a later sweep of mappings that set what is swept already."""
    for o in later if swept.is_sweep_override() else []:
        values = getattr(o.value(), "list", None) if o.is_sweep_override() else None
        if any(_sets(o, value, _path(swept)) for value in values or ()):
            raise ConfigError(f"{_path(swept)}: is swept twice, also by {_path(o)}={{…}}")


def _sets(override: Override, value: Any, path: str) -> bool:
    """Return whether an override, with this value, sets what is at a path: itself, or within."""
    at = _path(override)
    if override.is_delete() or not f"{path}.".startswith(f"{at}."):
        return False
    names = path[len(at) + 1 :].split(".") if path != at else []
    for name in names:
        if not isinstance(value, dict) or is_whole(value):
            return isinstance(value, dict)
        inside = {str(key): below for key, below in value.items()}
        if name not in inside:
            return False
        value = inside[name]
    return not isinstance(value, dict) or is_whole(value)


def number_of(override: Override) -> int:
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
    values = (repr(float(start + k * step)) for k in range(number_of(override)))
    return random.sample(found := [*values], len(found)) if sweep.shuffle else values


def _value(line: str) -> Any:
    (override,) = parse([line])
    value = override.value()
    return str(value) if not isinstance(value, int | float | bool | list | dict | None) else value
