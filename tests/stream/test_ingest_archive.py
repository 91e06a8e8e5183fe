"""The archive that an ingest writes, and its dead letters."""

import json
from dataclasses import replace

import numpy as np
import obspy
import pytest
from prometheus_client import CollectorRegistry

from mainshock.core.errors import SourceError
from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader
from mainshock.sources.miniseed_records import (
    decode_record,
    encode_records,
    record_header,
    split_records,
)
from mainshock.sources.packets import Packet
from mainshock.sources.sds import SdsSource
from mainshock.stream.ingest import ArchiveWriter, DeadLetterStore, Ingest, IngestSettings

DAY_NS = 86_400 * NANOSECONDS
T0 = 18_000 * DAY_NS + 3600 * NANOSECONDS  # 2019-04-14T01:00:00Z
NAME = "2019/XX/AAA/HHZ.D/XX.AAA..HHZ.D.2019"


def whole(n=6000, start_ns=T0, rate=100.0):
    samples = np.cumsum(np.random.default_rng(3).integers(-50, 50, n)).astype(np.int32)
    return Fragment(FragmentHeader("XX", "AAA", "", "HHZ", start_ns, rate, n), samples)


def packets_of(fragment, length=512, version=2):
    return [Packet(one, 0, "test") for one in encode_records(fragment, length, version)]


def ingest_into(root, packets, **writer):
    archive = ArchiveWriter(root, **writer)
    ingest = Ingest(IngestSettings(clock="stream"), archive)
    ingest.take(packets)
    ingest.close()
    return archive


def samples_in(root):
    """The archive's traces as ObsPy reads and joins them."""
    stream = obspy.Stream()
    for path in sorted(root.rglob("*.D.*")):
        if path.is_file():
            stream += obspy.read(str(path))
    return [trace.data for trace in stream.merge(-1).sort(["starttime"])]


def test_records_lie_in_the_archive_as_they_came(tmp_path):
    packets = packets_of(whole())
    ingest_into(tmp_path, packets)
    stored = (tmp_path / f"{NAME}.104").read_bytes()
    assert stored == b"".join(one.payload for one in packets)
    (waveform,) = SdsSource(tmp_path)
    assert np.array_equal(waveform.samples[0], whole().samples.astype(np.float32))


def test_late_records_of_one_interval_are_put_in_order(tmp_path):
    packets = packets_of(whole())
    mixed = [*packets[:3], packets[4], packets[3], *packets[5:]]
    ingest_into(tmp_path, mixed)
    assert list(split_records((tmp_path / f"{NAME}.104").read_bytes())) == [
        one.payload for one in packets
    ]


def test_a_record_across_midnight_is_split(tmp_path):
    fragment = whole(start_ns=18_001 * DAY_NS - 1_230_000_000)
    ingest_into(tmp_path, packets_of(fragment))
    days = [obspy.read(str(tmp_path / f"{NAME}.{day}")).merge(-1) for day in (104, 105)]
    assert [len(one) for one in days] == [1, 1]
    assert days[0][0].stats.npts == 123
    assert days[1][0].stats.starttime.ns == 18_001 * DAY_NS
    assert np.array_equal(np.concatenate([one[0].data for one in days]), fragment.samples)


def test_version_3_is_stored_as_version_2(tmp_path):
    ingest_into(tmp_path, packets_of(whole(), version=3))
    (samples,) = samples_in(tmp_path)
    assert np.array_equal(samples, whole().samples)


def test_overlaps_leave_each_sample_once(tmp_path):
    first, second = whole(), whole(4096)
    packets = packets_of(first, 512) + packets_of(second, 4096)
    shifted = Fragment(
        FragmentHeader("XX", "AAA", "", "HHZ", first.header.end_ns - 5 * NANOSECONDS, 100.0, 700),
        np.arange(700, dtype=np.int32),
    )
    ingest_into(tmp_path, packets + packets_of(shifted, 4096))
    (samples,) = samples_in(tmp_path)
    assert np.array_equal(samples, np.concatenate([first.samples, np.arange(500, 700)]))


