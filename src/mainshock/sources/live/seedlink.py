"""Packets from a SeedLink server, version 3 or 4."""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mainshock.core.errors import SourceError, UnreachableError
from mainshock.core.times import format_utc
from mainshock.sources.fragments import datetime_from_ns
from mainshock.sources.live.base import SourceSettings, Timing
from mainshock.sources.live.seedlink_frames import Frame, next_frame_3, next_frame_4
from mainshock.sources.live.seedlink_requests import (
    ServerAddress,
    greeting_of,
    negotiate_3,
    negotiate_4,
    parse_address,
)
from mainshock.sources.live.seedlink_state import SequenceMemory
from mainshock.sources.live.tcp_link import LinkLostError, LinkStoppedError, TcpLink
from mainshock.sources.packets import Packet

if TYPE_CHECKING:
    from obspy import Inventory

    from mainshock.sources.stations import StationList

__all__ = ["LinkPatience", "SeedLinkSource", "open_seedlink_3", "open_seedlink_4"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkPatience:
    """How long a client waits, in seconds.

    Parameters
    ----------
    connect_s, reply_s
        For a connection, and for the reply to a command.
    keepalive_s
        Without a byte from the server for so long, it is asked whether it is there.
    silence_s
        Without a byte for so long, the connection is given up.
    first_retry_s, longest_retry_s
        Pause before the first new attempt; it doubles up to the longest until a record comes.
    """

    connect_s: float = 10.0
    reply_s: float = 30.0
    keepalive_s: float = 30.0
    silence_s: float = 90.0
    first_retry_s: float = 1.0
    longest_retry_s: float = 60.0


class SeedLinkSource:
    """Records from a server, over connections that are made anew when they break.

    Parameters
    ----------
    address
        The server and what is wanted from it.
    version
        3 or 4.
    name
        How logs call it.
    timing
        Clocks and sleep.
    state_folder
        Where the numbers of the last packets are kept over a restart, or None.
    patience
        How long to wait.

    Notes
    -----
    After a break the next packet of each station that was heard is asked for by its number, so
    that nothing is lost that the server still has, whether it numbers all stations in one row or
    each by itself; a pattern then brings stations that were not heard before. Over a restart the
    same holds for the packets that were acknowledged, or, where nobody does so, for those yielded
    10 s before.
    """

    is_live = True

    def __init__(
        self,
        address: ServerAddress,
        version: int,
        name: str,
        timing: Timing,
        state_folder: Path | None = None,
        patience: LinkPatience = LinkPatience(),
    ) -> None:
        self.address = address
        self.version = version
        self.name = name
        self.label = f"live records of {address.host}"
        self.is_synthetic = False
        self.patience = patience
        self._timing = timing
        self._pause_s = patience.first_retry_s
        self._problem = ""
        everything = "*_*" if version == 3 else "*"
        wanted = tuple(request.station for request in address.requests) or (everything,)
        self._memory = SequenceMemory(wanted, self._state_path(state_folder), timing.elapsed_s)
        self._negotiate = negotiate_3 if version == 3 else negotiate_4
        self._next_frame: Callable[[bytearray], Frame | None] = (
            next_frame_3 if version == 3 else next_frame_4
        )

    @property
    def problem(self) -> str:
        """Since when and why there is no connection, in words; empty while there is one."""
        return self._problem

    def meet(self) -> None:
        """Ask the server who it is: one of ours says whether its records are made up.

        Raises
        ------
        UnreachableError
            If it cannot be reached.
        SourceError
            If it is no SeedLink server.
        """
        with self._telling_why():
            link = self._connected(threading.Event())
            try:
                _, organisation = greeting_of(link, self.patience.reply_s)
            finally:
                link.close()
        if organisation.endswith("(synthetic)"):
            self.is_synthetic = True
            self.label = f"made-up records of {self.address.host}"
        if organisation.endswith("(replay)"):
            _log.warning("%s replays records of the past, which no live monitor takes", self.name)

    def packets(self, stop: threading.Event) -> Iterator[Packet]:
        """Yield records as they arrive.

        Raises
        ------
        UnreachableError
            If the server cannot be reached at the start.
        SourceError
            If it is no SeedLink server, or has none of what is wanted, at the start.
        """
        try:
            link = self._first_link(stop)
            while True:
                try:
                    yield from self._received(link)
                except LinkLostError as error:
                    _log.warning("%s: %s", self.name, error)
                    lost = format_utc(datetime_from_ns(self._timing.wall_ns()))
                    self._problem = f"{self.name} is not connected since {lost}: {error}"
                finally:
                    link.close()
                link = self._next_link(stop, lost)
        except LinkStoppedError:
            return
        finally:
            self._memory.save()

    def acknowledge(self, n_packets: int) -> None:
        """Note that the first packets that were yielded are safe: a restart asks for the others.

        Raises
        ------
        SourceError
            If the file with the numbers cannot be written.
        """
        self._memory.acknowledge(n_packets)

    def stations(self) -> "StationList | None":
        """Return None: the protocol tells no coordinates."""
        return None

    def inventory(self) -> "Inventory | None":
        """Return None: the protocol tells no responses."""
        return None

    def _state_path(self, folder: Path | None) -> Path | None:
        if folder is None:
            return None
        # file names cannot hold every character of a request
        digest = hashlib.sha256(self.name.encode()).hexdigest()[:16]
        return folder / f"seedlink-{digest}.json"

    def _open(self, stop: threading.Event) -> TcpLink:
        """Return a connection on which data are about to flow."""
        link = self._connected(stop)
        try:
            self._negotiate(
                link, self.address.requests, self._memory.sequences, self.patience.reply_s
            )
        except BaseException:
            link.close()
            raise
        return link

    def _connected(self, stop: threading.Event) -> TcpLink:
        address, connect_s = self.address, self.patience.connect_s
        return TcpLink(address.host, address.port, stop, connect_s, self._timing.elapsed_s)

    def _first_link(self, stop: threading.Event) -> TcpLink:
        with self._telling_why():
            return self._open(stop)

    @contextmanager
    def _telling_why(self) -> Iterator[None]:
        try:
            yield
        except LinkStoppedError:
            raise
        except LinkLostError as error:
            raise UnreachableError(f"{self.name} does not answer as it should: {error}") from error
        except SourceError:
            raise
        except OSError as error:
            raise UnreachableError(
                f"{self.name} cannot be reached: {error}; check host and port, and that the "
                "server runs"
            ) from error

    def _next_link(self, stop: threading.Event, lost: str) -> TcpLink:
        """Return a new connection, however long it takes; ``lost`` is when the last one broke."""
        while True:
            if self._timing.wait(stop, self._pause_s):
                raise LinkStoppedError("stopped before connecting again")
            self._pause_s = min(2.0 * self._pause_s, self.patience.longest_retry_s)
            try:
                link = self._open(stop)
            except LinkStoppedError:
                raise
            except OSError as error:
                _log.warning("%s: %s; next attempt in %g s", self.name, error, self._pause_s)
                self._problem = f"{self.name} is not connected since {lost}: {error}"
            else:
                self._problem = ""
                _log.info("%s: connected again", self.name)
                return link

    def _received(self, link: TcpLink) -> Iterator[Packet]:
        """Yield the records of one connection until it breaks."""
        elapsed_s = self._timing.elapsed_s
        heard_s = asked_s = elapsed_s()
        while True:
            frame = self._next_frame(link.received)
            if frame is None:
                now_s = elapsed_s()
                if link.receive():
                    heard_s = asked_s = elapsed_s()
                elif now_s - heard_s >= self.patience.silence_s:
                    raise LinkLostError(f"the server was silent for {now_s - heard_s:.0f} s")
                elif now_s - asked_s >= self.patience.keepalive_s:
                    link.send("INFO ID\r\n")
                    asked_s = now_s
            elif frame.kind == "record":
                self._pause_s = self.patience.first_retry_s
                yield Packet(frame.payload, self._timing.wall_ns(), self.name)
                self._memory.note(frame.station, frame.sequence)
            elif frame.kind == "end":
                raise LinkLostError("the server ended the stream")


def open_seedlink_3(rest: str, settings: SourceSettings) -> SeedLinkSource:
    """Return the source of ``seedlink://HOST:PORT/STREAMS``."""
    return SeedLinkSource(
        parse_address(rest), 3, f"seedlink://{rest}", settings.timing, settings.state_folder
    )


def open_seedlink_4(rest: str, settings: SourceSettings) -> SeedLinkSource:
    """Return the source of ``seedlink4://HOST:PORT/STREAMS``."""
    return SeedLinkSource(
        parse_address(rest), 4, f"seedlink4://{rest}", settings.timing, settings.state_folder
    )
