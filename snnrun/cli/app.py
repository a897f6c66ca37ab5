"""`snnrun`: the commands and how errors become exit codes. Heavy imports happen inside."""

import io
import json
import os
import sys
import traceback
from collections.abc import Callable

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
from snnrun.errors import ConfigError, SnnrunError, UnhealthyError

_COMPUTING = ("simulate", "sweep", "optimize", "profile", "precompile", "check")
_LONGEST = 1000  # letters of a message
_MORE = "\n  "  # before each further line of an error

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
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # '±' and 'µ' where only ASCII is spoken
            stream.reconfigure(errors="replace")
    sys.exit(guarded(lambda: app(prog_name="snnrun")))


def guarded(command: Callable[[], object]) -> int:
    """Run a command; an error the user can mend is one short message on stderr."""
    try:
        _heeding_variables(command)
    except SnnrunError as error:
        if "--debug" in sys.argv:
            traceback.print_exc()
        say(error)
        if "--json" in sys.argv and not isinstance(error, UnhealthyError):
            code = error.exit_code
            found = {"command": sys.argv[1], "state": "failed", "exit_code": code}
            print(json.dumps({**found, "error": str(error)}))
        if getattr(error, "leave_at_once", False):
            sys.stdout.flush()
            os._exit(error.exit_code)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


def _heeding_variables(command: Callable[[], object]) -> None:
    """Run a command; a value that JAX refuses to read from the environment is a ConfigError."""
    try:
        command()
    except ValueError as error:
        problem = variables.refused(error)
        if problem is None:
            raise
        raise problem from error


def say(error: SnnrunError) -> None:
    """Print an error, or all of them, on stderr."""
    problems = error.problems if isinstance(error, ConfigError) else str(error).splitlines()
    for problem in problems:
        lines = [_printable(line) for line in problem.split(_MORE)]
        print(f"error: {_MORE.join(lines)}", file=sys.stderr)


def _printable(text: str) -> str:
    """Return the text, cut, with what could steer a terminal written out."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
