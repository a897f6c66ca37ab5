"""References between values: `${network.sigma.E}`, and nothing else that OmegaConf resolves.

A resolver such as `${oc.env:HOME}` would read what is not part of the configuration. Paths
start at the root, or with dots at the mapping that holds the reference.
"""

import re
from typing import Any

from snnrun.config.choose import nearest
from snnrun.errors import ConfigError

MOST_VALUES = 200_000
_LONGEST_CHAIN = 20
_LONGEST_WORD = 1000

_REFERENCE = re.compile(r"\$\{\s*(\.*[\w-]+(?:\.[\w-]+|\[\w+\])*)\s*\}")


def problem_of(text: str) -> str | None:
    """Return what is wrong with a word of a configuration, or None."""
    if "${" in _REFERENCE.sub("", text):
        shown = text if len(text) < 60 else f"{text[:60]}…"
        return f"only references such as ${{network.sigma.E}} are understood, not {shown!r}"
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        return f"is no UTF-8 text: {text[:60]!r}"
    return None


def resolve(tree: dict[str, Any]) -> dict[str, Any]:
    """Return the tree with every reference replaced by what it refers to."""
    found: dict[str, Any] = _Resolver(tree).value(tree, ())
    return found


class _Resolver:
    def __init__(self, tree: dict[str, Any]) -> None:
        self._tree = tree
        self._values = 0

    def value(self, node: Any, path: tuple[str, ...], chain: int = 0) -> Any:
        """Return a node with its references replaced; `chain`: references followed so far."""
        self._values += 1
        at = ".".join(path)
        if self._values > MOST_VALUES:
            raise ConfigError(f"{at}: references repeat more than {MOST_VALUES} values")
        if chain > _LONGEST_CHAIN:
            raise ConfigError(f"{at}: references lead in a circle, or on and on: {node!r:.60}")
        if isinstance(node, dict):
            return {k: self.value(v, (*path, k), chain) for k, v in node.items()}
        if isinstance(node, list):
            return [self.value(v, (*path, str(i)), chain) for i, v in enumerate(node)]
        if node == "???":
            raise ConfigError(f"{at}: missing; '???' stands for a value that must be given")
        return self._word(node, path, chain) if isinstance(node, str) and "${" in node else node

    def _word(self, text: str, path: tuple[str, ...], chain: int) -> Any:
        """Return what a word with references stands for: alone, one brings its own type."""
        alone = _REFERENCE.fullmatch(text)
        if alone:
            return self._target(alone[1], path, chain)
        parts = _REFERENCE.split(text)
        for i in range(1, len(parts), 2):
            part = self._target(parts[i], path, chain)
            if isinstance(part, dict | list):
                at = ".".join(path)
                raise ConfigError(
                    f"{at}: ${{{parts[i]}}} is no single value; it can't be in a word"
                )
            parts[i] = str(part)
            if len(parts[i]) > _LONGEST_WORD:
                raise ConfigError(f"{'.'.join(path)}: ${{{text}}} becomes too long"[:200])
        if problem_of(made := "".join(parts)):
            raise ConfigError(f"{'.'.join(path)}: {problem_of(made)}")
        return made

    def _target(self, reference: str, path: tuple[str, ...], chain: int) -> Any:
        """Return the value that a reference leads to."""
        words = re.findall(r"[\w-]+", reference)
        up = len(reference) - len(reference.lstrip("."))
        names = (*path[: max(len(path) - up, 0)], *words) if up else tuple(words)
        node: Any = self._tree
        for i, name in enumerate(names):
            if isinstance(node, str) and "${" in node:
                node = self.value(node, names[:i], chain + 1)
            if isinstance(node, list) and name.isdecimal() and int(name) < len(node):
                node = node[int(name)]
            elif isinstance(node, dict) and name in node:
                node = node[name]
            else:
                known = list(node) if isinstance(node, dict) else []
                at, missing = ".".join(path), ".".join(names[: i + 1])
                raise ConfigError(
                    f"{at}: ${{{reference}}}: there is no {missing}{nearest(name, known)}"
                )
        return self.value(node, names, chain + 1)
