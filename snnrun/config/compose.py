"""Overrides and files become one plain, complete tree.

Hydra composes the groups. Values of the command line are put in afterwards, so that they
also reach parameters of a model chosen on the same line.
"""

import dataclasses
import functools
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from hydra.core.override_parser.types import Override
from omegaconf import DictConfig, OmegaConf

from snnrun.component import GROUPS
from snnrun.config import hydra_app
from snnrun.config.choose import apply_root_choices, apply_swaps, complete, leave_out, nearest
from snnrun.config.fields import short
from snnrun.config.messages import friendly, from_parser
from snnrun.config.reader import read
from snnrun.config.references import resolve
from snnrun.config.sources import reaches_hydra
from snnrun.config.sweep import axes_of
from snnrun.config.values import assignment, normal, put
from snnrun.config.writer import yaml_of
from snnrun.errors import ConfigError

_SWAPPED = "_swapped_"
_MOST_KEPT = 4096  # overrides of a sweep that are not parsed again
_PARTS = [*GROUPS, "network", "duration", "record", "engine", "experiment"]


@dataclasses.dataclass(frozen=True)
class Composed:
    """The complete tree, notes on it, and where each value came from; `raw`: with references.

    `axes`: path → values of a sweep, which are not in the tree: that is one run.
    """

    tree: dict[str, Any]
    notes: list[str]
    files: Callable[[], list[hydra_app.Loaded]]
    values: list[str]
    raw: dict[str, Any] = dataclasses.field(default_factory=dict)
    axes: dict[str, Any] = dataclasses.field(default_factory=dict)

    def origin(self, path: str) -> str:
        """Return the override or file that set a path, for messages."""
        for override in reversed(self.values):
            key = override.lstrip("+~").partition("=")[0]
            if path == key or path.startswith(f"{key}.") or key.startswith(f"{path}."):
                return f"override '{override}'"
        for file in reversed(self.files()):
            if _holds(file, path):
                return file.path
        return ""

    def located(self, path: str, text: str) -> str:
        """Return a problem with its place and what set it."""
        origin = self.origin(path) or self.origin(path.rpartition(".")[0])
        return f"{path}: {text}" + (f" ({short(origin, 200)})" if origin else "")

    @property
    def with_axes(self) -> dict[str, Any]:
        """The tree, and the axes where there are some."""
        return {**self.tree, "sweep": self.axes} if self.axes else self.tree

    @property
    def yaml(self) -> str:
        """The tree as YAML text."""
        return yaml_of(self.tree)

    @property
    def open_yaml(self) -> str:
        """The tree as YAML text in which values that refer to others still do."""
        return yaml_of(_referring(self.tree, self.raw))


def compose(overrides: list[str], config_dirs: list[Path], config: Path | None = None) -> Composed:
    """Compose from groups, the user's folders (first one wins) and overrides, or from a file."""
    return Composer(config_dirs, config).compose(overrides)


def adjusted(composed: Composed, overrides: list[str]) -> Composed:
    """Return a complete config with other values in it."""
    if not overrides:
        return composed
    with from_parser(overrides):
        values = hydra_app.parse(overrides)
    return dataclasses.replace(composed, tree=put(composed.tree, values), values=overrides, raw={})


def _referring(node: Any, raw: Any) -> Any:
    """Return a node with the references that stood there before they were replaced."""
    if isinstance(raw, str) and "${" in raw:
        return raw
    if isinstance(node, dict) and isinstance(raw, dict):
        return {key: _referring(value, raw.get(key)) for key, value in node.items()}
    if isinstance(node, list) and isinstance(raw, list):
        return [_referring(*pair) for pair in zip(node, raw, strict=True)]
    return node


