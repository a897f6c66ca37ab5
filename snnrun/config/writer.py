"""A plain tree becomes YAML text, the same with and without libyaml."""

import re
from typing import Any

import yaml

_LIBYAML = getattr(yaml, "CSafeDumper", None)  # yaml may have been built without it
_SIMPLE = re.compile(r"[!-~]{1,80}")  # neither folded nor escaped, and no long key


def yaml_of(tree: dict[str, Any]) -> str:
    """Return the tree as YAML text; by libyaml, if its text is known to be the same."""
    dumper = _LIBYAML if _LIBYAML is not None and _simple(tree) else yaml.SafeDumper
    text: str = yaml.dump(tree, Dumper=dumper, sort_keys=False, allow_unicode=True, width=100)
    return text


def _simple(node: Any) -> bool:
    """Return whether a tree holds no word that Python's emitter may write in another way."""
    if isinstance(node, str):
        return _SIMPLE.fullmatch(node) is not None
    if isinstance(node, dict):
        return all(_simple(key) and _simple(value) for key, value in node.items())
    if isinstance(node, list):
        return all(map(_simple, node))
    return node is None or isinstance(node, int | float)
