"""Fetches what is missing from a data centre, by the FDSN's web service."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import httpx

from mainshock.core.errors import SettingsError, SourceError, UnreachableError
from mainshock.core.times import format_utc
from mainshock.sources.live.base import Timing
from mainshock.sources.miniseed_records import split_records
from mainshock.sources.packets import Packet

__all__ = ["FdsnBackfill", "Gap", "TooMuchError"]

_PATH = "/fdsnws/dataselect/1/query"
_NOTHING = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND)
_LATER = (
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
# "see other" and "multiple choices" ask for something else than the same request elsewhere
_ELSEWHERE = (
    HTTPStatus.MOVED_PERMANENTLY,
    HTTPStatus.FOUND,
    HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
)
_MOST_REDIRECTS = 5
_GAPS_A_REQUEST = 50
_LONGEST_RECORD = 1 << 20
_log = logging.getLogger(__name__)


class TooMuchError(SourceError):
    """A service says that the answer would be too long; less of it may be had."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch that is missing.

    Parameters
    ----------
    network, station, location, channel
        FDSN codes.
    start, end
        UTC; the records that hold samples between them are asked for, whole.
    """

    network: str
    station: str
    location: str
    channel: str
    start: datetime
    end: datetime

    def line(self) -> str:
        """Return the line that asks for it."""
        times = (format_utc(time).removesuffix("Z") for time in (self.start, self.end))
        codes = (self.network, self.station, self.location or "--", self.channel)
        return " ".join((*codes, *times))


class FdsnBackfill:
    """A data centre that serves ``fdsnws-dataselect`` 1.

    Parameters
    ----------
    base_url
        Such as ``https://service.example.org``.
    attempts
        How often a request is made before it is given up.
    first_pause_s
        Before the second attempt; it doubles.
    timeout_s
        For a connection, and between pieces of an answer.
    timing
        Clock and sleep.

    Raises
    ------
    SettingsError
        If the address is none, or neither http nor https.

    Notes
    -----
    Redirects are followed, five in a row at most and never from https to http; what is asked stays
    the same, though the web has two kinds of redirect that would drop it.
    """

    def __init__(
        self,
        base_url: str,
        *,
        attempts: int = 4,
        first_pause_s: float = 2.0,
        timeout_s: float = 30.0,
        timing: Timing | None = None,
    ) -> None:
        if not _is_address(base_url):
            raise SettingsError(f"{base_url!r} is no address of a data centre; begin with https://")
        self.base_url = base_url.rstrip("/").removesuffix("/fdsnws")
        self.attempts = attempts
        self.first_pause_s = first_pause_s
        self.timeout_s = timeout_s
        self._timing = timing or Timing()

    def packets(self, gaps: Sequence[Gap], stop: threading.Event) -> Iterator[Packet]:
        """Yield the records that the data centre has for some gaps.

        Records come as they are read; when an attempt breaks off, those before it come again.

        Raises
        ------
        UnreachableError
            If every attempt failed.
        TooMuchError
            If the data centre says that it is too much at once.
        SourceError
            If the data centre refuses the request.
        """
        with httpx.Client(timeout=self.timeout_s) as client:
            for first in range(0, len(gaps), _GAPS_A_REQUEST):
                lines = [gap.line() for gap in gaps[first : first + _GAPS_A_REQUEST]]
                yield from self._answer(client, "\n".join([*lines, ""]), stop)

    def _answer(self, client: httpx.Client, body: str, stop: threading.Event) -> Iterator[Packet]:
        pause_s = self.first_pause_s
        for attempt in range(1, self.attempts + 1):
            if stop.is_set():
                return
            try:
                yield from self._once(client, body, stop)
            except (httpx.TransportError, _TryLaterError) as error:
                _log.warning(
                    "%s: attempt %d of %d: %s", self.base_url, attempt, self.attempts, error
                )
                if attempt == self.attempts:
                    raise UnreachableError(
                        f"{self.base_url} gave nothing in {attempt} attempts: {error}; try later"
                    ) from error
                self._timing.wait(stop, pause_s)
                pause_s *= 2.0
            else:
                return

    def _once(self, client: httpx.Client, body: str, stop: threading.Event) -> Iterator[Packet]:
        with self._response(client, body) as answer:
            if not self._has_content(answer.status_code):
                return
            held = b""
            for chunk in answer.iter_bytes(1 << 16):
                held += chunk
                used = 0
                for record in split_records(held):
                    begin = held.index(record, used)
                    if begin > used:
                        break  # perhaps a longer record that is not complete yet
                    yield Packet(record, self._timing.wall_ns(), self.base_url)
                    used += len(record)
                    if stop.is_set():
                        return
                held = held[used:]
                if len(held) > 2 * _LONGEST_RECORD:
                    raise SourceError(f"{self.base_url} answers with something else than miniSEED")
            for record in split_records(held):
                yield Packet(record, self._timing.wall_ns(), self.base_url)

    def _has_content(self, status: int) -> bool:
        """Return whether an answer brings records, or raise what its status means."""
        if status in _LATER:
            raise _TryLaterError(f"status {status}")
        if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            raise TooMuchError(
                f"{self.base_url} refuses with status {status}: too much at once; ask for less "
                "time or fewer channels"
            )
        if status != HTTPStatus.OK and status not in _NOTHING:
            raise SourceError(
                f"{self.base_url} refuses with status {status}; it serves no {_PATH}, or not to "
                "everybody"
            )
        return status == HTTPStatus.OK

    @contextmanager
    def _response(self, client: httpx.Client, body: str) -> Iterator[httpx.Response]:
        """Ask, wherever the data centre sends the request, and give the answer."""
        url = httpx.URL(self.base_url + _PATH)
        for _ in range(_MOST_REDIRECTS + 1):
            with client.stream("POST", url, content=body) as answer:
                target = answer.headers.get("Location", "")
                if answer.status_code not in _ELSEWHERE or not target:
                    yield answer
                    return
                url = self._elsewhere(url, target)
        raise SourceError(
            f"{self.base_url} redirects more than {_MOST_REDIRECTS} times, last to {url}; name the "
            "data centre's own address"
        )

    def _elsewhere(self, url: httpx.URL, target: str) -> httpx.URL:
        other = url.join(target)
        is_safe = other.scheme == "https" or (other.scheme == "http" and url.scheme == "http")
        if not (is_safe and other.host):
            raise SourceError(
                f"{self.base_url} redirects to {other}; from {url.scheme} only an address of the "
                "same kind, or https, is followed: name the data centre's own address"
            )
        return other


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, half a pair of brackets
        return False


class _TryLaterError(Exception):
    """The server may do it later."""
