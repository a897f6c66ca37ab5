"""Variables of the environment whose values JAX or snnrun can't use: said as any other mistake."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from snnrun.errors import ConfigError

_YES = ("y", "yes", "t", "true", "on", "1")
_GUARDS = ("JAX_TRANSFER_GUARD", "JAX_TRANSFER_GUARD_HOST_TO_DEVICE")
_REFUSED = (
    r"Invalid value \"(?P<value>.*)\" for JAX flag (?P<name>\w+)",
    r"invalid truth value '(?P<value>.*)' for environment '(?P<name>\w+)'",
)


def check(environ: Mapping[str, str]) -> None:
    """Complain of values that no simulation can be computed with; ConfigError with all of them."""
    problems = [f"{name}={environ[name]}: {text}" for name, text in _problems(environ)]
    if problems:
        raise ConfigError(*problems)


def _problems(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name in ("JAX_DISABLE_JIT", "JAX_NO_EXECUTION"):
        if environ.get(name, "").lower() in _YES:
            yield name, "must be false, or not set: networks are simulated by compiled programs"
    for name in _GUARDS:
        if environ.get(name, "").startswith("disallow"):
            yield name, "must be allow or log, or not set: JAX gets the network from the host"
    if "://" in environ.get("JAX_COMPILATION_CACHE_DIR", ""):
        yield "JAX_COMPILATION_CACHE_DIR", "must be a folder of this machine, not a URL"
    if not re.fullmatch(r"\s*([+-]?[0-9]+)?\s*", environ.get("JAX_COMPILATION_CACHE_MAX_SIZE", "")):
        wanted = "must be a whole number of bytes, such as 10000000000 for 10 GB; -1: any"
        yield "JAX_COMPILATION_CACHE_MAX_SIZE", wanted


def refused(error: ValueError) -> ConfigError | None:
    """Return what to say of a value that JAX refuses when it is imported; None of other errors."""
    for pattern in _REFUSED:
        if found := re.fullmatch(pattern, str(error)):
            name, value = found["name"].upper(), found["value"]
            return ConfigError(f"{name}={value}: must be {_wanted(error)}, or not set")
    return None


def _wanted(error: ValueError) -> str:
    """Return what JAX accepts, which its error does not say, but the function that raised it."""
    known: dict[str, Any] = {}
    at = error.__traceback__
    while at is not None:
        known, at = at.tb_frame.f_locals, at.tb_next
    choices = known.get("enum_values") or [one.value for one in known.get("enum_class", ())]
    if choices:
        return f"one of {', '.join(str(choice) for choice in choices if choice)}"
    return "true or false" if "truth value" in str(error) else "a number"
