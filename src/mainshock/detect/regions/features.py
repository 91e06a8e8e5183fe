"""What a window shows of its source: S-P time and the direction of the first motion.

The measurements are taken from the waveform and the curves of P and S alone. None of them
depends on where in the window P lies.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import find_peaks

from mainshock.signal.filters import bandpass

__all__ = ["BANDS_HZ", "DIRECTION", "FEATURES", "Measured", "measure", "measure_peaks"]

FloatArray = NDArray[np.float64]

BANDS_HZ = ((0.7, 3.0), (1.0, 4.0))
"""Where the direction is measured: with the filter run both ways, the steadier band first."""
_MOTION = ("north", "east", "horizontal_share", "rectilinearity")
FEATURES = (
    "p_logit",
    "s_logit",
    "sp_s",
    *(f"{name}_{band}" for band in range(len(BANDS_HZ)) for name in _MOTION),
)
"""Logits of the curves at P and S, S-P in s; then, for each band, the unit vector to the source,
the horizontal share of the motion and its rectilinearity."""
DIRECTION = tuple(name for name in FEATURES if name.startswith(("north", "east", "rectilinearity")))
"""What a classifier by polarisation alone may see."""

_LENGTHS_S = (0.5, 0.8, 1.2)
_LEAD_S = 0.05
_LEAST_SP_S, _LARGEST_SP_S = 1.0, 40.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Sample of P, and the measurements in the order of ``FEATURES``."""

    p_sample: int
    values: FloatArray


def measure(samples: NDArray[np.float32], curves: NDArray[np.float32], rate_hz: float) -> Measured:
    """Return the measurements at the most probable P of a record.

    Parameters
    ----------
    samples
        Shape ``(3, n)``, components Z, N, E, any unit.
    curves
        Shape ``(2, n)``: probability of P and S at each sample.
    """
    return _at(_filtered(samples, rate_hz), curves, int(curves[0].argmax()), rate_hz)


def measure_peaks(
    samples: NDArray[np.float32],
    curves: NDArray[np.float32],
    rate_hz: float,
    *,
    least: float = 0.1,
    separation_s: float = 4.0,
) -> list[Measured]:
    """Return the measurements at each peak of the curve of P, in order of time."""
    distance = max(1, round(separation_s * rate_hz))
    peaks, _ = find_peaks(np.pad(curves[0], 1), height=least, distance=distance)
    filtered = _filtered(samples, rate_hz)
    return [_at(filtered, curves, int(peak) - 1, rate_hz) for peak in peaks]


def _filtered(samples: NDArray[np.float32], rate_hz: float) -> list[FloatArray]:
    centred = samples.astype(np.float64)
    centred -= centred.mean(axis=1, keepdims=True)
    return [
        np.asarray(bandpass(centred, rate_hz, low, min(high, 0.4 * rate_hz), 2, zero_phase=True))
        for low, high in BANDS_HZ
    ]


def _at(
    filtered: list[FloatArray],
    curves: NDArray[np.float32],
    p_sample: int,
    rate_hz: float,
) -> Measured:
    first = p_sample + round(_LEAST_SP_S * rate_hz)
    after = curves[1, first : p_sample + round(_LARGEST_SP_S * rate_hz)]
    s_probability = float(after.max()) if after.size else 0.0
    sp_s = (first + int(after.argmax()) - p_sample) / rate_hz if after.size else _LEAST_SP_S
    motion = [value for one in filtered for value in _motion(one, p_sample, rate_hz)]
    values = [_logit(float(curves[0, p_sample])), _logit(s_probability), sp_s, *motion]
    return Measured(p_sample, np.array(values, dtype=np.float64))


def _logit(probability: float) -> float:
    clipped = min(max(probability, 1e-4), 1.0 - 1e-4)
    return float(np.log(clipped / (1.0 - clipped)))


def _motion(filtered: FloatArray, p_sample: int, rate_hz: float) -> list[float]:
    """Return north and east of the direction, horizontal share and rectilinearity, averaged."""
    found = []
    for length_s in _LENGTHS_S:
        first = max(0, p_sample - round(_LEAD_S * rate_hz))
        window = filtered[:, first : first + max(5, round(length_s * rate_hz))]
        if window.shape[1] < 4 or not np.any(window):
            continue
        values, vectors = np.linalg.eigh(np.cov(window))
        line = vectors[:, 2] * (-1.0 if vectors[0, 2] > 0.0 else 1.0)  # the end that points down
        horizontal = float(np.hypot(line[1], line[2])) + 1e-9
        linear = 1.0 - (values[0] + values[1]) / max(2.0 * values[2], 1e-300)
        found.append([line[1] / horizontal, line[2] / horizontal, horizontal, linear])
    if not found:
        return [0.0, 0.0, 0.0, 0.0]
    north, east, horizontal, linear = np.mean(found, axis=0)
    length = max(float(np.hypot(north, east)), 1e-9)
    return [float(north / length), float(east / length), float(horizontal), float(linear)]
