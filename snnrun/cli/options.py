"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

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
Strict = Annotated[bool, typer.Option("--strict", help="Exit 3 for any unhealthy verdict.")]
