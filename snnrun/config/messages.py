"""Hydra's errors in one short message each."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import OmegaConfBaseException

from snnrun.config.choose import nearest
from snnrun.config.fields import short
from snnrun.errors import ConfigError


@contextlib.contextmanager
def from_parser(overrides: list[str]) -> Iterator[None]:
    """Turn a parser error into one that shows the override."""
    try:
        yield
    except OverrideParseException as error:
        reason = short(str(error).partition("\n")[0], 100)
        raise ConfigError(
            f"override '{short(str(error.override), 100)}': not understood ({reason});"
            " write key=value, and quote what the shell or the parser would take apart"
        ) from error
    except (ValueError, RecursionError) as error:  # thousands of digits or brackets
        reason = str(error).partition(";")[0]
        raise ConfigError(f"overrides {short(' '.join(overrides), 100)}: {reason}") from error
    except HydraException as error:
        raise ConfigError(f"overrides {' '.join(overrides)}: {_first(error)}") from error


@contextlib.contextmanager
def friendly(app: Any) -> Iterator[None]:
    """Turn what goes wrong in a composition into a ConfigError."""
    try:
        yield
    except MissingConfigException as error:
        raise ConfigError(_missing(app, error)) from error
    except (HydraException, OmegaConfBaseException, UserWarning) as error:
        reason = _first(error)
        raise ConfigError(reason if ": " in reason else f"defaults: {reason}") from error
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


def _first(error: BaseException) -> str:
    """Return the telling lines of a message, without Hydra's search path listing."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not re.match(r"(full_key|object_type|provider)\b", line)]
    return " ".join(lines[:2]) or type(error).__name__
