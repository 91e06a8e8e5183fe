"""Draws changed copies of the training windows: moved, stretched, turned, buried in noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError
from mainshock.detect.regions.region_recipe import RegionRecipe
from mainshock.detect.regions.windows import mirrored

__all__ = ["ArrivalSampler", "joint_normalised"]

Samples = NDArray[np.float32]
_P_SIGMA_S, _S_SIGMA_S = 0.25, 0.35
_QUIET_S = 1.0


def joint_normalised(window: Samples) -> Samples:
    """Return a window without means, divided by one number: the deviation of all components.

    The components keep their ratios, which hold the direction to the source.
    """
    centred = window - window.mean(axis=-1, keepdims=True)
    spread = float(centred.std())
    return np.asarray(centred / (spread if spread > 0.0 else 1.0), dtype=np.float32)


@dataclass(slots=True)
class ArrivalSampler:
    """Training windows with curves of P and S.

    Parameters
    ----------
    records
        Each of shape ``(3, n)``.
    arrivals
        Samples of P and S, shape ``(n_records, 2)``; NaN for S where it is not in the record.
    noise
        Records without events; the parts before P are used beside them.
    recipe
        Lengths and shares.
    rng
        Source of all randomness.

    Raises
    ------
    DataError
        If no record has a P.
    """

    records: list[Samples]
    arrivals: NDArray[np.float64]
    noise: list[Samples]
    recipe: RegionRecipe
    rng: np.random.Generator

    def __post_init__(self) -> None:
        known = np.flatnonzero(np.isfinite(self.arrivals[:, 0]))
        if known.size == 0:
            raise DataError("no training window has a P arrival; without one nothing is learned")
        self.records = [self.records[row] for row in known]
        self.arrivals = self.arrivals[known]
        self.noise = [*self.noise, *self._before_p()]

    def _before_p(self) -> list[Samples]:
        rate = self.recipe.sampling_rate_hz
        ends = (self.arrivals[:, 0] - _QUIET_S * rate).astype(int)
        pairs = zip(self.records, ends, strict=True)
        return [record[:, :end] for record, end in pairs if end >= 2.0 * rate]

    def batch(self) -> tuple[Samples, Samples]:
        """Return windows and curves (P, S, neither), both of shape ``(batch, 3, n)``."""
        drawn = [self._one() for _ in range(self.recipe.batch_size)]
        windows, curves = zip(*drawn, strict=True)
        return np.stack(windows), np.stack(curves)

    def _one(self) -> tuple[Samples, Samples]:
        changes, rng = self.recipe.augmentation, self.rng
        n = self.recipe.window_samples
        if self.noise and rng.random() < changes.noise_window:
            window, arrivals = self._noise(n), np.full(2, np.nan)
        else:
            window, arrivals = self._event(n)
        if self.noise and rng.random() < changes.noise_superposition:
            ratio = 10.0 ** rng.uniform(*changes.noise_log10_ratio)
            added = self._noise(n)
            window = window + added * (ratio * window.std() / max(float(added.std()), 1e-12))
        return joint_normalised(self._changed(window)), self._curves(arrivals, n)

    def _noise(self, n: int) -> Samples:
        piece = self.noise[int(self.rng.integers(len(self.noise)))]
        first = int(self.rng.integers(0, max(1, piece.shape[1] - n)))
        return mirrored(piece[:, first : first + n], n)

    def _event(self, n: int) -> tuple[Samples, NDArray[np.float64]]:
        """Return a window with P at a random place, its clock slower or faster."""
        row = int(self.rng.integers(len(self.records)))
        record, (p, s) = self.records[row], self.arrivals[row]
        stretch = float(np.exp(self.rng.uniform(-1, 1) * self.recipe.augmentation.log_stretch))
        place = self.rng.uniform(0.05 * n, 0.6 * n)
        where = (p - place / stretch) + np.arange(n) / stretch
        before = max(0, int(np.ceil(-where[0])))
        after = max(0, int(np.ceil(where[-1])) + 2 - record.shape[1])
        quiet = record[:, : max(8, int(p - _QUIET_S * self.recipe.sampling_rate_hz))]
        left = mirrored(quiet[:, ::-1], before)[:, ::-1]
        right = mirrored(record[:, ::-1], after)
        longer = np.concatenate([left, record, right], axis=1)
        lower = np.clip((where + before).astype(int), 0, longer.shape[1] - 2)
        share = (where + before - lower).astype(np.float32)
        window = longer[:, lower] * (1.0 - share) + longer[:, lower + 1] * share
        return window, np.array([place, place + (s - p) * stretch])

    def _changed(self, window: Samples) -> Samples:
        changes, rng = self.recipe.augmentation, self.rng
        if rng.random() < changes.horizontal_rotation:
            angle = rng.uniform(0.0, 2.0 * np.pi)
            c, s = np.cos(angle), np.sin(angle)
            window = np.stack([window[0], c * window[1] - s * window[2],
                               s * window[1] + c * window[2]])  # fmt: skip
        if rng.random() < changes.sign_flip:
            window = -window
        if rng.random() < changes.spectral_tilt:
            window = self._tilted(window)
        gains = np.exp(rng.normal(0.0, changes.log_gain_sd, (3, 1)))
        if rng.random() < changes.channel_dropped:
            gains[rng.integers(3)] = 0.0
        return np.asarray(window * gains, dtype=np.float32)

    def _tilted(self, window: Samples) -> Samples:
        if self.rng.random() < 0.5:
            return np.diff(window, prepend=window[:, :1], axis=1)
        centred = window - window.mean(axis=1, keepdims=True)
        return np.asarray(window + 0.3 * np.cumsum(centred, axis=1), dtype=np.float32)

    def _curves(self, arrivals: NDArray[np.float64], n: int) -> Samples:
        curves = np.zeros((3, n), dtype=np.float32)
        time = np.arange(n)
        rate = self.recipe.sampling_rate_hz
        for row, sigma_s in enumerate((_P_SIGMA_S, _S_SIGMA_S)):
            if np.isfinite(arrivals[row]):
                curves[row] = np.exp(-0.5 * ((time - arrivals[row]) / (sigma_s * rate)) ** 2)
        curves[2] = 1.0 - np.clip(curves[:2].sum(axis=0), 0.0, 1.0)
        return curves
