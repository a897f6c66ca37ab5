"""Hydra's and YAML's errors in one short message each."""

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from snnrun.config.choose import nearest
from snnrun.errors import ConfigError


@contextlib.contextmanager
def from_parser(overrides: list[str]) -> Iterator[None]:
    """Turn a parser error into one that shows the override."""
    try:
        yield
    except OverrideParseException as error:
        reason = str(error).splitlines()[0]
        raise ConfigError(
            f"override '{error.override}': not understood ({reason});"
            " write key=value, and quote what the shell or the parser would take apart"
        ) from error
    except HydraException as error:
        raise ConfigError(f"overrides {' '.join(overrides)}: {_first(error)}") from error


@contextlib.contextmanager
def friendly(app: Any, config_dirs: list[Path]) -> Iterator[None]:
    """Turn what goes wrong in a composition into a ConfigError."""
    try:
        yield
    except MissingConfigException as error:
        raise ConfigError(_missing(app, error)) from error
    except yaml.YAMLError as error:
        raise ConfigError(_yaml(error, config_dirs)) from error
    except (HydraException, OmegaConfBaseException) as error:
        cause = error.__cause__ or error.__context__
        if isinstance(cause, yaml.YAMLError):
            raise ConfigError(_yaml(cause, config_dirs)) from error
        raise ConfigError(_first(error)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{_no_text(config_dirs)}: is not UTF-8 text: {error}") from error
    except (RecursionError, OSError, ValueError, AttributeError, TypeError) as error:
        raise ConfigError(f"a configuration file can't be used: {_first(error)}") from error


def _missing(app: Any, error: MissingConfigException) -> str:
    """Say which preset is missing and what there is instead."""
    missing = str(error.missing_cfg_file or "")
    group, _, name = missing.rpartition("/")
    if not group:
        return _first(error)
    from snnrun.config.hydra_app import options

    top, _, inner = group.partition("/")
    known = options(app, group)
    if inner and not known:
        return f"{top}={inner}/{name}: no such preset{nearest(inner + '/', options(app, top))}"
    shown = f"{top}={inner}/{name}" if inner else f"{group}={name}"
    return f"{shown}: no such preset{nearest(name, known)}"


def _yaml(error: yaml.YAMLError, config_dirs: list[Path]) -> str:
    """Say file, line and column of a YAML mistake."""
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    if mark is None:
        return f"YAML: {' '.join(str(problem).split())}"
    name = mark.name
    if not Path(name).is_absolute():
        name = next((str(d / name) for d in config_dirs if (d / name).exists()), name)
    return f"{name}, line {mark.line + 1}, column {mark.column + 1}: YAML: {problem}"


def _no_text(config_dirs: list[Path]) -> str:
    """Return the first of the user's files that is not text."""
    for file in (f for folder in config_dirs for f in sorted(folder.rglob("*.yaml"))):
        try:
            file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return str(file)
    return "a configuration file"


def _first(error: BaseException) -> str:
    """Return the telling lines of a message, without Hydra's search path listing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not re.match(r"(full_key|object_type|provider)\b", line)]
    return " ".join(lines[:2]) or type(error).__name__
