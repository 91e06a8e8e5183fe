"""Bins keep every extreme, lie on one grid however a trace is cut, and travel as documented."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mainshock.serve.frames import bin_length_ns, encode_frame, min_max_bins
from mainshock.serve.trace_feed import TraceFeed
from mainshock.stream.board import LiveBoard

START_NS = 1_700_000_000_123_456_789
RATES_HZ = st.sampled_from([1.0, 20.0, 40.0, 100.0, 125.0, 200.0, 62.5, 3.0, 99.999])
SAMPLES = arrays(
    np.float32,
    st.integers(1, 400),
    elements=st.one_of(st.floats(-1e6, 1e6, width=32), st.just(math.nan)),
)


def decode(frame: bytes) -> tuple[str, int, float, float, np.ndarray, np.ndarray | None]:
    """An independent reading of the layout in the contract: id, kind, times, maximum, minimum."""
    form, kind, n_id, n_bins, start_ms, bin_ms = struct.unpack_from("<BBHIdd", frame)
    assert form == 1
    trace_id = frame[24 : 24 + n_id].decode()
    first = 24 + -(-n_id // 8) * 8
    values = np.frombuffer(frame, dtype="<f4", offset=first)
    assert values.size == n_bins * (2 if kind == 1 else 1)
    minimum = values[:n_bins] if kind == 1 else None
    return trace_id, kind, start_ms, bin_ms, values[-n_bins:], minimum


@given(SAMPLES, RATES_HZ, st.integers(1, 600), st.integers(10, 2000))
def test_bins_agree_with_a_plain_loop(samples, rate_hz, length_s, pixels):
    length_ns = bin_length_ns(length_s, pixels, rate_hz)
    bins = min_max_bins(samples, START_NS, rate_hz, length_ns)
    expected: dict[int, list[float]] = {}
    for index, value in enumerate(samples.tolist()):
        time_ns = START_NS + round(index * 1e9 / rate_hz)
        expected.setdefault((time_ns + 1000) // length_ns, []).append(value)
    assert bins.start_ns == min(expected) * length_ns
    assert bins.minimum.size == max(expected) - min(expected) + 1
    for index, (low, high) in enumerate(zip(bins.minimum, bins.maximum, strict=True)):
        known = [
            value
            for value in expected.get(bins.start_ns // length_ns + index, [])
            if not math.isnan(value)
        ]
        if known:
            assert (low, high) == (min(known), max(known))
        else:
            assert np.isnan(low)
            assert np.isnan(high)


@given(SAMPLES, RATES_HZ, st.data())
def test_extremes_of_all_are_kept(samples, rate_hz, draw):
    length_ns = bin_length_ns(60.0, draw.draw(st.integers(10, 4000)), rate_hz)
    bins = min_max_bins(samples, START_NS, rate_hz, length_ns)
    assert bins.start_ns % length_ns == 0
    assert bins.length_ns * rate_hz >= 1e9 * (1 - 1e-9)  # a sample at least
    if np.isfinite(samples).any():
        assert np.nanmin(bins.minimum) == np.nanmin(samples)
        assert np.nanmax(bins.maximum) == np.nanmax(samples)


@given(SAMPLES, st.sampled_from([20.0, 50.0, 100.0, 200.0]), st.data())
def test_parts_join_to_the_whole(samples, rate_hz, draw):
    cut = draw.draw(st.integers(0, samples.size - 1))
    length_ns = bin_length_ns(60.0, 600, rate_hz)
    whole = min_max_bins(samples, START_NS, rate_hz, length_ns)
    cut_ns = START_NS + round(cut * 1e9 / rate_hz)
    last = min_max_bins(samples[cut:], cut_ns, rate_hz, length_ns)
    offset = (last.start_ns - whole.start_ns) // length_ns
    # the bin that the cut went through holds less; all others are the same
    assert np.array_equal(whole.maximum[offset + 1 :], last.maximum[1:], equal_nan=True)


@given(SAMPLES, st.text("ABCxyz.9_", min_size=1, max_size=30), st.booleans())
def test_a_frame_is_read_as_it_was_meant(samples, trace_id, is_curve):
    bins = min_max_bins(samples, START_NS, 100.0, 50_000_000)
    frame = encode_frame(trace_id, bins, is_curve=is_curve)
    told, kind, start_ms, bin_ms, maximum, minimum = decode(frame)
    assert (told, kind, bin_ms) == (trace_id, 2 if is_curve else 1, 50.0)
    assert round(start_ms * 1e6 / 50_000_000) * 50_000_000 == bins.start_ns
    assert np.array_equal(maximum, bins.maximum, equal_nan=True)
    if minimum is not None:
        assert np.array_equal(minimum, bins.minimum, equal_nan=True)


class Client:
    """What the browser does: it keeps bins by their time, newer ones replace older ones."""

    def __init__(self) -> None:
        self.bins: dict[int, tuple[float, float]] = {}

    def take(self, frame: bytes | None) -> None:
        if frame is None:
            return
        _, _, start_ms, bin_ms, maximum, minimum = decode(frame)
        first = round(start_ms / bin_ms)
        for index, pair in enumerate(zip(minimum, maximum, strict=True)):
            self.bins[first + index] = pair


@given(st.data())
def test_a_client_ends_with_the_extremes_of_what_the_board_holds(draw):
    """Packets come late, out of order and twice; after a sweep the client has them all."""
    rng = np.random.default_rng(draw.draw(st.integers(0, 2**32 - 1)))
    board, client = LiveBoard(length_s=60.0), Client()
    feed = TraceFeed(board, "BW.UH1..EHZ", 60.0, 300)
    packet_ns, n_packets = 1_000_000_000, 50
    first_ns = START_NS // packet_ns * packet_ns
    samples = rng.normal(size=(n_packets, 100)).astype(np.float32)
    lateness = draw.draw(st.lists(st.integers(0, 8), min_size=n_packets, max_size=n_packets))
    order = sorted(range(n_packets), key=lambda number: number + lateness[number])
    for number in order:
        board.put("BW.UH1..EHZ", first_ns + number * packet_ns, 100.0, samples[number])
        client.take(feed.frame())
    for _ in range(8):
        client.take(feed.frame())
    expected = samples.reshape(-1, 20)  # five bins a second
    first = first_ns // 200_000_000
    got = np.array([client.bins[first + index] for index in range(len(expected))])
    assert np.array_equal(got[:, 0], expected.min(axis=1))
    assert np.array_equal(got[:, 1], expected.max(axis=1))


def test_a_feed_is_silent_when_nothing_is_new():
    board = LiveBoard()
    feed = TraceFeed(board, "BW.UH1..EHZ", 60.0, 600)
    assert feed.frame() is None
    board.put("BW.UH1..EHZ", START_NS, 100.0, np.zeros(6000))
    board.put("BW.UH1..EHZ", START_NS + 60_000_000_000, 100.0, np.zeros(6000))
    first = feed.frame()
    assert len(decode(first)[4]) == pytest.approx(600, abs=1)
    assert [feed.frame() for _ in range(20)] == [None] * 20
    board.put("BW.UH1..EHZ", START_NS + 120_000_000_000, 100.0, np.ones(100))
    second = decode(feed.frame())
    assert 10 <= len(second[4]) <= 12
    assert second[4][-1] == 1.0


def test_a_curve_goes_without_its_minimum():
    board = LiveBoard()
    board.put("BW.UH1..EH_P", START_NS, 100.0, np.linspace(0, 1, 500))
    _, kind, _, _, maximum, minimum = decode(TraceFeed(board, "BW.UH1..EH_P", 60, 600).frame())
    assert (kind, minimum) == (2, None)
    assert maximum[-1] == 1.0


def test_a_trace_that_begins_anew_is_sent_anew():
    board = LiveBoard()
    feed = TraceFeed(board, "BW.UH1..EHZ", 10.0, 100)
    board.put("BW.UH1..EHZ", START_NS, 100.0, np.zeros(1000))
    feed.frame()
    board.put("BW.UH1..EHZ", START_NS - 3_600_000_000_000, 50.0, np.ones(500))
    assert len(decode(feed.frame())[4]) == pytest.approx(100, abs=1)
