"""Cuts records into the windows of a network and puts its curves together again."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["normalise_windows", "stack_windows", "window_starts"]


def window_starts(n_samples: int, n_window: int, overlap: float) -> NDArray[np.int64]:
    """Return the first sample of each window; the last window ends with the record.

    A record shorter than a window gets one window that starts at sample 0.
    """
    step = max(1, round(n_window * (1.0 - overlap)))
    last = max(0, n_samples - n_window)
    return np.unique(np.append(np.arange(0, last, step), last)).astype(np.int64)


def normalise_windows(
    samples: NDArray[np.float32], starts: NDArray[np.int64], n_window: int
) -> NDArray[np.float32]:
    """Return windows of zero mean and unit standard deviation, shape ``(batch, 3, n_window)``.

    Each component is scaled on its own over the samples recorded; a component that is constant
    stays zero, and so does padding beyond the record's end.
    """
    windows = np.zeros((len(starts), samples.shape[0], n_window), dtype=np.float32)
    for window, start in zip(windows, starts, strict=True):
        piece = samples[:, start : start + n_window].astype(np.float64)
        piece = piece - piece.mean(axis=1, keepdims=True)
        spread = np.sqrt((piece**2).sum(axis=1, keepdims=True) / n_window)
        window[:, : piece.shape[1]] = piece / np.where(spread > 0.0, spread, 1.0)
    return windows


def stack_windows(
    curves: NDArray[np.float32], starts: NDArray[np.int64], n_samples: int
) -> NDArray[np.float32]:
    """Return one curve for the record from overlapping windows, shape ``(n_phases, n_samples)``.

    Windows are averaged with a weight that falls linearly towards their edges, where a network
    sees least context; the edges of the record itself keep what the first and last window say.
    """
    n_window = curves.shape[-1]
    ramp = np.minimum(np.arange(1, n_window + 1), np.arange(n_window, 0, -1)).astype(np.float32)
    length = max(n_samples, int(starts[-1]) + n_window)
    total = np.zeros((curves.shape[1], length), dtype=np.float32)
    weight = np.zeros(length, dtype=np.float32)
    for curve, start in zip(curves, starts, strict=True):
        total[:, start : start + n_window] += curve * ramp
        weight[start : start + n_window] += ramp
    return np.asarray((total / weight)[:, :n_samples], dtype=np.float32)
