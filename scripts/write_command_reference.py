"""Write docs/reference/commands.md from the command line itself; ``--check`` only compares.

The tests run the check, so the page cannot fall behind the code.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ["TYPER_USE_RICH"] = "0"  # plain text; read by typer when it is imported

import typer

from mainshock.cli.app import app

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "commands.md"
WIDTH = 96
HEADER = """\
# Commands

What `--help` prints, written by `scripts/write_command_reference.py`; a test compares this page
with the code. Everywhere: the result goes to stdout and talk to stderr, `--json` prints one JSON
document, and the exit code is 0 done, 1 failed, 2 wrong usage, 3 nothing found, 4 source
unreachable.
"""


def help_texts(command, name: str, parent=None) -> Iterator[tuple[str, str]]:
    """Yield the full name and help text of a command and of all below it."""
    settings = {"terminal_width": WIDTH} | command.context_settings
    context = typer.Context(command, info_name=name, parent=parent, **settings)
    lines = (line.rstrip() for line in command.get_help(context).splitlines())
    yield context.command_path, "\n".join(lines).strip()
    for child_name, child in getattr(command, "commands", {}).items():
        yield from help_texts(child, child_name, context)


def page() -> str:
    """Return the page as it should be."""
    sections = [
        f"## {name}\n\n```text\n{text}\n```\n"
        for name, text in help_texts(typer.main.get_command(app), "mainshock")
    ]
    return "\n".join([HEADER, *sections])


def main() -> int:
    """Write the page, or with ``--check`` return 1 where it differs."""
    if sys.argv[1:] == ["--check"]:
        if PAGE.read_text(encoding="utf-8") == page():
            return 0
        sys.stderr.write(f"{PAGE.name} is not what the code says; run {Path(__file__).name}\n")
        return 1
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
