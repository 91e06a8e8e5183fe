"""Asks the command line itself whether it would take some arguments."""

from collections.abc import Sequence

import typer
from typer.core import TyperGroup
from typer.main import get_command

from mainshock.cli.app import app

__all__ = ["fault_of"]

# what every complaint about arguments is; typer carries a copy of click under a name of its own
_COMPLAINT = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")


def fault_of(arguments: Sequence[str]) -> str:
    """Return why `mainshock` refuses arguments, or an empty text; nothing is run."""
    command = get_command(app)
    parent = None
    rest = list(arguments)
    try:
        while True:
            context = command.make_context(command.name or "mainshock", rest, parent=parent)
            if not isinstance(command, TyperGroup):
                return ""
            left = [*context._protected_args, *context.args]
            _, found, rest = command.resolve_command(context, left)
            if found is None:
                return f"no command {left[0]}"
            command, parent = found, context
    except _COMPLAINT as error:
        return str(error.format_message())
