"""The live board against plain arrays."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.stream.board import LiveBoard

SECOND = 1_000_000_000


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 400), st.integers(1, 60)), min_size=1, max_size=20),
    st.sampled_from([1.0, 12.5, 100.0]),
)
def test_the_latest_samples_stand_at_their_times(pieces, rate):
    board = LiveBoard(length_s=100 / rate)
    plain = np.full(1000, np.nan, dtype=np.float32)
    for value, (first, size) in enumerate(pieces):
        newest = np.flatnonzero(np.isfinite(plain))
        kept_from = max(0, (newest[-1] if newest.size else 0) + 1 - 100)
        board.put("XX.A..HHZ", round(first / rate * SECOND), rate, np.full(size, value))
        lowest = max(first, kept_from, first + size - 100)
        plain[lowest : first + size] = value
    past_last = np.flatnonzero(np.isfinite(plain))[-1] + 1
    assert board.end_ns("XX.A..HHZ") == round(past_last / rate * SECOND)
    got = board.since("XX.A..HHZ", 0)
    begin = past_last - got.samples.size
    assert got.samples.size <= 100
    assert got.end_ns == board.end_ns("XX.A..HHZ")
    np.testing.assert_array_equal(
        got.samples, np.r_[[np.nan] * max(0, -begin), plain[max(0, begin) : past_last]]
    )


def test_another_rate_starts_the_trace_anew():
    board = LiveBoard(10.0)
    board.put("XX.A..HHZ", 0, 100.0, np.ones(500))
    board.put("XX.A..HHZ", 5 * SECOND, 50.0, np.ones(50))
    trace = board.since("XX.A..HHZ", 0)
    assert trace.sampling_rate_hz == 50.0
    assert np.isfinite(trace.samples).sum() == 50
    assert board.traces() == ["XX.A..HHZ"]
    assert board.since("XX.B..HHZ", 0) is None
    assert board.end_ns("XX.B..HHZ") is None


def test_nothing_is_given_beyond_the_newest_sample():
    board = LiveBoard(10.0)
    board.put("XX.A..HHZ", 0, 10.0, np.arange(20))
    assert board.since("XX.A..HHZ", 2 * SECOND) is None
    assert board.since("XX.A..HHZ", SECOND).samples.tolist() == list(range(10, 20))
