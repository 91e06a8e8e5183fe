"""Log lines: text for people, JSON for machines, each with the packet or request it is about."""

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal, TextIO

from mainshock.core.errors import SettingsError

__all__ = [
    "FORMATS",
    "JsonLines",
    "LogFormat",
    "TextLines",
    "configure_logging",
    "current_request",
    "current_trace",
    "following",
    "log_format",
    "redacted",
    "serving",
    "speaks_json",
]

LogFormat = Literal["text", "json"]
FORMATS: tuple[LogFormat, ...] = ("text", "json")
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_speaks_json = False
_trace: ContextVar[str] = ContextVar("mainshock_trace", default="")
_request: ContextVar[str] = ContextVar("mainshock_request", default="")
# what follows the name up to a space, a quote or a sign that ends it in an address or a header
_NAMED = re.compile(
    r"(?i)\b(token|access_token|refresh_token|password|passwd|secret|api[_-]?key|sasl\.password)"
    r"(\\?[\"']?\s*[=:]\s*\\?[\"']?)(?!\*\*\*)[^\s\"'&,;\\}]+"
)
_HEADER = re.compile(
    r"(?i)\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)(\\?[\"']?\s*[=:]\s*\\?[\"']?)"
    r"[^\r\n\"'\\}]+"
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}")
_IN_ADDRESS = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s/:@]*):[^\s/@]+@")


def redacted(text: str) -> str:
    """Return a text without the values of tokens, passwords and authorisation headers.

    Examples
    --------
    >>> redacted("GET /?token=abc&page=2")
    'GET /?token=***&page=2'
    >>> redacted("postgresql://quakes:abc@db/live")
    'postgresql://quakes:***@db/live'
    """
    text = _HEADER.sub(r"\1\2***", text)
    text = _BEARER.sub(r"\1 ***", text)
    text = _NAMED.sub(r"\1\2***", text)
    return _IN_ADDRESS.sub(r"\1:***@", text)


def speaks_json() -> bool:
    """Return whether standard error is for machines: a JSON object a line and nothing else."""
    return _speaks_json


def current_trace() -> str:
    """Return which packet the work at hand goes back to; empty where none is known."""
    return _trace.get()


def current_request() -> str:
    """Return which request is being answered; empty outside of one."""
    return _request.get()


@contextmanager
def following(trace: str) -> Iterator[None]:
    """Have all log lines of a stretch of work carry the trace of a packet."""
    before = _trace.set(trace)
    try:
        yield
    finally:
        _trace.reset(before)


@contextmanager
def serving(request: str) -> Iterator[None]:
    """Have all log lines of a stretch of work carry the id of a request."""
    before = _request.set(request)
    try:
        yield
    finally:
        _request.reset(before)


class TextLines(logging.Formatter):
    """One line of text a record, without secrets."""

    def __init__(self) -> None:
        super().__init__(_TEXT)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return redacted(super().format(record))


class JsonLines(logging.Formatter):
    """One JSON object a line: ``time`` (UTC), ``level``, ``logger``, ``message``, and more.

    ``trace`` is the packet that the line goes back to, ``request`` the id of the request, ``error``
    the traceback, and ``fields`` what a message that is a JSON object itself says. Each is there
    where it is known.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        message = redacted(record.getMessage())
        line: dict[str, object] = {
            "time": _utc(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message,
        }
        trace = getattr(record, "trace", "") or _trace.get()
        request = getattr(record, "request", "") or _request.get()
        if trace:
            line["trace"] = trace
        if request:
            line["request"] = request
        if message.startswith("{") and (said := _object(message)) is not None:
            line["fields"] = said
        if record.exc_info:
            line["error"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


def _utc(seconds: float) -> str:
    told = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return told.replace("+00:00", "Z")


def _object(text: str) -> dict[str, object] | None:
    try:
        said = json.loads(text)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


class _Lines(logging.StreamHandler[TextIO]):
    """Writes to a stream, or to what standard error is at that moment."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__(stream or sys.stderr)
        self._follows_stderr = stream is None

    def emit(self, record: logging.LogRecord) -> None:
        if self._follows_stderr:
            self.stream = sys.stderr
        super().emit(record)


def log_format(named: str) -> LogFormat:
    """Return the format of a name.

    Raises
    ------
    SettingsError
        If there is no such format.
    """
    for one in FORMATS:
        if named == one:
            return one
    raise SettingsError(
        f"log format is {named!r}; name one of {', '.join(FORMATS)} "
        "by --log-format or MAINSHOCK_LOG_FORMAT"
    )


def configure_logging(
    wanted: LogFormat = "text", *, is_verbose: bool = False, stream: TextIO | None = None
) -> None:
    """Send all log records of this process to a stream, in place of where this sent them before.

    Parameters
    ----------
    wanted
        How a line looks.
    is_verbose
        Whether text tells more than warnings. JSON, which machines read, always does; with this it
        tells each packet too.
    stream
        Where lines go; None: standard error.
    """
    global _speaks_json  # noqa: PLW0603 - how this process talks is one thing for all of it
    _speaks_json = wanted == "json"
    handler = _Lines(stream)
    handler.setFormatter(JsonLines() if _speaks_json else TextLines())
    root = logging.getLogger()
    for former in [one for one in root.handlers if isinstance(one, _Lines)]:
        root.removeHandler(former)
    root.addHandler(handler)
    # of other packages nothing finer than INFO: they do not know what must stay secret
    root.setLevel(logging.INFO if is_verbose and not _speaks_json else logging.WARNING)
    own = logging.DEBUG if is_verbose else logging.INFO
    logging.getLogger("mainshock").setLevel(own if _speaks_json else logging.NOTSET)
