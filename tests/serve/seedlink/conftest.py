"""A SeedLink server on a free port, records to feed it, and a plain socket to talk to it."""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from mainshock.serve.seedlink import SeedLinkServer, SeedLinkSettings
from mainshock.sources.fragments import Fragment, FragmentHeader
from mainshock.sources.miniseed_records import encode_records
from mainshock.stream.bus import Message

START_NS = 1_562_485_800_000_000_000  # 2019-07-07T07:50:00Z
RATE_HZ = 100.0


def _samples(trace: str, n_samples: int) -> np.ndarray:
    seed = list(trace.encode())
    return np.random.default_rng(seed).integers(-(10**6), 10**6, n_samples).astype(np.int32)


def _records(
    trace: str,
    n_samples: int = 3000,
    start_ns: int = START_NS,
    length: int = 512,
    version: Literal[2, 3] = 2,
) -> list[bytes]:
    header = FragmentHeader(*trace.split("."), start_ns, RATE_HZ, n_samples)
    fragment = Fragment(header, _samples(trace, n_samples))
    return [bytes(record) for record in encode_records(fragment, length, version)]


def _messages(payloads: Sequence[bytes], arrival_ns: int = START_NS) -> list[Message]:
    return [Message("waveform.v1", "", "", payload, 0, arrival_ns) for payload in payloads]


@pytest.fixture
def samples_of() -> Callable[[str, int], np.ndarray]:
    """Give counts that differ between traces and are the same each time."""
    return _samples


@pytest.fixture
def records_of() -> Callable[..., list[bytes]]:
    """Give miniSEED records of a trace ``NET.STA.LOC.CHA``, 100 Hz from 2019-07-07T07:50:00."""
    return _records


@pytest.fixture
def messages_of() -> Callable[..., list[Message]]:
    """Give the messages that carry records."""
    return _messages


class Talker:
    """A client of a few lines, for what no library says."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._unread = b""

    def say(self, *lines: str) -> None:
        self.socket.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def line(self) -> str:
        while b"\r\n" not in self._unread:
            self._fill()
        line, _, self._unread = self._unread.partition(b"\r\n")
        return line.decode()

    def take(self, n_bytes: int) -> bytes:
        while len(self._unread) < n_bytes:
            self._fill()
        taken, self._unread = self._unread[:n_bytes], self._unread[n_bytes:]
        return taken

    def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        try:
            while True:
                self._fill()
        except (EOFError, ConnectionError):
            return self._unread

    def rest_until_end(self) -> bytes:
        """Everything before the END of a transfer."""
        while not self._unread.endswith(b"END"):
            self._fill()
        return self._unread.removesuffix(b"END")

    def ask(self, line: str) -> str:
        self.say(line)
        return self.line()

    def _fill(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError("the server closed")
        self._unread += data


@pytest.fixture
def wait_until() -> Callable[[Callable[[], bool]], None]:
    """Wait for what another thread does."""

    def wait(is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not is_so():
            assert time.monotonic() < deadline, "it did not come to pass in 30 s"
            time.sleep(0.005)

    return wait


@pytest.fixture
def serve() -> Iterator[Callable[..., SeedLinkServer]]:
    """Start servers with some settings; all are stopped in the end."""
    servers: list[SeedLinkServer] = []

    def start(
        clock: Callable[[], int] | None = None,
        metrics: CollectorRegistry | None = None,
        **settings: object,
    ) -> SeedLinkServer:
        server = SeedLinkServer(
            SeedLinkSettings(port=0, **settings),  # type: ignore[arg-type]
            **({} if clock is None else {"clock": clock}),
            metrics=metrics,
        )
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


@pytest.fixture
def talk() -> Iterator[Callable[[SeedLinkServer], Talker]]:
    """Connect plain sockets to a server; all are closed in the end."""
    talkers: list[Talker] = []

    def connect(server: SeedLinkServer) -> Talker:
        talkers.append(Talker(server.port))
        return talkers[-1]

    yield connect
    for talker in talkers:
        talker.socket.close()


@pytest.fixture
def archive(tmp_path: Path) -> Callable[[str, list[bytes]], Path]:
    """Write records of 2019, day 188, into an SDS archive."""

    def write(trace: str, payloads: list[bytes]) -> Path:
        network, station, location, channel = trace.split(".")
        folder = tmp_path / "sds" / "2019" / network / station / f"{channel}.D"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{network}.{station}.{location}.{channel}.D.2019.188"
        with path.open("ab") as stream:
            stream.write(b"".join(payloads))
        return tmp_path / "sds"

    return write
