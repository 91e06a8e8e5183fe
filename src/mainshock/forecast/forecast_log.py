"""A log of forecasts that nobody can change unseen: each line carries the sum of the one before.

A forecast is written, and on the disk, before it is told. A line is a JSON document with ``number``
(from 0), ``previous`` (SHA-256 of the line before, without its line feed; 64 zeros for the first),
``written`` (UTC), ``kind`` (``prospective``, or ``retrospective`` where its window had opened) and
``forecast``. Beside the log lies its head: number and sum of the last line, so that lines cut off
at the end are missed. Whoever may change both can still make up another log; keep the head, which
the service tells with each forecast, where others keep it.
"""

import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from mainshock.core.errors import DataError, MainshockError, SourceError
from mainshock.core.files import make_folder, replacing
from mainshock.core.times import format_utc, parse_utc

__all__ = ["FIRST", "ForecastLog", "LogEntry", "LogReport", "verify"]

FIRST = "0" * 64
"""What stands for the sum of a line before the first one."""

_KEYS = {"number", "previous", "written", "kind", "forecast"}
_BLOCK = 65_536
_LOOK_BACK = 64  # lines


@dataclass(frozen=True, slots=True)
class LogEntry:
    """A line of a log.

    Parameters
    ----------
    number
        From 0.
    digest
        SHA-256 of the line, hexadecimal.
    written
        When it was written, UTC.
    kind
        Whether its windows were still to open then.
    forecast
        The document that was logged.
    """

    number: int
    digest: str
    written: datetime
    kind: Literal["prospective", "retrospective"]
    forecast: Mapping[str, Any]  # a JSON document


