"""A plain tree becomes YAML text, the same with and without libyaml."""

import functools
import re
from typing import Any

import yaml

from snnrun.config.reader import loader

_LIBYAML = getattr(yaml, "CSafeDumper", None)  # yaml may have been built without it
_SIMPLE = re.compile(r"[!-~]{1,80}")  # neither folded nor escaped, and no long key


def yaml_of(tree: dict[str, Any], width: int = 100) -> str:
    """Return the tree as YAML text that `reader` reads as the same tree.

    By libyaml, if its text is known to be the same as Python's.
    """
    base = _LIBYAML if _LIBYAML is not None and _simple(tree) else yaml.SafeDumper
    text: str = yaml.dump(
        tree, Dumper=_dumper(base), sort_keys=False, allow_unicode=True, width=width
    )
    return text


@functools.cache
def _dumper(base: Any) -> Any:
    """Return a dumper that also quotes words which only our reader takes for numbers: 1e3."""

    class Dumper(base):  # type: ignore[misc]
        """Quotes what either reader would not take for a word."""

    usual, ours = base.yaml_implicit_resolvers, loader().yaml_implicit_resolvers
    Dumper.yaml_implicit_resolvers = {
        first: [*usual.get(first, []), *(x for x in ours.get(first, []) if x not in usual[first])]
        for first in usual
    }
    return Dumper


def _simple(node: Any) -> bool:
    """Return whether a tree holds no word that Python's emitter may write in another way."""
    if isinstance(node, str):
        return _SIMPLE.fullmatch(node) is not None
    if isinstance(node, dict):
        return all(_simple(key) and _simple(value) for key, value in node.items())
    if isinstance(node, list):
        return all(map(_simple, node))
    return node is None or isinstance(node, int | float)
