"""Short-time Fourier transforms, their inverse, and waveforms from magnitudes alone."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, rfft

from mainshock.core.errors import DataError, SettingsError

__all__ = ["Window", "griffin_lim", "inverse_short_time_fourier", "short_time_fourier"]

Array = NDArray[Any]  # float32 and complex64 stay so, all else is of double precision

Window = Literal["hann", "rectangular"]


def short_time_fourier(samples: Array, n_fft: int, hop: int, window: Window = "hann") -> Array:
    """Return the spectra of overlapping windows of a record.

    Parameters
    ----------
    samples
        Shape ``(..., n_samples)``, more than ``n_fft // 2`` of them; float32 gives complex64.
    n_fft
        Samples of a window, even.
    hop
        Samples from one window to the next; a quarter of ``n_fft`` overlaps by 75 %.
    window
        ``hann`` (periodic) or ``rectangular``.

    Returns
    -------
    ndarray
        Shape ``(..., n_frames, n_fft // 2 + 1)`` with ``n_frames = 1 + n_samples // hop``: frame
        ``k`` is centred on sample ``k * hop``. Beyond its ends the record is mirrored.

    Raises
    ------
    SettingsError
        If ``n_fft``, ``hop`` or ``window`` make no sense.
    DataError
        If the record is too short to be mirrored.
    """
    weights = _weights(window, n_fft, hop)
    record = np.asarray(samples)
    half = n_fft // 2
    if record.ndim < 1 or record.shape[-1] <= half:
        raise DataError(f"{record.shape} samples are too few; give more than {half} a channel")
    if record.dtype != np.float32:
        record = record.astype(np.float64, copy=False)
    edges = [(0, 0)] * (record.ndim - 1) + [(half, half)]
    mirrored = np.pad(record, edges, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(mirrored, n_fft, axis=-1)[..., ::hop, :]
    return np.asarray(rfft(frames * weights.astype(record.dtype), axis=-1))


def inverse_short_time_fourier(
    spectra: Array, n_samples: int, n_fft: int, hop: int, window: Window = "hann"
) -> Array:
    """Return the record whose short-time spectra are nearest to those given.

    Parameters
    ----------
    spectra
        Shape ``(..., n_frames, n_fft // 2 + 1)``, as of :func:`short_time_fourier`.
    n_samples
        Of the record; ``n_frames`` must be ``1 + n_samples // hop``.
    n_fft, hop, window
        As the spectra were made. Another window gives another record: so does CGM-GM as released,
        which analyses with a rectangular and rebuilds with a Hann window.

    Returns
    -------
    ndarray
        Shape ``(..., n_samples)``; the very record, if the spectra are those of one.

    Raises
    ------
    SettingsError
        If ``n_fft``, ``hop`` or ``window`` make no sense.
    DataError
        If the spectra do not fit ``n_fft`` and ``n_samples``.
    """
    weights = _weights(window, n_fft, hop)
    _check_shape(spectra, n_samples, n_fft, hop)
    return _rebuilt(spectra, n_samples, hop, weights)


def griffin_lim(
    magnitude: Array,
    n_samples: int,
    n_fft: int,
    hop: int,
    window: Window = "hann",
    n_iterations: int = 32,
    rng: np.random.Generator | None = None,
    start_phase: Array | None = None,
    momentum: float = 0.99,
) -> Array:
    """Return records whose short-time spectra have given magnitudes.

    Parameters
    ----------
    magnitude
        Shape ``(..., n_frames, n_fft // 2 + 1)``; float32 is faster.
    n_samples, n_fft, hop, window
        As the magnitudes were made; another window makes amplitudes wrong.
    n_iterations
        Rounds of rebuilding and analysing.
    rng, start_phase
        First phases in radians, shape of ``magnitude``, drawn where they are not given.
    momentum
        Of the fast variant [2]_, 0 (plain [1]_) up to 1.

    Returns
    -------
    ndarray
        Shape ``(..., n_samples)``.

    Raises
    ------
    SettingsError
        If settings make no sense, or both ``rng`` and ``start_phase`` are missing.
    DataError
        If magnitudes do not fit ``n_fft`` and ``n_samples``.

    References
    ----------
    .. [1] Griffin and Lim (1984), IEEE Trans. ASSP 32, doi:10.1109/TASSP.1984.1164317.
    .. [2] Perraudin et al. (2013), IEEE WASPAA, doi:10.1109/WASPAA.2013.6701851.
    """
    weights = _weights(window, n_fft, hop)
    _check_shape(magnitude, n_samples, n_fft, hop)
    if not 0.0 <= momentum <= 1.0:
        raise SettingsError(f"a momentum of {momentum:g} must lie between 0 and 1; 0.99 is usual")
    phase = _first_phase(start_phase, rng, magnitude.shape)
    is_single = magnitude.dtype == np.float32
    wanted = magnitude if is_single else magnitude.astype(np.float64, copy=False)
    turn: Array = np.exp(1j * phase).astype(np.complex64 if is_single else np.complex128)
    before = np.zeros_like(turn)
    for _ in range(n_iterations):
        record = _rebuilt(wanted * turn, n_samples, hop, weights)
        now = short_time_fourier(record, n_fft, hop, window)
        turn = _unit(now + momentum * (now - before))
        before = now
    return _rebuilt(wanted * turn, n_samples, hop, weights)


def _first_phase(
    given: Array | None, rng: np.random.Generator | None, shape: tuple[int, ...]
) -> Array:
    if given is not None:
        return given
    if rng is None:
        raise SettingsError("give a generator of random numbers, or the first phases")
    return rng.uniform(-np.pi, np.pi, shape)


def _unit(spectra: Array) -> Array:
    """Return values of amplitude 1, and zero for zero."""
    return np.asarray(spectra / np.maximum(np.abs(spectra), np.finfo(np.float32).tiny))


def _weights(window: str, n_fft: int, hop: int) -> NDArray[np.float64]:
    if n_fft < 2 or n_fft % 2 or not 1 <= hop <= n_fft:
        raise SettingsError(f"n_fft {n_fft} must be even and hop {hop} lie between 1 and n_fft")
    if window == "rectangular":
        return np.ones(n_fft)
    if window != "hann":
        raise SettingsError(f"no window {window!r}; take 'hann' or 'rectangular'")
    if hop > n_fft // 2:
        raise SettingsError(f"hop {hop} leaves samples without weight; take {n_fft // 2} or less")
    return np.asarray(0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(n_fft) / n_fft))


def _check_shape(spectra: Array, n_samples: int, n_fft: int, hop: int) -> None:
    expected = (1 + n_samples // hop, n_fft // 2 + 1)
    if spectra.shape[-2:] != expected:
        raise DataError(
            f"spectra of shape {spectra.shape} must end in {expected} (frames, frequencies) for "
            f"{n_samples} samples"
        )


def _rebuilt(spectra: Array, n_samples: int, hop: int, weights: NDArray[np.float64]) -> Array:
    """Return frames added up, each sample divided by the squared weights that it has got."""
    n_fft = weights.size
    frames = irfft(spectra, n_fft, axis=-1)
    weights = weights.astype(frames.dtype)
    kept = slice(n_fft // 2, n_fft // 2 + n_samples)
    shared = np.broadcast_to(weights**2, frames.shape[-2:])
    weight = _added(shared, hop)[kept]
    # samples past the last frame have no weight: they are zero
    return np.asarray(_added(frames * weights, hop)[..., kept] / np.where(weight > 0, weight, 1.0))


def _added(frames: Array, hop: int) -> Array:
    """Return overlapping frames added up, cut into pieces of one hop that line up."""
    n_frames, n_fft = frames.shape[-2:]
    n_pieces = -(-n_fft // hop)
    total = np.zeros((*frames.shape[:-2], n_frames + n_pieces - 1, hop), dtype=frames.dtype)
    for piece in range(n_pieces):
        part = frames[..., piece * hop : (piece + 1) * hop]
        total[..., piece : piece + n_frames, : part.shape[-1]] += part
    return total.reshape(*frames.shape[:-2], -1)
