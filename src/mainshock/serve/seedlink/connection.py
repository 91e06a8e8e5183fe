"""One client of the SeedLink server, from its first byte to its last."""

import asyncio
import ipaddress
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mainshock.serve.seedlink.history import Archive
from mainshock.serve.seedlink.information import ClientFacts, Information, error_packet
from mainshock.serve.seedlink.metrics import SeedLinkMetrics
from mainshock.serve.seedlink.protocol import (
    Close,
    Dialogue,
    InfoRequest,
    ListStations,
    Reply,
    StartTransfer,
)
from mainshock.serve.seedlink.ring import RecordRing
from mainshock.serve.seedlink.settings import SeedLinkSettings
from mainshock.serve.seedlink.transfer import Transfer

__all__ = ["Connection", "ServerParts"]

_READ_BYTES = 4096
_RECORDS_AT_A_TIME = 100
_LINGER_S = 10.0  # how long a client may take to close after END
_LOOK_AGAIN_S = 1.0  # time windows end by the clock as well


@dataclass(frozen=True, slots=True)
class ServerParts:
    """What all connections of a server share."""

    settings: SeedLinkSettings
    ring: RecordRing
    information: Information
    metrics: SeedLinkMetrics
    clock: Callable[[], int]
    archive: Archive | None
    clients: Callable[[], list[ClientFacts]]


class _DroppedError(Exception):
    """The server gives a client up; the text is what it is counted as."""


class Connection:
    """Talks with one client: obeys its commands, and sends it records from its own place.

    Parameters
    ----------
    parts
        What the server has.
    reader, writer
        The client's socket.
    """

    def __init__(
        self, parts: ServerParts, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._parts = parts
        self._reader = reader
        self._writer = writer
        peer = writer.get_extra_info("peername") or ("", 0)
        self._host: str = peer[0]
        self._port: int = peer[1]
        self._is_local = _is_loopback(self._host)
        self._dialogue = Dialogue(parts.settings)
        self._connected_ns = parts.clock()
        self._news = asyncio.Event()
        self._sequence = 0
        self._n_packets = 0
        self._n_bytes = 0

    @property
    def facts(self) -> ClientFacts:
        """What the list of connections tells of it."""
        return ClientFacts(
            self._host,
            self._port,
            self._connected_ns,
            self._dialogue.user_agent,
            self._n_packets,
            self._n_bytes,
            self._sequence,
        )

    def wake(self) -> None:
        """Tell it that the ring has news. Call it from the event loop."""
        self._news.set()

    async def run(self) -> str:
        """Serve the client until one of both ends it; return what to count it as."""
        try:
            start = await self._obey(self._parts.settings.handshake_seconds)
            if start is not None:
                await self._send_while_obeying(start)
        except _DroppedError as dropped:
            return str(dropped)
        except OSError:
            pass  # the client is gone
        finally:
            self._writer.close()
            try:
                async with asyncio.timeout(self._parts.settings.stall_seconds):
                    await self._writer.wait_closed()
            except (OSError, TimeoutError):
                self.abort()
        return "served"

    def abort(self) -> None:
        """Cut the connection, whatever is still to be sent."""
        self._writer.transport.abort()

    async def _send_while_obeying(self, start: StartTransfer) -> None:
        commands = asyncio.create_task(self._obey(None))
        sending = asyncio.create_task(self._send_records(start))
        tasks: list[asyncio.Task[Any]] = [sending, commands]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not commands.done() and sending.exception() is None:
                await asyncio.wait([commands], timeout=_LINGER_S)  # it closes after END
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _obey(self, silence_s: float | None) -> StartTransfer | None:
        """Do what the client says until it wants data or ends; return which data it wants."""
        start = None
        while start is None:
            try:
                async with asyncio.timeout(silence_s):
                    data = await self._reader.read(_READ_BYTES)
            except TimeoutError as error:
                raise _DroppedError("silent") from error
            if not data:
                return None
            for action in self._dialogue.receive(data):
                if isinstance(action, Close):
                    return None
                if isinstance(action, StartTransfer):
                    start = action
                else:
                    await self._send(self._answer(action))
        return start

    def _answer(self, action: Reply | InfoRequest | ListStations) -> bytes:
        if isinstance(action, Reply):
            return action.data
        if isinstance(action, ListStations):
            return self._parts.information.station_list()
        clients = self._parts.clients() if self._is_local else None
        return self._parts.information.answer(action, clients)

    async def _send(self, data: bytes) -> None:
        self._writer.write(data)
        try:
            async with asyncio.timeout(self._parts.settings.stall_seconds):
                await self._writer.drain()
        except TimeoutError as error:
            self.abort()
            raise _DroppedError("stalled") from error

    async def _send_records(self, start: StartTransfer) -> None:
        parts = self._parts
        transfer = Transfer(start.requests, parts.ring, is_version_4=start.is_version_4)
        grace_ns = round(parts.settings.window_grace_seconds * 1e9)
        if parts.archive is not None and transfer.history:
            await self._send_history(parts.archive, transfer)
        while True:
            self._news.clear()
            found = parts.ring.read(transfer.sequence, _RECORDS_AT_A_TIME)
            if found.has_lost:
                await self._tell_lagging(start.is_version_4)
            transfer.sequence = self._sequence = found.next_sequence
            await self._send_packets(transfer.packets(found.records))
            if found.records:
                continue
            if transfer.is_done(parts.clock(), grace_ns):
                await self._send(b"END")
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await self._news.wait()

    async def _send_history(self, archive: Archive, transfer: Transfer) -> None:
        days = archive.days(transfer.history, self._parts.ring, transfer.wants_history)
        while (day := await asyncio.to_thread(next, days, None)) is not None:
            for first in range(0, len(day), _RECORDS_AT_A_TIME):
                some = day[first : first + _RECORDS_AT_A_TIME]
                await self._send_packets(
                    [packet for record in some for packet in transfer.history_packets(record)]
                )

    async def _send_packets(self, packets: Sequence[bytes]) -> None:
        if packets:
            data = b"".join(packets)
            await self._send(data)
            self._n_packets += len(packets)
            self._n_bytes += len(data)
            self._parts.metrics.packets.inc(len(packets))
            self._parts.metrics.bytes.inc(len(data))
        await asyncio.sleep(0)  # the others' turn: a drain that needs no wait gives none

    async def _tell_lagging(self, is_version_4: bool) -> None:
        text = "the records that come next for you are no longer kept"
        organisation = self._parts.settings.organisation
        data = error_packet(organisation, "LIMIT", text) if is_version_4 else b"ERROR\r\n"
        await self._send(data)
        raise _DroppedError("lagging")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
