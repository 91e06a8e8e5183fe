"""The SeedLink dialogue without a socket: bytes in, replies and wishes out.

Version 4 follows the FDSN specification (https://docs.fdsn.org/projects/seedlink); version 3 has
none and follows what its clients expect.
"""

import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from mainshock import __version__
from mainshock.core.errors import RecordError
from mainshock.core.times import parse_utc
from mainshock.serve.seedlink.selection import (
    StationRequest,
    is_pattern,
    parse_selector_v3,
    parse_selector_v4,
)
from mainshock.serve.seedlink.settings import SeedLinkSettings
from mainshock.sources.fragments import ns_from_datetime

__all__ = [
    "CAPABILITIES",
    "SOFTWARE",
    "Action",
    "Close",
    "Dialogue",
    "InfoRequest",
    "ListStations",
    "Reply",
    "StartTransfer",
]

CAPABILITIES = "SLPROTO:3.1 SLPROTO:4.0 TIME NSWILDCARD BATCH"
SOFTWARE = f"SeedLink v4.0 (mainshock {__version__}) :: {CAPABILITIES}"
_LONGEST_LINE = 4096
_LINE_END = re.compile(rb"[\r\n]")
_SEQUENCE_V3 = re.compile(r"(?:0[xX])?[0-9A-Fa-f]{1,8}")
_SEQUENCE_V4 = re.compile(r"[0-9]{1,20}")
_STATION_V3 = re.compile(r"[A-Za-z0-9*?-]{1,8}")
_TIME_V3 = re.compile(r"\d{4}(,\d{1,2}){5}(\.\d{1,9})?")
_WITHOUT_TOKEN = frozenset(
    {"HELLO", "SLPROTO", "USERAGENT", "AUTH", "BYE", "GETCAPABILITIES", "CAPABILITIES", "BATCH"}
)


@dataclass(frozen=True, slots=True)
class Reply:
    """Send these bytes."""

    data: bytes


@dataclass(frozen=True, slots=True)
class InfoRequest:
    """Tell about the server; the patterns choose stations, streams and formats."""

    item: str
    is_version_4: bool
    station: str = "*"
    stream: str = "*"
    kind: str = "*"


@dataclass(frozen=True, slots=True)
class ListStations:
    """Send the list of stations of version 3 (CAT)."""


@dataclass(frozen=True, slots=True)
class StartTransfer:
    """Send the records that were asked for; the dialogue takes only INFO and BYE from here."""

    requests: tuple[StationRequest, ...]
    is_version_4: bool


@dataclass(frozen=True, slots=True)
class Close:
    """Close the connection."""


Action = Reply | InfoRequest | ListStations | StartTransfer | Close


