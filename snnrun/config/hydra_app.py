"""The door to Hydra: all that is used of its internals.

One Hydra application object per composition, over the shipped folder and the user's folders.
"""

import contextlib
import functools
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import hydra.version
from hydra._internal.callbacks import Callbacks
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import CachingConfigRepository
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override, Quote, QuotedString, Sweep
from hydra.core.plugins import Plugins
from hydra.errors import OverrideParseException
from hydra.plugins.config_source import ConfigResult
from hydra.plugins.launcher import Launcher
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf

from snnrun.config.paths import conf_dir, experiments_dir
from snnrun.config.sources import register
from snnrun.errors import ConfigError

_MOST_LOADS = 2000  # of the shipped networks none needs 100
_OVERRIDE = re.compile(  # of any names that parts of a network may have
    r"(?P<sign>(?:\+\+?|~)?)(?P<group>(?:[\w/-]+@)?)(?P<path>[\w-]+(?:\.[\w-]+)*)(?P<value>(?:=.*)?)",
    re.DOTALL,
)
_HYDRA_NAME = r"(?:[a-zA-Z_][\w-]*|0|[1-9](?:_?\d)*)"
_HYDRA_PATH = re.compile(rf"{_HYDRA_NAME}(?:\.{_HYDRA_NAME})*", re.ASCII)


class Loaded(NamedTuple):
    """A file of the composition: where its content goes, its place, the content."""

    package: str
    path: str
    content: Any


class _Bounded(CachingConfigRepository):
    """Hands out files until there were too many: lists of defaults can multiply."""

    loads = 0

    def load_config(self, config_path: str) -> ConfigResult | None:
        if _leads_out(config_path):
            raise ConfigError(f"{config_path}: no such preset; it leads out of its folder")
        self.loads += 1
        if self.loads > _MOST_LOADS:
            raise ConfigError(f"{config_path}: the defaults include more than {_MOST_LOADS} files")
        return super().load_config(config_path)


class _Loader(ConfigLoaderImpl):
    """Hydra's loader over our folders only: `hydra.searchpath` adds none."""

    def _parse_overrides_and_create_caching_repo(
        self, config_name: str | None, overrides: list[str]
    ) -> tuple[list[Override], CachingConfigRepository]:
        return parse(overrides), _Bounded(self.repository)


@contextlib.contextmanager
def application(config_dirs: list[Path]) -> Iterator[Hydra]:
    """Return Hydra over the shipped configs with the user's folders in front."""
    hydra.version.setbase("1.3")
    register()
    with installed_code_only():
        Plugins.instance()
    path = create_config_search_path(f"folder://{conf_dir()}")
    path.prepend("snnrun", f"experiments://{experiments_dir()}")
    for folder in reversed(config_dirs):  # the first one wins
        path.prepend("user", f"folder://{folder.resolve()}")
        if (folder / "experiments").is_dir():
            path.prepend("user", f"experiments://{(folder / 'experiments').resolve()}")
    GlobalHydra.instance().clear()
    try:
        app = Hydra("snnrun", _Loader(path))
        GlobalHydra.instance().initialize(app)
        yield app
    finally:
        GlobalHydra.instance().clear()


@contextlib.contextmanager
def installed_code_only() -> Iterator[None]:
    """Hide the current folder from imports: a `hydra_plugins/` in it is not installed."""
    before, here = sys.path[:], os.path.realpath(".")
    sys.path[:] = [place for place in before if os.path.realpath(place or ".") != here]
    try:
        yield
    finally:
        sys.path[:] = before


def parse(overrides: list[str], app: Hydra | None = None) -> list[Override]:
    """Parse overrides in Hydra's grammar, for any names in their keys; `app`: what `glob` sees."""
    made = OverridesParser.create(app and _Options(app))  # type: ignore[arg-type]
    return [_parsed(made, override) for override in overrides]


def parser() -> Callable[[str], Override]:
    """Return what parses one override as `parse` does."""
    return functools.partial(_parsed, OverridesParser.create())


def _parsed(made: OverridesParser, line: str) -> Override:
    """Parse an override whose values, if several, are those of its key and not inside a value."""
    found = _of_any_name(made, line)
    value = found.value()
    if isinstance(value, list | dict) and _holds_sweep(value):
        raise ConfigError(
            f"override '{line}': range, choice, glob and interval can't be inside a list or a"
            " mapping; sweep the key of the value itself"
        )
    return found


def _holds_sweep(value: Any) -> bool:
    """Return whether several values are written somewhere in a value."""
    if isinstance(value, list | dict):
        return any(map(_holds_sweep, value.values() if isinstance(value, dict) else value))
    return isinstance(value, Sweep | Glob)


