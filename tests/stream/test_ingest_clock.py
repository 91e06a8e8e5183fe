"""What becomes of records whose time, rate or codes are in doubt, on small made streams."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.core.errors import SettingsError
from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader, ns_from_datetime
from mainshock.sources.miniseed_records import decode_record, encode_records
from mainshock.sources.packets import Packet
from mainshock.stream.board import LiveBoard
from mainshock.stream.ingest import Ingest, IngestSettings

T0 = 1_600_000_000 * NANOSECONDS
N = 200
STEP = N * 10_000_000


def ground(start_ns, n, salt):
    """Samples that depend on their time alone, so that overlaps of true records agree."""
    first = start_ns // 10_000_000
    return ((np.arange(first, first + n) * 7919 + salt * 104_729) % 2003 - 1001).astype(np.int32)


def packet(number, station="AAA", channel="HHZ", shift_s=0.0, salt=0, n=N, rate=100.0, at_ns=None):
    """The record with a number in its channel, its time shifted."""
    true_ns = T0 + number * STEP
    header = FragmentHeader(
        "XX", station, "", channel, true_ns + round(shift_s * NANOSECONDS), rate, n
    )
    samples = ground(true_ns, n, salt + sum(map(ord, station + channel)))
    (record,) = encode_records(Fragment(header, samples), 1024)
    return Packet(record, at_ns or 0)


def run(packets, **options):
    ingest = Ingest(IngestSettings(clock="stream", **options))
    messages = ingest.take(packets) + ingest.close()
    return ingest, messages


def stretches(ingest, trace_id="XX.AAA..HHZ"):
    """The segments of a channel as numbers of the first and past the last record."""
    return [
        (
            (ns_from_datetime(one.start) - T0) / STEP,
            (ns_from_datetime(one.start) - T0) / STEP + one.n_samples / N,
        )
        for one in ingest.segments()
        if one.trace_id == trace_id
    ]


def stations(numbers, names=("AAA", "BBB", "CCC"), **options):
    """Records of several stations in turn."""
    return [packet(number, name, **options) for number in numbers for name in names]


def used(counts):
    return {kind: number for kind, number in counts.items() if number}


def test_a_clean_stream_is_one_segment_and_all_is_told_in_order():
    ingest, messages = run(stations(range(20)))
    assert used(ingest.counts) == {"ok": 60}
    assert stretches(ingest) == [(0, 20)]
    told = [one for one in messages if one.key == "XX.AAA"]
    assert [one.identity for one in told] == [
        f"XX.AAA..HHZ@{T0 + number * STEP}+{N}" for number in range(20)
    ]
    assert [one.data_ns for one in told] == [T0 + (number + 1) * STEP for number in range(20)]
    assert {one.topic for one in messages} == {"waveform.v1"}


def test_a_late_record_fills_its_gap():
    ingest, _ = run([packet(number) for number in (0, 1, 2, 5, 6, 4, 7, 3, 8)])
    assert used(ingest.counts) == {"ok": 7, "late": 2}
    assert stretches(ingest) == [(0, 9)]


def test_the_successor_waits_for_the_late_record_and_is_then_told():
    ingest = Ingest(IngestSettings(clock="stream"))
    ingest.take([packet(0), packet(1), packet(2)])
    assert ingest.take([packet(4)]) == []
    assert len(ingest.take([packet(3)])) == 2
    assert used(ingest.counts) == {"ok": 4, "late": 1}


@pytest.mark.parametrize("shift_s", [3600, -3600, 86_400 * 700, -86_400 * 700, 120, 300])
def test_one_wrong_clock_is_refused_wherever_it_comes(shift_s):
    for at in (0, 1, 7, 19):
        packets = [
            packet(number, name, shift_s=shift_s if (number, name) == (at, "BBB") else 0)
            for number in range(20)
            for name in ("AAA", "BBB", "CCC")
        ]
        ingest, messages = run(packets)
        assert used(ingest.counts) == {"ok": 59, "clock": 1}, at
        whole = [(0, at), (at + 1, 20)]
        assert stretches(ingest, "XX.BBB..HHZ") == [one for one in whole if one[0] < one[1]]
        assert stretches(ingest) == [(0, 20)]
        assert sum(one.topic == "deadletter.v1" for one in messages) == 1


@pytest.mark.parametrize("shift_s", [3600, -3600, 86_400 * 700, 120])
def test_a_stream_of_one_channel_refuses_a_wrong_clock_too(shift_s):
    for at in (0, 1, 9):
        packets = [packet(n, shift_s=shift_s if n == at else 0) for n in range(20)]
        ingest, _ = run(packets)
        assert used(ingest.counts) == {"ok": 19, "clock": 1}, at


def test_all_first_records_with_wrong_clocks_do_not_set_the_clock():
    bad = [
        packet(0, name, shift_s=shift)
        for name, shift in (("AAA", 3e7), ("BBB", -3e7), ("CCC", 7200))
    ]
    ingest, _ = run(bad + stations(range(1, 20)))
    assert used(ingest.counts) == {"ok": 57, "clock": 3}
    for name in ("AAA", "BBB", "CCC"):
        assert stretches(ingest, f"XX.{name}..HHZ") == [(1, 20)]


@pytest.mark.parametrize("names", [("AAA",), ("AAA", "BBB"), ("AAA", "BBB", "CCC", "DDD")])
@pytest.mark.parametrize("hours", [1, 30, 9000])
def test_a_stream_that_goes_on_later_is_not_lost(names, hours):
    later = 1800 * hours
    ingest, _ = run(stations(chain(range(10), range(later, later + 10)), names))
    assert used(ingest.counts) == {"ok": 20 * len(names)}
    assert stretches(ingest) == [(0, 10), (later, later + 10)]


def test_a_station_that_comes_back_is_not_lost():
    away = [
        packet(n, name) for n in range(100) for name in ("AAA", "BBB") if name == "AAA" or n < 50
    ]
    back = [packet(n, name) for n in range(100, 700) for name in ("AAA", "BBB", "CCC")]
    ingest, _ = run(away + back)
    assert set(used(ingest.counts)) == {"ok"}
    assert stretches(ingest, "XX.BBB..HHZ") == [(0, 50), (100, 700)]
    assert stretches(ingest, "XX.CCC..HHZ") == [(100, 700)]


def test_one_station_that_runs_hours_ahead_is_refused_while_the_others_go_on():
    packets = [
        packet(n, name, shift_s=7200 if name == "BBB" and 10 <= n < 40 else 0)
        for n in range(60)
        for name in ("AAA", "BBB", "CCC")
    ]
    ingest, _ = run(packets)
    assert used(ingest.counts) == {"ok": 150, "clock": 30}
    assert stretches(ingest, "XX.BBB..HHZ") == [(0, 10), (40, 60)]


def test_a_wrong_clock_in_a_later_gap_is_refused():
    order = [packet(n, shift_s=240.5 if n == 5 else 0) for n in range(200) if not 115 < n < 135]
    ingest, _ = run(order, window_s=60)
    assert used(ingest.counts) == {"ok": 180, "clock": 1}
    assert stretches(ingest) == [(0, 5), (6, 116), (135, 200)]


def test_a_station_minutes_behind_the_others_is_used():
    fast = [packet(n, name) for n in range(200) for name in ("AAA", "BBB")]
    slow = [packet(n, "CCC") for n in range(50)]
    ingest, _ = run(
        fast[:300] + [one for pair in zip(fast[300:350], slow, strict=True) for one in pair]
    )
    assert stretches(ingest, "XX.CCC..HHZ") == [(0, 50)]
    assert ingest.counts["clock"] == 0


def test_a_long_gap_filled_much_later_is_used_and_a_stray_record_is_not():
    packets = [packet(n) for n in range(10)] + [packet(n) for n in range(30, 900)]
    fill = [packet(n) for n in range(10, 30)]
    stray = packet(17, shift_s=0.333)
    ingest, _ = run([*packets, stray, *fill])
    assert stretches(ingest) == [(0, 900)]
    assert used(ingest.counts) == {"ok": 880, "late": 20, "clock": 1}


def test_a_clock_stepping_back_by_seconds_overlaps():
    ingest, messages = run([packet(n, shift_s=-3 if n >= 10 else 0) for n in range(20)])
    assert ingest.counts["overlap"] >= 1
    (segment,) = ingest.segments()
    assert segment.n_samples == 20 * N - 300
    new = [decode_record(one.value) for one in messages if one.topic == "waveform.v1"]
    assert sum(one.header.n_samples for one in new) == segment.n_samples


def test_other_samples_at_the_same_time_lose():
    other = packet(7, salt=3)
    ingest, messages = run([packet(n) for n in range(10)] + [other])
    assert used(ingest.counts) == {"ok": 10, "overlap": 1}
    assert other.payload not in [one.value for one in messages]


def test_copies_are_counted_however_late_they_are():
    packets = [packet(n) for n in (0, 1, 2, 4, 3, 5)]
    again = [packets[4], packets[0], packets[3]]
    much_later = [packet(n) for n in range(6, 2000)]
    ingest, _ = run([*packets, *again, *much_later, *again])
    assert used(ingest.counts) == {"ok": 1999, "late": 1, "duplicate": 6}


def test_records_of_other_lengths_with_the_same_samples_are_copies():
    whole = np.arange(4000, dtype=np.int32) % 97
    header = FragmentHeader("XX", "AAA", "", "HHZ", T0, 100.0, 4000)
    short = [Packet(one, 0) for one in encode_records(Fragment(header, whole), 256)]
    long_3 = [Packet(one, 0) for one in encode_records(Fragment(header, whole), 512, version=3)]
    ingest, _ = run(short + long_3)
    assert used(ingest.counts) == {"ok": len(short), "duplicate": len(long_3)}


@pytest.mark.parametrize("jitter_samples", [0.4, 0.01])
def test_small_jitter_of_start_times_is_no_gap(jitter_samples):
    rng = np.random.default_rng(5)
    shifts = rng.uniform(-1, 1, 200) * jitter_samples * 0.005
    ingest, _ = run([packet(n, shift_s=float(shift)) for n, shift in enumerate(shifts)])
    (segment,) = ingest.segments()
    assert segment.n_samples == 200 * N


def test_a_rate_that_drifts_stays_one_segment():
    packets, start_ns = [], T0
    for n in range(500):
        header = FragmentHeader("XX", "AAA", "", "HHZ", start_ns, 100.0, N)
        packets.append(Packet(encode_records(Fragment(header, ground(n * STEP, N, 0)), 1024)[0], 0))
        start_ns += round(N / 100.005 * NANOSECONDS)
    ingest, _ = run(packets)
    (segment,) = ingest.segments()
    assert segment.n_samples == 500 * N


def test_another_rate_starts_another_segment_and_a_single_one_is_corrupt():
    slower = [packet(10 + 2 * n, rate=50.0) for n in range(10)]
    ingest, _ = run([packet(n) for n in range(10)] + slower)
    assert [one.sampling_rate_hz for one in ingest.segments()] == [100.0, 50.0]
    odd = [packet(n, rate=36.0 if n == 10 else 100.0) for n in range(30)]
    ingest, _ = run(odd)
    assert used(ingest.counts) == {"ok": 29, "corrupt": 1}
    assert stretches(ingest) == [(0, 10), (11, 30)]


def test_a_single_record_of_other_codes_is_unknown():
    packets = stations(range(20))
    packets[20] = packet(6, "CQC")
    ingest, messages = run(packets)
    assert used(ingest.counts) == {"ok": 59, "unknown": 1}
    assert {one.trace_id for one in ingest.segments()} == {
        "XX.AAA..HHZ", "XX.BBB..HHZ", "XX.CCC..HHZ"
    }  # fmt: skip
    assert [one.key for one in messages if one.topic == "deadletter.v1"] == ["XX.CQC"]


def test_stations_nobody_awaits_and_channels_without_component_are_unknown():
    ingest = Ingest(IngestSettings(clock="stream"), known=["XX.AAA"])
    ingest.take([packet(0), packet(0, "BBB"), packet(1), packet(1, channel="LOG")])
    ingest.close()
    assert used(ingest.counts) == {"ok": 2, "unknown": 2}


def test_the_machine_clock_refuses_the_future_and_uses_the_present_at_once():
    ingest = Ingest(IngestSettings(), known=["XX.AAA"])
    now = T0 + STEP
    assert len(ingest.take([packet(0, at_ns=now)])) == 1
    ahead = ingest.take([packet(1, shift_s=100, at_ns=now + STEP)])
    assert [one.topic for one in ahead] == ["deadletter.v1"]
    assert len(ingest.take([packet(1, at_ns=now + 2 * STEP)])) == 1
    ancient = packet(0, channel="HHE", shift_s=-86_400 * 400, at_ns=now)
    assert [one.topic for one in ingest.take([ancient])] == ["deadletter.v1"]
    assert used(ingest.counts) == {"ok": 2, "clock": 2}
    (health,) = ingest.health()
    assert health.latency_s == pytest.approx(2.0)
    assert health.counts["ok"] == 2
    assert health.channels == ("HHZ",)


def test_a_record_after_a_gap_is_used_when_its_time_has_come():
    ingest = Ingest(IngestSettings(), known=["XX.AAA"])
    ingest.take([packet(0, at_ns=T0 + STEP)])
    assert ingest.take([packet(3, at_ns=T0 + 4 * STEP)]) == []
    later = packet(0, channel="HHE", at_ns=T0 + 60 * NANOSECONDS)
    assert len(ingest.take([later])) == 2
    assert ingest.health()[0].gaps == 1
    assert ingest.health()[0].gap_s == pytest.approx(4.0)


def test_accepted_samples_are_shown_on_the_board():
    board = LiveBoard()
    ingest = Ingest(IngestSettings(clock="stream"), board=board)
    ingest.take([packet(n) for n in range(5)])
    shown = board.since("XX.AAA..HHZ", T0)
    assert shown is not None
    assert np.array_equal(shown.samples, ground(T0, 5 * N, sum(map(ord, "AAAHHZ"))))


def test_memory_does_not_grow_with_a_long_stream():
    ingest = Ingest(IngestSettings(clock="stream"))
    sizes = []
    for begin in range(0, 6000, 1000):
        ingest.take([packet(n) for n in range(begin, begin + 1000) if n % 50])
        channel = ingest._gate.channels["XX.AAA..HHZ"]
        sizes.append((channel.recent.n_bytes, len(channel.held)))
    assert max(size for size, _ in sizes) <= 200_000
    assert max(held for _, held in sizes) <= 1
    assert len(ingest.segments()) == 120


def test_channels_that_never_start_take_bounded_space():
    ingest = Ingest(IngestSettings(clock="stream", max_starting=50))
    codes = [f"{chr(65 + n // 26 % 26)}{chr(65 + n % 26)}{n}" for n in range(400)]
    ingest.take([packet(0, code) for code in codes])
    assert len(ingest._gate.channels) == 50
    assert ingest.counts["unknown"] == 350


def test_segments_beyond_the_limit_are_forgotten():
    ingest, _ = run([packet(2 * n) for n in range(100)], max_segments=10)
    assert len(ingest.segments()) == 10
    assert stretches(ingest)[-1] == (198, 199)


@pytest.mark.parametrize(
    "options", [{"clock": "wall"}, {"window_s": 0}, {"max_held": 1}, {"lead_s": float("nan")}]
)
def test_settings_that_make_no_sense_are_refused(options):
    with pytest.raises(SettingsError):
        IngestSettings(**options)


@settings(max_examples=40)
@given(
    lost=st.sets(st.integers(2, 58), max_size=12),
    copied=st.lists(st.integers(0, 59), max_size=10),
    delays=st.lists(st.integers(0, 6), min_size=60, max_size=60),
)
def test_any_order_losses_and_copies_give_the_plain_union(lost, copied, delays):
    names = ("AAA", "BBB")
    arrivals = [
        (number + (delays[number] if name == "AAA" else 0), number, name)
        for number in range(60)
        for name in names
        if name == "BBB" or number not in lost
    ]
    arrivals += [(number + 7, number, "AAA") for number in copied if number not in lost]
    packets = [packet(number, name) for _, number, name in sorted(arrivals)]
    ingest, messages = run(packets)
    present = sorted(set(range(60)) - lost)
    expected = []
    for number in present:
        if expected and expected[-1][1] == number:
            expected[-1] = (expected[-1][0], number + 1)
        else:
            expected.append((number, number + 1))
    assert stretches(ingest) == expected
    assert stretches(ingest, "XX.BBB..HHZ") == [(0, 60)]
    counts = used(ingest.counts)
    assert counts.get("duplicate", 0) == sum(number not in lost for number in copied)
    assert counts["ok"] + counts.get("late", 0) == 60 + len(present)
    assert len({one.identity for one in messages}) == len(messages) == 60 + len(present)
