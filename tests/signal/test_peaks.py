import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import find_peaks, peak_widths

from mainshock.signal.peaks import half_widths, peaks_above

CURVES = st.lists(st.integers(0, 9), min_size=1, max_size=60).map(
    lambda values: np.array(values, dtype=np.float64) / 10.0
)


@given(CURVES, st.floats(0.0, 1.0))
def test_peaks_and_widths_are_scipys(curve: np.ndarray, height: float) -> None:
    expected, _ = find_peaks(curve, height=height)
    found = peaks_above(curve, height, 1)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_allclose(half_widths(curve, found), peak_widths(curve, expected)[0])


@given(st.permutations(range(40)), st.integers(1, 15))
def test_of_close_peaks_the_highest_stays_as_in_scipy(order: list[int], distance: int) -> None:
    curve = np.array(order, dtype=np.float64)
    expected, _ = find_peaks(curve, height=5.0, distance=distance)
    np.testing.assert_array_equal(peaks_above(curve, 5.0, distance), expected)


def test_middle_of_a_flat_top_is_the_peak() -> None:
    assert peaks_above(np.array([0.0, 1.0, 1.0, 1.0, 0.0]), 0.5, 1).tolist() == [2]


def test_edges_are_no_peaks() -> None:
    assert peaks_above(np.array([3.0, 1.0, 3.0]), 0.5, 1).size == 0


def test_the_later_of_two_equal_close_peaks_stays() -> None:
    assert peaks_above(np.array([0.0, 1.0, 0.0, 1.0, 0.0]), 0.5, 3).tolist() == [3]


def test_width_is_between_the_crossings_at_half_prominence() -> None:
    curve = np.array([0.0, 0.5, 1.0, 0.5, 0.0])
    assert half_widths(curve, np.array([2])).tolist() == [2.0]
