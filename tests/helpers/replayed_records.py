"""Records of an archive, or of the demonstration, played by SeedLink as if they came in today."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from object_store import free_port

from mainshock.serve.seedlink.server import SeedLinkServer
from mainshock.serve.seedlink.settings import SeedLinkSettings
from mainshock.sources.fragments import NANOSECONDS, Fragment
from mainshock.sources.live import SourceSettings, open_packet_source
from mainshock.sources.miniseed_records import (
    decode_record,
    encode_records,
    record_header,
    split_records,
)
from mainshock.sources.stations import StationList, read_stations
from mainshock.stream.bus import Message

__all__ = ["Player", "Record", "fragments_of", "replayed"]

Record = tuple[int, bytes]
"""When it ends, nanoseconds since 1970, and what it holds."""


def fragments_of(data: Path | None) -> tuple[list[Fragment], StationList]:
    """Return the records of a folder, or of the demonstration, and their stations."""
    if data is None:
        source = open_packet_source("demo", SourceSettings(speed=0.0))
        records = [one.payload for one in source.packets(threading.Event())]
        sites = source.stations()
        return [decode_record(one) for one in records], sites
    paths = [path for path in sorted((data / "sds").rglob("*.D.*")) if path.is_file()]
    records = [one for path in paths for one in split_records(path.read_bytes())]
    sites = read_stations(data / "stations.csv")
    return [decode_record(one) for one in records], sites


def replayed(fragments: Sequence[Fragment], length_s: float, ends_s: float) -> list[Record]:
    """Return records of some length, over and over if need be, that end at a time of today."""
    first_ns = min(one.header.start_ns for one in fragments)
    last_ns = max(one.header.end_ns for one in fragments)
    span_ns = (last_ns // NANOSECONDS + 2 - first_ns // NANOSECONDS) * NANOSECONDS
    end_ns = first_ns + round(length_s * NANOSECONDS)
    shift_ns = round(ends_s) * NANOSECONDS - end_ns // NANOSECONDS * NANOSECONDS
    made = []
    for turn in range(-(-round(length_s * NANOSECONDS) // span_ns)):
        for one in fragments:
            start_ns = one.header.start_ns + turn * span_ns
            if start_ns < end_ns:
                header = replace(one.header, start_ns=start_ns + shift_ns)
                made += encode_records(replace(one, header=header))
    return sorted((record_header(one).end_ns, one) for one in made)


def _server() -> SeedLinkServer:
    return SeedLinkServer(SeedLinkSettings(port=free_port()))


@dataclass(slots=True, eq=False)
class Player:
    """Serves records by SeedLink at a multiple of their speed."""

    records: list[Record]
    speed: float
    server: SeedLinkServer = field(
        default_factory=lambda: SeedLinkServer(SeedLinkSettings(port=free_port()))
    )
    sent_ns: int = 0
    has_begun: threading.Event = field(default_factory=threading.Event)
    has_sent_all: threading.Event = field(default_factory=threading.Event)
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def length_s(self) -> float:
        """Seconds that playing takes."""
        return (self.records[-1][0] - self.records[0][0]) / NANOSECONDS / self.speed

    @contextmanager
    def playing(self) -> Iterator[None]:
        """Serve; the records come once ``has_begun`` is set."""
        self.server.start()
        thread = threading.Thread(target=self._play, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.is_over.set()
            self.has_begun.set()
            thread.join(10.0)
            self.server.stop()

    def _play(self) -> None:
        self.has_begun.wait()
        began_s = time.monotonic()
        first_ns = self.records[0][0]
        for end_ns, record in self.records:
            due_s = began_s + (end_ns - first_ns) / NANOSECONDS / self.speed
            if self.is_over.wait(max(0.0, due_s - time.monotonic())):
                return
            self.server.publish([Message("waveform.v1", "", "", record, end_ns, time.time_ns())])
            self.sent_ns = end_ns
        self.has_sent_all.set()
