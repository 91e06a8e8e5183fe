"""Power spectrograms of records, on a time axis that runs from the P to the S arrival and on.

Arrivals move with distance, so on a clock's axis two like records look unlike. Here frame times are
counted from the P arrival, P to S is cut into equal parts, and times after S grow by a ratio: then
the shapes of all records can be compared bin by bin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.signal.short_time import inverse_short_time_fourier, short_time_fourier

__all__ = ["NODES", "FrameLayout", "ln_shapes", "on_arrival_axis", "on_frame_axis"]

FloatArray = NDArray[np.float64]

_WINDOW_S = 0.64  # about this long: onsets stay sharp; spectra are matched on whole records
_BEFORE_P_S = (-1.5, -0.7, -0.3)  # the window reaches over the onset in the last of them
_BETWEEN = 10  # nodes from P to S
_AFTER_S = 24
_FIRST_AFTER_S, _LAST_AFTER_S = 0.3, 60.0
_LEAST_SHARE = 1e-12  # a record with silence in it
NODES = len(_BEFORE_P_S) + _BETWEEN + _AFTER_S


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """How records are cut into frames: Hann windows, each moved on by a quarter of its length.

    Parameters
    ----------
    sampling_rate_hz
        Samples a second.
    n_samples
        Of a record.
    start_rel_origin_s
        Time of sample 0 after the origin time.
    """

    sampling_rate_hz: float
    n_samples: int
    start_rel_origin_s: float

    @property
    def window(self) -> int:
        """Samples of a window: the power of two nearest to 0.64 s."""
        return int(2 ** round(np.log2(_WINDOW_S * self.sampling_rate_hz)))

    @property
    def hop(self) -> int:
        """Samples from one frame to the next."""
        return self.window // 4

    def spectra(self, samples: NDArray[np.float32]) -> NDArray[np.complex64]:
        """Return the spectra of frames, ``(..., n_frequencies, n_frames)``."""
        frames = short_time_fourier(samples.astype(np.float32), self.window, self.hop)
        return frames.swapaxes(-1, -2)

    def samples(self, spectra: NDArray[np.complex64]) -> NDArray[np.float32]:
        """Return the samples, ``(..., n_samples)``, of spectra of frames."""
        frames = spectra.swapaxes(-1, -2)
        return inverse_short_time_fourier(frames, self.n_samples, self.window, self.hop)

    def frequencies_hz(self) -> FloatArray:
        """Return the frequencies of a frame, ``(n_frequencies,)``."""
        return np.asarray(np.fft.rfftfreq(self.window, 1.0 / self.sampling_rate_hz))

    def frame_times_s(self) -> FloatArray:
        """Return the middles of frames after the origin time, ``(n_frames,)``."""
        centres = np.arange(1 + self.n_samples // self.hop) * self.hop
        return self.start_rel_origin_s + centres / self.sampling_rate_hz

    def sample_times_s(self) -> FloatArray:
        """Return the times of samples after the origin time, ``(n_samples,)``."""
        return self.start_rel_origin_s + np.arange(self.n_samples) / self.sampling_rate_hz


def ln_shapes(
    acceleration: NDArray[np.float32], p_s: FloatArray, s_s: FloatArray, layout: FrameLayout
) -> NDArray[np.float32]:
    """Return logarithms of the share of each frequency's power around each node.

    Parameters
    ----------
    acceleration
        Shape ``(n_records, 3, n_samples)``; the unit does not matter.
    p_s, s_s
        Arrivals after the origin time, ``(n_records,)``.

    Returns
    -------
    ndarray
        Shape ``(n_records, 3, n_frequencies, NODES)``. Power is averaged over neighbouring
        frequencies first: single bins scatter by a factor of 3.
    """
    power = np.abs(layout.spectra(acceleration)).astype(np.float64) ** 2
    power[..., 1:-1, :] = (
        0.25 * power[..., :-2, :] + 0.5 * power[..., 1:-1, :] + 0.25 * power[..., 2:, :]
    )
    power /= np.maximum(power.sum(axis=-1, keepdims=True), np.finfo(np.float64).tiny)
    around = on_arrival_axis(power, p_s, s_s, layout)
    return np.log(np.maximum(around, _LEAST_SHARE)).astype(np.float32)


def on_arrival_axis(
    power: FloatArray, p_s: FloatArray, s_s: FloatArray, layout: FrameLayout
) -> FloatArray:
    """Return the mean power around each node of the arrival axis.

    Parameters
    ----------
    power
        Shape ``(n_records, ..., n_frames)``.
    p_s, s_s
        Arrivals after the origin time, ``(n_records,)``.

    Returns
    -------
    ndarray
        Shape ``(n_records, ..., NODES)``; nodes after the end of a record repeat its end.
    """
    frames = layout.frame_times_s()
    hop_s = frames[1] - frames[0]
    averaged = np.empty((*power.shape[:-1], NODES))
    inside = np.clip(_node_times_s(p_s, s_s), frames[0], frames[-1])
    for record, times in enumerate(inside):
        reach = np.maximum(np.gradient(times), hop_s)
        weight = np.maximum(0.0, 1.0 - np.abs(frames - times[:, None]) / reach[:, None])
        averaged[record] = power[record] @ (weight / weight.sum(axis=1, keepdims=True)).T
    return averaged


def on_frame_axis(
    values: FloatArray, p_s: FloatArray, s_s: FloatArray, layout: FrameLayout
) -> FloatArray:
    """Return values at nodes, ``(n_records, ..., NODES)``, at frames, ``(n_records, ..., n)``.

    Between nodes values run straight; before the first and after the last they stay.
    """
    frames = layout.frame_times_s()
    spread = np.empty((*values.shape[:-1], frames.size))
    for record, times in enumerate(_node_times_s(p_s, s_s)):
        right = np.clip(np.searchsorted(times, frames), 1, NODES - 1)
        share = np.clip((frames - times[right - 1]) / (times[right] - times[right - 1]), 0.0, 1.0)
        one = values[record]
        spread[record] = one[..., right - 1] * (1.0 - share) + one[..., right] * share
    return spread


def _node_times_s(p_s: FloatArray, s_s: FloatArray) -> FloatArray:
    """Return the times of nodes after the origin time, ``(n_records, NODES)``, rising."""
    apart = np.maximum(s_s - p_s, 0.05)[:, None]
    before = p_s[:, None] + np.array(_BEFORE_P_S)
    between = p_s[:, None] + apart * np.linspace(0.0, 1.0, _BETWEEN)
    after = np.geomspace(_FIRST_AFTER_S, _LAST_AFTER_S, _AFTER_S)
    return np.concatenate([before, between, p_s[:, None] + apart + after], axis=1)
