"""The door to Hydra: all that is used of its internals.

One Hydra application object per composition, over the shipped folder and the user's folders.
`experiment=<system>/<name>` is found in `experiments/` through a config source of our own.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import hydra.version
from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.hydra import Hydra
from hydra._internal.sources_registry import SourcesRegistry
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from snnrun.config.paths import conf_dir, experiments_dir


class ExperimentSource(FileConfigSource):
    """The group `experiment`, read from a folder of another name."""

    @staticmethod
    def scheme() -> str:
        return "experiments"

    def _inside(self, path: str) -> str | None:
        head, _, rest = path.partition("/")
        return rest if head == "experiment" else None

    def load_config(self, config_path: str) -> Any:
        return super().load_config(self._inside(config_path) or "")

    def is_group(self, config_path: str) -> bool:
        inside = self._inside(config_path)
        return inside is not None and super().is_group(inside)

    def is_config(self, config_path: str) -> bool:
        inside = self._inside(config_path)
        return bool(inside) and super().is_config(str(inside))

    def list(self, config_path: str, results_filter: Any) -> list[str]:
        if config_path == "":
            return ["experiment"] if results_filter != ObjectType.CONFIG else []
        folder = Path(self.path) / (self._inside(config_path) or "")
        groups = [f.name for f in folder.iterdir() if f.is_dir()]
        presets = [f.stem for f in folder.glob("*.yaml")]
        wanted = {ObjectType.GROUP: groups, ObjectType.CONFIG: presets}
        return sorted(wanted.get(results_filter, groups + presets))


class Loaded(NamedTuple):
    """A file of the composition: where its content goes, who provided it, the content."""

    package: str
    provider: str
    path: str
    content: Any


@contextlib.contextmanager
def application(config_dirs: list[Path]) -> Iterator[Hydra]:
    """Return Hydra over the shipped configs with the user's folders in front."""
    hydra.version.setbase("1.3")
    if ExperimentSource.scheme() not in SourcesRegistry.instance().types:
        SourcesRegistry.instance().register(ExperimentSource)
    path = create_config_search_path(str(conf_dir()))
    path.prepend("snnrun", f"experiments://{experiments_dir()}")
    for folder in reversed(config_dirs):  # the first one wins
        path.prepend("user", f"file://{folder.resolve()}")
        if (folder / "experiments").is_dir():
            path.prepend("user", f"experiments://{(folder / 'experiments').resolve()}")
    GlobalHydra.instance().clear()
    try:
        yield Hydra.create_main_hydra2("snnrun", path)
    finally:
        GlobalHydra.instance().clear()


def parse(overrides: list[str]) -> list[Override]:
    """Parse overrides in Hydra's grammar."""
    return OverridesParser.create().parse_overrides(overrides)


def compose(app: Hydra, choices: list[str]) -> DictConfig:
    """Compose the root config with the given choices of groups."""
    config = app.compose_config("config", choices, RunMode.RUN, with_log_configuration=False)
    OmegaConf.set_struct(config, False)
    return config


def files(app: Hydra, choices: list[str]) -> list[Loaded]:
    """Return the files that a composition consists of, first to last."""
    found = app.config_loader.compute_defaults_list("config", choices, RunMode.RUN).defaults
    loaded = []
    for default in found:
        result = app.config_loader.repository.load_config(default.config_path)  # type: ignore[attr-defined]
        if result is not None and result.provider not in ("hydra", "schema"):
            content = OmegaConf.to_container(result.config, resolve=False)
            place = _place(result, default.config_path)
            loaded.append(Loaded(default.package or "", result.provider, str(place), content))
    return loaded


def is_group(app: Hydra, name: str) -> bool:
    """Return whether a config group of this name exists."""
    return bool(app.config_loader.repository.group_exists(name))  # type: ignore[attr-defined]


def options(app: Hydra, group: str) -> list[str]:
    """Return the presets of a group, and its sub-groups with a slash."""
    presets = app.config_loader.get_group_options(group)
    inner = [f"{name}/" for name in app.config_loader.list_groups(group)]
    return [*presets, *inner]


def source(app: Hydra, name: str) -> str:
    """Return the text of a preset's file, `<group>/<preset>`."""
    result = app.config_loader.repository.load_config(name)  # type: ignore[attr-defined]
    return _place(result, name).read_text(encoding="utf-8")


def _place(result: Any, name: str) -> Path:
    """Return the file a config came from."""
    scheme, _, folder = result.path.partition("://")
    inside = name.removeprefix("experiment/") if scheme == ExperimentSource.scheme() else name
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
