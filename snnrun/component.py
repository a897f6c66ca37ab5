"""Parts of an experiment: a kind is a module, its parameters are a dataclass.

`find("neuron", "eif")` returns the one component that `snnrun/neuron/eif.py` defines.
Parameter fields carry unit, meaning and range; their numbers live in `conf/` only.
"""

import dataclasses
import functools
import importlib
import pkgutil
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform

T = TypeVar("T")

GROUPS = ("neuron", "synapse", "connect", "drive", "statistics", "optimizer", "objective")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameter:
    """What is known of a parameter besides its value.

    `in_steps`, of a time that is counted in steps of dt: it must be `whole` steps, or acts at the
    nearest one (`rounded`; `even`: at the next even one).
    `how`: whether it only says how to compute, so that no result depends on it; or those of its
    choices among which none does.
    """

    unit: str
    doc: str
    above: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    in_steps: str = ""
    how: bool | tuple[str, ...] = False

    def problem(self, value: Any) -> str | None:
        """Return what is wrong with a number or choice, or None."""
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(self.choices)}"
        if self.above is not None and not value > self.above:
            return f"must be above {self.above:g}"
        if self.at_least is not None and not value >= self.at_least:
            return f"must be at least {self.at_least:g}"
        if self.at_most is not None and not value <= self.at_most:
            return f"must be at most {self.at_most:g}"
        return None


def param(unit: str, doc: str, **limits: Any) -> Any:
    """Declare a parameter: unit, meaning, and what else `Parameter` holds."""
    metadata = {"parameter": Parameter(unit=unit, doc=doc, **limits)}
    if limits.get("optional"):
        return dataclasses.field(default=None, metadata=metadata)
    return dataclasses.field(metadata=metadata)


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(param,))
def component(cls: type[T]) -> type[T]:
    """Make a frozen, keyword-only dataclass whose kind is the name of its module."""
    made = dataclasses.dataclass(frozen=True, kw_only=True)(cls)
    made.kind = cls.__module__.rsplit(".", 1)[-1]  # type: ignore[attr-defined]
    return made


class Component:
    """Base of all kinds."""

    kind: ClassVar[str]

    @classmethod
    def parameters(cls) -> dict[str, Parameter]:
        """Return the parameters by name."""
        return {f.name: f.metadata["parameter"] for f in dataclasses.fields(cls)}  # type: ignore[arg-type]

    @classmethod
    def inherited(cls, old: dict[str, Any]) -> dict[str, Any]:
        """Return parameters that follow from those of another kind whose place this one takes."""
        del old
        return {}

    def replace(self, **values: Any) -> Self:
        """Return a copy with other values."""
        return dataclasses.replace(self, **values)  # type: ignore[type-var]

    def check(self, dt: float) -> list[str]:
        """Return what is wrong with this combination of values, as `name: problem`."""
        del dt
        return []


def names(group: str) -> list[str]:
    """Return the kinds of a group, sorted."""
    package = importlib.import_module(f"snnrun.{group}")
    return sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name[0] != "_")


@functools.cache  # of what is found; a kind that is missing is looked for again
def find(group: str, kind: str) -> type[Any]:
    """Return the component class of `snnrun/<group>/<kind>.py`; KeyError if there is none."""
    if kind not in names(group):
        raise KeyError(kind)
    module = importlib.import_module(f"snnrun.{group}.{kind}")
    (found,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and value.__module__ == module.__name__
        and dataclasses.is_dataclass(value)
        and issubclass(value, Component)
    )
    return found
