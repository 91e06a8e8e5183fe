"""Peaks of a curve and their widths, as SciPy's ``find_peaks`` and ``peak_widths`` define them.

Own code for the reason that :mod:`mainshock.signal.butterworth` states; the tests compare the two.
"""

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.compiled import compiled

__all__ = ["half_widths", "peaks_above"]

FloatArray = NDArray[np.float64]


def peaks_above(curve: FloatArray, height: float, distance: int) -> NDArray[np.int64]:
    """Return the places of the peaks of a curve without NaN, from first to last.

    Parameters
    ----------
    curve
        Shape ``(n,)``.
    height
        Least value of a peak. The middle sample of a flat top is its place; the first and the
        last sample of the curve are none.
    distance
        Of peaks closer than this many samples the highest stays, the later of two that are equal.
    """
    inner = curve[1:-1]
    before, after = inner - curve[:-2], curve[2:] - inner
    rises = np.flatnonzero((before > 0.0) & (after <= 0.0) & (inner >= height)) + 1
    places = [_middle_of_top(curve, int(rise)) for rise in rises]
    tops = np.array([place for place in places if place is not None], dtype=np.int64)
    stays = np.ones(tops.size, dtype=bool)
    for one in np.argsort(curve[tops], kind="stable")[::-1]:
        if stays[one]:
            stays &= np.abs(tops - tops[one]) >= distance
            stays[one] = True
    return tops[stays]


def _middle_of_top(curve: FloatArray, first: int) -> int | None:
    """Return the middle of the flat top that begins at a sample, or None if it ends in a rise."""
    last = first
    while last + 1 < curve.size and curve[last + 1] == curve[first]:
        last += 1
    is_top = last + 1 < curve.size and curve[last + 1] < curve[first]
    return (first + last) // 2 if is_top else None


def half_widths(curve: FloatArray, peaks: NDArray[np.int64]) -> FloatArray:
    """Return the width in samples of each peak at half its prominence.

    The prominence is the height above the higher one of the lowest values on either side, up to
    where the curve rises above the peak.
    """
    return np.array([_half_width(curve, int(peak)) for peak in peaks], dtype=np.float64)


@compiled
def _half_width(curve: FloatArray, peak: int) -> float:
    left, left_base = _base(curve, peak, -1)
    right, right_base = _base(curve, peak, 1)
    level = curve[peak] - 0.5 * (curve[peak] - max(left, right))
    return _crossing(curve, peak, right_base, level, 1) - _crossing(
        curve, peak, left_base, level, -1
    )


@compiled
def _base(curve: FloatArray, peak: int, step: int) -> tuple[float, int]:
    """Return the lowest value on one side of a peak, and its place."""
    lowest, place, n = curve[peak], peak, peak
    while 0 <= n < curve.size and curve[n] <= curve[peak]:
        if curve[n] < lowest:
            lowest, place = curve[n], n
        n += step
    return lowest, place


@compiled
def _crossing(curve: FloatArray, peak: int, base: int, level: float, step: int) -> float:
    """Return where the curve falls to a level, between samples."""
    n = peak
    while n != base and curve[n] > level:
        n += step
    if curve[n] < level:
        return float(n - step * (level - curve[n]) / (curve[n - step] - curve[n]))
    return float(n)
