"""`snnrun`: the commands. Heavy imports happen inside."""

import os
import sys

import typer

from snnrun import __version__
from snnrun.cli import (
    check,
    inspect,
    optimize,
    plot,
    precompile,
    profile,
    show,
    simulate,
    sweep,
    variables,
)
from snnrun.cli.answer import guarded
from snnrun.cli.streams import never_fail

_COMPUTING = ("simulate", "sweep", "optimize", "profile", "precompile", "check")

app = typer.Typer(
    name="snnrun",
    help="Spiking-network experiments from YAML files.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    add_completion=True,
)
app.command(name="simulate")(simulate.simulate)
app.command(name="sweep")(sweep.sweep)
app.command(name="optimize")(optimize.optimize)
app.command(name="profile")(profile.profile)
app.command(name="precompile")(precompile.precompile)
app.command(name="show")(show.show)
app.command(name="check")(check.check)
app.command(name="inspect")(inspect.inspect)
app.command(name="plot")(plot.plot)


@app.callback(invoke_without_command=True)
def root(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", help="Show the version."),
) -> None:
    """Spiking-network experiments from YAML files."""
    if version:
        typer.echo(__version__)
        raise typer.Exit
    if context.invoked_subcommand in _COMPUTING and "--help" not in sys.argv:
        variables.check(os.environ)


def main() -> None:
    """Run the program and exit with the code of the contract."""
    never_fail()
    sys.exit(guarded(lambda: app(prog_name="snnrun", standalone_mode=False)))
