"""Archives come back as they were: every sample, in the order of time, at the chosen speed."""

import heapq
import threading
import tracemalloc
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from mainshock.core.errors import NothingFoundError, RecordError, SettingsError, SourceError
from mainshock.sources.fragments import NANOSECONDS, datetime_from_ns, ns_from_datetime
from mainshock.sources.live import LiveSource, SourceSettings, open_packet_source
from mainshock.sources.miniseed_records import RecordDamageError, decode_record, record_header
from mainshock.sources.sds import SdsSource

START_NS = 1_599_998_400 * NANOSECONDS  # of the fragments
FAST = SourceSettings(speed=0.0)


def play(folder: Path, settings: SourceSettings = FAST) -> list:
    return list(open_packet_source(f"replay:{folder}", settings).packets(threading.Event()))


def joined(packets: list) -> dict[str, np.ndarray]:
    """Samples of each channel by time."""
    pieces: dict[str, list] = {}
    for packet in packets:
        fragment = decode_record(packet.payload)
        heapq.heappush(
            pieces.setdefault(fragment.header.trace_id, []),
            (fragment.header.start_ns, fragment.samples.tolist()),
        )
    return {
        trace: np.concatenate([samples for _, samples in sorted(found)])
        for trace, found in pieces.items()
    }


def test_all_records_come_in_order_of_their_ends(archive, rng, make_fragment):
    folder = archive(
        *(
            make_fragment(
                rng.integers(-900, 900, 5000), station=station, channel=f"HH{letter}", at_s=late_s
            )
            for station, late_s in (("ABC", 0.0), ("DEF", 0.31))
            for letter in "ZNE"
        )
    )
    packets = play(folder)
    ends = [record_header(packet.payload).end_ns for packet in packets]
    assert ends == sorted(ends) == [packet.arrival_ns for packet in packets]
    written = b"".join(
        sorted(path.read_bytes() for path in folder.rglob("*.D.*") if path.is_file())
    )
    assert sum(len(packet.payload) for packet in packets) == len(written)
    assert packets == play(folder), "a replay is the same each time"
    assert {packet.source for packet in packets} == {f"replay:{folder}"}


def test_real_archive_has_the_samples_that_the_reader_of_archives_finds(data_dir):
    folder = sorted(path for path in (data_dir / "continuous").iterdir() if path.is_dir())[0]
    source = open_packet_source(f"replay:{folder}", FAST)
    waveforms: dict[str, list] = {}
    for waveform in SdsSource(folder):
        waveforms.setdefault(waveform.trace_id, []).append(waveform)
    n_compared = n_samples = 0
    for packet in source.packets(threading.Event()):
        fragment = decode_record(packet.payload)
        row = "ZNE".find(fragment.header.channel[-1])
        n_samples += fragment.header.n_samples if row >= 0 else 0
        for waveform in waveforms.get(fragment.header.trace_id[:-1], []) if row >= 0 else []:
            start_ns = ns_from_datetime(waveform.start)
            first = round((fragment.header.start_ns - start_ns) / 1e9 * waveform.sampling_rate_hz)
            part = waveform.samples[row, max(first, 0) : max(first + fragment.samples.size, 0)]
            replayed = fragment.samples[max(-first, 0) :][: part.size]
            np.testing.assert_array_equal(part, replayed)
            n_compared += part.size
    assert n_compared > 100_000
    assert n_compared >= 0.999 * n_samples
    assert len(source.stations()) > 0
    assert source.inventory() is not None
    assert isinstance(source, LiveSource)
    assert not source.is_live
    assert not source.is_synthetic


def test_records_that_the_file_holds_too_late_come_in_their_place(archive, rng, make_fragment):
    folder = archive(
        *(make_fragment(rng.integers(-9, 9, 100), at_s=second) for second in (0, 2, 1, 4, 3, 5))
    )
    starts = [record_header(packet.payload).start_ns for packet in play(folder)]
    assert starts == sorted(starts)


def test_record_far_too_late_comes_without_turning_time_back(archive, rng, make_fragment):
    seconds = [*range(1, 60), 0, *range(60, 70)]
    folder = archive(*(make_fragment(rng.integers(-9, 9, 100), at_s=second) for second in seconds))
    packets = play(folder)
    assert len(packets) == 70
    assert all(one.arrival_ns <= other.arrival_ns for one, other in pairwise(packets))


def test_midnight_is_no_break(archive, rng, make_fragment):
    near_midnight_s = 12 * 3600 - 5
    folder = archive(
        make_fragment(rng.integers(-900, 900, 700), at_s=near_midnight_s),
        make_fragment(rng.integers(-900, 900, 700), at_s=near_midnight_s + 7),
        make_fragment(rng.integers(-900, 900, 100), at_s=near_midnight_s + 5.5, station="DEF"),
    )
    assert len(list((folder / "sds").rglob("*.D.*.*"))) == 3
    ends = [packet.arrival_ns for packet in play(folder)]
    assert ends == sorted(ends)


