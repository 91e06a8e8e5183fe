"""Cuts records into the windows of a network and puts its curves together again."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from mainshock.core.errors import SettingsError

__all__ = [
    "Stacking",
    "WindowStack",
    "normalise_windows",
    "sliding_curves",
    "stack_windows",
    "window_starts",
]

Stacking = Literal["ramp", "mean", "max"]
"""How overlapping windows become one curve: weighted by a ramp, averaged, or the highest."""

_STACKINGS = ("ramp", "mean", "max")
_BATCH = 8


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
    n_recorded = min(n_window, samples.shape[1])
    # counts far from zero would lose their last digits in single precision
    pieces = sliding_window_view(samples, n_recorded, axis=1)[:, starts].astype(np.float64)
    pieces -= pieces.mean(axis=2, keepdims=True)
    spread = np.sqrt(np.einsum("cbn,cbn->cb", pieces, pieces) / n_window)
    windows = np.zeros((len(starts), samples.shape[0], n_window), dtype=np.float32)
    scale = np.where(spread > 0.0, spread, 1.0)[:, :, np.newaxis]
    np.divide(pieces, scale, out=pieces)
    windows[:, :, :n_recorded] = pieces.swapaxes(0, 1)
    return windows


def sliding_curves(
    network: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    samples: NDArray[np.float32],
    n_window: int,
    overlap: float,
    *,
    n_curves: int = 2,
    stacking: Stacking = "ramp",
    blinding: tuple[int, int] = (0, 0),
) -> NDArray[np.float32]:
    """Return the curves that a network draws along a record, shape ``(n_curves, n_samples)``.

    Parameters
    ----------
    network
        From windows of shape ``(batch, 3, n_window)``, normalised, to at least ``n_curves`` rows
        each, shape ``(batch, rows, n_window)``.
    samples
        Shape ``(3, n_samples)``; any length, any unit.
    n_window
        Samples of a window.
    overlap
        Share of a window that the next one repeats, 0 to less than 1.
    n_curves
        How many of the network's rows are wanted; the first ones.
    stacking, blinding
        As for :class:`WindowStack`.

    Notes
    -----
    Eight windows at a time stay inside the second cache of a processor core; larger batches are
    slower there, and no window waits for the others before it is added to the curve.
    """
    starts = window_starts(samples.shape[1], n_window, overlap)
    stack = WindowStack(n_curves, samples.shape[1], n_window, stacking, blinding)
    for first in range(0, len(starts), _BATCH):
        some = starts[first : first + _BATCH]
        stack.add(network(normalise_windows(samples, some, n_window))[:, :n_curves], some)
    return stack.curves()


def stack_windows(
    curves: NDArray[np.float32],
    starts: NDArray[np.int64],
    n_samples: int,
    *,
    stacking: Stacking = "ramp",
    blinding: tuple[int, int] = (0, 0),
) -> NDArray[np.float32]:
    """Return one curve for the record from overlapping windows, shape ``(n_phases, n_samples)``.

    Parameters
    ----------
    curves
        Shape ``(n_windows, n_phases, n_window)``.
    starts
        First sample of each window.
    n_samples
        Length of the record.
    stacking, blinding
        As for :class:`WindowStack`.
    """
    stack = WindowStack(curves.shape[1], n_samples, curves.shape[-1], stacking, blinding)
    stack.add(curves, starts)
    return stack.curves()


class WindowStack:
    """Joins the curves of overlapping windows as they come.

    Parameters
    ----------
    n_phases, n_samples, n_window
        Number of curves, samples of the record, and samples of a window.
    stacking
        ``"ramp"`` averages with a weight that falls linearly towards the edges of a window, where
        a network sees least context; ``"mean"`` averages all alike; ``"max"`` takes the highest.
    blinding
        Samples at the begin and the end of each window that do not count. Where no other window
        looks, as at the ends of a record, the curve is NaN.

    Raises
    ------
    SettingsError
        If ``stacking`` is unknown or ``blinding`` leaves nothing of a window.
    """

    def __init__(
        self,
        n_phases: int,
        n_samples: int,
        n_window: int,
        stacking: Stacking = "ramp",
        blinding: tuple[int, int] = (0, 0),
    ) -> None:
        if stacking not in _STACKINGS:
            raise SettingsError(f"stacking is {stacking!r}; it must be one of {_STACKINGS}")
        if min(blinding) < 0 or sum(blinding) >= n_window:
            raise SettingsError(
                f"blinding is {blinding} samples; both must be 0 or more and together less than "
                f"the window of {n_window}"
            )
        self._n_samples = n_samples
        self._takes_highest = stacking == "max"
        ramp = np.minimum(np.arange(1, n_window + 1), np.arange(n_window, 0, -1))
        self._ramp = (ramp if stacking == "ramp" else np.ones(n_window)).astype(np.float32)
        self._seen = slice(blinding[0], n_window - blinding[1])
        length = max(n_samples, n_window)
        empty = np.nan if self._takes_highest else 0.0
        self._total = np.full((n_phases, length), empty, dtype=np.float32)
        self._weight = np.zeros(length, dtype=np.float32)

    def add(self, curves: NDArray[np.float32], starts: NDArray[np.int64]) -> None:
        """Take the curves of some windows, shape ``(n_windows, n_phases, n_window)``."""
        ramp = self._ramp[self._seen]
        for curve, start in zip(curves, starts, strict=True):
            place = slice(int(start) + self._seen.start, int(start) + self._seen.stop)
            total, seen = self._total[:, place], curve[:, self._seen]
            if self._takes_highest:
                np.fmax(total, seen, out=total)
            else:
                total += seen * ramp
                self._weight[place] += ramp

    def curves(self) -> NDArray[np.float32]:
        """Return the curves of the record, shape ``(n_phases, n_samples)``."""
        total = self._total[:, : self._n_samples]
        if self._takes_highest:
            return total
        weight = self._weight[: self._n_samples]
        with np.errstate(invalid="ignore"):  # nothing over nothing is NaN, as promised
            return np.asarray(total / weight, dtype=np.float32)
