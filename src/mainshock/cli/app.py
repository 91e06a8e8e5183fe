"""The command ``mainshock``: which verbs there are, and how errors become exit codes.

Only typer is loaded here; each verb imports what it needs when it runs, so that ``--help`` is
quick.
"""

import logging
import sys
import warnings
from typing import Annotated

import typer

from mainshock import __version__
from mainshock.cli import (
    archive,
    data,
    demo,
    detect,
    forecast,
    locate,
    megathrust,
    models,
    monitor,
    offfault,
    pick,
    serve,
    shake,
    stream,
    users,
)
from mainshock.cli.output import report_error
from mainshock.core import logs
from mainshock.core.errors import MainshockError

__all__ = ["app", "main"]

app = typer.Typer(
    name="mainshock",
    help=(
        "From seismic records to located earthquakes, each number with its uncertainty.\n\n"
        "Results go to stdout, talk goes to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage, "
        "3 nothing found, 4 source unreachable."
    ),
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("pick")(pick.pick)
app.add_typer(locate.app, name="locate")
app.add_typer(detect.app, name="detect")
app.add_typer(megathrust.app, name="megathrust")
app.add_typer(shake.app, name="shake")
app.add_typer(forecast.app, name="forecast")
app.add_typer(offfault.app, name="offfault")
app.add_typer(models.app, name="models")
app.command("monitor")(monitor.monitor)
app.command("serve")(serve.serve)
app.command("archive")(archive.archive)
app.add_typer(stream.app, name="stream")
app.add_typer(users.app, name="users")
app.add_typer(data.app, name="data")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mainshock {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say more on stderr, with times.")
    ] = False,
    log_format: Annotated[
        str,
        typer.Option(
            envvar="MAINSHOCK_LOG_FORMAT",
            metavar="text|json",
            help="Of the log on stderr: for people, or a JSON object a line.",
        ),
    ] = "text",
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    logs.configure_logging(logs.log_format(log_format), is_verbose=verbose)


def main() -> None:
    """Run the command line; a known error ends it with its message and exit code."""
    warnings.showwarning = _say_warning  # type: ignore[assignment]  # ignores where it was raised
    try:
        app()
    except MainshockError as error:
        report_error(error)
        raise SystemExit(error.exit_code) from error
    except KeyboardInterrupt as interrupt:
        sys.stderr.write("stopped by the user; files already written are complete\n")
        raise SystemExit(1) from interrupt


def _say_warning(message: Warning | str, *_where: object) -> None:
    """Tell a warning as users read it, without the line of the program that noticed it."""
    if logs.speaks_json():
        logging.getLogger("mainshock.warnings").warning("%s", message)
    else:
        sys.stderr.write(f"warning: {message}\n")
