"""`snnrun check`: what a run will need and what to expect of it."""

import json
import sys

from snnrun.cli.options import Config, ConfigDir, Debug, Json, Overrides, Quiet


def check(
    overrides: Overrides = None,
    config: Config = None,
    config_dir: ConfigDir = None,
    as_json: Json = False,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Look at an experiment before it runs; nothing is written.

    Memory, disk, time (from a second of its steps), contacts, expected input, the balanced
    state and warnings. For example:

    snnrun check network=snops_sbn duration=140s trials=10
    """
    del debug  # read where errors are reported
    from snnrun.config.build import build
    from snnrun.config.compose import compose

    composed = compose(overrides or [], config_dir or [], config)
    experiment, warnings = build(composed)
    from snnrun.engine.setup import set_up
    from snnrun.preflight.check import as_json as plain
    from snnrun.preflight.check import preflight
    from snnrun.report.progress import saying

    set_up()
    if not (quiet or as_json):
        print("building and timing the network", file=sys.stderr)
    with saying("building and timing the network", quiet or as_json):
        found = plain(preflight(experiment, warnings))
    found |= {"sweep": composed.axes} if composed.axes else {}
    if as_json:
        from snnrun.summary import plain as finite

        print(json.dumps({"command": "check", "state": "done", "exit_code": 0, **finite(found)}))
        return
    from snnrun.report.preflight import show_preflight

    show_preflight(found, quiet)
