"""`snnrun precompile`: fill the compile cache."""

import json
import re
import sys
from typing import Annotated, Any

import typer

from snnrun.cli.options import Config, ConfigDir, Debug, Json
from snnrun.errors import ConfigError

DURATIONS = ("2s", "5s", "10s", "30s", "140s")


def precompile(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[DURATION | KEY=VALUE]...",
            help=f"Any durations, as 7s or 500ms (none: {', '.join(DURATIONS)}).",
        ),
    ] = None,
    config: Config = None,
    config_dir: ConfigDir = None,
    clear: Annotated[
        bool, typer.Option("--clear", help="Remove the compiled programs; compile nothing.")
    ] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Compile what a config needs, so that its first run need not.

    One program serves every duration, seed and float value of a network; another size or kind
    has its own. For example:

    snnrun precompile 2s 10s network=snops_sbn trials=10
    """
    del debug  # read where errors are reported
    from snnrun.engine import cache
    from snnrun.engine.setup import set_up
    from snnrun.report.progress import saying

    set_up()
    words = what or []
    if clear:
        _tell({"cleared": cache.clear(), "folder": str(cache.folder())}, as_json)
        return
    if cache.folder() is None:
        raise ConfigError("the compile cache can't be written; set JAX_COMPILATION_CACHE_DIR")
    durations = [w for w in words if not _is_override(w)] or list(DURATIONS)
    overrides = [w for w in words if _is_override(w)]
    warned: set[str] = set()
    with saying("compiling", as_json):
        compiled = {d: _compile(d, overrides, config, config_dir, warned) for d in durations}
    _tell({"compiled": compiled, "folder": str(cache.folder())}, as_json)


def _compile(
    duration: str, overrides: list[str], config: Any, config_dir: Any, warned: set[str]
) -> dict[str, Any]:
    """Compile for a duration; `warned`: what has been said already."""
    from snnrun.config.build import build
    from snnrun.config.compose import compose
    from snnrun.runner import compile_only

    chosen = _override(duration, config_dir or [], config)
    experiment, warnings = build(compose([*overrides, chosen], config_dir or [], config))
    for warning in warnings:
        if warning not in warned:
            print(f"warning: {warning}", file=sys.stderr)
        warned.add(warning)
    found = compile_only(experiment)
    if found is None:
        return {"seconds": 0.0, "cache": "off"}
    return {"seconds": round(found.trace_s + found.compile_s, 3), "cache": found.cache}


def _is_override(word: str) -> bool:
    return "=" in word or word.startswith("~")


def _override(duration: str, config_dirs: list[Any], config: Any) -> str:
    """Return the override for a duration: that of a preset of its name, or its milliseconds."""
    from snnrun.config.choose import nearest
    from snnrun.config.compose import Composer
    from snnrun.config.hydra_app import options

    presets = [] if config else options(Composer(config_dirs).app, "duration")
    if duration in presets:
        return f"duration={duration}"
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s)", duration)
    if not match:
        known = nearest(duration, presets) if presets else ""
        raise ConfigError(f"'{duration}' is no duration; write for example 7s or 500ms{known}")
    return f"duration.ms={float(match[1]) * (1 if match[2] == 'ms' else 1000)}"


def _tell(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"command": "precompile", "state": "done", "exit_code": 0, **found}))
        return
    for duration, one in found.get("compiled", {}).items():
        print(f"{duration:>6}  {one['seconds']:.2f} s (cache {one['cache']})")
    if "cleared" in found:
        print(f"removed {found['cleared']} compiled programs")
    print(f"cache: {found['folder']}")
