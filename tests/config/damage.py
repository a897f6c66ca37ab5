"""Ways to damage a configuration: its tree, or its YAML text. Every draw comes from `rng`.

A damaged tree or text may still be valid; `echo` says what a built experiment took from it.
"""

import copy
import dataclasses
import random
from collections.abc import Callable, Iterator
from typing import Any

from snnrun.distribution import DISTRIBUTIONS, Distribution

Path = tuple[str, ...]
WORDS = ["", "x", "E", "true", "none", "lif", "5", "~", "all", "é", "a b", "null"]
UNITS = ["5 ms", "10ms", "1e3 Hz", "0,5", "1/2", "5%", "0x", "--5", "1.2.3", "1e", "five", "+-1"]
NAMES = ["../../x", "/etc/passwd", "a/b", ".", "..", "a\0b", "x" * 300, "\x1b[2J", "a b", "all"]
EXTREMES = [0, -1, -0.5, 1e300, -1e300, 1e-300, 2**31, 2**63, -(2**63), 10**400, 1e18]
LOOSE = ["${oc.env:HOME}", "${no.such}", "${", "${name}${name}", "${.x}", "${network}", "???"]
NONE: list[Any] = [None, {}, [], ""]


def paths(node: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the path of every node inside a mapping."""
    for key, value in node.items() if isinstance(node, dict) else ():
        yield (*at, key)
        yield from paths(value, (*at, key))


def get(tree: Any, path: Path) -> Any:
    """Return the node at a path."""
    for key in path:
        tree = tree[key]
    return tree


def put(tree: Any, path: Path, value: Any) -> None:
    """Set the node at a path."""
    get(tree, path[:-1])[path[-1]] = value


def pick(rng: random.Random, tree: Any, wanted: Callable[[Any], bool] = lambda _: True) -> Path:
    """Return the path of some node."""
    return rng.choice([p for p in paths(tree) if wanted(get(tree, p))])


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_map(value: Any) -> bool:
    return isinstance(value, dict) and bool(value)


def rename(tree: Any, path: Path, name: str) -> None:
    """Give a node another key, in its place."""
    parent = get(tree, path[:-1])
    entries = [(name if key == path[-1] else key, value) for key, value in parent.items()]
    parent.clear()
    parent.update(entries)


def misspelled(rng: random.Random, word: str) -> str:
    at = rng.randrange(len(word))
    return rng.choice([word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:], word.upper()])


# Of trees


def wrong_type(rng: random.Random, tree: Any) -> None:
    put(tree, pick(rng, tree), rng.choice([True, 3, 0.5, "word", [1, 2], {"a": 1}, [[]], [None]]))


def unknown_key(rng: random.Random, tree: Any) -> None:
    put(tree, (*pick(rng, tree, is_map), rng.choice(["sizes", "tau", "_x", "kinds", "p_"])), 1)


def missing_key(rng: random.Random, tree: Any) -> None:
    path = pick(rng, tree)
    del get(tree, path[:-1])[path[-1]]


def misspelled_key(rng: random.Random, tree: Any) -> None:
    path = pick(rng, tree)
    rename(tree, path, misspelled(rng, path[-1]))


def out_of_range(rng: random.Random, tree: Any) -> None:
    put(tree, pick(rng, tree, is_number), rng.choice(EXTREMES))


def not_finite(rng: random.Random, tree: Any) -> None:
    put(tree, pick(rng, tree, is_number), float(rng.choice(["nan", "inf", "-inf"])))


def wrong_unit(rng: random.Random, tree: Any) -> None:
    put(tree, pick(rng, tree, is_number), rng.choice(UNITS))


def wrong_word(rng: random.Random, tree: Any) -> None:
    """References between parts, kinds, choices."""
    path = pick(rng, tree, lambda value: isinstance(value, str))
    put(tree, path, rng.choice([*WORDS, misspelled(rng, get(tree, path) or "x")]))


def emptied(rng: random.Random, tree: Any) -> None:
    put(tree, pick(rng, tree, is_map), rng.choice(NONE))


def list_for_map(rng: random.Random, tree: Any) -> None:
    path = pick(rng, tree, is_map)
    node = get(tree, path)
    put(tree, path, rng.choice([list(node), [node], list(node.values()), [*node.items()]]))


def swapped(rng: random.Random, tree: Any) -> None:
    one, other = pick(rng, tree), pick(rng, tree)
    while one == other[: len(one)] or other == one[: len(other)]:
        one, other = pick(rng, tree), pick(rng, tree)
    first, second = get(tree, one), get(tree, other)
    put(tree, one, second)
    put(tree, other, first)


def moved(rng: random.Random, tree: Any) -> None:
    """A node lands in another mapping."""
    path = pick(rng, tree)
    node = get(tree, path[:-1]).pop(path[-1])
    put(tree, (*pick(rng, tree, is_map), path[-1]), node)


def bad_name(rng: random.Random, tree: Any) -> None:
    named = ("populations", "synapses", "projections", "drive", "statistics")
    found = [p for p in paths(tree) if len(p) > 1 and p[-2] in named and p[0] != "record"]
    rename(tree, rng.choice(found), rng.choice(NAMES))


def loose_reference(rng: random.Random, tree: Any) -> None:
    put(tree, pick(rng, tree), rng.choice(LOOSE))


# Of texts


def flipped(rng: random.Random, text: str) -> bytes:
    content = bytearray(text.encode())
    for _ in range(rng.randint(1, 3)):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(content)


def truncated(rng: random.Random, text: str) -> str:
    return text[: rng.randrange(1, len(text))]


def a_line(rng: random.Random, lines: list[str]) -> int:
    return rng.choice([i for i, line in enumerate(lines) if ":" in line])


def doubled_line(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    at = a_line(rng, lines)
    return "\n".join([*lines[: at + 1], lines[at], *lines[at + 1 :]])


def lost_line(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    del lines[a_line(rng, lines)]
    return "\n".join(lines)


def shifted(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    at = a_line(rng, lines)
    lines[at] = rng.choice([" ", "\t", "   ", "- ", "? ", ": "]) + lines[at]
    return "\n".join(lines)


def tagged(rng: random.Random, text: str) -> str:
    lines = text.split("\n")
    at = a_line(rng, lines)
    key, _, value = lines[at].partition(":")
    what = ["!!python/object/apply:os.system", "!!binary", "*x", "&x", "!!int", "!x", "@", "%", "|"]
    lines[at] = f"{key}: {rng.choice(what)} {value}"
    return "\n".join(lines)


def shuffled(rng: random.Random, text: str) -> str:
    a, b, c = sorted(rng.sample(range(len(text)), 3))
    return text[:a] + text[b:c] + text[a:b] + text[c:]


def foreign(rng: random.Random, text: str) -> bytes:
    """Another encoding, or bytes that are no text."""
    changed = [
        text.encode("utf-16"),
        text.encode().replace(b"\n", b"\0\n"),
        b"\xff" + text.encode(),
    ]
    changed += [text.replace("e", "é").encode("latin-1"), rng.randbytes(300), b"\x1f\x8b" * 30]
    return rng.choice(changed)


TREES: dict[str, Callable[[random.Random, Any], None]] = {
    f.__name__: f
    for f in (
        *(wrong_type, unknown_key, missing_key, misspelled_key, out_of_range, not_finite),
        *(wrong_unit, wrong_word, emptied, list_for_map, swapped, moved, bad_name),
        loose_reference,
    )
}
TEXTS: dict[str, Callable[[random.Random, str], str | bytes]] = {
    f.__name__: f
    for f in (flipped, truncated, doubled_line, lost_line, shifted, tagged, shuffled, foreign)
}


def damaged(rng: random.Random, tree: Any, kind: str) -> Any:
    """Return a damaged copy of a tree."""
    changed = copy.deepcopy(tree)
    TREES[kind](rng, changed)
    return changed


# What was taken from a tree


def echo(experiment: Any) -> dict[str, Any]:
    """Return every value of a built experiment by its path in the tree."""
    return dict(_flat(experiment, ""))


def values(tree: Any) -> dict[str, Any]:
    """Return every value of a tree by its path; null and empty say nothing."""
    return {path: value for path, value in _flat(tree, "") if value is not None}


def _flat(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, Distribution):
        names = DISTRIBUTIONS[node.dist]
        numbers = dict(zip(names, (node.a, node.b, node.c), strict=False))
        node = {"dist": node.dist, **numbers, "stream": node.stream}
    if dataclasses.is_dataclass(node):
        fields = {f.name: getattr(node, f.name) for f in dataclasses.fields(node)}
        node = fields | ({"kind": node.kind} if hasattr(node, "kind") else {})
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _flat(value, f"{path}.{key}".replace(".drives.", ".drive."))
    elif isinstance(node, list | tuple):
        yield path, tuple(node)
    else:
        yield path, node
