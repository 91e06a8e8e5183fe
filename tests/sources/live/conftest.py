"""A clock that tests turn, archives to play back, and records to send."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader, datetime_from_ns
from mainshock.sources.live import Timing
from mainshock.sources.miniseed_records import encode_records
from mainshock.sources.packets import Packet

_START_NS = int(datetime(2020, 9, 13, 12, tzinfo=UTC).timestamp()) * NANOSECONDS


class FakeClock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.elapsed_s = 1000.0
        self.waits_s: list[float] = []

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        self.waits_s.append(seconds)
        self.elapsed_s += seconds
        return stop.is_set()

    def timing(self) -> Timing:
        return Timing(
            wall_ns=lambda: _START_NS + round((self.elapsed_s - 1000.0) * NANOSECONDS),
            elapsed_s=lambda: self.elapsed_s,
            wait=self.wait,
        )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _fragment(
    samples: np.ndarray,
    *,
    network: str = "XX",
    station: str = "ABC",
    channel: str = "HHZ",
    at_s: float = 0.0,
    rate_hz: float = 100.0,
) -> Fragment:
    start_ns = _START_NS + round(at_s * NANOSECONDS)
    header = FragmentHeader(network, station, "", channel, start_ns, rate_hz, len(samples))
    return Fragment(header, np.asarray(samples, dtype=np.int32))


def _records(n_records: int, station: str = "ABC", seed: int = 0) -> list[bytes]:
    """One record a second."""
    rng = np.random.default_rng(seed)
    return [
        encode_records(_fragment(rng.integers(-500, 500, 100), station=station, at_s=second))[0]
        for second in range(n_records)
    ]


@pytest.fixture
def archive(tmp_path: Path) -> Callable[..., Path]:
    """Add fragments to an SDS archive and return its folder."""

    def add(*fragments: Fragment, folder: Path = tmp_path, record_length: int = 512) -> Path:
        for fragment in fragments:
            header = fragment.header
            day = datetime_from_ns(header.start_ns)
            place = folder / "sds" / f"{day:%Y}" / header.network / header.station
            path = place / f"{header.channel}.D" / f"{header.trace_id}.D.{day:%Y.%j}"
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as stream:
                stream.write(b"".join(encode_records(fragment, record_length)))
        return folder

    return add


class _Reader:
    """Takes packets in a thread of its own, so that a test can wait for them with a limit."""

    def __init__(self, packets: Iterator[Packet], stop: threading.Event) -> None:
        self.stop = stop
        self.packets: list[Packet] = []
        self.error: Exception | None = None
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._run, args=(packets,), daemon=True)
        self._thread.start()

    def _run(self, packets: Iterator[Packet]) -> None:
        try:
            for packet in packets:
                with self._news:
                    self.packets.append(packet)
                    self._news.notify_all()
        except Exception as error:  # noqa: BLE001  told to the test at the end
            self.error = error
        finally:
            with self._news:
                self._news.notify_all()

    def wait_for(self, n_packets: int) -> list[Packet]:
        with self._news:
            came = self._news.wait_for(
                lambda: len(self.packets) >= n_packets or not self._thread.is_alive(), timeout=20.0
            )
        assert came, f"{len(self.packets)} of {n_packets} packets came"
        return self.packets

    def wait_until(self, is_reached: Callable[[], bool]) -> None:
        for _ in range(2000):
            if is_reached():
                return
            self._thread.join(timeout=0.01)
        raise AssertionError("the source did not get so far")

    def end(self) -> None:
        """Set stop and require that the source ends within about a second."""
        self.stop.set()
        self._thread.join(timeout=5.0)
        assert not self._thread.is_alive(), "the source goes on after stop"
        if self.error is not None:
            raise self.error


@contextmanager
def _reading(source: object) -> Iterator[_Reader]:
    stop = threading.Event()
    reader = _Reader(source.packets(stop), stop)
    try:
        yield reader
    finally:
        reader.end()


@pytest.fixture
def make_fragment() -> Callable[..., Fragment]:
    """Make a fragment that starts ``at_s`` after 2020-09-13T12:00:00Z."""
    return _fragment


@pytest.fixture
def make_records() -> Callable[..., list[bytes]]:
    """Make records of one second each."""
    return _records


@pytest.fixture
def reading() -> Callable[..., AbstractContextManager[_Reader]]:
    """Read a source in a thread; at the end of the block it must stop at once."""
    return _reading
