"""Where configurations come from: folders, read by our own reader and never left.

`experiment=<system>/<name>` is found in `experiments/`.
"""

import os
import re
from pathlib import Path, PurePath
from typing import Any

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.object_type import ObjectType
from hydra.plugins.config_source import ConfigResult
from omegaconf import OmegaConf

from snnrun.config.reader import read
from snnrun.errors import ConfigError

_HEADER = re.compile(r"^[ \t]*#[ \t]*@package[ \t]+\S+[ \t]*$", re.M)


class FolderSource(FileConfigSource):
    """The groups of a folder; a user's files may not reach Hydra itself or other folders."""

    @staticmethod
    def scheme() -> str:
        return "folder"

    def file(self, config_path: str) -> Path:
        """Return the file of a config."""
        return Path(self.path) / f"{self._inside(config_path)}.yaml"

    def _inside(self, path: str) -> str | None:
        """Return the path in the folder; None if it leads elsewhere."""
        parts = PurePath(path).parts
        return None if ".." in parts or PurePath(path).is_absolute() else path

    def load_config(self, config_path: str) -> ConfigResult:
        file = self.file(config_path)
        if not file.resolve().is_relative_to(Path(self.path).resolve()) and self.provider == "user":
            raise ConfigError(f"{file}: is a link that leads out of its folder; copy the file")
        text, content = read(file)
        header = _header(file, text)
        if self.provider == "user":
            _check_reach(file, config_path, header["package"] or "", content)
        made = OmegaConf.create(content)
        return ConfigResult(self.provider, f"{self.scheme()}://{self.path}", made, header)

    def is_group(self, config_path: str) -> bool:
        inside = self._inside(config_path)
        return inside is not None and os.path.isdir(os.path.join(self.path, inside))

    def is_config(self, config_path: str) -> bool:
        return bool(self._inside(config_path)) and self.file(config_path).is_file()

    def list(self, config_path: str, results_filter: Any) -> list[str]:
        folder = Path(self.path) / (self._inside(config_path) or "")
        entries = [f for f in folder.iterdir() if f.name[0] not in "._"]
        groups = [f.name for f in entries if f.is_dir()]
        presets = [f.stem for f in entries if f.suffix == ".yaml" and f.is_file()]
        wanted = {ObjectType.GROUP: groups, ObjectType.CONFIG: presets}
        return sorted(wanted.get(results_filter, groups + presets))


class ExperimentSource(FolderSource):
    """The group `experiment`, read from a folder of another name."""

    @staticmethod
    def scheme() -> str:
        return "experiments"

    def _inside(self, path: str) -> str | None:
        head, _, rest = path.partition("/")
        return super()._inside(rest) if head == "experiment" else None

    def list(self, config_path: str, results_filter: Any) -> list[str]:
        if config_path == "":
            return ["experiment"] if results_filter != ObjectType.CONFIG else []
        return super().list(config_path, results_filter)


def register() -> None:
    """Make the sources known to Hydra."""
    for source in (FolderSource, ExperimentSource):
        if source.scheme() not in SourcesRegistry.instance().types:
            SourcesRegistry.instance().register(source)


def _header(file: Path, text: str) -> dict[str, str | None]:
    """Return what the lines before the first value say, such as `# @package _global_`."""
    try:
        header: dict[str, str | None] = FolderSource._get_header_dict(text)
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error
    if header["package"] is None and _HEADER.search(text):
        raise ConfigError(f"{file}: '# @package' only counts in the first line; move it there")
    return header


def _check_reach(file: Path, config_path: str, package: str, content: dict[str, Any]) -> None:
    """Refuse what would change Hydra itself."""
    names = [config_path.split("/")[0], *package.split(".")[:2], *content]
    if "hydra" in names:
        raise ConfigError(f"{file}: a 'hydra' node is not allowed; remove it")
    defaults = content.get("defaults")
    for entry in defaults if isinstance(defaults, list) else ():
        if not isinstance(entry, dict | str) or len(entry) < 1:
            raise ConfigError(f"{file}: defaults: {entry!r} is no preset; write 'group: preset'")
        for key in entry if isinstance(entry, dict) else (entry,):
            if reaches_hydra(key.split(" ")[-1]):
                raise ConfigError(f"{file}: defaults: '{key}' would change Hydra itself; remove it")


def reaches_hydra(key: str) -> bool:
    """Return whether `group@package` or a path is one of Hydra's own."""
    group, _, package = key.partition("@")
    heads = [re.split(r"[/.]", group.lstrip("/"))[0], *package.split(":")[-1].split(".")[:2]]
    return "hydra" in heads
