"""Values of the command line are put into a plain tree.

`put_with_omegaconf` says what is meant: OmegaConf's own update. `put` does the same to plain
dictionaries where nothing unusual is met (a reference or a list on the way, a quoted or empty
word in the key, merging unlike things), and leaves everything else to OmegaConf.
"""

import json
import re
from typing import Any

from hydra.core.override_parser.types import (
    Override,
    OverrideType,
    Quote,
    QuotedString,
    ValueType,
)
from omegaconf import OmegaConf

from snnrun.config.reader import plain
from snnrun.errors import ConfigError

_KEY = re.compile(r"[\w-]+(\.[\w-]+)*")


class _UnusualError(Exception):
    """Something that OmegaConf alone decides."""


def assignment(path: str, value: Any) -> Override:
    """Return the override that sets a path to a number, truth value, text, nothing, or a list.

    Its `input_line` is how it is written; that is not parsed, which takes a millisecond.
    """
    line = f"{path}={_written(value)}"
    return Override(OverrideType.CHANGE, path, ValueType.ELEMENT, value, input_line=line)


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_written, value))}]"
    is_text = isinstance(value, str)
    return QuotedString(value, Quote.single).with_quotes() if is_text else json.dumps(value)


def normal(tree: dict[str, Any]) -> dict[str, Any]:
    """Return the tree as OmegaConf gives it back; its errors for what it can't hold."""
    return _container(OmegaConf.create(tree))


def put(tree: dict[str, Any], values: list[Override]) -> dict[str, Any]:
    """Return a tree with values put in or deleted; parts are shared with the given one.

    `tree` is as `normal` returns it. ConfigError for what can't be put in.
    """
    put_in = tree
    try:
        for override in values:
            put_in = _put_one(put_in, override)
    except _UnusualError:
        return put_with_omegaconf(tree, values)
    return put_in


def put_with_omegaconf(tree: dict[str, Any], values: list[Override]) -> dict[str, Any]:
    """Return a copy of the tree with values put in or deleted by OmegaConf."""
    cfg: Any = OmegaConf.create(tree)
    for override in values:
        key = override.key_or_group
        try:
            if override.is_delete():
                parent, _, last = key.rpartition(".")
                (OmegaConf.select(cfg, parent) if parent else cfg).pop(last)
            else:
                value = _plain(override)
                OmegaConf.update(cfg, key, value, merge=not is_whole(value), force_add=True)
        except ConfigError:
            raise
        except Exception as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f"override '{override.input_line}': {reason}") from error
    return _container(cfg)


def _container(cfg: Any) -> dict[str, Any]:
    tree = OmegaConf.to_container(cfg, resolve=False)
    assert isinstance(tree, dict)
    return {str(k): v for k, v in tree.items()}


def is_whole(value: Any) -> bool:
    """Return whether a value takes the place of a node; other mappings are merged into it."""
    return isinstance(value, dict) and not {"kind", "dist"}.isdisjoint(value)


def _plain(override: Override) -> Any:
    """Return the value of an override, which must be plain too."""
    problems: list[str] = []
    value = plain(override.value(), override.key_or_group, problems)
    if problems:
        raise ConfigError(
            *(f"{problem} (override '{override.input_line}')" for problem in problems)
        )
    return value


def _put_one(tree: dict[str, Any], override: Override) -> dict[str, Any]:
    """Return a tree with one value put in or deleted."""
    key = override.key_or_group
    if not _KEY.fullmatch(key):
        raise _UnusualError
    if override.is_delete():
        return _without(tree, key.split("."))
    value = _plain(override)
    _check_usual(value)
    return _with(tree, key.split("."), value, merge=not is_whole(value))


def _with(node: dict[str, Any], names: list[str], value: Any, merge: bool) -> dict[str, Any]:
    """Return the node with a value below it; a number or null on the way becomes a mapping."""
    name, *below = names
    old = node.get(name)
    if below:
        if isinstance(old, list) or _special(old):
            raise _UnusualError
        inside = old if isinstance(old, dict) else {}
        return {**node, name: _with(inside, below, value, merge)}
    return {**node, name: _merged(old, value) if merge else value}


def _without(node: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Return the node without what lies below it."""
    name, *below = names
    if name not in node or _special(node[name]):
        raise _UnusualError
    if not below:
        return {key: old for key, old in node.items() if key != name}
    if not isinstance(node[name], dict):
        raise _UnusualError
    return {**node, name: _without(node[name], below)}


def _merged(old: Any, new: Any) -> Any:
    """Return what a new value makes of an old one: mappings are merged, all else replaced."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        if {type(old), type(new)} == {dict, list}:
            raise _UnusualError
        return new
    merged = dict(old)
    for key, value in new.items():
        if _special(merged.get(key)):
            raise _UnusualError
        merged[key] = _merged(merged.get(key), value)
    return merged


def _check_usual(value: Any) -> None:
    """Leave to OmegaConf what is neither a mapping, a list, a number, a word nor null."""
    if isinstance(value, dict):
        for inside in value.values():
            _check_usual(inside)
    elif isinstance(value, list):
        for inside in value:
            _check_usual(inside)
    elif _special(value) or not (value is None or isinstance(value, bool | int | float | str)):
        raise _UnusualError


def _special(value: Any) -> bool:
    """Return whether a word has a meaning of its own: a reference, or a missing value."""
    return isinstance(value, str) and ("${" in value or value == "???")
