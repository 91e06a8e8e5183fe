"""Brings the channels of one instrument to one sampling rate."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from mainshock.sources.fragments import Fragment

__all__ = ["common_rate_hz", "with_common_rate"]

_SNAP = 1e-6
_HIGHEST_FACTORS = (1_000, 100_000)


def common_rate_hz(rates_hz: Sequence[float]) -> float:
    """Return the highest rate, rounded to a whole number where it is one but for round-off.

    Examples
    --------
    >>> common_rate_hz([50.0, 99.99999776])
    100.0
    """
    rate = max(rates_hz)
    nearest = round(rate)
    return float(nearest) if nearest > 0 and abs(rate / nearest - 1.0) < _SNAP else rate


def with_common_rate(fragment: Fragment, rate_hz: float) -> Fragment:
    """Return the fragment at another sampling rate; the same one where nothing would change.

    Parameters
    ----------
    fragment
        Samples that may hold NaN: each stretch between them is resampled by itself.
    rate_hz
        The rate wanted, not lower than that of the fragment.

    Notes
    -----
    A rate so close to the wanted one that the last sample moves by less than half an interval is
    taken as the same. The filter has zero phase, so the first sample keeps its time.
    """
    header = fragment.header
    ratio = rate_hz / header.sampling_rate_hz
    if abs(ratio - 1.0) * header.n_samples < 0.5:
        return replace(fragment, header=replace(header, sampling_rate_hz=rate_hz))
    fraction = _fraction(ratio, header.n_samples)
    samples = np.asarray(fragment.samples, dtype=np.float64)
    n_out = -(-samples.size * fraction.numerator // fraction.denominator)
    missing = ~np.isfinite(samples)
    bridged = _bridged(samples, missing)
    from scipy.signal import resample_poly  # noqa: PLC0415 - 50 MB, and seldom needed

    # the line bypasses the filter, whose phases would turn an offset into a ripple
    slope = (bridged[-1] - bridged[0]) / max(bridged.size - 1, 1)
    line = bridged[0] + slope * np.arange(bridged.size)
    resampled = resample_poly(bridged - line, fraction.numerator, fraction.denominator)
    resampled += bridged[0] + slope * np.arange(n_out) / float(fraction)
    if missing.any():
        source = np.minimum(np.arange(n_out) / float(fraction), samples.size - 1)
        touched = missing[np.floor(source).astype(int)] | missing[np.ceil(source).astype(int)]
        resampled[touched] = np.nan
    new_header = replace(header, sampling_rate_hz=rate_hz, n_samples=int(resampled.size))
    return Fragment(new_header, resampled)


def _fraction(ratio: float, n_samples: int) -> Fraction:
    """Return the simplest fraction that keeps the last sample within half an interval."""
    for highest in _HIGHEST_FACTORS:
        fraction = Fraction(ratio).limit_denominator(highest)
        if abs(float(fraction) / ratio - 1.0) * n_samples < 0.5:
            break
    return fraction


def _bridged(
    samples: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    missing: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Return the samples with missing ones on straight lines, so that the filter does not ring."""
    if not missing.any() or missing.all():
        return np.where(missing, 0.0, samples)
    index = np.arange(samples.size)
    return np.where(missing, np.interp(index, index[~missing], samples[~missing]), samples)
