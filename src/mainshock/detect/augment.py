"""Training windows: cut, labelled, and changed in the ways that records differ in the field.

Arrays are ``(3, n_samples)``, components Z, N, E; label curves are ``(2, n_samples)``, P and S.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, resample_poly

from mainshock.core.records import PHASES
from mainshock.detect.labels import cut_padded
from mainshock.detect.recipe import PickerRecipe
from mainshock.detect.windowing import normalise_windows

__all__ = ["LabelledTrace", "TrainingBatch", "WindowSampler"]

FloatArray = NDArray[np.float32]
BoolArray = NDArray[np.bool_]
# a window, its label curves, and where it may hold a phase without label
_Drawn = tuple[FloatArray, FloatArray, BoolArray]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledTrace:
    """A whole trace with its labels.

    Parameters
    ----------
    arrivals
        Samples at which P, and S, arrive; more than one where the trace holds several events.
    unlabelled
        Shape ``(2, n_samples)``: where P, and S, may arrive without a label.
    """

    samples: FloatArray
    arrivals: tuple[tuple[float, ...], tuple[float, ...]]
    unlabelled: NDArray[np.bool_]
    dataset: str


@dataclass(frozen=True, slots=True, eq=False)
class TrainingBatch:
    """Windows ``(batch, 3, n)``, label curves and unlabelled samples ``(batch, 2, n)``.

    ``is_noise`` ``(batch,)`` marks windows in which nothing arrives.
    """

    windows: FloatArray
    labels: FloatArray
    unlabelled: FloatArray
    is_noise: BoolArray


class WindowSampler:
    """Draws augmented training windows.

    Parameters
    ----------
    earthquakes, noise
        Traces with labels, and traces without any event.
    recipe
        Window length, label width, shares of each augmentation, weights of the sets.
    rng
        Source of all randomness.
    """

    def __init__(
        self,
        earthquakes: Sequence[LabelledTrace],
        noise: Sequence[LabelledTrace],
        recipe: PickerRecipe,
        rng: np.random.Generator,
    ) -> None:
        self._earthquakes = earthquakes
        self._noise = noise
        self._recipe = recipe
        self._rng = rng
        weights = [recipe.dataset_weights.get(trace.dataset, 1.0) for trace in earthquakes]
        self._share = np.asarray(weights) / np.sum(weights)

    def batch(self) -> TrainingBatch:
        """Return the next batch."""
        changes = self._recipe.augmentation
        is_noise = np.zeros(self._recipe.batch_size, dtype=bool)
        if self._noise:
            is_noise = self._rng.random(is_noise.size) < changes.noise_window
        drawn = [self._draw(is_noise=bool(one)) for one in is_noise]
        return TrainingBatch(
            windows=np.stack([window for window, _, _ in drawn]),
            labels=np.stack([labels for _, labels, _ in drawn]),
            unlabelled=np.stack([lacks for _, _, lacks in drawn]).astype(np.float32),
            is_noise=is_noise,
        )

    def _chance(self, share: float) -> bool:
        return bool(self._rng.random() < share)

    def _draw(self, *, is_noise: bool) -> _Drawn:
        changes, n = self._recipe.augmentation, self._recipe.window_samples
        if is_noise:
            window, lacks = self._noise_window()
            labels = np.zeros((2, n), dtype=np.float32)
            if self._chance(changes.noise_superposition):
                other, other_lacks = self._noise_window()
                window = window * 10.0 ** self._rng.uniform(-1.0, 1.0) + other
                lacks = lacks | other_lacks
        else:
            window, labels, lacks = self._earthquake_window()
            if self._chance(changes.second_event):
                window, labels, lacks = self._with_second_event(window, labels, lacks)
            if self._noise and self._chance(changes.noise_superposition):
                window, noise_lacks = self._with_noise(window)
                lacks = lacks | noise_lacks
        window, labels = self._changed(window, labels)
        return normalise_windows(window, np.zeros(1, np.int64), n)[0], labels, lacks

    def _with_second_event(
        self, window: FloatArray, labels: FloatArray, lacks: BoolArray
    ) -> _Drawn:
        """Return the window with another event in it, up to thirty times smaller or larger."""
        other, other_labels, other_lacks = self._earthquake_window()
        peaks = [max(float(np.abs(one).max()), 1e-12) for one in (window, other)]
        scale = peaks[0] / peaks[1] * 10.0 ** self._rng.uniform(-1.5, 1.5)
        recorded = np.abs(window).max(axis=1, keepdims=True) > 0.0
        both = np.where(recorded, window + scale * other, 0.0).astype(np.float32)
        return both, np.maximum(labels, other_labels), lacks | other_lacks

    def _noise_window(self) -> tuple[FloatArray, BoolArray]:
        """Return a window of noise, and where a teacher doubts that it is noise."""
        n = self._recipe.window_samples
        trace = self._noise[int(self._rng.integers(len(self._noise)))]
        samples = trace.samples
        spare = samples.shape[1] - n
        start = int(
            self._rng.integers(0, spare + 1) if spare > 0 else -self._rng.integers(-spare + 1)
        )
        return cut_padded(samples, start, n), _cut_mask(trace.unlabelled, start, n)

    def _earthquake_window(self) -> _Drawn:
        trace = self._earthquakes[int(self._rng.choice(len(self._earthquakes), p=self._share))]
        samples, arrivals, lacks = self._stretched(trace)
        n = self._recipe.window_samples
        labelled = [sample for times in arrivals for sample in times]
        anchor = labelled[int(self._rng.integers(len(labelled)))]
        start = int(anchor) - int(self._rng.integers(50, n - 50))
        if samples.shape[1] >= n and self._chance(0.9):
            start = int(np.clip(start, 0, samples.shape[1] - n))
        labels = self._label_curves(arrivals, start)
        return cut_padded(samples, start, n), labels, _cut_mask(lacks, start, n)

    def _stretched(self, trace: LabelledTrace) -> tuple[FloatArray, list[list[float]], BoolArray]:
        """Return a trace played at half to twice its speed, with its labels moved alike.

        A slower one looks like a larger and more distant earthquake, of which few were recorded.
        """
        shift = self._recipe.label_shift_s.get(trace.dataset, {})
        rate = self._recipe.sampling_rate_hz
        moved = [
            [sample + shift.get(phase, 0.0) * rate for sample in times]
            for phase, times in zip(PHASES, trace.arrivals, strict=True)
        ]
        if not self._chance(self._recipe.augmentation.time_stretch):
            return trace.samples, moved, trace.unlabelled
        up = round(20.0 * 2.0 ** self._rng.uniform(-1.0, 1.0))
        stretched = resample_poly(trace.samples, up, 20, axis=1).astype(np.float32)
        source = np.minimum(np.arange(stretched.shape[1]) * 20 // up, trace.samples.shape[1] - 1)
        moved = [[sample * up / 20.0 for sample in times] for times in moved]
        return stretched, moved, trace.unlabelled[:, source]

    def _label_curves(self, arrivals: Sequence[Sequence[float]], start: int) -> FloatArray:
        sigma = self._recipe.label_sigma_s * self._recipe.sampling_rate_hz
        sample = np.arange(self._recipe.window_samples) + start
        curves = np.zeros((2, sample.size), dtype=np.float32)
        for curve, times in zip(curves, arrivals, strict=True):
            for arrival in times:
                offset = (sample - arrival) / sigma
                bell = np.where(np.abs(offset) < 3.2, np.exp(-0.5 * offset**2), 0.0)
                np.maximum(curve, bell, out=curve, casting="same_kind")
        return curves

    def _with_noise(self, window: FloatArray) -> tuple[FloatArray, BoolArray]:
        noise, lacks = self._noise_window()
        low, high = self._recipe.augmentation.noise_log10_ratio
        spread = noise.std(axis=1, keepdims=True)
        unit = noise / np.where(spread > 0.0, spread, 1.0)
        peak = np.abs(window).max(axis=1, keepdims=True)
        ratio = 10.0 ** self._rng.uniform(low, high)
        return np.asarray(window + unit * peak * ratio, dtype=np.float32), lacks

    def _changed(self, window: FloatArray, labels: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return window and labels after the changes that need no other trace."""
        changes = self._recipe.augmentation
        if self._chance(changes.lower_rate):
            window = _as_if_recorded_slower(window, int(self._rng.choice([2, 4])))
        if self._chance(changes.horizontal_rotation):
            window = _rotated(window, self._rng.uniform(0.0, 2.0 * np.pi))
        if self._chance(changes.spectral_tilt):
            window = _tilted(window, towards_high=self._chance(0.5))
        window = self._with_dropped_channels(window.copy())
        if self._chance(changes.sign_flip):
            window = -window
        if self._chance(changes.gap):
            longest = min(300, window.shape[1] // 2)
            first = int(self._rng.integers(0, window.shape[1] - longest))
            past_last = first + int(self._rng.integers(longest // 6, longest))
            window[:, first:past_last] = 0.0
            labels[:, first:past_last] = 0.0
        return window, labels

    def _with_dropped_channels(self, window: FloatArray) -> FloatArray:
        changes, draw = self._recipe.augmentation, self._rng.random()
        if draw < changes.horizontals_dropped:
            window[1:] = 0.0
        elif draw < changes.horizontals_dropped + changes.one_channel_dropped:
            window[self._rng.integers(3)] = 0.0
        return window


def _cut_mask(mask: BoolArray, start: int, n_samples: int) -> BoolArray:
    cut = np.zeros((mask.shape[0], n_samples), dtype=bool)
    first, past_last = max(0, start), min(mask.shape[1], start + n_samples)
    if past_last > first:
        cut[:, first - start : past_last - start] = mask[:, first:past_last]
    return cut


def _as_if_recorded_slower(window: FloatArray, factor: int) -> FloatArray:
    slow = resample_poly(window, 1, factor, axis=1)
    back = resample_poly(slow, factor, 1, axis=1)[:, : window.shape[1]]
    return np.pad(back, ((0, 0), (0, window.shape[1] - back.shape[1]))).astype(np.float32)


def _tilted(window: FloatArray, *, towards_high: bool) -> FloatArray:
    """Return the window as another kind of sensor shows it: differenced, or leakily summed."""
    recursion = ([1.0, -0.97], [1.0]) if towards_high else ([1.0], [1.0, -0.97])
    return np.asarray(lfilter(*recursion, window, axis=1), dtype=np.float32)


def _rotated(window: FloatArray, angle_rad: float) -> FloatArray:
    cosine, sine = np.cos(angle_rad), np.sin(angle_rad)
    turned = window.copy()
    turned[1] = cosine * window[1] + sine * window[2]
    turned[2] = -sine * window[1] + cosine * window[2]
    return turned
