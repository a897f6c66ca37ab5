"""`snnrun show`: a composed config with units, the kinds of a group, one kind."""

import json
from typing import Any

import typer

from snnrun.cli.options import Config, ConfigDir, Debug, Json, Overrides


def show(
    what: Overrides = None,
    config: Config = None,
    config_dir: ConfigDir = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show a config, a group, or one kind.

    A composed config with units (snnrun show network=snops_sbn), the presets of a group
    (snnrun show neuron), or one of them (snnrun show neuron/lif).
    """
    del debug
    words = what or []
    if len(words) == 1 and "=" not in words[0] and words[0][:1] not in "~+":
        _show_part(words[0].strip("/"), config_dir or [], as_json)
        return
    from snnrun.config.build import build
    from snnrun.config.compose import compose
    from snnrun.config.describe import with_units

    composed = compose(words, config_dir or [], config)
    _, warnings = build(composed)
    if as_json:
        print(json.dumps(composed.with_axes))
        return
    print(with_units(composed.with_axes), end="")
    for warning in warnings:
        typer.echo(f"warning: {warning}", err=True)


def _show_part(name: str, config_dirs: list[Any], as_json: bool) -> None:
    from snnrun.config.describe import describe_group, describe_kind

    if ("/" in name and not name.startswith("experiment/")) or name.count("/") > 1:
        found = describe_kind(name, config_dirs)
    else:
        found = describe_group(name, config_dirs)
    if as_json:
        print(json.dumps(found))
        return
    if "presets" in found:
        width = max(map(len, found["presets"]), default=0)
        for preset, line in found["presets"].items():
            print(f"{preset:{width}}  {line}".rstrip())
        return
    print(found["text"].rstrip())
    if found["parameters"]:
        from snnrun.report.tables import show_parameters

        rows = [(p["name"], p["value"], p["unit"], p["meaning"]) for p in found["parameters"]]
        show_parameters(rows)
