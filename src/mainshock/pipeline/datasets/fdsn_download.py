"""Asks FDSN web services for stations, events and files, with bounded patience."""

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

import httpx

from mainshock.core.errors import SettingsError, SourceError, UnreachableError
from mainshock.core.times import format_utc
from mainshock.pipeline.datasets.record_parts import Selection
from mainshock.sources.live.backfill import TooMuchError
from mainshock.sources.live.base import Timing

__all__ = ["WebClient", "event_spans", "list_stations"]

_NOTHING = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND)
_TOO_MUCH = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
_LATER = (408, 429, 500, 502, 503, 504)
_REASON_LENGTH = 200
_SHORTEST_SPAN = timedelta(hours=1)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WebClient:
    """Gets what lies at an address.

    Parameters
    ----------
    attempts
        How often a request is made before it is given up.
    first_pause_s
        Before the second attempt; it doubles.
    timeout_s
        For a connection, and between pieces of an answer.
    timing
        The sleep.
    """

    attempts: int = 4
    first_pause_s: float = 2.0
    timeout_s: float = 60.0
    timing: Timing = field(default_factory=Timing)

    def get(self, url: str, parameters: Mapping[str, str] | None = None) -> bytes:
        """Return the content at an address; nothing where the service has none.

        Raises
        ------
        SettingsError
            If the address is none.
        UnreachableError
            If every attempt failed.
        TooMuchError
            If the service says that the answer would be too long.
        SourceError
            If the service refuses.
        """
        pause_s, reason = self.first_pause_s, ""
        with httpx.Client(timeout=self.timeout_s, follow_redirects=True) as client:
            for attempt in range(1, self.attempts + 1):
                if attempt > 1:
                    self.timing.wait(threading.Event(), pause_s)
                    pause_s *= 2.0
                try:
                    answer = client.get(url, params=parameters)
                except httpx.InvalidURL as error:
                    raise SettingsError(
                        f"{url!r} is no address: {error}; write https://HOST/PATH"
                    ) from error
                except httpx.TransportError as error:
                    reason = str(error) or type(error).__name__
                else:
                    if answer.status_code not in _LATER:
                        return _content(answer)
                    reason = f"status {answer.status_code}"
                _log.warning("%s: attempt %d of %d: %s", url, attempt, self.attempts, reason)
        raise UnreachableError(
            f"{url} gave nothing in {self.attempts} attempts: {reason}; try later"
        )


def _content(answer: httpx.Response) -> bytes:
    if answer.status_code in _NOTHING:
        return b""
    if answer.status_code == HTTPStatus.OK:
        return answer.content
    reason = " ".join(answer.text.split())[:_REASON_LENGTH]
    # the USGS answers 400 where the standard has 413
    is_too_much = answer.status_code == _TOO_MUCH or "exceeds search limit" in reason
    kind = TooMuchError if is_too_much else SourceError
    raise kind(f"{answer.url} refuses with status {answer.status_code}: {reason}")


def list_stations(client: WebClient, base_url: str, selection: Selection) -> list[tuple[str, str]]:
    """Return network and station codes that a data centre has in the time that is wanted.

    Raises
    ------
    UnreachableError, SourceError
        If it does not answer, or refuses.
    """
    parameters = {
        "network": ",".join(selection.networks),
        "station": ",".join(selection.stations),
        "location": ",".join(selection.locations),
        "channel": ",".join(selection.channels),
        "level": "station",
        "format": "text",
    }
    if selection.start is not None and selection.end is not None:
        parameters |= _span_parameters(selection.start, selection.end)
    content = client.get(f"{base_url}/fdsnws/station/1/query", parameters).decode("utf-8")
    rows = (line.split("|") for line in content.splitlines() if not line.startswith("#"))
    return sorted({(cells[0].strip(), cells[1].strip()) for cells in rows if len(cells) > 1})


def event_spans(
    client: WebClient, url: str, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, bytes]]:
    """Yield the events of a service as FDSN text, in spans that it is willing to answer.

    Raises
    ------
    UnreachableError, SourceError
        If it does not answer, or refuses.
    """
    try:
        parameters = {**_span_parameters(start, end), "format": "text", "orderby": "time-asc"}
        yield start, end, client.get(url, parameters)
    except TooMuchError:
        if end - start <= _SHORTEST_SPAN:
            raise
        middle = start + (end - start) / 2
        yield from event_spans(client, url, start, middle)
        yield from event_spans(client, url, middle, end)


def _span_parameters(start: datetime, end: datetime) -> dict[str, str]:
    return {
        "starttime": format_utc(start).removesuffix("Z"),
        "endtime": format_utc(end).removesuffix("Z"),
    }
