"""Traces as minimum and maximum in bins on a fixed grid, and the bytes that carry them.

Layout of a frame, little endian: u8 format (1), u8 kind (1 minimum and maximum, 2 maximum alone),
u16 length of the id in bytes, u32 number of bins, f64 start in ms since 1970, f64 length of a bin
in ms; the id in UTF-8, padded with zeros to a multiple of 8 bytes; float32 minimum of each bin
(kind 1 alone), float32 maximum of each bin. NaN: nothing known.
"""

import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.sources.fragments import NANOSECONDS

__all__ = ["Bins", "bin_length_ns", "encode_frame", "min_max_bins"]

FORMAT = 1
MIN_MAX = 1
CURVE = 2
_HEADER = struct.Struct("<BBHIdd")
_TOLERANCE_NS = 1000  # a sample that rounding puts just before an edge belongs behind it
FloatArray = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Bins:
    """The extremes of a trace in bins of equal length.

    Parameters
    ----------
    start_ns
        Start of the first bin, a multiple of ``length_ns``; nanoseconds since 1970.
    length_ns
        Length of a bin.
    minimum, maximum
        Shape ``(n,)``, float32; NaN where nothing is known.
    """

    start_ns: int
    length_ns: int
    minimum: FloatArray
    maximum: FloatArray

    @property
    def last_start_ns(self) -> int:
        """Start of the last bin, which may not be full yet."""
        return self.start_ns + (self.minimum.size - 1) * self.length_ns

    def from_first_known(self) -> "Bins | None":
        """Return the bins without those in front that nothing is known of; None for nothing."""
        known = np.flatnonzero(~np.isnan(self.maximum))
        if known.size == 0:
            return None
        first = int(known[0])
        start_ns = self.start_ns + first * self.length_ns
        return Bins(start_ns, self.length_ns, self.minimum[first:], self.maximum[first:])


def bin_length_ns(length_s: float, pixels: int, sampling_rate_hz: float) -> int:
    """Return the length of a bin when ``pixels`` of them show ``length_s``: a sample at least.

    Examples
    --------
    >>> bin_length_ns(60.0, 600, 100.0), bin_length_ns(1.0, 600, 100.0)
    (100000000, 10000000)
    """
    sample_ns = math.ceil(NANOSECONDS / sampling_rate_hz)
    return max(round(length_s * NANOSECONDS / pixels), sample_ns)


def min_max_bins(
    samples: FloatArray, start_ns: int, sampling_rate_hz: float, length_ns: int
) -> Bins:
    """Return the extremes of evenly sampled numbers in the bins of a fixed grid.

    Parameters
    ----------
    samples
        Shape ``(n,)``, n > 0; NaN where nothing is known.
    start_ns
        Time of the first sample, nanoseconds since 1970.
    length_ns
        Length of a bin; see ``bin_length_ns``.

    Notes
    -----
    Whoever cuts a trace anywhere and bins the parts gets bins that join to those of the whole.
    """
    offsets_ns = np.rint(np.arange(samples.size) * (NANOSECONDS / sampling_rate_hz))
    first_bin = (start_ns + _TOLERANCE_NS) // length_ns
    within_ns = start_ns + _TOLERANCE_NS - first_bin * length_ns
    place = (offsets_ns.astype(np.int64) + within_ns) // length_ns
    begins = np.concatenate([[0], np.flatnonzero(np.diff(place)) + 1])
    extremes = np.full((2, int(place[-1]) + 1), np.nan, dtype=np.float32)
    extremes[0, place[begins]] = np.fmin.reduceat(samples, begins)
    extremes[1, place[begins]] = np.fmax.reduceat(samples, begins)
    return Bins(first_bin * length_ns, length_ns, extremes[0], extremes[1])


def encode_frame(trace_id: str, bins: Bins, *, is_curve: bool) -> bytes:
    """Return the bytes of a frame; a curve goes without its minimum."""
    name = trace_id.encode()
    kind = CURVE if is_curve else MIN_MAX
    header = _HEADER.pack(
        FORMAT, kind, len(name), bins.maximum.size, bins.start_ns / 1e6, bins.length_ns / 1e6
    )
    parts = [header, name, bytes(-len(name) % 8)]
    if not is_curve:
        parts.append(bins.minimum.astype("<f4", copy=False).tobytes())
    parts.append(bins.maximum.astype("<f4", copy=False).tobytes())
    return b"".join(parts)
