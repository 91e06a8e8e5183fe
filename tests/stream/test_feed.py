"""The feed waits, sheds, acknowledges and tells what is wrong, and never grows without limit."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import SourceError, UnreachableError
from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader
from mainshock.sources.miniseed_records import encode_records, split_records
from mainshock.sources.packets import Packet
from mainshock.stream.embedded_bus import EmbeddedBus
from mainshock.stream.feed import Feed
from mainshock.stream.ingest import ArchiveWriter, DeadLetterStore, Ingest, IngestSettings

T0 = int(datetime(2024, 3, 1, tzinfo=UTC).timestamp()) * NANOSECONDS
WAIT_S = 20.0


def packet(second: int, station: str = "AAA") -> Packet:
    """One second of record that arrives at its end."""
    start_ns = T0 + second * NANOSECONDS
    rng = np.random.default_rng(second)
    header = FragmentHeader("XX", station, "", "HHZ", start_ns, 100.0, 100)
    (record,) = encode_records(Fragment(header, rng.integers(-500, 500, 100).astype(np.int32)))
    return Packet(record, start_ns + NANOSECONDS, "test")


class Source:
    """Yields packets, then waits until it is told to end or to fail."""

    name, label, is_synthetic = "test", "test", False

    def __init__(self, packets: list[Packet], *, is_live: bool, error: Exception | None = None):
        self.is_live = is_live
        self.error = error
        self.n_yielded = 0
        self.goes_on = threading.Event()
        self._packets = packets

    def packets(self, stop: threading.Event) -> Iterator[Packet]:
        for one in self._packets:
            yield one
            self.n_yielded += 1
        if self.error is not None:
            raise self.error
        while self.is_live and not stop.is_set() and not self.goes_on.wait(0.01):
            pass


class Recallable(Source):
    """Remembers what was acknowledged."""

    def __init__(self, packets: list[Packet]):
        super().__init__(packets, is_live=True)
        self.acknowledged: list[int] = []

    def acknowledge(self, n_packets: int) -> None:
        self.acknowledged.append(n_packets)


@pytest.fixture
def bus(tmp_path: Path) -> Iterator[EmbeddedBus]:
    made = EmbeddedBus(tmp_path / "bus.sqlite")
    yield made
    made.close()


def make_ingest(
    folder: Path,
    known: tuple[str, ...] = ("XX.AAA", "XX.BBB"),
    dead_letters: DeadLetterStore | None = None,
) -> Ingest:
    archive = ArchiveWriter(folder / "sds", flush_s=1e9)
    return Ingest(IngestSettings(clock="machine"), archive, dead_letters, known=known)


def wait_until(is_reached) -> None:
    for _ in range(int(WAIT_S / 0.01)):
        if is_reached():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it did not happen")


def published(bus: EmbeddedBus, topic: str = "waveform.v1") -> list[str]:
    found = []
    while batch := bus.read("reader", [topic], 500, 0.0):
        found.extend(one.message.identity for one in batch)
    return found


def archived(folder: Path) -> list[bytes]:
    paths = sorted(path for path in (folder / "sds").rglob("*.D.*") if path.is_file())
    return [one for path in paths for one in split_records(path.read_bytes())]


def test_a_replay_is_published_and_archived_whole_though_little_may_wait(tmp_path, bus):
    sent = [packet(second) for second in range(300)]
    feed = Feed(Source(sent, is_live=False), make_ingest(tmp_path), bus, max_waiting=5)
    feed.start()
    assert feed.wait(WAIT_S)
    assert len(published(bus)) == 300
    assert archived(tmp_path) == [one.payload for one in sent]
    assert (feed.problem, feed.n_shed) == ("", 0)


def test_a_live_source_sheds_the_oldest_when_the_stages_stand_still(tmp_path, bus):
    sent = [packet(second) for second in range(400)]
    source = Source(sent, is_live=True)
    shed = []
    feed = Feed(
        source,
        make_ingest(tmp_path),
        bus,
        on_shed=lambda: shed.append(1),
        max_waiting=20,
        hold_at=0,
        clock=lambda: 1e6,
    )
    feed.start()
    wait_until(lambda: source.n_yielded == 400)
    wait_until(lambda: feed.n_shed > 0)
    assert feed.n_waiting <= 20
    assert feed.n_shed == len(shed)
    assert "dropped" in feed.problem
    feed.stop()
    names = published(bus)
    assert len(names) == 400 - feed.n_shed
    assert names[-1] == f"XX.AAA..HHZ@{sent[-1].arrival_ns - NANOSECONDS}+100"  # the newest stay


def test_a_source_that_is_acknowledged_waits_instead(tmp_path, bus):
    source = Recallable([packet(second) for second in range(400)])
    feed = Feed(source, make_ingest(tmp_path), bus, max_waiting=20, hold_at=0)
    feed.start()
    wait_until(lambda: feed.n_waiting == 20)
    assert source.n_yielded < 400
    while source.n_yielded < 400:
        published(bus)  # picking reads
        bus.read("picking", ["waveform.v1"], 500, 0.05)
    feed.stop()
    assert feed.n_shed == 0
    assert len(archived(tmp_path)) == 400


def test_packets_are_acknowledged_when_they_are_safe(tmp_path, bus):
    source = Recallable([packet(second) for second in range(50)])
    feed = Feed(source, make_ingest(tmp_path), bus, health_s=0.05)
    feed.start()
    wait_until(lambda: source.acknowledged[-1] == 50)
    assert source.acknowledged[0] == 0
    assert source.acknowledged == sorted(source.acknowledged)
    assert len(archived(tmp_path)) == 50
    feed.stop()


def test_a_record_that_waits_for_the_next_holds_the_acknowledgement(tmp_path, bus):
    # the tenth leaves a gap behind it, so that ingest waits for another one
    source = Recallable([packet(second) for second in (*range(9), 12)] + [packet(8, "BBB")])
    ingest = make_ingest(tmp_path)
    feed = Feed(source, ingest, bus, health_s=0.05)
    feed.start()
    wait_until(lambda: source.acknowledged[-1] == 9)
    wait_until(lambda: ingest.oldest_waiting(0) is not None)
    assert len(published(bus)) == 10
    feed.stop()  # decides about what waits
    assert source.acknowledged[-1] == 11
    assert len(published(bus)) == 1


def test_a_disk_that_cannot_be_written_holds_the_feed_up_and_is_told(tmp_path, bus, monkeypatch):
    monkeypatch.setattr("mainshock.stream.feed._RETRY_S", 0.01)
    is_full = threading.Event()
    is_full.set()
    write = bus.publish

    def publish(messages):
        if is_full.is_set():
            raise SourceError("cannot write: disk full; free space")
        write(messages)

    monkeypatch.setattr(bus, "publish", publish)
    source = Recallable([packet(second) for second in range(30)])
    feed = Feed(source, make_ingest(tmp_path), bus, health_s=0.05)
    feed.start()
    wait_until(lambda: "disk full" in feed.problem)
    assert source.acknowledged == [0]
    is_full.clear()
    wait_until(lambda: feed.problem == "")
    wait_until(lambda: source.acknowledged[-1] == 30)
    assert len([name for name in published(bus) if "HHZ" in name]) == 30
    feed.stop()


def test_a_disk_too_full_for_dead_letters_costs_no_record(tmp_path, bus, monkeypatch):
    monkeypatch.setattr("mainshock.stream.feed._RETRY_S", 0.01)
    is_full = threading.Event()
    is_full.set()
    write = DeadLetterStore._write

    def written(store, path):
        if is_full.is_set():
            raise OSError(28, "No space left on device")
        write(store, path)

    monkeypatch.setattr(DeadLetterStore, "_write", written)
    bad = Packet(b"nonsense" * 1000, 1, "test")
    source = Recallable([bad, *(packet(second) for second in range(30))])
    ingest = make_ingest(tmp_path, dead_letters=DeadLetterStore(tmp_path / "dead", 8000))
    feed = Feed(source, ingest, bus, safe_s=0.05)
    feed.start()
    wait_until(lambda: "No space" in feed.problem)
    is_full.clear()
    wait_until(lambda: source.acknowledged[-1] == 31)
    assert len([name for name in published(bus) if "HHZ" in name]) == 30
    feed.stop()


def test_a_bus_that_does_not_tell_what_waits_ends_nothing(tmp_path, bus, monkeypatch):
    monkeypatch.setattr("mainshock.stream.feed._RETRY_S", 0.01)
    is_away, ask = threading.Event(), bus.backlog
    is_away.set()

    def backlog(*values):
        if is_away.is_set():
            raise UnreachableError("the cluster does not answer")
        return ask(*values)

    monkeypatch.setattr(bus, "backlog", backlog)
    feed = Feed(
        Source([packet(second) for second in range(30)], is_live=False),
        bus=bus,
        ingest=make_ingest(tmp_path),
    )
    feed.start()
    wait_until(lambda: "does not answer" in feed.problem)
    is_away.clear()
    assert feed.wait(WAIT_S)
    assert (feed.error, feed.problem) == (None, "")
    assert len(published(bus)) == 30


def test_what_makes_a_source_fail_is_told(tmp_path, bus):
    error = UnreachableError("nobody answers; look at the port")
    feed = Feed(Source([packet(0)], is_live=True, error=error), make_ingest(tmp_path), bus)
    feed.start()
    assert feed.wait(WAIT_S)
    assert feed.error is error
    assert feed.problem == str(error)
    assert len(published(bus)) == 1


def test_a_packet_that_ingest_fails_over_stops_no_other(tmp_path, bus, monkeypatch):
    ingest = make_ingest(tmp_path)
    take = ingest.take

    def fail_once(packets):
        if packets[0] is sent[3]:
            raise RuntimeError("a fault")
        return take(packets)

    sent = [packet(second) for second in range(6)]
    monkeypatch.setattr(ingest, "take", fail_once)
    feed = Feed(Source(sent, is_live=False), ingest, bus)
    feed.start()
    assert feed.wait(WAIT_S)
    assert len(published(bus)) == 5


def test_the_end_of_ingest_is_told(tmp_path, bus, monkeypatch):
    ingest = make_ingest(tmp_path)
    monkeypatch.setattr(ingest, "health", lambda: 1 / 0)
    feed = Feed(Source([packet(0)], is_live=True), ingest, bus, health_s=0.01)
    feed.start()
    assert feed.wait(WAIT_S)
    assert "ingest has ended" in feed.problem
    feed.stop()


def test_a_source_all_of_whose_packets_are_refused_is_told(tmp_path, bus):
    strangers = [packet(second, "CCC") for second in range(150)]
    feed = Feed(Source(strangers, is_live=True), make_ingest(tmp_path), bus)
    feed.start()
    wait_until(lambda: "packets were refused and none was used, for unknown" in feed.problem)
    feed.offer(packet(150))
    wait_until(lambda: feed.problem == "")
    feed.stop()


def test_packets_may_come_from_beside(tmp_path, bus):
    source = Recallable([packet(0), packet(2), packet(3)])
    feed = Feed(source, make_ingest(tmp_path), bus, health_s=0.05)
    feed.start()
    wait_until(lambda: source.acknowledged[-1] == 3)
    assert feed.offer(packet(1))
    wait_until(lambda: len(archived(tmp_path)) == 4)
    assert source.acknowledged[-1] == 3
    feed.stop()
    assert not feed.offer(packet(4))
