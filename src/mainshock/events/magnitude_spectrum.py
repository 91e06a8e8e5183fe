"""Fits Brune's source spectrum with attenuation to a displacement spectrum.

References
----------
Brune (1970), https://doi.org/10.1029/JB075i026p04997 (correction 1971,
https://doi.org/10.1029/JB076i020p05002); Anderson and Hough (1984),
https://doi.org/10.1785/BSSA0740051969 (kappa).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SourceFit", "SourcePrior", "fit_source_spectrum"]

FloatArray = NDArray[np.float64]
_CORNER_HZ = np.geomspace(0.05, 300.0, 80)
_ATTENUATION_SD = math.log(2.0)
_CORNER_SD = math.log(5.0) / 3.0  # a factor of five in stress drop is one standard deviation
_ATTENUATION_STEPS = np.linspace(-3.0, 3.0, 31)
_SCATTER = (0.15, 1.0)  # natural logarithm of amplitude
_USUAL_SCATTER = 0.3


@dataclass(frozen=True, slots=True)
class SourcePrior:
    """What is expected before the spectrum is seen.

    Parameters
    ----------
    corner_at_one_hz
        Corner frequency in Hz of a source with a plateau of 1 m s; it falls with the third root
        of the plateau, as at constant stress drop.
    attenuation_time_s
        Expected t*, travel time over Q plus kappa of the site.
    """

    corner_at_one_hz: float
    attenuation_time_s: float


@dataclass(frozen=True, slots=True)
class SourceFit:
    """A fitted spectrum: posterior means.

    Parameters
    ----------
    plateau_m_s
        Level of the displacement spectrum at long periods, metre seconds.
    log_plateau_sd
        Standard deviation of its natural logarithm.
    corner_frequency_hz
        Of Brune's model.
    corner_sd_octaves
        Standard deviation of its binary logarithm. Where it is not well below 1, the corner rests
        on what was expected of it.
    attenuation_time_s
        t* of the path and the site.
    misfit
        Root mean square residual of the natural logarithm of amplitude at the best point.
    """

    plateau_m_s: float
    log_plateau_sd: float
    corner_frequency_hz: float
    corner_sd_octaves: float
    attenuation_time_s: float
    misfit: float


def fit_source_spectrum(
    frequency_hz: FloatArray, amplitude_m_s: FloatArray, prior: SourcePrior
) -> SourceFit:
    """Return plateau, corner frequency and attenuation of a displacement spectrum.

    Parameters
    ----------
    frequency_hz, amplitude_m_s
        Shape ``(n,)``, n at least 4: frequencies where the signal stands out of the noise, and
        displacement amplitude there.
    prior
        What is expected of corner and attenuation.

    Notes
    -----
    The model is ``A(f) = plateau exp(-pi f t*) / (1 + (f / fc)^2)``. Corner and attenuation trade
    off, so their posterior is computed on a grid, log-normal about the expected values (a factor
    of 2 for t*, of 5 for the stress drop behind the corner); the plateau follows in closed form
    at each point. The scatter of the data is taken from the best fit, within 0.15 and 1.
    """
    scatter = _USUAL_SCATTER
    for _ in range(2):
        fit = _fit_on_grid(frequency_hz, np.log(amplitude_m_s), prior, scatter)
        scatter = min(max(fit.misfit, _SCATTER[0]), _SCATTER[1])
    return fit


def _fit_on_grid(
    frequency_hz: FloatArray, log_amplitude: FloatArray, prior: SourcePrior, scatter: float
) -> SourceFit:
    t_star = prior.attenuation_time_s * np.exp(_ATTENUATION_SD * _ATTENUATION_STEPS)
    source = np.log1p((frequency_hz / _CORNER_HZ[:, None]) ** 2)
    path = np.pi * frequency_hz * t_star[:, None]
    levels = log_amplitude + source[:, None, :] + path[None, :, :]
    level = levels.mean(axis=-1)
    squares = ((levels - level[..., None]) ** 2).sum(axis=-1)
    n_data = frequency_hz.size
    expected = 3.0 * np.log(prior.corner_at_one_hz / _CORNER_HZ)[:, None]
    from_data, from_prior = n_data / scatter**2, 1.0 / (3.0 * _CORNER_SD) ** 2
    plateau = (from_data * level + from_prior * expected) / (from_data + from_prior)
    cost = (
        squares / scatter**2
        + (level - expected) ** 2 / (1.0 / from_data + 1.0 / from_prior)
        + _ATTENUATION_STEPS**2
    )
    weight = np.exp(-0.5 * (cost - cost.min()))
    weight /= weight.sum()
    mean = float((weight * plateau).sum())
    spread = float((weight * (plateau - mean) ** 2).sum()) + 1.0 / (from_data + from_prior)
    corner_weight, octave = weight.sum(axis=1), np.log2(_CORNER_HZ)
    mean_octave = float(corner_weight @ octave)
    return SourceFit(
        plateau_m_s=math.exp(mean),
        log_plateau_sd=math.sqrt(spread),
        corner_frequency_hz=2.0**mean_octave,
        corner_sd_octaves=math.sqrt(float(corner_weight @ (octave - mean_octave) ** 2)),
        attenuation_time_s=math.exp(float((weight.sum(axis=0) * np.log(t_star)).sum())),
        misfit=math.sqrt(float(squares.flat[int(cost.argmin())]) / max(n_data - 3, 1)),
    )