@dataclass(frozen=True, slots=True)
class LogReport:
    """What a look through a log found.

    Parameters
    ----------
    n
        Number of good lines before the first fault.
    head
        Sum of the last of them; ``FIRST`` for none.
    faults
        What is wrong, in words; empty for a log as it was written.
    """

    n: int
    head: str
    faults: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Return whether the log is as it was written."""
        return not self.faults


@dataclass(frozen=True, slots=True)
class ForecastLog:
    """A log in a file, which several processes may write.

    Parameters
    ----------
    path
        The file; made with its folder on first use. Its head is ``path`` with ``.head`` added.
    clock
        Seconds since 1970.
    """

    path: Path
    clock: Callable[[], float] = time.time

    @property
    def head_path(self) -> Path:
        """Return the file of the head."""
        return self.path.with_name(self.path.name + ".head")

    def append(self, forecast: Mapping[str, Any]) -> LogEntry:
        """Write a forecast down; it is on the disk when this returns.

        Parameters
        ----------
        forecast
            A document with ``forecast_id`` and ``start``, as of
            :meth:`mainshock.core.rate_forecast.RateForecast.as_document`. If one of the last 64
            lines holds a forecast of that id, as after a crash, that line is told again and
            nothing is written.

        Raises
        ------
        DataError
            If it is no such document, or the end of the log was changed since it was written.
        SourceError
            If the log cannot be written.
        """
        start = _start_of(forecast)
        with self._locked() as file:
            number, previous = self._end(file)
            there = _recent(file, str(forecast["forecast_id"]))
            if there is not None:
                return there
            written = datetime.fromtimestamp(self.clock(), UTC)
            document = {
                "number": number,
                "previous": previous,
                "written": format_utc(written),
                "kind": "prospective" if written < start else "retrospective",
                "forecast": forecast,
            }
            line = _line(document)
            self._write(file, line + b"\n")
            entry = _entry(json.loads(line), _digest(line))
            self._write_head(entry)
        return entry

    def entries(self) -> Iterator[LogEntry]:
        """Yield the lines in order.

        Raises
        ------
        DataError
            At the first line that was changed.
        SourceError
            If the log cannot be read.
        """
        previous = FIRST
        for number, line in enumerate(_lines(self.path)):
            entry = _checked(line, number, previous)
            previous = entry.digest
            yield entry

    def last(self) -> LogEntry | None:
        """Return the newest line, or None for an empty log."""
        if not self.path.exists():
            return None
        with self._locked() as file:
            self._end(file)
            return next((_entry(_document(one), _digest(one)) for one in _tail(file)), None)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        try:
            make_folder(self.path.parent)
            is_new = not self.path.exists()
            file = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError as error:
            raise SourceError(
                f"cannot write {self.path}: {error}; name another file for the log"
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if is_new:
                _sync_folder(self.path.parent)
            yield file
        finally:
            os.close(file)  # gives the lock back

    def _end(self, file: int) -> tuple[int, str]:
        """Return the next number and the sum before it; drops half a line.

        A line without its line feed was never acknowledged: the writer had died.
        """
        _drop_half_a_line(file)
        tail = next(_tail(file), None)
        head = self._read_head()
        if tail is None:
            if head is not None:
                raise DataError(f"{self.path} is empty, but {self.head_path} knows of lines")
            return 0, FIRST
        digest = _digest(tail)
        document = _document(tail)
        number = int(document["number"])
        # the head is written after the line: it may be one behind
        known = {digest: number, document["previous"]: number - 1}
        if head is None and number > 0:
            raise DataError(f"{self.head_path} is missing; look into {self.path} with verify")
        if head is not None and known.get(head[1]) != head[0]:
            raise DataError(
                f"the end of {self.path} is not as it was written; keep it, and begin a new log"
            )
        return number + 1, digest

    def _write(self, file: int, data: bytes) -> None:
        end = os.fstat(file).st_size
        try:
            while data:
                data = data[os.write(file, data) :]
            os.fsync(file)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(file, end)
            raise SourceError(
                f"cannot write {self.path}: {error}; free space, or name another file"
            ) from error

    def _read_head(self) -> tuple[int, str] | None:
        return _read_head(self.head_path)

    def _write_head(self, entry: LogEntry) -> None:
        with replacing(self.head_path) as written:
            written.write_text(f"{entry.number} {entry.digest}\n", encoding="ascii")


def verify(path: Path, head: str | None = None) -> LogReport:
    """Return whether a log is as it was written: no line changed, left out, moved or cut off.

    Parameters
    ----------
    path
        The log; its head is looked for beside it.
    head
        A sum that somebody kept: a line with it must be there.

    Raises
    ------
    SourceError
        If the log cannot be read.
    """
    digests: list[str] = []
    faults: list[str] = []
    try:
        for number, line in enumerate(_lines(path)):
            digests.append(_checked(line, number, digests[-1] if digests else FIRST).digest)
    except DataError as error:
        faults.append(str(error))
    known = _read_head(path.with_name(path.name + ".head"))
    if known is None:
        if digests:
            faults.append("the head of the log is missing")
    elif not faults and (known[0] >= len(digests) or digests[known[0]] != known[1]):
        faults.append(
            f"the head tells of line {known[0] + 1}, but the log has {len(digests)} lines or "
            "another one there: lines were cut off or changed"
        )
    elif not faults and known[0] < len(digests) - 2:
        faults.append("lines follow the head of the log that it does not know of")
    if head is not None and head != FIRST and head not in digests:
        faults.append(f"no line has the sum {head[:16]}... that was kept")
    return LogReport(len(digests), digests[-1] if digests else FIRST, tuple(faults))


def _start_of(forecast: Mapping[str, Any]) -> datetime:
    try:
        if not str(forecast["forecast_id"]):
            raise ValueError("no forecast_id")
        return parse_utc(forecast["start"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"document is no forecast that can be logged: {error!r}") from error


def _line(document: Mapping[str, Any]) -> bytes:
    try:
        text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataError(f"forecast cannot be written as JSON: {error}") from error
    return text.encode("ascii")


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _document(line: bytes) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError as error:
        raise DataError(f"a line of the log is no JSON document: {error}") from error
    if not isinstance(document, dict) or set(document) != _KEYS:
        raise DataError("a line of the log has not the keys that it must have")
    return document


def _entry(document: Mapping[str, Any], digest: str) -> LogEntry:
    try:
        written = parse_utc(document["written"])
        return LogEntry(
            int(document["number"]), digest, written, document["kind"], document["forecast"]
        )
    except (MainshockError, TypeError, ValueError) as error:
        raise DataError(f"a line of the log cannot be used: {error}") from error


def _checked(line: bytes, number: int, previous: str) -> LogEntry:
    try:
        document = _document(line)
        entry = _entry(document, _digest(line))
        start = _start_of(entry.forecast)
    except DataError as error:
        raise DataError(f"line {number + 1}: {error}") from error
    if document["number"] != number or document["previous"] != previous:
        raise DataError(
            f"line {number + 1} does not follow the line before it: one was changed, left out or "
            "moved"
        )
    if line != _line(document):
        raise DataError(f"line {number + 1} was written in another form")
    kind = "prospective" if entry.written < start else "retrospective"
    if entry.kind != kind:
        raise DataError(f"line {number + 1} is {kind}, but says {entry.kind}")
    return entry


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    raise DataError("the last line is not whole; its writer may have died")
                yield line[:-1]
    except OSError as error:
        raise SourceError(f"cannot read {path}: {error}; name a log of forecasts") from error


def _tail(file: int) -> Iterator[bytes]:
    """Yield the lines from the last one back, without their line feeds; all are whole."""
    start = os.fstat(file).st_size
    data = b""
    while start > 0:
        step = min(_BLOCK, start)
        start -= step
        data = os.pread(file, step, start) + data
        *_, end = lines = data.split(b"\n")
        if end:
            raise DataError("the log does not end with a line feed")
        lines.pop()
        data = lines[0] + b"\n" if lines else b""
        yield from reversed(lines[1:])
    if data:
        yield data[:-1]


def _recent(file: int, forecast_id: str) -> LogEntry | None:
    """Return the line of the last few that holds a forecast of that id."""
    wanted = json.dumps({"forecast_id": forecast_id}, separators=(",", ":"))[1:-1].encode("ascii")
    for line in islice(_tail(file), _LOOK_BACK):
        if wanted in line:
            entry = _entry(_document(line), _digest(line))
            if entry.forecast.get("forecast_id") == forecast_id:
                return entry
    return None


def _drop_half_a_line(file: int) -> None:
    start = size = os.fstat(file).st_size
    while start > 0:
        step = min(_BLOCK, start)
        start -= step
        end = os.pread(file, step, start).rfind(b"\n")
        if end >= 0:
            if start + end + 1 < size:
                os.ftruncate(file, start + end + 1)
            return
    os.ftruncate(file, 0)


def _read_head(path: Path) -> tuple[int, str] | None:
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"cannot read {path}: {error}") from error
    found = re.fullmatch(r"(\d{1,18}) ([0-9a-f]{64})\n?", text)
    if found is None:
        raise DataError(f"{path} is no head of a log; keep both, and begin a new log")
    return int(found[1]), found[2]


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
