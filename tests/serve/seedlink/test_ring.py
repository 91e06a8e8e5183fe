"""The ring: bounds, numbers that never return, and places in it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainshock.core.errors import SettingsError, SourceError
from mainshock.serve.seedlink import SeedLinkSettings
from mainshock.serve.seedlink.records import StreamRecord, data_packets
from mainshock.serve.seedlink.ring import RecordRing


def record(n_numbers: int = 1, arrival_s: float = 0.0, stream: str = "_B_H_Z") -> StreamRecord:
    return StreamRecord(
        b"x" * 100, (b"y" * 512,) * n_numbers, "A_B", stream, 0, 1, round(arrival_s * 1e9)
    )


@given(
    st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=8), max_size=12),
    st.integers(700, 20_000),
)
def test_whoever_reads_in_time_misses_nothing_and_who_does_not_is_told(batches, max_bytes):
    ring = RecordRing(max_bytes)
    expected, seen, place = [], [], 1
    for batch in batches:
        records = [record(n_numbers) for n_numbers in batch]
        before = ring.next_sequence
        ring.append(records)
        expected += records
        assert ring.n_bytes <= max_bytes
        assert ring.n_bytes == sum(entry.record.n_bytes for entry in ring.held())
        assert ring.next_sequence == before + sum(one.n_numbers for one in records)
        while (found := ring.read(place, 3)).records or found.has_lost:
            if found.has_lost:
                seen.append(None)
                place = ring.first_sequence
                if place == ring.next_sequence:
                    break
                continue
            seen += [entry.record for entry in found.records]
            place = found.next_sequence
    if None not in seen:
        assert seen == expected
    assert set(ring.spans()) == {entry.record.key for entry in ring.held()}


def test_a_number_inside_a_record_of_many_packets_leads_to_it():
    ring = RecordRing(10**6)
    ring.append([record(4), record(3)])
    found = ring.read(3, 10)
    assert [entry.sequence for entry in found.records] == [1, 5]
    assert found.next_sequence == 8


def test_old_records_are_dropped_by_the_time_of_arrival():
    ring = RecordRing(10**6, max_age_s=60.0)
    ring.append([record(arrival_s=0.0), record(arrival_s=50.0, stream="_B_H_N")])
    ring.append([record(arrival_s=61.0)])
    assert [entry.sequence for entry in ring.held()] == [2, 3]
    spans = ring.spans()
    assert spans["A_B", "_B_H_Z"].oldest.sequence == 3
    assert spans["A_B", "_B_H_N"].newest.sequence == 2


def test_numbers_go_on_after_a_restart(tmp_path: Path):
    state = tmp_path / "folder" / "sequence"
    first = RecordRing(10**6, state_file=state)
    first.append([record(), record()])
    first.close()
    second = RecordRing(10**6, state_file=state)
    assert second.next_sequence == 3
    second.append([record()])
    crashed = RecordRing(10**6, state_file=state)  # nobody closed the second
    assert crashed.next_sequence > 3


@pytest.mark.parametrize("content", [b"abc", b"-3", b"\xff", b"9" * 30])
def test_a_broken_state_file_is_told(tmp_path: Path, content):
    state = tmp_path / "sequence"
    state.write_bytes(content)
    with pytest.raises(SourceError, match="delete"):
        RecordRing(10**6, state_file=state)


@pytest.mark.parametrize("last", [5, 2**24 - 1, 2**24, 2**24 + 1, 5 * 2**24 + 77])
def test_numbers_of_24_bits_mean_the_nearest_packet(tmp_path: Path, last):
    state = tmp_path / "sequence"
    state.write_text(str(last))
    ring = RecordRing(10**6, state_file=state)
    ring.append([record(), record(), record()])
    for number in range(last, last + 4):
        (packet,) = data_packets(record(), number, is_version_4=False)
        assert packet[:2] == b"SL"
        assert ring.sequence_of_legacy(int(packet[2:8], 16)) == number
    assert ring.sequence_of_legacy((last + 1000) % 2**24) is None  # no such packet yet


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": 70_000},
        {"organisation": "two\nlines"},
        {"ring_bytes": 0},
        {"ring_seconds": -1.0},
        {"token": "short"},
        {"max_clients": 0},
        {"window_grace_seconds": -1.0},
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(SettingsError):
        SeedLinkSettings(**wrong)
