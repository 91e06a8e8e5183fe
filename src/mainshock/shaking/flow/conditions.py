"""What a waveform depends on, as numbers of mean 0 and spread 1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mainshock.shaking.scenarios import Scenarios

__all__ = ["ConditionScale", "condition_columns", "fit_scale"]

FloatArray = NDArray[np.float64]

_FARTHEST = 4.0  # a condition stranger than this is taken to be this strange


@dataclass(frozen=True, slots=True, eq=False)
class ConditionScale:
    """Mean and spread of each condition over the training records, ``(n_conditions,)``."""

    mean: FloatArray
    sd: FloatArray

    def __call__(self, columns: FloatArray) -> NDArray[np.float32]:
        """Return conditions, ``(n, n_conditions)``, as the network sees them."""
        scaled = np.clip((columns - self.mean) / self.sd, -_FARTHEST, _FARTHEST)
        return scaled.astype(np.float32)


def fit_scale(columns: FloatArray) -> ConditionScale:
    """Return the scale of conditions, ``(n, n_conditions)``."""
    sd = columns.std(axis=0)
    return ConditionScale(columns.mean(axis=0), np.where(sd > 1e-9, sd, 1.0))


def condition_columns(
    scenarios: Scenarios, p_s: FloatArray, s_s: FloatArray, ln_fas: FloatArray
) -> FloatArray:
    """Return magnitude, depth, distance, azimuth, arrivals and Fourier amplitudes.

    Parameters
    ----------
    p_s, s_s
        Arrivals after the origin time, ``(n,)``.
    ln_fas
        Fourier amplitudes of components E and Z, ``(n, 2, n_bands)``.

    Returns
    -------
    ndarray
        Shape ``(n, 8 + 2 n_bands)``. Amplitudes come as those of E, and Z relative to E.
    """
    distance = np.maximum(scenarios.hypocentral_km(), 0.1)
    azimuth = np.radians(scenarios.azimuth_deg())
    columns = [
        *(scenarios.magnitude, scenarios.depth_km, np.log(distance), distance),
        *(np.sin(azimuth), np.cos(azimuth), p_s, s_s),
    ]
    horizontal, vertical = ln_fas[:, 0], ln_fas[:, 1]
    return np.column_stack([*columns, horizontal, vertical - horizontal])
