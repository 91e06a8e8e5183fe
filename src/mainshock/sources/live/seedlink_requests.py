"""What is asked of a SeedLink server, and how it is asked in versions 3 and 4."""

import logging
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mainshock.core.errors import SettingsError, SourceError
from mainshock.sources.live.tcp_link import TcpLink

__all__ = [
    "ServerAddress",
    "StationRequest",
    "greeting_of",
    "negotiate_3",
    "negotiate_4",
    "parse_address",
]

_DEFAULT_PORT = 18000
_ADDRESS = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>\d{1,5}))?(/(?P<streams>.*))?"
)
_STATION = re.compile(r"[A-Za-z0-9*?]{1,8}_[A-Za-z0-9*?-]{1,8}")
_SELECTOR = re.compile(r"!?[A-Za-z0-9*?_.:-]{1,32}")
_SEED_SELECTOR = re.compile(
    r"(!?)([A-Za-z0-9?-]{2})?([A-Za-z0-9?])([A-Za-z0-9?])([A-Za-z0-9?])(\.D)?"
)
_SEQUENCES_3 = 1 << 24
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StationRequest:
    """One station, or a pattern of them, and which of its channels.

    Parameters
    ----------
    station
        ``NET_STA``; ``*`` and ``?`` where the server allows them.
    selectors
        Such as ``HH?`` or ``00BHZ.D``; none: all channels.
    """

    station: str
    selectors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """Where a server is, and what is wanted from it; no requests: everything."""

    host: str
    port: int
    requests: tuple[StationRequest, ...] = ()


def parse_address(text: str) -> ServerAddress:
    """Return what ``HOST:PORT/STREAMS`` states.

    Parameters
    ----------
    text
        STREAMS is ``NET_STA:SELECTOR SELECTOR,NET_STA,...``; the port is 18000 unless stated.

    Raises
    ------
    SettingsError
        If it states none.

    Examples
    --------
    >>> parse_address("localhost/BW_UH1:EH?,GR_*").requests[0]
    StationRequest(station='BW_UH1', selectors=('EH?',))
    """
    match = _ADDRESS.fullmatch(text)
    port = int(match["port"] or _DEFAULT_PORT) if match else 0
    if match is None or not 1 <= port <= 65535:
        raise SettingsError(
            f"{text!r} is no address of a SeedLink server; write HOST:PORT/NET_STA:SELECTOR,..."
        )
    entries = [entry.strip() for entry in (match["streams"] or "").split(",")]
    requests = tuple(_request(entry) for entry in entries if entry)
    if len({request.station for request in requests}) < len(requests):
        raise SettingsError(f"{text!r} names a station twice; join its selectors with a blank")
    return ServerAddress(match["host"].strip("[]"), port, requests)


def _request(entry: str) -> StationRequest:
    station, _, selectors = entry.partition(":")
    chosen = tuple(selectors.split())
    if _STATION.fullmatch(station) and all(_SELECTOR.fullmatch(one) for one in chosen):
        return StationRequest(station, chosen)
    raise SettingsError(
        f"{entry!r} names no stream; write NET_STA or NET_STA:SELECTOR, such as GR_FUR:HH?"
    )


def negotiate_3(
    link: TcpLink,
    requests: Sequence[StationRequest],
    sequences: Mapping[str, int],
    reply_s: float,
) -> None:
    """Ask a server of version 3 for data.

    Parameters
    ----------
    link
        A fresh connection.
    requests
        What is wanted; nothing: all stations.
    sequences
        Last packet that came of each station; the one after it comes first. A station that a
        pattern brought is named before the pattern, which then stands for all others: the protocol
        allows no number with a pattern, as each station may be numbered by itself.
    reply_s
        Most seconds to wait for a reply.

    Raises
    ------
    SourceError
        If the server accepts no station.
    LinkLostError
        If it does not answer.
    """
    greeting, _ = greeting_of(link, reply_s)
    if not requests and "NSWILDCARD" not in greeting:
        # the server's one station, or all of them; there is no reply
        (last,) = sequences.values() if len(sequences) == 1 else (None,)
        link.send(f"{_data_3(last)}\r\n")
        return

    def commands(request: StationRequest) -> tuple[str, list[str]]:
        network, _, station = request.station.partition("_")
        return f"STATION {station} {network}", [f"SELECT {one}" for one in request.selectors]

    _ask(link, requests or (StationRequest("*_*"),), sequences, reply_s, commands, _data_3)