@pytest.mark.parametrize("cut", [0, 100])
def test_what_is_sent_again_after_a_crash_is_stored_once(tmp_path, cut):
    packets = packets_of(whole())
    ingest_into(tmp_path, packets[:8])
    path = tmp_path / f"{NAME}.104"
    path.write_bytes(path.read_bytes()[: 8 * 512 - cut])
    archive = ingest_into(tmp_path, packets[4:])
    assert archive.n_repeated == (4 if cut == 0 else 3)
    assert list(split_records(path.read_bytes())) == [one.payload for one in packets]


def datagrams(fragment, n_samples=25):
    """Short records of a second's quarter each, as a Raspberry Shake gives them."""
    for first in range(0, fragment.header.n_samples, n_samples):
        header = replace(
            fragment.header,
            start_ns=fragment.header.start_ns + first * 10_000_000,
            n_samples=n_samples,
        )
        part = Fragment(header, fragment.samples[first : first + n_samples])
        (record,) = encode_records(part, 256)
        yield part, record


def test_short_records_that_continue_each_other_are_joined(tmp_path):
    now = [0]
    archive = ArchiveWriter(tmp_path, flush_s=5.0, clock=lambda: now[0])
    before, after = whole(3000), whole(1000, T0 + 37 * NANOSECONDS)
    for part, record in [*datagrams(before), *datagrams(after)]:
        archive.add(part, record)
        now[0] += NANOSECONDS // 4
    archive.close()
    path = tmp_path / f"{NAME}.104"
    lengths = [len(one) for one in split_records(path.read_bytes())]
    assert sum(lengths) < 4000 * 2.5, "Steim-2 takes a byte or two a sample"
    assert archive.n_written == len(lengths)
    assert [len(one) for one in samples_in(tmp_path)] == [3000, 1000], "the gap is still there"
    assert np.array_equal(samples_in(tmp_path)[0], before.samples)
    assert np.array_equal(samples_in(tmp_path)[1], after.samples)


def test_joined_records_are_not_written_again_after_a_crash(tmp_path):
    records = list(datagrams(whole(3000)))
    first = ArchiveWriter(tmp_path, flush_s=1e9)
    for part, record in records[:60]:
        first.add(part, record)
    first.close()
    path = tmp_path / f"{NAME}.104"
    path.write_bytes(path.read_bytes()[:-10])  # the crash tore the last record
    second = ArchiveWriter(tmp_path, flush_s=1e9)
    for part, record in records[20:]:
        second.add(part, record)
    second.close()
    assert 0 < second.n_repeated < 40
    (samples,) = samples_in(tmp_path)
    assert np.array_equal(samples, whole(3000).samples)
    total = sum(record_header(one).n_samples for one in split_records(path.read_bytes()))
    assert 3000 <= total < 3000 + 25, "at most the datagram that was torn in two comes again"


def test_short_records_that_cannot_be_joined_stay_as_they_are(tmp_path):
    samples = np.tile(np.array([-(2**30), 2**30], dtype=np.int32), 10)
    archive = ArchiveWriter(tmp_path)
    header = FragmentHeader("XX", "AAA", "", "HHZ", T0, 100.0, 1)
    records = []
    for number in range(20):
        part = Fragment(replace(header, start_ns=T0 + number * 10_000_000), samples[number:][:1])
        records += encode_records(part, 128)
        archive.add(part, records[-1])
    archive.close()
    assert list(split_records((tmp_path / f"{NAME}.104").read_bytes())) == records


def test_records_wait_at_most_for_the_interval(tmp_path):
    now = [0]
    archive = ArchiveWriter(tmp_path, flush_s=5.0, clock=lambda: now[0])
    fragment = whole(400)
    (packet,) = packets_of(fragment, 4096)
    archive.add(fragment, packet.payload)
    assert not (tmp_path / "2019").exists()
    now[0] = 5 * NANOSECONDS
    archive.flush_due()
    assert (tmp_path / f"{NAME}.104").stat().st_size == 4096


def test_records_wait_in_bounded_space(tmp_path):
    archive = ArchiveWriter(tmp_path, max_bytes=1000, clock=lambda: 0)
    for packet, start in zip(packets_of(whole(2000)), range(3), strict=False):
        archive.add(whole(10, T0 + start * NANOSECONDS), packet.payload)
    assert (tmp_path / f"{NAME}.104").stat().st_size >= 1024


def test_an_archive_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "2019").write_text("a file, not a folder")
    with pytest.raises(SourceError):
        ingest_into(tmp_path, packets_of(whole()))


