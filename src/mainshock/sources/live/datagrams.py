"""Packets from the datagrams that a Raspberry Shake casts."""

import logging
import re
import socket
import statistics
import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from mainshock.core.errors import SettingsError, SourceError
from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader
from mainshock.sources.live.base import SourceSettings, Timing
from mainshock.sources.miniseed_records import encode_records
from mainshock.sources.packets import Packet

if TYPE_CHECKING:
    from obspy import Inventory

    from mainshock.sources.stations import StationList

__all__ = ["Datagram", "DatagramSource", "open_datagrams", "parse_datagram"]

_ADDRESS = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>\d{1,5})/"
    r"(?P<network>[A-Z0-9]{1,2})\.(?P<station>[A-Z0-9]{1,5})"
)
_HEAD = re.compile(rb"\{\s*'([A-Z0-9]{3})'\s*,\s*(\d{9,10}(?:\.\d{1,9})?)\s*,")
_WHOLE_NUMBER = re.compile(rb"\s*-?\d{1,10}\s*")
_LONGEST = 65_535
_SLICE_S = 0.2
_SILENCE_S = 60.0
_MOST_CHANNELS = 16
_RECORD_LENGTH = 256
_LOCATION = "00"
_USUAL_RATES_HZ = (10, 20, 25, 40, 50, 80, 100, 125, 200, 250, 400, 500, 1000)
_RATE_TOLERANCE = 0.02
_INTERVALS = 5
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Datagram:
    """What one datagram states.

    Parameters
    ----------
    channel
        Three letters.
    start_ns
        Time of the first sample, nanoseconds since 1970.
    samples
        Counts, at least one.
    """

    channel: str
    start_ns: int
    samples: tuple[int, ...]


def parse_datagram(data: bytes) -> Datagram | None:
    """Return what a datagram states, or None for anything else.

    Parameters
    ----------
    data
        ``{'EHZ', 1582315130.292, 14168, 14927, 16112}``: channel, seconds since 1970 of the first
        sample, counts.

    Examples
    --------
    >>> parse_datagram(b"{'EHZ', 1582315130.292, 14168, -3}").samples
    (14168, -3)
    >>> parse_datagram(b"{'EHZ', now}") is None
    True
    """
    text = data.strip()
    match = _HEAD.match(text)
    if match is None or not text.endswith(b"}"):
        return None
    words = text[match.end() : -1].split(b",")
    if not all(_WHOLE_NUMBER.fullmatch(word) for word in words):
        return None
    samples = tuple(int(word) for word in words)
    if min(samples) < -(2**31) or max(samples) >= 2**31:
        return None
    # not by float: 53 bits do not hold nanoseconds since 1970
    seconds, _, fraction = match[2].decode("ascii").partition(".")
    start_ns = int(seconds) * NANOSECONDS + int(fraction.ljust(9, "0"))
    return Datagram(match[1].decode("ascii"), start_ns, samples)


@dataclass(slots=True)
class _Channel:
    """What is known of one channel, and what waits until its sampling rate is known."""

    rates_hz: deque[float] = field(default_factory=lambda: deque(maxlen=_INTERVALS))
    rate_hz: float | None = None
    before: Datagram | None = None
    waiting: list[Datagram] = field(default_factory=list)

    def add(self, datagram: Datagram) -> list[Datagram]:
        """Return the datagrams that can be encoded now."""
        if self.before is not None and datagram.start_ns > self.before.start_ns:
            elapsed_s = (datagram.start_ns - self.before.start_ns) / NANOSECONDS
            self.rates_hz.append(len(self.before.samples) / elapsed_s)
        self.before = datagram
        self.waiting.append(datagram)
        if len(self.rates_hz) == _INTERVALS:
            # the median outlasts two lost datagrams; a new rate counts once most intervals show it
            self.rate_hz = _usual_rate_hz(statistics.median(self.rates_hz)) or self.rate_hz
        if self.rate_hz is None:
            del self.waiting[: -2 * _INTERVALS]
            return []
        ready, self.waiting = self.waiting, []
        return ready


def _usual_rate_hz(rate_hz: float) -> float | None:
    nearest = min(_USUAL_RATES_HZ, key=lambda usual: abs(usual - rate_hz))
    return float(nearest) if abs(nearest - rate_hz) <= _RATE_TOLERANCE * nearest else None


