"""Which channels and times are asked for: one line of a POST, or the codes of a GET."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mainshock.serve.fdsn.parameters import (
    FdsnError,
    Parameter,
    Query,
    codes_of,
    parse_query,
    time_of,
)
from mainshock.sources.fragments import ns_from_datetime

__all__ = ["CODE_PARAMETERS", "ChannelRequest", "parse_post", "request_of"]

CODE_PARAMETERS = (
    Parameter("network", "codes", abbreviation="net"),
    Parameter("station", "codes", abbreviation="sta"),
    Parameter("location", "codes", abbreviation="loc"),
    Parameter("channel", "codes", abbreviation="cha"),
)
_EARLIEST_NS, _LATEST_NS = -(2**63) + 1, 2**63 - 1
_LARGEST_BODY = 2**20
_MOST_LINES = 10_000
_ALL = ("*",)


@dataclass(frozen=True, slots=True)
class ChannelRequest:
    """Channels and a span of time.

    Parameters
    ----------
    networks, stations, locations, channels
        Patterns with ``*`` and ``?``; the location ``--`` is the empty one.
    start_ns, end_ns
        Nanoseconds since 1970, both inclusive.
    """

    networks: tuple[str, ...] = _ALL
    stations: tuple[str, ...] = _ALL
    locations: tuple[str, ...] = _ALL
    channels: tuple[str, ...] = _ALL
    start_ns: int = _EARLIEST_NS
    end_ns: int = _LATEST_NS

    def __post_init__(self) -> None:
        if self.start_ns > self.end_ns:
            raise FdsnError(400, "starttime lies after endtime; swap them")

    def has_network(self, code: str) -> bool:
        """Return whether a network is asked for."""
        return _is_any(code, self.networks)

    def has_station(self, code: str) -> bool:
        """Return whether a station is asked for."""
        return _is_any(code, self.stations)

    def has_channel(self, location: str, channel: str) -> bool:
        """Return whether a channel at a location is asked for."""
        return _is_any(location or "--", self.locations) and _is_any(channel, self.channels)

    @property
    def has_all_channels(self) -> bool:
        """Whether neither location nor channel leaves anything out."""
        return "*" in self.locations and "*" in self.channels


def _is_any(code: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(code, pattern) for pattern in patterns)


def request_of(query: Query) -> ChannelRequest:
    """Return the channels and times that parameters name; what is not named is not limited.

    Raises
    ------
    FdsnError
        With status 400 if the start lies after the end.
    """
    start_ns, end_ns = query.time_ns("starttime"), query.time_ns("endtime")
    return ChannelRequest(
        query.items("network") or _ALL,
        query.items("station") or _ALL,
        query.items("location") or _ALL,
        query.items("channel") or _ALL,
        _EARLIEST_NS if start_ns is None else start_ns,
        _LATEST_NS if end_ns is None else end_ns,
    )


def parse_post(
    parameters: Sequence[Parameter], body: bytes
) -> tuple[Query, tuple[ChannelRequest, ...]]:
    """Return the parameters and the requests in the body of a POST.

    Parameters
    ----------
    parameters
        What lines ``name=value`` may name.
    body
        Lines ``name=value``, then one line ``NET STA LOC CHA START END`` for each request.

    Raises
    ------
    FdsnError
        With status 400 for a line that cannot be understood, 413 for too many of them.
    """
    if len(body) > _LARGEST_BODY:
        raise FdsnError(413, f"body has over {_LARGEST_BODY} bytes; send it in several parts")
    try:
        lines = [line.strip() for line in body.decode("ascii").splitlines()]
    except UnicodeDecodeError as error:
        raise FdsnError(400, "body is not ASCII text; write one request a line") from error
    lines = [line for line in lines if line]
    pairs = [_pair(line) for line in lines if "=" in line]
    requests = tuple(_request(line) for line in lines if "=" not in line)
    if not requests:
        raise FdsnError(400, "body has no line NET STA LOC CHA START END; give at least one")
    if len(requests) > _MOST_LINES:
        raise FdsnError(413, f"body has {len(requests)} requests; at most {_MOST_LINES} at once")
    return parse_query(parameters, pairs), requests


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition("=")
    return name.strip(), value.strip()


def _request(line: str) -> ChannelRequest:
    words = line.split()
    if len(words) != 6:
        raise FdsnError(400, f"line {line[:80]!r} is not NET STA LOC CHA START END")
    network, station, location, channel, start, end = words
    return ChannelRequest(
        codes_of(network, "network"),
        codes_of(station, "station"),
        codes_of(location, "location"),
        codes_of(channel, "channel"),
        _EARLIEST_NS if start == "*" else ns_from_datetime(time_of(start, "starttime")),
        _LATEST_NS if end == "*" else ns_from_datetime(time_of(end, "endtime")),
    )
