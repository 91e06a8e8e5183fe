"""How the command line talks: results on stdout, everything else on stderr."""

import json
import logging
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager

from mainshock.core.errors import MainshockError
from mainshock.core.logs import speaks_json

__all__ = ["print_json", "print_result", "progress", "report_error", "say", "tell_not_used"]

_SHOWN = 12
_log = logging.getLogger(__name__)


def say(message: str) -> None:
    """Write one line of talk to stderr; as a log line where those are JSON."""
    if speaks_json():
        _log.info("%s", message)
    else:
        sys.stderr.write(message + "\n")


def print_result(text: str) -> None:
    """Write a result to stdout, ending with one line feed."""
    sys.stdout.write(text.rstrip("\n") + "\n")


def _strict(value: object) -> object:
    """Return the value with NaN and infinity as None, since JSON knows neither."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    return value


def print_json(document: object) -> None:
    """Write one JSON document to stdout."""
    print_result(json.dumps(_strict(document), indent=2, allow_nan=False))


def report_error(error: MainshockError) -> None:
    """Write an error to stderr; as a log line where those are JSON."""
    if speaks_json():
        _log.error("%s", error)
    else:
        say(f"error: {error}")


def tell_not_used(items: Iterable[tuple[str, str]]) -> None:
    """List on stderr what was left out and why, the first dozen in full."""
    listed = list(items)
    for what, reason in listed[:_SHOWN]:
        say(f"not used: {what}: {reason}")
    if len(listed) > _SHOWN:
        say(f"not used: and {len(listed) - _SHOWN} more (--json lists all)")


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
    """Show progress while the block runs, on a terminal only.

    Yields
    ------
    Callable
        To be called with a short text after each step.
    """
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=total)

        def advance(text: str) -> None:
            bar.update(task, advance=1, description=f"{label} {text}")

        yield advance