def negotiate_4(
    link: TcpLink,
    requests: Sequence[StationRequest],
    sequences: Mapping[str, int],
    reply_s: float,
) -> None:
    """Ask a server of version 4 for data; as ``negotiate_3``.

    Raises
    ------
    SourceError
        If the server speaks no version 4, or accepts no station.
    LinkLostError
        If it does not answer.
    """
    greeting, _ = greeting_of(link, reply_s)
    link.send("SLPROTO 4.0\r\n")
    reply = link.line(reply_s)
    if not reply.startswith("OK"):
        raise SourceError(
            f"the server ({greeting!r}) answers SLPROTO 4.0 with {reply!r}; use seedlink:// for "
            "version 3"
        )

    def commands(request: StationRequest) -> tuple[str, list[str]]:
        selectors = [f"SELECT {_selector_4(one)}" for one in request.selectors]
        return f"STATION {request.station}", selectors

    def data(sequence: int | None) -> str:
        return "DATA" if sequence is None else f"DATA {sequence + 1}"

    _ask(link, requests or (StationRequest("*"),), sequences, reply_s, commands, data)


def _data_3(sequence: int | None) -> str:
    return "DATA" if sequence is None else f"DATA {(sequence + 1) % _SEQUENCES_3:06X}"


def _in_full(requests: Sequence[StationRequest], stations: Collection[str]) -> list[StationRequest]:
    """Return requests with the known stations of each pattern before it, and patterns last."""
    named = [request for request in requests if not _is_pattern(request.station)]
    patterns = [request for request in requests if _is_pattern(request.station)]
    rest = sorted(set(stations) - {request.station for request in named})
    for pattern in patterns:
        own = [station for station in rest if fnmatchcase(station, pattern.station)]
        named += [StationRequest(station, pattern.selectors) for station in own]
        rest = [station for station in rest if station not in own]
    return [*named, *patterns]


def _is_pattern(station: str) -> bool:
    return "*" in station or "?" in station


def greeting_of(link: TcpLink, reply_s: float) -> tuple[str, str]:
    """Return what a server calls its software and its organisation.

    Raises
    ------
    SourceError
        If it speaks no SeedLink.
    LinkLostError
        If it does not answer.
    """
    link.send("HELLO\r\n")
    greeting = link.line(reply_s)
    organisation = link.line(reply_s)
    _log.info("SeedLink server: %s, %s", greeting, organisation)
    if not greeting.upper().startswith("SEEDLINK"):
        raise SourceError(f"the server answers HELLO with {greeting!r}; it speaks no SeedLink")
    return greeting, organisation


def _ask(
    link: TcpLink,
    requests: Sequence[StationRequest],
    sequences: Mapping[str, int],
    reply_s: float,
    commands: Callable[[StationRequest], tuple[str, list[str]]],
    data: Callable[[int | None], str],
) -> None:
    """Send the commands of every request; each gets one reply, but the last of all none."""

    def is_accepted(command: str) -> bool:
        link.send(f"{command}\r\n")
        reply = link.line(reply_s)
        if not reply.startswith("OK"):
            _log.warning("the server answers %r with %r", command, reply)
        return reply.startswith("OK")

    accepted = 0
    for request in _in_full(requests, sequences):
        station, selections = commands(request)
        if not is_accepted(station):
            continue
        refused = [one for one in selections if not is_accepted(one)]
        if selections and len(refused) == len(selections):
            raise SourceError(
                f"the server refuses every selector of {request.station}: {', '.join(refused)}; "
                "without one it would send all channels"
            )
        sequence = sequences.get(request.station)
        if is_accepted(data(sequence)) or (sequence is not None and is_accepted(data(None))):
            accepted += 1
    if accepted == 0:
        names = ", ".join(request.station for request in requests)
        raise SourceError(f"the server accepts none of {names}; name stations that it has")
    link.send("END\r\n")


def _selector_4(selector: str) -> str:
    """Return a selector of version 3 such as ``00BHZ.D`` as version 4 writes it, or unchanged."""
    match = _SEED_SELECTOR.fullmatch(selector)
    if match is None:
        return selector
    exclude, location, *channel, _ = match.groups()
    place = "*" if location is None else location.replace("-", "")
    return f"{exclude}{place}_{'_'.join(channel)}"