class DatagramSource:
    """Listens for the datagrams of one Raspberry Shake and makes miniSEED of them.

    Parameters
    ----------
    host, port
        Where to listen; port 0 takes a free one.
    network, station
        Codes for what comes; datagrams state none.
    name
        How logs call it.
    timing
        Clock.

    Attributes
    ----------
    counts
        Datagrams by what became of them: ``used``, ``malformed``, ``too_many_channels``.
    address
        Host and port, once ``packets`` is listening.

    Notes
    -----
    The sampling rate is not stated. It is the median of the last five intervals between
    datagrams, brought to the nearest usual one within 2 %; until it is known (six datagrams, 1.5
    s at a Shake) up to ten of each channel wait. Whoever can reach the port can send data.
    """

    is_live = True
    is_synthetic = False

    def __init__(
        self, host: str, port: int, network: str, station: str, name: str, timing: Timing
    ) -> None:
        self.host = host
        self.port = port
        self.network = network
        self.station = station
        self.name = name
        self.label = f"live datagrams of {network}.{station}"
        self.counts: Counter[str] = Counter()
        self.address: tuple[str, int] | None = None
        self._timing = timing
        self._channels: dict[str, _Channel] = {}
        self._heard_s: float | None = None

    @property
    def problem(self) -> str:
        """How long no datagram of the Shake came, in words, once that is a minute; else empty."""
        heard_s = self._heard_s
        silent_s = 0.0 if heard_s is None else self._timing.elapsed_s() - heard_s
        return f"{self.name}: no datagram for {silent_s:.0f} s" if silent_s >= _SILENCE_S else ""

    def packets(self, stop: threading.Event) -> Iterator[Packet]:
        """Yield a record of each datagram, 256 bytes long.

        Raises
        ------
        SourceError
            If the port cannot be listened at.
        """
        with self._listening() as listener:
            self.address = listener.getsockname()[:2]
            self._heard_s = self._timing.elapsed_s()
            while not stop.is_set():
                try:
                    data, _ = listener.recvfrom(_LONGEST)
                except TimeoutError:
                    continue
                except OSError as error:  # such as a refusal of what was never sent
                    _log.warning("%s: %s", self.name, error)
                    self._timing.wait(stop, _SLICE_S)
                    continue
                arrival_ns = self._timing.wall_ns()
                for record in self._records(data):
                    yield Packet(record, arrival_ns, self.name)

    def stations(self) -> "StationList | None":
        """Return None: datagrams tell no coordinates."""
        return None

    def inventory(self) -> "Inventory | None":
        """Return None: datagrams tell no responses."""
        return None

    def _listening(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_DGRAM)
        try:
            listener.bind((self.host, self.port))
        except OSError as error:
            listener.close()
            raise SourceError(
                f"cannot listen at {self.host} port {self.port}: {error}; name an address of this "
                "machine and a free port"
            ) from error
        listener.settimeout(_SLICE_S)
        return listener

    def _records(self, data: bytes) -> Iterator[bytes]:
        datagram = parse_datagram(data)
        if datagram is None:
            self._count("malformed")
            return
        if datagram.channel not in self._channels and len(self._channels) >= _MOST_CHANNELS:
            self._count("too_many_channels")
            return
        self._count("used")
        self._heard_s = self._timing.elapsed_s()
        channel = self._channels.setdefault(datagram.channel, _Channel())
        for ready in channel.add(datagram):
            header = FragmentHeader(
                self.network,
                self.station,
                _LOCATION,
                ready.channel,
                ready.start_ns,
                channel.rate_hz or 0.0,
                len(ready.samples),
            )
            samples = np.array(ready.samples, dtype=np.int32)
            yield from encode_records(Fragment(header, samples), _RECORD_LENGTH)

    def _count(self, outcome: str) -> None:
        self.counts[outcome] += 1
        if outcome != "used" and self.counts[outcome] == 1:
            _log.warning("%s: a datagram is %s", self.name, outcome.replace("_", " "))


def open_datagrams(rest: str, settings: SourceSettings) -> DatagramSource:
    """Return the source of ``udp://HOST:PORT/NET.STA``.

    Raises
    ------
    SettingsError
        If it states no address and codes.
    """
    match = _ADDRESS.fullmatch(rest)
    if match is None or int(match["port"]) > 65535:
        raise SettingsError(
            f"udp://{rest} is no place to listen at; write udp://HOST:PORT/NET.STA, such as "
            "udp://0.0.0.0:8888/AM.R1234"
        )
    return DatagramSource(
        match["host"].strip("[]"),
        int(match["port"]),
        match["network"],
        match["station"],
        f"udp://{rest}",
        settings.timing,
    )
