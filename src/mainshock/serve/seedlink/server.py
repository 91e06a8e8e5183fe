"""The SeedLink server: a thread of its own that gives accepted records to its clients."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from prometheus_client import CollectorRegistry

from mainshock.core.errors import DataError, SettingsError
from mainshock.serve.seedlink.connection import Connection, ServerParts
from mainshock.serve.seedlink.history import Archive
from mainshock.serve.seedlink.information import ClientFacts, Information
from mainshock.serve.seedlink.metrics import SeedLinkMetrics
from mainshock.serve.seedlink.records import StreamRecord
from mainshock.serve.seedlink.ring import RecordRing
from mainshock.serve.seedlink.settings import SeedLinkSettings
from mainshock.stream.bus import Message

__all__ = ["SeedLinkServer"]

_log = logging.getLogger(__name__)
_WAVEFORMS = "waveform.v1"
_BACKLOG = 100
_STOP_S = 10.0
_TURNS_TO_WELCOME = 5  # of the event loop, from accepting a socket to welcoming it, and some more
_KEEPALIVE_S = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 20, "TCP_KEEPCNT": 3}


class SeedLinkServer:
    """Serves what was ingested to SeedLink clients of versions 3.1 and 4.0.

    Parameters
    ----------
    settings
        How to listen, and what to keep and allow.
    clock
        Nanoseconds since 1970. Time windows end by it.
    metrics
        Registry that the server's counters join, or None.

    Raises
    ------
    SourceError
        If the state file cannot be read.

    Notes
    -----
    ``start``, ``stop`` and ``publish`` may be called from any thread. Each client reads the ring
    from a place of its own, so that none waits for another, and the publisher for none.
    """

    def __init__(
        self,
        settings: SeedLinkSettings,
        clock: Callable[[], int] = time.time_ns,
        metrics: CollectorRegistry | None = None,
    ) -> None:
        self.settings = settings
        self._ring = RecordRing(settings.ring_bytes, settings.ring_seconds, settings.state_file)
        self._metrics = SeedLinkMetrics(CollectorRegistry() if metrics is None else metrics)
        self._parts = ServerParts(
            settings,
            self._ring,
            Information(settings.organisation, clock(), self._ring),
            self._metrics,
            clock,
            None if settings.archive is None else Archive(settings.archive),
            self._client_facts,
        )
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._is_waking = False
        self._port = settings.port

    @property
    def port(self) -> int:
        """Port that it listens on; that of the settings before it was started."""
        return self._port

    def start(self) -> None:
        """Listen, and serve from a thread until ``stop``.

        Raises
        ------
        SettingsError
            If it cannot listen where the settings say.
        """
        if self._thread is not None:
            return
        host, port = self.settings.host, self.settings.port
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
        except (OSError, OverflowError) as error:
            raise SettingsError(
                f"SeedLink server cannot listen on {host} port {port}: {error}; choose another port"
            ) from error
        self._port = listener.getsockname()[1]
        is_running = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve_until_stopped(listener, is_running)),
            name="seedlink-server",
            daemon=True,
        )
        self._thread.start()
        is_running.wait()
        _log.info("SeedLink server listens on %s port %d", host, self._port)

    def stop(self) -> None:
        """Cut all connections, end the thread, and keep the last sequence number."""
        if self._thread is None:
            return
        if self._loop is not None and self._stopping is not None:
            with suppress(RuntimeError):  # the loop ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_STOP_S)
        self._thread = None
        self._ring.close()

    def publish(self, messages: Sequence[Message]) -> None:
        """Give records to the clients that asked for them, now and later.

        Parameters
        ----------
        messages
            Those of topic ``waveform.v1``, whose values are miniSEED records; others are passed
            over. A record that is not sound is counted and left out.
        """
        records = []
        for message in messages:
            if message.topic != _WAVEFORMS:
                continue
            try:
                records.append(StreamRecord.read(message.value, message.arrival_ns))
            except DataError as error:
                self._metrics.records.labels("refused").inc()
                _log.debug("record %s not served: %s", message.identity, error)
        if not records:
            return
        self._ring.append(records)
        self._metrics.records.labels("accepted").inc(len(records))
        self._metrics.ring_bytes.set(self._ring.n_bytes)
        self._tell_news()

    def _tell_news(self) -> None:
        loop = self._loop
        if loop is not None and not self._is_waking:
            self._is_waking = True
            with suppress(RuntimeError):  # it was stopped meanwhile
                loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._is_waking = False  # first: what is published from here on wakes again
        for connection in self._connections:
            connection.wake()

    async def _serve_until_stopped(
        self, listener: socket.socket, is_running: threading.Event
    ) -> None:
        self._stopping = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._is_waking = False
        server = await asyncio.start_server(self._welcome, sock=listener)
        is_running.set()
        await self._stopping.wait()
        self._loop.remove_reader(listener)  # a server closed while it accepts leaks the socket
        for _ in range(_TURNS_TO_WELCOME):
            await asyncio.sleep(0)
        server.close()
        for connection in self._connections:
            connection.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._loop = None

    def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= self.settings.max_clients:
            self._metrics.connections.labels("refused").inc()
            writer.transport.abort()
            return
        _watch(writer.get_extra_info("socket"))
        connection = Connection(self._parts, reader, writer)
        self._connections.add(connection)
        self._metrics.clients.set(len(self._connections))
        task = asyncio.create_task(self._serve(connection))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: Connection) -> None:
        outcome = "failed"
        try:
            outcome = await connection.run()
        except asyncio.CancelledError:
            outcome = "served"
            raise
        except Exception:  # noqa: BLE001 - one client's failure must not reach the others
            _log.exception("SeedLink connection failed")
            connection.abort()
        finally:
            self._connections.discard(connection)
            self._metrics.clients.set(len(self._connections))
            self._metrics.connections.labels(outcome).inc()
            if outcome not in ("served", "silent"):
                _log.warning("SeedLink client %s dropped: %s", connection.facts.host, outcome)

    def _client_facts(self) -> list[ClientFacts]:
        return [connection.facts for connection in self._connections]


def _watch(client: socket.socket) -> None:
    """Let the system notice a client that vanished, and send packets at once."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for name, value in _KEEPALIVE_S.items():
        if hasattr(socket, name):
            client.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
