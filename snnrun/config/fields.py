"""Nodes are read into dataclasses whose fields say type, unit and range."""

import dataclasses
import functools
import math
import re
import types
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from snnrun.component import Parameter
from snnrun.config.choose import nearest
from snnrun.distribution import BOUNDED, DISTRIBUTIONS, LEAST_INSIDE, Distribution

_NAMES = {float: "a number", int: "a whole number", str: "a word", bool: "true or false"}
_NAME = r"[\w-]{1,100}"
_LARGEST = 2**64  # of whole numbers; what a key allows is less


def shown(value: Any) -> str:
    """Return a value for a message; a long one is cut."""
    try:
        return short(repr(value), 60)
    except ValueError:  # Python writes no whole number of thousands of digits
        return "a number of thousands of digits"


def short(text: str, most: int = 400) -> str:
    """Return a text for a message, cut where it is long."""
    return text if len(text) <= most else f"{text[:most]}…"


class Problems:
    """Everything that is wrong, as (path, text); `before`: what was found when nodes were read."""

    def __init__(self, before: "Problems | None" = None) -> None:
        self.found: list[tuple[str, str]] = []
        self._before = [path for path, _ in before.found] if before else []

    def has(self, path: str) -> bool:
        """Return whether something was found at a path, before or now."""
        return path in self._before or any(path == where for where, _ in self.found)

    def sound(self, *paths: str) -> bool:
        """Return whether nothing was found before at some paths, above or below them."""
        return not any(
            f"{path}.".startswith(f"{wrong}.") or wrong.startswith(f"{path}.")
            for path in paths
            for wrong in self._before
        )

    def add(self, path: str, text: str) -> None:
        """Note a problem."""
        self.found.append((short(path), short(text)))

    def mapping(self, node: dict[str, Any], key: str, path: str = "") -> dict[str, Any]:
        """Return a mapping inside a node; null counts as empty."""
        value = node.get(key)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.add(f"{path}.{key}" if path else key, f"must be a mapping, not {shown(value)}")
            return {}
        return value

    def named(self, node: dict[str, Any], key: str, path: str) -> Iterator[tuple[str, dict]]:
        """Yield the named mappings inside a node, leaving out those set to null."""
        for name, value in self.mapping(node, key, path).items():
            self.name(name, f"{path}.{key}.{name}")
            if isinstance(value, dict):
                yield str(name), value
            elif value is not None:
                self.add(f"{path}.{key}.{name}", f"must be a mapping, not {shown(value)}")

    def name(self, name: str, path: str) -> None:
        """Check the name of a part: it becomes a path in results.h5 and in messages."""
        if not re.fullmatch(_NAME, str(name)) or name == "all":
            self.add(path, "is no usable name: letters, digits, '_' and '-', not 'all'")


def read(
    cls: type[Any],
    node: dict[str, Any],
    path: str,
    problems: Problems,
    beside: tuple[str, ...] = (),
    spread: bool = False,
    filled: bool = False,
) -> Any:
    """Return an instance of `cls` from a node.

    `beside`: keys that others read; `spread`: numbers may be distributions; `filled`: keys
    left out are null. After a problem the instance holds None in the fields concerned.
    """
    fields, hints = _declared(cls)  # type: ignore[arg-type]  # classes are hashable
    for key in node:
        if key not in fields and key not in beside:
            at = f"{path}.{key}" if path else str(key)
            problems.add(at, f"unknown key{nearest(str(key), [*fields, *beside])}")
    values: dict[str, Any] = {}
    for name, parameter in fields.items():
        at = f"{path}.{name}" if path else name
        value = node.get(name)
        if name not in node and not parameter.optional and not filled:
            problems.add(at, f"missing; it is {_describe(hints[name], parameter)}")
        elif value is None:
            values[name] = None
            if not parameter.optional and name in node:
                problems.add(at, f"must be {_describe(hints[name], parameter)}, not null")
            continue
        else:
            values[name] = _field(hints[name], parameter, value, at, problems, spread)
        values.setdefault(name, None)
    return cls(**values)


@functools.cache
def _declared(cls: type[Any]) -> tuple[dict[str, Parameter], dict[str, Any]]:
    """Return the fields of a class and their types, by name."""
    fields = {f.name: f.metadata["parameter"] for f in dataclasses.fields(cls)}
    return fields, get_type_hints(cls)


def _describe(hint: Any, parameter: Parameter) -> str:
    kinds = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    kind = " or ".join(_NAMES.get(k, "a list" if k is list else "a mapping") for k in kinds)
    unit = f" in {parameter.unit}" if parameter.unit else ""
    return f"{kind}{unit}: {parameter.doc}"


