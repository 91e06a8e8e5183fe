"""Dirty streams made of real records; a plain account says what must come out."""

import struct
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import obspy
import pytest

from mainshock.sources.fragments import (
    NANOSECONDS,
    Fragment,
    FragmentHeader,
    datetime_from_ns,
    ns_from_datetime,
)
from mainshock.sources.miniseed_records import decode_record, encode_records, split_records
from mainshock.sources.packets import Packet
from mainshock.stream.ingest import ArchiveWriter, DeadLetterStore, Ingest, IngestSettings
from mainshock.stream.ingest.settings import PACKET_KINDS

SETS = ("iceland_dike_20140824", "ridgecrest_20190707_0750", "sthelens_20220206")
SHARES = {
    "lost": 0.01,
    "payload": 0.01,
    "cut": 0.01,
    "header": 0.005,
    "clock": 0.01,
    "late": 0.02,
    "copy": 0.01,
    "other": 0.005,
}


@dataclass
class Dirty:
    """A stream in order of arrival, what is good in it, and how many of each kind there are."""

    arrivals: list = field(default_factory=list)
    good: list = field(default_factory=list)
    counts: dict = field(default_factory=lambda: dict.fromkeys(PACKET_KINDS, 0))

    def send(self, at_s, payload, kind=None):
        self.arrivals.append((at_s, len(self.arrivals), payload))
        if kind:
            self.counts[kind] += 1

    def packets(self):
        return [Packet(payload, 0, "dirty") for _, _, payload in sorted(self.arrivals)]

    def segments(self):
        """Id, start, end (of the last sample, to a millisecond) and samples."""
        found = []
        for one in sorted(self.good, key=lambda one: (one.header.trace_id, one.header.start_ns)):
            header = one.header
            name, start_ns, n = header.trace_id, header.start_ns, header.n_samples
            if found and found[-1][0] == name and abs(start_ns - found[-1][2]) < 5_000_000:
                found[-1][2:] = [header.end_ns, found[-1][3] + n]
            else:
                found.append([name, start_ns, header.end_ns, n])
        return [
            (name, round(start / 1e6), round((end - 1e7) / 1e6), n) for name, start, end, n in found
        ]


def moved(record, seconds):
    time = datetime_from_ns(decode_record(record).header.start_ns) + timedelta(seconds=seconds)
    head = bytearray(record)
    day = time.timetuple().tm_yday
    struct.pack_into(">HHBBB", head, 20, time.year, day, time.hour, time.minute, time.second)
    return bytes(head)


def flipped(record, rng):
    damaged = bytearray(record)
    for at in rng.choice(np.arange(64, 512), 40, replace=False):
        damaged[at] ^= int(rng.integers(1, 256))
    return bytes(damaged)


def spoil(stream, kind, record, header, at_s, rng):
    """Send what comes in a record's place; returns whether the record itself comes too."""
    if kind == "payload":
        stream.send(at_s, flipped(record, rng), "corrupt")
    elif kind == "cut":
        stream.send(at_s, record[: int(rng.integers(1, 512))], "truncated")
    elif kind == "header":
        stream.send(at_s, rng.bytes(48) + record[48:], "corrupt")
    elif kind == "clock":
        hours = int(rng.choice([-1, 1])) * int(rng.integers(1, 30_000))
        minutes_s = int(rng.integers(90, 900))
        stream.send(at_s, moved(record, 3600 * hours if rng.random() < 0.7 else minutes_s), "clock")
    elif kind == "copy":
        wait_s = rng.uniform(0, 5) if rng.random() < 0.5 else rng.uniform(60, 3000)
        stream.send(at_s + wait_s, record, "duplicate")
    elif kind == "other":
        other = Fragment(header, decode_record(record).samples[::-1] + 7)
        for one in encode_records(other):
            stream.send(at_s + 3.0, one, "overlap")
    return kind not in ("lost", "payload", "cut", "header", "clock")


def dirty_stream(root, rng):
    stream = Dirty()
    limits = np.cumsum(list(SHARES.values()))
    kinds = [*SHARES, "sound"]
    genuine = {}
    for path in sorted(one for one in root.rglob("*.D.*") if one.is_file()):
        for record in split_records(path.read_bytes()):
            fragment = decode_record(record)
            at_s = fragment.header.end_ns / NANOSECONDS + rng.uniform(0.1, 1.5)
            kind = kinds[int(np.searchsorted(limits, rng.random()))]
            if spoil(stream, kind, record, fragment.header, at_s, rng):
                stream.good.append(fragment)
                genuine[record] = fragment.header
                if kind == "late":
                    at_s += rng.uniform(3, 15) if rng.random() < 0.5 else rng.uniform(30, 400)
                stream.send(at_s, record)
    count_late(stream, genuine)
    return stream


def count_late(stream, genuine):
    newest, seen = {}, set()
    for packet in stream.packets():
        header = genuine.get(packet.payload)
        if header is None or packet.payload in seen:
            continue
        seen.add(packet.payload)
        is_late = header.start_ns < newest.get(header.trace_id, 0)
        stream.counts["late" if is_late else "ok"] += 1
        newest[header.trace_id] = max(newest.get(header.trace_id, 0), header.start_ns)


def in_milliseconds(segments):
    return [
        (
            one.trace_id,
            round(ns_from_datetime(one.start) / 1e6),
            round(ns_from_datetime(one.end) / 1e6),
            one.n_samples,
        )
        for one in segments
    ]


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("seed", [0, 1])
def test_segments_and_counts_are_exact(data_dir, name, seed):
    stream = dirty_stream(data_dir / "continuous" / name / "sds", np.random.default_rng(seed))
    ingest = Ingest(IngestSettings(clock="stream"))
    packets = stream.packets()
    for begin in range(0, len(packets), 100):
        ingest.take(packets[begin : begin + 100])
    ingest.close()
    assert in_milliseconds(ingest.segments()) == stream.segments()
    assert ingest.counts == stream.counts


@pytest.mark.parametrize("name", SETS[:2])
def test_the_archive_holds_exactly_the_good_samples(data_dir, tmp_path, name):
    stream = dirty_stream(data_dir / "continuous" / name / "sds", np.random.default_rng(7))
    letters = DeadLetterStore(tmp_path / "letters")
    ingest = Ingest(IngestSettings(clock="stream"), ArchiveWriter(tmp_path / "sds"), letters)
    messages = ingest.take(stream.packets()) + ingest.close()
    stored = obspy.Stream()
    for path in sorted((tmp_path / "sds").rglob("*.D.*")):
        if path.is_file():
            stored += obspy.read(str(path))
    traces = {}
    for trace in stored.merge(-1):
        traces.setdefault(trace.id, []).append(trace)
    assert sum(trace.stats.npts for trace in stored) == sum(
        one.header.n_samples for one in stream.good
    )
    for one in stream.good:
        assert any(holds(trace, one) for trace in traces[one.header.trace_id]), one.header
    told = [one for one in messages if one.topic == "waveform.v1"]
    assert len({one.identity for one in told}) == len(told) == len(stream.good)
    lines = [path.read_text().splitlines() for path in (tmp_path / "letters").glob("*.jsonl")]
    n_bad = sum(stream.counts[kind] for kind in ("overlap", "corrupt", "truncated", "clock"))
    assert sum(map(len, lines)) == n_bad


def holds(trace, fragment):
    header: FragmentHeader = fragment.header
    first = round((header.start_ns - trace.stats.starttime.ns) / 1e7)
    there = trace.data[max(0, first) : first + header.n_samples]
    return first >= 0 and np.array_equal(there, fragment.samples)