def test_damaged_records_come_too_and_junk_does_not(archive, tmp_path, make_fragment, make_records):
    records = make_records(40)
    folder = archive(make_fragment(np.arange(100)))
    path = next(path for path in folder.rglob("*.D.2020.*") if path.is_file())
    bad_time = bytearray(records[20])
    bad_time[22:24] = (999).to_bytes(2, "big")
    path.write_bytes(
        bytes(bad_time)
        + b"".join(records[:20])
        + b"junk" * 16
        + bytes(bad_time)
        + b"".join(records[20:])
        + records[0][:100]
    )
    packets = play(folder)
    assert len(packets) == 42
    assert packets[0].arrival_ns == packets[1].arrival_ns
    with pytest.raises(RecordDamageError):
        record_header(packets[0].payload)
    assert [p.payload for p in packets if p.payload != bytes(bad_time)] == records


def test_long_records_are_not_cut_at_a_piece(archive, rng, make_fragment):
    noise = rng.integers(-(2**28), 2**28, 40_000)
    folder = archive(make_fragment(noise), record_length=1 << 15)
    np.testing.assert_array_equal(joined(play(folder))["XX.ABC..HHZ"], noise)


def test_start_end_and_stations_limit(archive, rng, make_fragment):
    folder = archive(
        *(
            make_fragment(rng.integers(-9, 9, 100), at_s=second, station=station)
            for station in ("ABC", "DEF")
            for second in range(60)
        )
    )
    start = datetime_from_ns(START_NS + 10 * NANOSECONDS)
    limits = SourceSettings(
        speed=0.0, start=start, end=start + timedelta(seconds=20), stations=("XX.D*",)
    )
    headers = [record_header(packet.payload) for packet in play(folder, limits)]
    assert {header.station for header in headers} == {"DEF"}
    assert [(header.start_ns - START_NS) / 1e9 for header in headers] == list(range(10, 30))
    with pytest.raises(NothingFoundError, match=r"ZZ\.\*"):
        play(folder, SourceSettings(stations=("ZZ.*",)))


@pytest.mark.parametrize("speed", [1.0, 20.0])
def test_packets_come_when_they_are_due(archive, rng, clock, speed, make_fragment):
    folder = archive(*(make_fragment(rng.integers(-9, 9, 100), at_s=s) for s in (0, 1, 2, 60)))
    settings = SourceSettings(speed=speed, timing=clock.timing())
    source = open_packet_source(f"replay:{folder}", settings)
    came_s = []
    for _ in source.packets(threading.Event()):
        came_s.append(clock.elapsed_s - 1000.0)
    np.testing.assert_allclose(came_s, np.array([0, 1, 2, 60]) / speed, atol=1e-6)


def test_reader_that_is_late_is_not_kept_waiting(archive, rng, clock, make_fragment):
    folder = archive(*(make_fragment(rng.integers(-9, 9, 100), at_s=s) for s in range(10)))
    settings = SourceSettings(timing=clock.timing())
    packets = open_packet_source(f"replay:{folder}", settings).packets(threading.Event())
    next(packets)
    clock.elapsed_s += 5.5
    for _ in range(5):
        next(packets)
    assert clock.waits_s == []
    next(packets)
    assert clock.waits_s == pytest.approx([0.5])


@pytest.mark.parametrize("speed", [0.0, float("inf")])
def test_without_pace_nobody_waits_and_stop_stops(archive, rng, clock, speed, make_fragment):
    folder = archive(*(make_fragment(rng.integers(-9, 9, 100), at_s=s) for s in range(10)))
    settings = SourceSettings(speed=speed, timing=clock.timing())
    stop = threading.Event()
    packets = open_packet_source(f"replay:{folder}", settings).packets(stop)
    next(packets)
    stop.set()
    assert list(packets) == []
    assert clock.waits_s == []


def test_memory_does_not_grow_with_the_archive(archive, rng, make_fragment):
    day = make_fragment(rng.integers(-(2**20), 2**20, 600_000))  # 1.9 MB
    folder = archive(day)
    source = open_packet_source(f"replay:{folder}", FAST)
    tracemalloc.start()
    try:
        n_bytes = sum(len(packet.payload) for packet in source.packets(threading.Event()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert n_bytes > 1_500_000
    assert peak < 400_000


def test_what_is_no_archive_is_told(tmp_path):
    with pytest.raises(SourceError, match="no SDS archive"):
        open_packet_source(f"replay:{tmp_path}")
    with pytest.raises(SourceError, match="no SDS archive"):
        open_packet_source("replay:/does/not/exist")


def test_settings_that_make_no_sense_are_told():
    start = datetime_from_ns(START_NS)
    for wrong in (
        {"speed": -1.0},
        {"speed": float("nan")},
        {"packet_s": 0},
        {"start": start, "end": start},
    ):
        with pytest.raises(SettingsError):
            SourceSettings(**wrong)
    with pytest.raises(RecordError, match="time zone"):
        SourceSettings(start=start.replace(tzinfo=None))
