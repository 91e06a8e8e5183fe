"""The record buffer against a plain dictionary of samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainshock.sources.fragments import NANOSECONDS, Fragment, FragmentHeader
from mainshock.stream.picking.record_buffer import RecordBuffer

KEY = ("XX", "ABC", "", "HH")
RATE = 10.0


def fragment(component: int, first: int, values) -> Fragment:
    samples = np.array(values, dtype=np.int32)
    start_ns = round(first / RATE * NANOSECONDS)
    header = FragmentHeader(*KEY[:3], "HH" + "ZNE"[component], start_ns, RATE, samples.size)
    return Fragment(header, samples)


pieces = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.integers(0, 900),
        st.lists(st.integers(1, 99), min_size=1, max_size=60),
    ),
    min_size=1,
    max_size=25,
)


@settings(max_examples=150)
@given(pieces)
def test_the_first_to_come_wins_and_only_the_oldest_is_dropped(found):
    buffer = RecordBuffer(KEY, RATE, 0, capacity_s=40.0)
    plain: dict[tuple[int, int], int] = {}
    for component, first, values in found:
        kept_from = buffer.first
        buffer.put(fragment(component, first, values))
        assert buffer.first >= kept_from
        for offset, value in enumerate(values):
            if first + offset >= buffer.first:
                plain.setdefault((component, first + offset), value)
        plain = {place: value for place, value in plain.items() if place[1] >= buffer.first}
    assert buffer.newest - buffer.first >= min(0.75 * 400, buffer.newest)
    there = {
        (int(c), int(n) + buffer.first): int(buffer.samples[c, n])
        for c, n in np.argwhere(buffer.is_there)
    }
    assert there == plain


def test_a_hole_is_waited_for_and_then_passed():
    buffer = RecordBuffer(KEY, RATE, 0, capacity_s=40.0)
    for component in range(3):
        buffer.put(fragment(component, 0, range(1, 51)))
    assert buffer.recorded_until(0, patience=100) == 50
    for component in range(3):
        buffer.put(fragment(component, 70, range(1, 31)))
    assert buffer.recorded_until(0, patience=100) == 50
    for component in range(3):
        buffer.put(fragment(component, 100, [7] * 60))
    assert buffer.recorded_until(0, patience=100) == 60  # 16 s on, the first 6 of them are passed
    for component in range(3):
        buffer.put(fragment(component, 160, [7] * 15))
    assert buffer.recorded_until(0, patience=100) == 175  # beyond the hole
    buffer.put(fragment(0, 175, [7] * 75))
    assert buffer.recorded_until(0, patience=100) == 175  # the others are waited for
    buffer.put(fragment(0, 250, [7] * 30))
    assert buffer.recorded_until(0, patience=100) == 280  # the others are too far behind


def test_a_record_tells_its_gaps_and_dead_components():
    buffer = RecordBuffer(KEY, RATE, 0, capacity_s=40.0)
    buffer.put(fragment(0, 0, range(1, 101)))
    buffer.put(fragment(1, 0, [5] * 100))
    buffer.put(fragment(2, 0, range(1, 41)))
    buffer.put(fragment(2, 50, range(1, 51)))
    waveform = buffer.waveform(0, 100)
    assert waveform.has_component == (True, False, True)
    assert waveform.gaps == ((40, 50),)
    assert waveform.flags == ("flat",)
    with pytest.raises(IndexError, match="are kept"):
        buffer.waveform(-5, 20)