def letters(folder):
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        stored = path.with_suffix(".bin").read_bytes()
        for line in path.read_text(encoding="utf-8").splitlines():
            document = json.loads(line)
            begin = document["offset"]
            found.append((document, stored[begin : begin + document["length"]]))
    return found


def test_dead_letters_keep_bytes_and_reason(tmp_path):
    registry = CollectorRegistry()
    store = DeadLetterStore(tmp_path / "letters")
    ingest = Ingest(IngestSettings(clock="stream"), None, store, metrics=registry)
    good = packets_of(whole())
    cut = Packet(good[3].payload[:99], 1_500_000_000 * NANOSECONDS, "seedlink://x")
    junk = Packet(b"junk" * 30, 0, "seedlink://x")
    ingest.take([good[0], cut, good[1], junk, good[2], good[1]])
    ingest.close()
    (first, first_bytes), (second, second_bytes) = letters(tmp_path / "letters")
    assert (first_bytes, second_bytes) == (cut.payload, junk.payload)
    assert first["kind"] == "truncated"
    assert first["arrival"] == "2017-07-14T02:40:00.000000Z"
    assert first["source"] == "seedlink://x"
    assert "99 bytes" in first["reason"]
    assert (second["kind"], second["arrival"]) == ("corrupt", None)
    name = "mainshock_ingest_packets_total"
    assert registry.get_sample_value(name, {"kind": "ok", "station": "XX.AAA"}) == 3
    assert registry.get_sample_value(name, {"kind": "duplicate", "station": "XX.AAA"}) == 1
    assert registry.get_sample_value(name, {"kind": "corrupt", "station": ""}) == 1
    name, of_station = "mainshock_ingest_last_sample_timestamp_seconds", {"station": "XX.AAA"}
    newest_ns = decode_record(good[2].payload).header.end_ns - 10_000_000
    assert registry.get_sample_value(name, of_station) == pytest.approx(newest_ns / 1e9, abs=1e-4)


def test_the_newest_sample_of_a_station_is_told_and_an_older_one_changes_nothing():
    registry = CollectorRegistry()
    ingest = Ingest(IngestSettings(clock="stream"), metrics=registry)
    packets = packets_of(whole())
    name, of_station = "mainshock_ingest_last_sample_timestamp_seconds", {"station": "XX.AAA"}
    ingest.take([*packets[:3], *packets[4:8]])
    newest_s = registry.get_sample_value(name, of_station)
    assert newest_s == pytest.approx(
        decode_record(packets[7].payload).header.end_ns / 1e9 - 0.01, abs=1e-4
    )
    ingest.take([packets[3]])
    assert registry.get_sample_value(name, of_station) == newest_s


def test_dead_letters_that_are_written_in_part_are_written_again_as_a_whole(tmp_path):
    store = DeadLetterStore(tmp_path)
    store.add(Packet(b"first", 0), "corrupt", "1")
    store.flush()
    lines = tmp_path / "00000001.jsonl"
    (tmp_path / "aside").write_bytes(lines.read_bytes())
    lines.unlink()
    lines.mkdir()  # bytes can be written, lines cannot
    store.add(Packet(b"second one", 0), "corrupt", "2")
    for _ in range(3):
        with pytest.raises(SourceError, match="free space"):
            store.flush()
    assert (tmp_path / "00000001.bin").read_bytes() == b"first"
    lines.rmdir()
    (tmp_path / "aside").rename(lines)
    store.add(Packet(b"third", 0), "corrupt", "3")
    store.close()
    kept = [(document["reason"], payload) for document, payload in letters(tmp_path)]
    assert kept == [("1", b"first"), ("2", b"second one"), ("3", b"third")]


def test_dead_letters_take_bounded_space_and_survive_a_restart(tmp_path):
    for round_ in range(3):
        store = DeadLetterStore(tmp_path, max_bytes=40_000)
        for number in range(200):
            store.add(Packet(bytes([number]) * 500, 0), "corrupt", f"{round_} {number}")
        store.close()
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 45_000
    kept = letters(tmp_path)
    assert kept[-1][0]["reason"] == "2 199"
    assert kept[-1][1] == bytes([199]) * 500
    assert store.n_dropped > 0