class _RefusedError(Exception):
    """A command that is answered by ERROR, with its code and text."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class Dialogue:
    """What one client said so far, and what follows from it.

    Parameters
    ----------
    settings
        Name, limits and token.
    """

    def __init__(self, settings: SeedLinkSettings) -> None:
        self.is_version_4 = False
        self.is_transferring = False
        self.user_agent = ""
        self._settings = settings
        self._is_trusted = settings.token is None
        self._is_batch = False
        self._stations: list[StationRequest] = []
        self._current: StationRequest | None = None
        self._is_skipping = False
        self._uni_station = StationRequest()
        self._unread = b""
        self._commands: dict[str, Callable[[list[str]], list[Action]]] = {
            "AUTH": self._auth,
            "BATCH": self._batch,
            "BYE": self._bye,
            "CAPABILITIES": self._accept,
            "CAT": self._cat,
            "DATA": self._data,
            "END": self._end,
            "ENDFETCH": self._end_fetch,
            "FETCH": self._fetch,
            "GETCAPABILITIES": self._capabilities,
            "HELLO": self._hello,
            "INFO": self._info,
            "SELECT": self._select,
            "SLPROTO": self._protocol,
            "STATION": self._station,
            "TIME": self._time,
            "USERAGENT": self._agent,
        }

    def receive(self, data: bytes) -> list[Action]:
        """Return what follows from some bytes of a client, in order."""
        *lines, self._unread = _LINE_END.split(self._unread + data)
        actions: list[Action] = []
        for line in lines:
            actions += self._obey(line)
            if actions and isinstance(actions[-1], Close):
                return actions
        if len(self._unread) > _LONGEST_LINE:
            self._unread = b""
            actions += [
                *self._refuse("LIMIT", f"a line has at most {_LONGEST_LINE} bytes"),
                Close(),
            ]
        return actions

    def _obey(self, line: bytes) -> list[Action]:
        words = line.decode("latin-1").split()
        if not words:
            return []
        name = words[0].upper()
        if self.is_transferring and name not in ("INFO", "BYE"):
            return []  # an answer would stand amid the packets
        command = self._commands.get(name)
        try:
            if len(line) > _LONGEST_LINE:
                raise _RefusedError("LIMIT", f"a line has at most {_LONGEST_LINE} bytes")
            if command is None:
                raise _RefusedError("UNSUPPORTED", "no such command")
            if not self._is_trusted and name not in _WITHOUT_TOKEN:
                raise _RefusedError("UNAUTHORIZED", "show a token with AUTH first")
            return command(words[1:])
        except _RefusedError as refused:
            return self._refuse(refused.code, str(refused))

    def _refuse(self, code: str, text: str) -> list[Action]:
        if self.is_version_4:
            return [Reply(f"ERROR {code} {text}\r\n".encode("ascii"))]
        return [] if self._is_batch else [Reply(b"ERROR\r\n")]

    def _accept(self, _arguments: list[str] | None = None) -> list[Action]:
        return [] if self._is_batch else [Reply(b"OK\r\n")]

    def _only_in(self, version: int) -> None:
        if self.is_version_4 != (version == 4):
            raise _RefusedError("UNSUPPORTED", f"a command of version {version}")

    # greeting

    def _hello(self, _arguments: list[str]) -> list[Action]:
        return [Reply(f"{SOFTWARE}\r\n{self._settings.organisation}\r\n".encode())]

    def _protocol(self, arguments: list[str]) -> list[Action]:
        if self._stations or self._uni_station.selectors:
            raise _RefusedError("UNEXPECTED", "SLPROTO comes before STATION and SELECT")
        if len(arguments) != 1 or arguments[0] not in ("3.0", "3.1", "4.0"):
            raise _RefusedError("ARGUMENTS", "versions are 3.0, 3.1 and 4.0")
        self.is_version_4 = arguments[0] == "4.0"
        self._is_batch = self._is_batch and not self.is_version_4
        return self._accept()

    def _capabilities(self, _arguments: list[str]) -> list[Action]:
        return [Reply(f"{CAPABILITIES}\r\n".encode("ascii"))]

    def _agent(self, arguments: list[str]) -> list[Action]:
        text = " ".join(arguments)[:200]
        self.user_agent = "".join(one for one in text if one.isascii() and one.isprintable())
        return self._accept()

    def _batch(self, _arguments: list[str]) -> list[Action]:
        self._only_in(3)
        self._is_batch = True
        return [Reply(b"OK\r\n")]

    def _auth(self, arguments: list[str]) -> list[Action]:
        token = self._settings.token
        is_known_type = bool(arguments) and arguments[0].upper() in ("JWT", "USERPASS")
        if token is None or not self.is_version_4 or not is_known_type:
            raise _RefusedError("UNSUPPORTED", "no such authentication here")
        if not hmac.compare_digest(arguments[-1].encode("latin-1"), token.encode("ascii")):
            return [*self._refuse("AUTH", "wrong token"), Close()]  # no second guess
        self._is_trusted = True
        return self._accept()

    def _bye(self, _arguments: list[str]) -> list[Action]:
        return [Close()]

    # information

    def _cat(self, _arguments: list[str]) -> list[Action]:
        self._only_in(3)
        return [ListStations()]

    def _info(self, arguments: list[str]) -> list[Action]:
        item = arguments[0].upper() if arguments else ""
        stream, _, kind = (arguments[2] if len(arguments) > 2 else "*").partition(".")
        station = arguments[1] if len(arguments) > 1 else "*"
        patterns = station, stream, kind or "*"
        if not all(map(is_pattern, patterns)) or not self.is_version_4:
            patterns = "*", "*", "*"
        return [InfoRequest(item, self.is_version_4, *patterns)]

    # choice of data

    def _station(self, arguments: list[str]) -> list[Action]:
        self._is_skipping = True  # what follows a refused STATION belongs to no station
        if len(self._stations) >= self._settings.max_stations:
            raise _RefusedError("LIMIT", f"at most {self._settings.max_stations} STATION requests")
        if self.is_version_4:
            if len(arguments) != 1 or not is_pattern(arguments[0]):
                raise _RefusedError("ARGUMENTS", "write STATION NET_STA")
            pattern = arguments[0]
        else:
            if not 1 <= len(arguments) <= 2 or not all(map(_STATION_V3.fullmatch, arguments)):
                raise _RefusedError("ARGUMENTS", "write STATION STA NET")
            pattern = f"{arguments[1] if len(arguments) == 2 else '*'}_{arguments[0]}"
        self._is_skipping = False
        self._current = StationRequest(pattern)
        self._stations.append(self._current)
        return self._accept()

    def _chosen(self) -> StationRequest:
        """Return the request that SELECT, DATA, FETCH and TIME are about."""
        if self._is_skipping:
            raise _RefusedError("UNEXPECTED", "the STATION before it was refused")
        if self._current is not None:
            return self._current
        if self.is_version_4:
            raise _RefusedError("UNEXPECTED", "STATION comes first")
        return self._uni_station

    def _select(self, arguments: list[str]) -> list[Action]:
        request = self._chosen()
        if not arguments:
            if self.is_version_4:
                raise _RefusedError("ARGUMENTS", "an empty SELECT is of version 3")
            request.selectors.clear()
            return self._accept()
        if len(request.selectors) + len(arguments) > self._settings.max_selectors:
            raise _RefusedError(
                "LIMIT", f"at most {self._settings.max_selectors} patterns for a station"
            )
        parse = parse_selector_v4 if self.is_version_4 else parse_selector_v3
        selectors = [selector for selector in map(parse, arguments) if selector is not None]
        if len(selectors) != len(arguments):
            raise _RefusedError("ARGUMENTS", "no such pattern, format or filter")
        request.selectors.extend(selectors)
        return self._accept()

    def _data(self, arguments: list[str]) -> list[Action]:
        return self._begin(self._placed(arguments, is_fetch=False))

    def _fetch(self, arguments: list[str]) -> list[Action]:
        self._only_in(3)
        return self._begin(self._placed(arguments, is_fetch=True))

    def _time(self, arguments: list[str]) -> list[Action]:
        self._only_in(3)
        if not 1 <= len(arguments) <= 2:
            raise _RefusedError("ARGUMENTS", "write TIME BEGIN [END]")
        start_ns, end_ns = _window(arguments)
        return self._begin(
            replace(self._chosen(), begin="all", start_ns=start_ns, end_ns=end_ns, is_fetch=False)
        )

    def _placed(self, arguments: list[str], *, is_fetch: bool) -> StationRequest:
        """Return the current request, with the place and time that DATA or FETCH states."""
        request = self._chosen()
        if len(arguments) > (3 if self.is_version_4 else 2):
            raise _RefusedError("ARGUMENTS", "too many arguments")
        place = arguments[0].upper() if arguments else "-1"
        start_ns, end_ns = _window(arguments[1:])
        request = replace(request, is_fetch=is_fetch, start_ns=start_ns, end_ns=end_ns, sequence=0)
        if place == "ALL" and self.is_version_4:
            return replace(request, begin="all")
        if place == "-1":
            # a window without a place holds whatever is there of its time
            is_open = start_ns is None and not (is_fetch and not arguments)
            return replace(request, begin="next" if is_open else "all")
        form = _SEQUENCE_V4 if self.is_version_4 else _SEQUENCE_V3
        if form.fullmatch(place) is None:
            raise _RefusedError("ARGUMENTS", "no sequence number")
        number = int(place, 10 if self.is_version_4 else 16)
        return replace(request, begin="sequence", sequence=number)

    def _begin(self, request: StationRequest) -> list[Action]:
        """Put a request in place of the unfinished one; without STATION, data flow from here."""
        request = replace(request, is_chosen=True)
        if self._current is None:
            return self._transfer((request,))
        self._stations[-1] = self._current = request
        return self._accept()

    def _end(self, _arguments: list[str]) -> list[Action]:
        chosen = [one for one in self._stations if one.is_chosen or self.is_version_4]
        if not chosen:
            raise _RefusedError("UNEXPECTED", "no station was chosen")
        return self._transfer(tuple(chosen))

    def _end_fetch(self, arguments: list[str]) -> list[Action]:
        self._only_in(4)
        self._stations = [replace(one, is_fetch=True) for one in self._stations]
        return self._end(arguments)

    def _transfer(self, requests: tuple[StationRequest, ...]) -> list[Action]:
        self.is_transferring = True
        return [StartTransfer(requests, self.is_version_4)]


def _window(texts: list[str]) -> tuple[int | None, int | None]:
    """Return begin and end in nanoseconds since 1970, None where not stated."""
    times = [_time_ns(text) for text in texts]
    if len(times) == 2 and times[1] <= times[0]:
        raise _RefusedError("ARGUMENTS", "a time window ends after its beginning")
    return (times[0] if times else None), (times[1] if len(times) == 2 else None)


def _time_ns(text: str) -> int:
    try:
        if _TIME_V3.fullmatch(text) is None:
            return ns_from_datetime(parse_utc(text))
        whole, _, fraction = text.partition(".")
        time = datetime(*map(int, whole.split(",")), tzinfo=UTC)  # type: ignore[misc,arg-type]
        return (
            ns_from_datetime(time) + int(fraction.ljust(9, "0"))
            if fraction
            else (ns_from_datetime(time))
        )
    except (RecordError, ValueError, OverflowError) as error:
        raise _RefusedError("ARGUMENTS", "no time") from error