class Composer:
    """Composes many configs; each choice of groups is composed by Hydra once."""

    def __init__(self, config_dirs: list[Path], config: Path | None = None) -> None:
        for folder in config_dirs:
            if not os.path.isdir(folder):
                raise ConfigError(f"--config-dir {folder}: there is no such folder")
        self._config_dirs, self._config = config_dirs, config
        with hydra_app.application(config_dirs) as app:
            self.app = app
        self._bases: dict[Any, tuple[dict[str, Any], list[str]]] = {}
        self._preset = functools.cache(functools.partial(_preset, app))
        self._read = functools.cache(functools.partial(_read, app))
        self._is_group = functools.lru_cache(_MOST_KEPT)(functools.partial(hydra_app.is_group, app))
        self._parse = functools.lru_cache(_MOST_KEPT)(hydra_app.parser())

    def compose(self, overrides: list[str], settings: Iterable[tuple[str, Any]] = ()) -> Composed:
        """Return the complete tree for some overrides, each with one value.

        `settings`: paths and values that are put in after them.
        """
        with from_parser(overrides):
            parsed = [self._parse(override) for override in overrides]
        parsed += [assignment(path, value) for path, value in settings]
        for override in parsed:
            _one_value_of_ours(override)
        choices, swaps, values = _sorted(self.app, self._is_group, parsed)
        if self._config is not None:
            others = [p for p in parsed if p not in values]
            return self._from_file(self._config, others, values)
        tree, notes = self._base(choices, swaps)
        raw, tree, axes = _put(tree, values)
        complete(tree, self._preset)
        files = functools.cache(functools.partial(self._files, choices))
        return Composed(tree, list(notes), files, [str(v.input_line) for v in values], raw, axes)

    def _base(self, choices: list[str], swaps: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
        """Return the tree before values are put in, and notes on it."""
        key = tuple(choices), tuple(swaps.items())
        if key not in self._bases:
            with hydra_app.application(self._config_dirs) as app, friendly(app):
                cfg = hydra_app.compose(app, choices)
            tree, notes = _assemble(cfg, swaps)
            notes += leave_out(tree, self._preset, hydra_app.options(app, "optimizer"))
            self._bases[key] = normal(tree), notes
        return self._bases[key]

    def _from_file(self, path: Path, choices: list[Override], values: list[Override]) -> Composed:
        """Return the complete config of a file; only values may be changed."""
        if choices:
            line = choices[0].input_line
            raise ConfigError(f"'{line}': with --config, only values can be changed")
        file, tree = self._read(path)
        lines = [str(v.input_line) for v in values]
        raw, tree, axes = _put(tree, values)
        return Composed(tree, [], lambda: [file], lines, raw, axes)

    def _files(self, choices: list[str]) -> list[hydra_app.Loaded]:
        with hydra_app.application(self._config_dirs) as app:  # only to explain a problem
            return hydra_app.files(app, choices)


def _one_value_of_ours(override: Override) -> None:
    """Complain about an override of Hydra itself, or of several values."""
    if reaches_hydra(override.get_key_element().lstrip("+~")):
        raise ConfigError(
            f"override '{override.input_line}': Hydra's own settings can't be changed here;"
            " --out names the folder of a run"
        )
    if override.is_sweep_override():
        raise ConfigError(
            f"override '{override.input_line}': several values need a sweep;"
            " give one, or quote a list as 'key=[a,b]'"
        )


def _sorted(
    app: Any, is_group: Callable[[str], bool], parsed: list[Override]
) -> tuple[list[str], dict[str, str], list[Override]]:
    """Part overrides into choices for Hydra, swaps (path → group), and values."""
    choices, swaps, values = [], {}, []
    for override in parsed:
        group, package, line = override.key_or_group, override.package, str(override.input_line)
        if not is_group(group) or (override.is_delete() and not package):
            if package:
                raise ConfigError(f"override '{line}': no such group{nearest(group, _PARTS)}")
            values.append(override)
        elif not override.is_delete() and not isinstance(
            override.value(), str if group in GROUPS else (str, list)
        ):
            known = nearest("", hydra_app.options(app, group))
            raise ConfigError(f"override '{line}': '{group}' needs the name of a preset{known}")
        elif package and not override.is_add() and not override.is_delete():
            swaps[package] = group
            choices.append(f"+{group}@{_SWAPPED}.{package}={override.get_value_element_as_str()}")
        else:
            choices.append(line)
    return choices, swaps, values


def _put(
    tree: dict[str, Any], values: list[Override]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return the tree with values, that without references, and the axes of a sweep in it."""
    of_axes = [v for v in values if v.key_or_group.partition(".")[0] == "sweep"]
    raw = put(tree, [v for v in values if v not in of_axes])
    raw = {**raw, "sweep": axes_of(raw.get("sweep"), of_axes)}
    resolved = resolve(raw)
    return raw, resolved, resolved.pop("sweep")


def _assemble(cfg: DictConfig, swaps: dict[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Apply choices to a composed config."""
    chosen = cfg.pop("hydra").runtime.choices
    new = OmegaConf.to_container(cfg.pop(_SWAPPED, OmegaConf.create({})), resolve=False)
    raw = OmegaConf.to_container(cfg, resolve=False)
    assert isinstance(raw, dict) and isinstance(new, dict)
    tree: dict[str, Any] = {str(k): v for k, v in raw.items()}
    notes = apply_root_choices(tree)
    notes += apply_swaps(tree, swaps, {str(k): v for k, v in new.items()})
    tree.pop("experiment", None)
    if tree.get("name") is None:
        tree["name"] = str(chosen.get("experiment") or chosen.get("network")).replace("/", "_")
    return tree, notes


def _read(app: Any, path: Path) -> tuple[hydra_app.Loaded, dict[str, Any]]:
    """Return a complete config, and its tree before values are put in."""
    _, content = read(path, f"--config {path}")
    if "hydra" in content:
        raise ConfigError(f"--config {path}: a 'hydra' node is not allowed; remove it")
    full = {**content, **_filled(app, content)}
    return hydra_app.Loaded("", str(path), content), normal(full)


def _filled(app: Any, content: dict[str, Any]) -> dict[str, Any]:
    """Return the nodes that say how, with defaults for what an older version did not know."""
    shipped = {
        "record": _preset(app, "record", "default"),
        "engine": _preset(app, "engine", "default"),
        "checkpoint": (_preset(app, ".", "config") or {}).get("checkpoint"),
    }
    return {node: _under(content.get(node, {}), known or {}) for node, known in shipped.items()}


def _under(given: Any, defaults: Any) -> Any:
    """Return given values, and defaults below them."""
    if not (isinstance(given, dict) and isinstance(defaults, dict)):
        return given
    below = {key: _under(given[key], defaults.get(key)) for key in given}
    return {**defaults, **below}


def _preset(app: Any, group: str, kind: str) -> dict[str, Any] | None:
    result = app.config_loader.repository.load_config(f"{group}/{kind}")
    if result is None:
        return None
    content = OmegaConf.to_container(result.config, resolve=False)
    return {str(k): v for k, v in content.items()} if isinstance(content, dict) else None


def _holds(file: hydra_app.Loaded, path: str) -> bool:
    """Whether a file sets a path, given the package its content goes to."""
    package = file.package.split(".") if file.package else []
    names = path.split(".")
    return names[: len(package)] == package and _has(file.content, names[len(package) :])


def _has(node: Any, names: list[str]) -> bool:
    """Whether something is at a path, of whose names a key may hold several."""
    if not names or not isinstance(node, dict):
        return not names
    heads = ((".".join(names[:i]), names[i:]) for i in range(1, len(names) + 1))
    return any(_has(node[head], rest) for head, rest in heads if head in node)
