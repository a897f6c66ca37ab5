"""Options that several commands share."""

import re
from pathlib import Path
from typing import Annotated

import typer

_TIME = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")


def seconds(text: str) -> float:
    """Return a time such as 30m in seconds."""
    found = _TIME.fullmatch(text.strip())
    if not found or not any(found.groups()):
        raise typer.BadParameter(f"'{text}' is no time; write 90s, 30m, 2h, or 1h30m")
    days, hours, minutes, rest = (float(x or 0) for x in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


Overrides = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="Overrides, in Hydra's grammar."),
]
Out = Annotated[Path | None, typer.Option("--out", help="Folder of this run, new or empty.")]
Config = Annotated[
    Path | None, typer.Option("--config", help="A complete config.yaml, instead of the groups.")
]
ConfigDir = Annotated[
    list[Path] | None,
    typer.Option("--config-dir", "-C", help="Your configs, over the shipped ones (repeatable)."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and show the config, run nothing.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress; print the folder only.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]
LogEvery = Annotated[
    float | None,
    typer.Option("--log-every", metavar="MS", min=0, help="Simulated ms between plain lines."),
]
Resume = Annotated[
    Path | None, typer.Option("--resume", metavar="RUN", help="Go on with an interrupted run.")
]
FromCheckpoint = Annotated[
    Path | None,
    typer.Option("--from-checkpoint", metavar="FILE", help="Begin in the state saved there."),
]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        metavar="TIME",
        parser=seconds,
        help="Save the state and end after 90s, 30m, 2h, 1h30m.",
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 3 for any unhealthy verdict.")]