def _field(
    hint: Any, parameter: Parameter, value: Any, path: str, problems: Problems, spread: bool
) -> Any:
    if spread and hint is float and isinstance(value, dict):
        return read_value(value, path, problems)
    typed = _typed(hint, value)
    if typed is None:
        problems.add(path, f"must be {_describe(hint, parameter)}; not {shown(value)}")
        return None
    wrong = parameter.problem(typed) if isinstance(typed, (int, float, str)) else None
    if wrong:
        unit = f" {parameter.unit}" if parameter.unit else ""
        problems.add(path, f"{wrong}{unit}, not {shown(value)}")
    return typed


def _typed(hint: Any, value: Any) -> Any:
    """Return the value as the type asked for, or None."""
    if isinstance(hint, types.UnionType):
        typed = (_typed(kind, value) for kind in get_args(hint))
        return next((found for found in typed if found is not None), None)
    if hint is bool or isinstance(value, bool):
        return value if hint is bool and isinstance(value, bool) else None
    if isinstance(value, int) and abs(value) > _LARGEST:
        return None
    if hint is float:
        finite = isinstance(value, (int, float)) and math.isfinite(value)
        return float(value) if finite else None
    if hint is int:
        return value if isinstance(value, int) else None
    if hint is str:
        return value if isinstance(value, str) else None
    return value if isinstance(value, hint) else None


def read_value(value: Any, path: str, problems: Problems) -> Any:
    """Return a number, or a distribution from `{dist: …}`."""
    if isinstance(value, dict):
        return _distribution(value, path, problems)
    if _typed(float, value) is None:
        problems.add(path, f"must be a number or {{dist: …}}, not {shown(value)}")
        return 0.0
    return float(value)


def read_width(value: Any, path: str, problems: Problems) -> None:
    """Check a width that projections refer to."""
    width = _typed(float, value)
    if width is None or width <= 0:
        problems.add(path, f"must be a number above 0, in sheet sides, not {shown(value)}")


def _distribution(node: dict[str, Any], path: str, problems: Problems) -> Any:
    known = list(DISTRIBUTIONS)
    dist = node.get("dist")
    if not isinstance(dist, str) or dist not in DISTRIBUTIONS:
        problems.add(f"{path}.dist", f"no distribution '{dist}'{nearest(str(dist), known)}")
        return 0.0
    wanted = DISTRIBUTIONS[dist]
    bounds = [name for name in ("low", "high") if dist in BOUNDED and name in node]
    before = len(problems.found)
    for key in node:
        if key not in (*wanted, *bounds, "dist", "stream"):
            known = [*wanted, *(("low", "high") if dist in BOUNDED else ()), "dist"]
            problems.add(f"{path}.{key}", f"unknown key{nearest(str(key), known)}")
    stream = node.get("stream")
    if stream is not None and not (isinstance(stream, str) and re.fullmatch(_NAME, stream)):
        problems.add(f"{path}.stream", f"must be a name, not {shown(stream)}")
    elif stream is not None and ".neuron." not in path:
        problems.add(f"{path}.stream", "only parameters of a neuron can share their numbers")
    numbers = {name: node.get(name) for name in (*wanted, *bounds)}
    for name, number in numbers.items():
        if _typed(float, number) is None:
            problems.add(f"{path}.{name}", f"must be a number, not {shown(number)}")
    if bounds and stream is not None:
        problems.add(f"{path}.stream", f"can't be given with {bounds[0]}: draws are repeated")
    if len(problems.found) > before:
        return 0.0
    values = [float(numbers[name]) for name in wanted]  # type: ignore[arg-type]
    limits: dict[str, Any] = {name: float(numbers[name]) for name in bounds}  # type: ignore[arg-type]
    found = Distribution(dist, *values, **limits)  # type: ignore[arg-type]
    return _checked(dataclasses.replace(found, stream=stream), path, problems)


def _checked(found: Distribution, path: str, problems: Problems) -> Distribution:
    """Return the distribution; its numbers must fit together."""
    dist, a, b = found.dist, found.a, found.b
    if dist == "uniform" and not a <= b:
        problems.add(f"{path}.high", f"must be at least low ({a:g})")
    if dist == "power" and not found.c > 0:
        problems.add(f"{path}.exponent", "must be above 0")
    if dist in ("normal", "lognormal") and (b < 0 or (dist == "lognormal" and a <= 0)):
        problems.add(f"{path}.std", "must not be negative (and a lognormal's mean must be above 0)")
    elif found.low > found.high:
        problems.add(f"{path}.high", f"must be at least low ({found.low:g})")
    elif found.bounded and found.inside < LEAST_INSIDE:
        problems.add(path, f"less than {LEAST_INSIDE:.0%} of the {dist} is {_range(found)}")
    return found


def _range(bounded: Distribution) -> str:
    """Return the bounds of a distribution in words."""
    if bounded.high == math.inf:
        return f"above {bounded.low:g}"
    if bounded.low == -math.inf:
        return f"below {bounded.high:g}"
    return f"from {bounded.low:g} to {bounded.high:g}"