def _of_any_name(made: OverridesParser, line: str) -> Override:
    """Parse an override; without its key where Hydra knows no such names, as 23I."""
    match = _OVERRIDE.fullmatch(line)
    if match is None or _HYDRA_PATH.fullmatch(match["path"]):
        return made.parse_overrides([line])[0]
    other = f"{match['sign']}{match['group']}_{match['value']}"
    try:
        (found,) = made.parse_overrides([other])
    except OverrideParseException as error:
        text = str(error).replace(other, line)
        raise OverrideParseException(override=line, message=text) from error
    if match["group"]:
        found.package = match["path"]
    else:
        found.key_or_group = match["path"]
    found.input_line = line
    return found


class _Options:
    """Tells the parser what `glob` can match, also in folders inside a group."""

    def __init__(self, app: Hydra) -> None:
        self._loader = app.config_loader

    def get_group_options(self, group: str, results_filter: Any = None) -> list[str]:
        """Return the presets of a group, as they are chosen."""
        del results_filter
        found = list(self._loader.get_group_options(group))
        for inner in self._loader.list_groups(group):
            found += [f"{inner}/{name}" for name in self.get_group_options(f"{group}/{inner}")]
        return found


def compose(app: Hydra, choices: list[str]) -> DictConfig:
    """Compose the root config with the given choices of groups."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)  # it warns of defaults that it only guesses
        config = app.compose_config("config", choices, RunMode.RUN, with_log_configuration=False)
    OmegaConf.set_struct(config, False)
    return config


def compose_launcher(app: Hydra, choices: list[str]) -> DictConfig:
    """Compose the `hydra` node alone, for jobs of a launcher."""
    return app.config_loader.load_configuration(None, choices, RunMode.MULTIRUN)


def launcher(app: Hydra, config: DictConfig, task: Any) -> Launcher:
    """Return the launcher of a composed `hydra` node."""
    context = HydraContext(config_loader=app.config_loader, callbacks=Callbacks())
    return Plugins.instance().instantiate_launcher(context, task, config)


def quoted(text: str) -> str:
    """Return text as a value of an override."""
    return QuotedString(text, Quote.single).with_quotes()


def files(app: Hydra, choices: list[str]) -> list[Loaded]:
    """Return the files that a composition consists of, first to last."""
    found = app.config_loader.compute_defaults_list("config", choices, RunMode.RUN).defaults
    loaded = []
    for default in found:
        result = app.config_loader.repository.load_config(default.config_path)  # type: ignore[attr-defined]
        if result is not None and result.provider not in ("hydra", "schema"):
            content = OmegaConf.to_container(result.config, resolve=False)
            place = str(_place(result, default.config_path))
            loaded.append(Loaded(default.package or "", place, content))
    return loaded


def is_group(app: Hydra, name: str) -> bool:
    """Return whether a config group of this name exists."""
    exists = app.config_loader.repository.group_exists  # type: ignore[attr-defined]
    return 0 < len(name) < 256 and not _leads_out(name) and bool(exists(name))


def _leads_out(path: str) -> bool:
    """Return whether a path may lead out of a folder; Hydra's own source would follow it."""
    return ".." in PurePath(path).parts or PurePath(path).is_absolute()


def options(app: Hydra, group: str) -> list[str]:
    """Return the presets of a group, and its sub-groups with a slash."""
    presets = app.config_loader.get_group_options(group)
    inner = [f"{name}/" for name in app.config_loader.list_groups(group)]
    return [*presets, *inner]


def keys(app: Hydra, name: str) -> list[str]:
    """Return the settings in a preset, without what Hydra calls."""
    result = app.config_loader.repository.load_config(name)  # type: ignore[attr-defined]
    return [str(key) for key in result.config if key != "_target_"]


def source(app: Hydra, name: str) -> str:
    """Return the text of a preset's file, `<group>/<preset>`."""
    result = app.config_loader.repository.load_config(name)  # type: ignore[attr-defined]
    return _place(result, name).read_text(encoding="utf-8")


def _place(result: Any, name: str) -> Path:
    """Return the file a config came from."""
    scheme, _, folder = result.path.partition("://")
    inside = name.removeprefix("experiment/") if scheme == "experiments" else name
    return Path(folder) / f"{inside}.yaml"


def merged(app: Hydra, group: str, preset: str) -> dict[str, Any]:
    """Return a preset composed with its own defaults, by itself."""
    choice = f"+{group}@_shown_={preset}"
    if group.startswith("experiment"):
        return {}
    try:
        cfg = compose(app, [choice])
    except Exception:  # a preset that only makes sense inside a whole config
        return {}
    content = OmegaConf.to_container(cfg.get("_shown_") or OmegaConf.create({}), resolve=False)
    return {str(k): v for k, v in content.items()} if isinstance(content, dict) else {}
