"""YAML that nobody has looked at becomes plain mappings, lists, words and numbers.

Nothing is run, no other file is read, and what is read has bounds: on bytes, on values (each
counted as often as aliases repeat it) and on depth.
"""

import functools
import re
import stat
from pathlib import Path
from typing import Any

import yaml
from omegaconf._utils import get_yaml_loader

from snnrun.config.references import problem_of
from snnrun.errors import ConfigError, FileError

MOST_BYTES = 2**20
MOST_VALUES = 200_000
DEEPEST = 40

_PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str")}
_NESTED = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}
_MERGE, _WORD = "tag:yaml.org,2002:merge", "tag:yaml.org,2002:str"
_UNDERSTOOD = _PLAIN | _NESTED
_NUMBERS = {f"tag:yaml.org,2002:{kind}" for kind in ("int", "float")}
_OTHER_BASE = re.compile(r"[-+]?(0[\d_]|0b|[\d_]+:)")  # 0100 would be 64, 1:40 would be 100


def read(path: Path, where: str = "") -> tuple[str, dict[str, Any]]:
    """Return the text of a configuration file and its mapping; references are not resolved.

    `where`: how messages call the file.
    """
    where = where or str(path)
    text = _text(path, where)
    return text, parsed(text, where)


def parsed(text: str, where: str) -> dict[str, Any]:
    """Return the mapping in a text of YAML."""
    try:
        made = loader()(text)
        node = made.get_single_node()
        _Nodes(where).check(node)
        content = {} if node is None else made.construct_document(node)
    except yaml.YAMLError as error:
        raise ConfigError(_mistake(where, error)) from error
    except RecursionError:
        raise ConfigError(f"{where}: is nested too deeply") from None
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise ConfigError(f"{where}: YAML: {str(error).partition(';')[0]}") from error
    if content is None:
        content = {}
    if not isinstance(content, dict):
        kind = "a list" if isinstance(content, list) else "a single value"
        raise ConfigError(f"{where}: must hold a mapping, not {kind}")
    found: list[str] = []
    content = plain(content, "", found)
    if found:
        raise ConfigError(*(f"{where}: {problem}" for problem in found))
    return content


def plain(node: Any, path: str, problems: list[str]) -> Any:
    """Return a copy whose keys are all words; note what no configuration may hold."""
    if path.count(".") > DEEPEST:
        problems.append(f"{path[:60]}…: is nested more than {DEEPEST} deep")
        return None
    if isinstance(node, dict):
        for key in node:
            if key == "_target_":
                place = f" (in {path})" if path else ""
                problems.append(f"a '_target_' is not allowed; use 'kind'{place}")
            elif isinstance(key, bool) or not isinstance(key, str | int):
                problems.append(f"{path or 'root'}: the key {key!r} is no word; quote it")
        inside = f"{path}." if path else ""
        return {str(k): plain(v, f"{inside}{k}", problems) for k, v in node.items()}
    if isinstance(node, list):
        return [plain(value, f"{path}.{i}", problems) for i, value in enumerate(node)]
    wrong = problem_of(node) if isinstance(node, str) else None
    if wrong:
        problems.append(f"{path}: {wrong}")
    return node


def _text(path: Path, where: str) -> str:
    """Return the text of a regular file of bounded size."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise FileError(f"{where}: can't be read: it is no regular file")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"{where}: there is no such file") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileError(f"{where}: can't be read: {reason}") from error
    if len(content) > MOST_BYTES:
        raise FileError(f"{where}: can't be read: it is above {MOST_BYTES >> 20} MiB")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileError(f"{where}, line {line}: can't be read: it is no UTF-8 text") from error


@functools.cache
def loader() -> Any:
    """Return OmegaConf's loader, a safe one: 1e3 is a number, dates are words."""
    return get_yaml_loader()


def _mistake(where: str, error: yaml.YAMLError) -> str:
    """Say file, line and column of a YAML mistake."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    if str(problem).startswith("but "):
        problem = f"{getattr(error, 'context', '')}, {problem}"
    if mark is None:
        return f"{where}: YAML: {' '.join(str(problem).split())}"
    return f"{where}, line {mark.line + 1}, column {mark.column + 1}: YAML: {problem}"


class _Nodes:
    """Checks of YAML nodes before anything is made of them."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._measured: dict[int, tuple[int, int]] = {}  # node → values and depth, aliases expanded
        self._open: set[int] = set()

    def check(self, node: yaml.Node | None) -> None:
        """Refuse foreign tags, keys given twice, circles and what would grow too large."""
        if node is not None:
            self._measure(node)

    def _measure(self, node: yaml.Node) -> tuple[int, int]:
        if id(node) in self._open:
            raise self._wrong(node, "an alias leads in a circle")
        if id(node) not in self._measured:
            self._open.add(id(node))
            if node.tag not in _UNDERSTOOD:
                tag = node.tag.replace("tag:yaml.org,2002:", "!!")
                raise self._wrong(node, f"the tag {tag} is not allowed; write plain values")
            if node.tag in _NUMBERS and _OTHER_BASE.match(node.value):
                raise self._wrong(
                    node,
                    f"{node.value[:60]} can be taken for another number (a leading zero means base"
                    " 8, a colon base 60); write a decimal number, or quote a word",
                )
            inside = [self._measure(child) for child in self._children(node)]
            values = 1 + sum(n for n, _ in inside)
            depth = 1 + max((d for _, d in inside), default=0)
            if values > MOST_VALUES:
                raise self._wrong(node, f"holds more than {MOST_VALUES} values, aliases expanded")
            if depth > DEEPEST:
                raise self._wrong(node, f"is nested more than {DEEPEST} deep")
            self._open.discard(id(node))
            self._measured[id(node)] = values, depth
        return self._measured[id(node)]

    def _children(self, node: yaml.Node) -> list[yaml.Node]:
        if isinstance(node, yaml.MappingNode):
            self._keys(node)
            return [value for _, value in node.value]
        return node.value if isinstance(node, yaml.SequenceNode) else []

    def _keys(self, node: yaml.MappingNode) -> None:
        """Keys are words or whole numbers, each of them once."""
        seen = set()
        for key, _ in node.value:
            whole = bool(re.fullmatch(r"0|[1-9]\d{0,17}", str(key.value)))
            if key.tag not in (_WORD, _MERGE) and not (key.tag in _PLAIN and whole):
                raise self._wrong(key, "a key must be a word; quote it")
            if key.value in seen:
                raise self._wrong(key, f"duplicate key {key.value}")
            seen.add(key.value)

    def _wrong(self, node: yaml.Node, text: str) -> ConfigError:
        mark = node.start_mark
        return ConfigError(
            f"{self._where}, line {mark.line + 1}, column {mark.column + 1}: YAML: {text}"
        )
