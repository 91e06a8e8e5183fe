"""Gaps of a stream are filled from a real data centre, patiently, and given up in the end."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from mainshock.core.errors import UnreachableError
from mainshock.serve.context import ServiceContext, ServiceSettings
from mainshock.serve.run import ServiceThread
from mainshock.sources.fragments import (
    NANOSECONDS,
    Fragment,
    FragmentHeader,
    datetime_from_ns,
)
from mainshock.sources.live.backfill import FdsnBackfill, Gap
from mainshock.sources.miniseed_records import decode_record, encode_records, split_records
from mainshock.sources.packets import Packet
from mainshock.sources.stations import StationList
from mainshock.stream.gap_filling import GapFiller, GapSettings
from mainshock.stream.ingest import ArchiveWriter, Ingest, IngestSettings
from mainshock.stream.ingest.ingest import ChannelSegment
from mainshock.stream.store.live_store import LiveStore

T0 = int(datetime(2024, 3, 1, tzinfo=UTC).timestamp()) * NANOSECONDS
LENGTH_S = 1500


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="module")
def sent() -> list[Packet]:
    """25 minutes of one channel, in packets of a second that arrive at their end."""
    samples = np.random.default_rng(5).integers(-500, 500, LENGTH_S * 100).astype(np.int32)
    packets = []
    for second in range(LENGTH_S):
        start_ns = T0 + second * NANOSECONDS
        header = FragmentHeader("XX", "AAA", "", "HHZ", start_ns, 100.0, 100)
        (record,) = encode_records(Fragment(header, samples[second * 100 : second * 100 + 100]))
        packets.append(Packet(record, start_ns + NANOSECONDS, "test"))
    return packets


def ingest_into(folder: Path) -> Ingest:
    archive = ArchiveWriter(folder / "sds", flush_s=1e9)
    return Ingest(IngestSettings(clock="machine"), archive, known=["XX.AAA"])


@pytest.fixture(scope="module")
def centre(sent, tmp_path_factory) -> Iterator[str]:
    """A data centre that has the whole channel."""
    folder = tmp_path_factory.mktemp("centre")
    whole = ingest_into(folder)
    whole.take(sent)
    whole.close()
    with LiveStore.open(folder / "store.sqlite") as store:
        settings = ServiceSettings(port=0)
        context = ServiceContext(store, folder / "sds", StationList([]), settings=settings)
        thread = ServiceThread(context)
        thread.start()
        yield thread.url
        thread.stop()


def samples_by_time(folder: Path) -> dict[int, int]:
    paths = [path for path in (folder / "sds").rglob("*.D.*") if path.is_file()]
    found: dict[int, int] = {}
    n_samples = 0
    for path in paths:
        for record in split_records(path.read_bytes()):
            fragment = decode_record(record)
            n_samples += fragment.samples.size
            times = fragment.header.start_ns + 10_000_000 * np.arange(fragment.samples.size)
            found.update(zip(times.tolist(), fragment.samples.tolist(), strict=True))
    assert len(found) == n_samples, "a sample is there twice"
    return found


def test_what_a_stream_lost_is_in_the_archive_afterwards(sent, centre, tmp_path):
    lost = [*range(100, 160), *range(300, 1290)]  # the second one is longer than late packets
    stream = ingest_into(tmp_path)
    stream.take([one for number, one in enumerate(sent) if number not in lost])
    clock, metrics = Clock(), CollectorRegistry()

    def offer(packet: Packet) -> bool:
        stream.take([packet])
        return True

    settings = GapSettings(patience_s=60.0, piece_s=240.0)
    filler = GapFiller(
        FdsnBackfill(centre, attempts=1), offer, settings, metrics=metrics, clock=clock
    )
    filler.see(stream.segments())
    assert metrics.get_sample_value("mainshock_backfill_gaps") == 2
    filler.fill()
    assert len(stream.segments()) == 3, "it has to wait: late packets may come"
    clock.now_s = 61.0
    filler.fill()
    assert len(stream.segments()) == 1
    filler.see(stream.segments())
    assert metrics.get_sample_value("mainshock_backfill_gaps") == 0
    stream.close()
    found = samples_by_time(tmp_path)
    assert len(found) == LENGTH_S * 100
    for packet in sent:
        fragment = decode_record(packet.payload)
        times = fragment.header.start_ns + 10_000_000 * np.arange(100)
        assert [found[at] for at in times.tolist()] == fragment.samples.tolist()


def test_what_came_while_nobody_listened_is_asked_for(sent, centre, tmp_path):
    stream = ingest_into(tmp_path)
    stream.take(sent[1000:])
    last_seen = datetime_from_ns(T0 + 900 * NANOSECONDS - 10_000_000)

    def offer(packet: Packet) -> bool:
        stream.take([packet])
        return True

    filler = GapFiller(
        FdsnBackfill(centre, attempts=1),
        offer,
        GapSettings(patience_s=0.0),
        earlier={"XX.AAA..HH": last_seen},
        clock=Clock(),
    )
    filler.see(stream.segments())
    filler.fill()
    (segment,) = stream.segments()
    assert segment.start == datetime_from_ns(T0 + 900 * NANOSECONDS)


class Shelf:
    """A data centre in memory: has some packets, in any order."""

    def __init__(self, packets: list[Packet]) -> None:
        self._packets = packets

    def packets(self, gaps: list[Gap], stop: threading.Event) -> Iterator[Packet]:
        for packet in self._packets:
            header = decode_record(packet.payload).header
            start, end = datetime_from_ns(header.start_ns), datetime_from_ns(header.end_ns)
            if any(start < gap.end and end > gap.start for gap in gaps):
                yield packet


def test_a_gap_is_filled_with_what_there_is_of_it_however_old(sent, tmp_path, rng):
    gap = range(100, 1400)
    there = [*range(90, 300), *range(320, 700)]  # not the newest 700 s, not the middle
    stream = ingest_into(tmp_path)
    stream.take([one for number, one in enumerate(sent) if number not in gap])
    before = dict(stream.counts)

    def offer(packet: Packet) -> bool:
        stream.take([packet])
        return True

    shelf = Shelf([sent[number] for number in rng.permutation(there)])
    filler = GapFiller(shelf, offer, GapSettings(patience_s=0.0, piece_s=250.0), clock=Clock())
    filler.see(stream.segments(last_s=1e6))
    filler.fill()
    n_new = len(set(there) & set(gap))
    assert stream.counts["late"] - before["late"] >= n_new
    assert {kind: stream.counts[kind] for kind in ("clock", "overlap")} == {
        "clock": 0,
        "overlap": 0,
    }
    stream.close()
    assert len(samples_by_time(tmp_path)) == (LENGTH_S - len(gap) + n_new) * 100


def test_what_was_asked_for_replaces_no_sample_and_needs_to_be_asked_for(sent, tmp_path):
    stream = ingest_into(tmp_path)
    stream.take(sent[:100] + sent[1400:])
    there = decode_record(sent[99].payload)
    other = Fragment(replace(there.header, n_samples=200), np.arange(200, dtype=np.int32))
    records = encode_records(other)
    stream.take([replace(sent[99], payload=one) for one in records])
    assert stream.counts["clock"] == len(records), "it lies 20 minutes back and was not asked for"
    stream.take([replace(sent[99], payload=one, was_asked_for=True) for one in records])
    stream.close()
    found = samples_by_time(tmp_path)
    assert len(found) == 201 * 100
    times = there.header.start_ns + 10_000_000 * np.arange(100)
    assert [found[at] for at in times.tolist()] == there.samples.tolist()


class Centre:
    """Has nothing, or cannot be reached, and remembers when it was asked for what."""

    def __init__(self, clock: Clock, fails_for: str = "") -> None:
        self.asked: list[tuple[float, str, datetime]] = []
        self._clock, self._fails_for = clock, fails_for

    def packets(self, gaps: list[Gap], stop: threading.Event) -> Iterator[Packet]:
        self.asked += [(self._clock(), one.station, one.start) for one in gaps]
        if any(one.station == self._fails_for for one in gaps):
            raise UnreachableError("the data centre does not answer; look at its address")
        return iter(())


def segments(station: str, *spans: tuple[float, float]) -> list[ChannelSegment]:
    return [
        ChannelSegment(
            f"XX.{station}..HHZ",
            datetime_from_ns(T0 + round(start * NANOSECONDS)),
            datetime_from_ns(T0 + round((end - 0.01) * NANOSECONDS)),
            round((end - start) * 100),
            100.0,
        )
        for start, end in spans
    ]


def test_a_gap_that_nobody_can_fill_is_asked_for_ever_less_often_and_then_left():
    clock = Clock()
    centre = Centre(clock)
    filler = GapFiller(
        centre, lambda _: True, GapSettings(patience_s=10.0, attempts=3), clock=clock
    )
    there = segments("AAA", (0, 10), (20, 30))
    for now_s in range(4000):
        clock.now_s = float(now_s)
        filler.see(there)
        filler.fill()
    assert [at for at, _, _ in centre.asked] == [10.0, 70.0, 370.0]


def test_only_the_newest_segments_are_told_where_that_is_enough(sent, tmp_path):
    stream = ingest_into(tmp_path)
    stream.take([one for number, one in enumerate(sent) if number % 100 < 90])
    every, newest = stream.segments(), stream.segments(last_s=500.0)
    assert len(every) == 15
    assert newest == every[-6:]
    filler = GapFiller(
        Centre(Clock()), lambda _: True, GapSettings(longest_s=500.0), metrics=CollectorRegistry()
    )
    filler.see(every)
    plans = dict(filler._plans)
    filler.see(newest)
    assert filler._plans == plans
    assert len(plans) == 5


def test_gaps_too_short_or_too_long_are_left():
    clock = Clock()
    centre = Centre(clock)
    settings = GapSettings(patience_s=0.0, shortest_s=1.0, longest_s=100.0)
    filler = GapFiller(centre, lambda _: True, settings, clock=clock)
    filler.see(segments("AAA", (-200, -190), (0, 10), (10.5, 30), (40, 50)))
    filler.fill()
    assert [start for _, _, start in centre.asked] == [
        datetime_from_ns(T0 + 30 * NANOSECONDS - 5_000_000)
    ]


def test_a_gap_that_lies_too_far_back_is_left():
    clock = Clock()
    centre = Centre(clock)
    settings = GapSettings(patience_s=0.0, longest_s=100.0)
    earlier = {"XX.AAA..HH": datetime_from_ns(T0 - 90 * NANOSECONDS)}
    filler = GapFiller(centre, lambda _: True, settings, earlier, clock=clock)
    filler.see(segments("AAA", (0, 10), (20, 30), (40, 160)))
    filler.fill()
    assert centre.asked == []
    filler.see(segments("AAA", (0, 10), (20, 30), (40, 125)))
    filler.fill()
    assert [start for _, _, start in centre.asked] == [
        datetime_from_ns(T0 + 30 * NANOSECONDS - 5_000_000)
    ]


def test_a_failure_keeps_no_other_gap_waiting_and_is_counted():
    clock, metrics = Clock(), CollectorRegistry()
    centre = Centre(clock, fails_for="AAA")
    filler = GapFiller(
        centre, lambda _: True, GapSettings(patience_s=0.0), metrics=metrics, clock=clock
    )
    there = segments("AAA", (0, 10), (20, 30)) + segments("BBB", (0, 10), (20, 30))
    filler.see(there)
    filler.fill()
    assert [station for _, station, _ in centre.asked] == ["AAA", "BBB"]
    for outcome in ("failed", "nothing"):
        name = "mainshock_backfill_requests_total"
        assert metrics.get_sample_value(name, {"outcome": outcome}) == 1.0


def test_the_thread_asks_and_ends():
    centre = Centre(Clock())
    filler = GapFiller(centre, lambda _: True, GapSettings(patience_s=0.0))
    filler.see(segments("AAA", (0, 10), (20, 30)))
    filler.start()
    for _ in range(1000):
        if centre.asked:
            break
        threading.Event().wait(0.01)
    filler.stop()
    assert len(centre.asked) == 1
