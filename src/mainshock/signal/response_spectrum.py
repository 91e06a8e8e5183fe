"""Response spectra: the greatest acceleration that oscillators of given periods feel."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import irfft, next_fast_len, rfft

from mainshock.core.errors import DataError
from mainshock.signal.compiled import compiled

__all__ = ["response_spectra", "rotated_peaks", "rotd"]

FloatArray = NDArray[np.float64]

N_ANGLES = 180  # one a degree; half a turn is enough, as the sign of a peak does not count
_SAMPLES_A_PERIOD = 40  # the crest between two samples is missed by 0.3 % at most
_MOST_OVERSAMPLING = 16  # then even the Nyquist frequency has 32 samples a period
_PAD = 32


def response_spectra(
    acceleration: ArrayLike, rate_hz: float, periods_s: ArrayLike, damping: float = 0.05
) -> FloatArray:
    """Return the pseudo spectral acceleration of each channel.

    Parameters
    ----------
    acceleration
        Shape ``(n_channels, n_samples)``; at rest before its first sample.
    rate_hz
        Samples a second.
    periods_s
        Undamped periods of the oscillators, shape ``(n_periods,)``.
    damping
        Share of the critical damping, above 0 and below 1.

    Returns
    -------
    ndarray
        Greatest displacement during the record times the squared angular frequency, in the unit
        of ``acceleration``, shape ``(n_channels, n_periods)``.

    Raises
    ------
    DataError
        If samples are missing, or a period, the rate or the damping makes no sense.

    Notes
    -----
    The response is exact for an input that is linear between samples [1]_. The record is first
    divided by the spectrum of that interpolation, so that what the oscillator feels is the
    band-limited record, and oversampled to 40 steps a period where it has fewer.

    References
    ----------
    .. [1] N. C. Nigam and P. C. Jennings (1969), Bull. Seism. Soc. Am. 59, 909-922.
    """
    channels, periods = _checked(acceleration, rate_hz, periods_s, damping)
    spectra = np.empty((len(channels), periods.size))
    for rows, steps, step_s in _by_oversampling(channels, rate_hz, periods):
        for row in rows:
            displacement = _displacement(steps, step_s, periods[row], damping)
            spectra[:, row] = np.abs(displacement).max(axis=-1)
    return spectra * (2.0 * np.pi / periods) ** 2


def rotd(
    horizontals: ArrayLike,
    rate_hz: float,
    periods_s: ArrayLike,
    percentiles: Sequence[float] = (50.0,),
    damping: float = 0.05,
) -> FloatArray:
    """Return the orientation-independent spectral acceleration RotD.

    Parameters
    ----------
    horizontals
        Acceleration of two perpendicular horizontal components, shape ``(2, n_samples)``.
    rate_hz, periods_s, damping
        As in :func:`response_spectra`.
    percentiles
        Of the spectrum over 180 directions, one a degree: 0 the least, 50 the median, 100 the
        greatest.

    Returns
    -------
    ndarray
        Pseudo spectral acceleration, shape ``(n_percentiles, n_periods)``.

    Raises
    ------
    DataError
        As in :func:`response_spectra`, or if there are not two components.

    References
    ----------
    .. [1] D. M. Boore (2010), Bull. Seism. Soc. Am. 100, 1830-1835, doi:10.1785/0120090400.
    """
    pair, periods = _checked(_pair(horizontals), rate_hz, periods_s, damping)
    peaks = np.empty((N_ANGLES, periods.size))
    for rows, steps, step_s in _by_oversampling(pair, rate_hz, periods):
        for row in rows:
            orbit = _displacement(steps, step_s, periods[row], damping)
            peaks[:, row] = _peaks_by_angle(orbit)
    peaks *= (2.0 * np.pi / periods) ** 2
    return np.asarray(np.percentile(peaks, list(percentiles), axis=0))


def rotated_peaks(horizontals: ArrayLike) -> FloatArray:
    """Return the greatest absolute value of a horizontal motion along 180 directions.

    Parameters
    ----------
    horizontals
        Two perpendicular components, shape ``(2, n_samples)``; the motion is that of the samples.

    Returns
    -------
    ndarray
        Shape ``(180,)``; entry ``k`` lies ``k`` degrees from the first towards the second.

    Raises
    ------
    DataError
        If there are not two components, or samples are missing.

    Examples
    --------
    >>> rotated_peaks([[1.0, 0.0], [0.0, 2.0]])[[0, 90]]
    array([1., 2.])
    """
    return _peaks_by_angle(_pair(horizontals))


def _pair(horizontals: ArrayLike) -> FloatArray:
    pair = np.ascontiguousarray(horizontals, dtype=np.float64)
    if pair.ndim != 2 or pair.shape[0] != 2 or pair.shape[1] < 1:
        raise DataError(f"horizontals have shape {pair.shape}; give two components (2, n_samples)")
    if not np.isfinite(pair).all():
        raise DataError("horizontals hold missing samples; fill or cut them first")
    return pair


def _checked(
    acceleration: ArrayLike, rate_hz: float, periods_s: ArrayLike, damping: float
) -> tuple[FloatArray, FloatArray]:
    channels = np.ascontiguousarray(acceleration, dtype=np.float64)
    periods = np.atleast_1d(np.asarray(periods_s, dtype=np.float64))
    if channels.ndim != 2 or channels.shape[-1] < 2:
        raise DataError(f"acceleration has shape {channels.shape}; give (n_channels, n_samples)")
    if not np.isfinite(channels).all():
        raise DataError("acceleration holds missing samples; fill or cut them first")
    if not (periods > 0.0).all() or not rate_hz > 0.0:
        raise DataError(f"periods {periods} s and rate {rate_hz} Hz must be above 0")
    if not 0.0 < damping < 1.0:
        raise DataError(f"a damping of {damping:g} must lie between 0 and 1; 0.05 is usual")
    return channels, periods


def _by_oversampling(
    channels: FloatArray, rate_hz: float, periods_s: FloatArray
) -> list[tuple[NDArray[np.intp], FloatArray, float]]:
    """Return groups of periods with the record at the steps they need, and the step in s."""
    wanted = np.clip(_SAMPLES_A_PERIOD / (rate_hz * periods_s), 1.0, _MOST_OVERSAMPLING)
    factors = 2 ** np.ceil(np.log2(wanted)).astype(int)
    return [
        (np.flatnonzero(factors == one), _oversampled(channels, int(one)), 1.0 / (rate_hz * one))
        for one in np.unique(factors)
    ]


def _oversampled(channels: FloatArray, factor: int) -> FloatArray:
    """Return samples whose linear interpolation has the spectrum of the band-limited record."""
    n_samples = channels.shape[-1]
    n_fft = next_fast_len(n_samples + _PAD, real=True)
    spectrum = rfft(channels, n_fft)
    spectrum *= factor / np.sinc(np.arange(spectrum.shape[-1]) / (n_fft * factor)) ** 2
    if factor > 1 and n_fft % 2 == 0:
        spectrum[:, -1] *= 0.5  # the longer inverse counts the Nyquist frequency twice
    steps: FloatArray = irfft(spectrum, n_fft * factor)
    return steps[:, : (n_samples - 1) * factor + 1]


def _displacement(steps: FloatArray, step_s: float, period_s: float, damping: float) -> FloatArray:
    """Return the displacement of one oscillator relative to the ground.

    It is ``-Im(z) / damped`` where ``z' = pole z + a(t)``: one complex number carries position
    and velocity.
    """
    angular = 2.0 * np.pi / period_s
    damped = angular * np.sqrt(1.0 - damping**2)
    pole = complex(-damping * angular, damped)
    decay = np.exp(pole * step_s)
    grown = np.expm1(pole * step_s)
    new = (grown - pole * step_s) / (pole**2 * step_s)
    old = grown / pole - new
    return _recursion(steps, decay, old, new, -1.0 / damped)


@compiled
def _recursion(
    steps: FloatArray, decay: complex, old: complex, new: complex, gain: float
) -> FloatArray:
    out = np.empty(steps.shape)
    for channel in range(steps.shape[0]):
        real, imaginary, before = 0.0, 0.0, steps[channel, 0]
        out[channel, 0] = 0.0
        for i in range(1, steps.shape[1]):
            now = steps[channel, i]
            turned = decay.real * real - decay.imag * imaginary
            imaginary = decay.real * imaginary + decay.imag * real
            real = turned + (old.real * before + new.real * now)
            imaginary += old.imag * before + new.imag * now
            out[channel, i] = gain * imaginary
            before = now
    return out


def _peaks_by_angle(orbit: FloatArray) -> FloatArray:
    """Return the greatest projection of an orbit on each direction.

    The orbit is first made as wide as long, so that few of its points lie far out; only those
    can be greatest anywhere.
    """
    moments = orbit @ orbit.T
    if not np.trace(moments) > 0.0:
        return np.zeros(N_ANGLES)
    # a straight orbit keeps a little width, so that it can be widened
    factor = np.linalg.cholesky(moments + 1e-6 * np.trace(moments) * np.eye(2))
    angles = np.arange(N_ANGLES) * (np.pi / N_ANGLES)
    directions = np.stack([np.cos(angles), np.sin(angles)])
    return _projections(
        orbit, np.linalg.inv(factor), directions, np.hypot(*(factor.T @ directions))
    )


@compiled
def _projections(
    orbit: FloatArray, widen: FloatArray, directions: FloatArray, reach: FloatArray
) -> FloatArray:
    """Return the greatest projections; ``reach`` is that of a widened radius of 1."""
    n_samples, n_angles = orbit.shape[1], directions.shape[1]
    radius = np.empty(n_samples)
    for i in range(n_samples):
        along = widen[0, 0] * orbit[0, i]
        across = widen[1, 0] * orbit[0, i] + widen[1, 1] * orbit[1, i]
        radius[i] = np.sqrt(along * along + across * across)
    peaks = np.zeros(n_angles)
    top = radius.max()
    inside = 0.0  # points within this widened radius are greatest in no direction
    upper = np.inf
    for lower in (0.8 * top, 0.0):  # the farthest points first: they rule out most others
        for i in range(n_samples):
            if radius[i] < max(lower, inside) or radius[i] >= upper:
                continue
            east, north = orbit[0, i], orbit[1, i]
            inside = np.inf
            for k in range(n_angles):
                peaks[k] = max(peaks[k], abs(east * directions[0, k] + north * directions[1, k]))
                inside = min(inside, peaks[k] / reach[k])
        upper = lower
    return peaks
