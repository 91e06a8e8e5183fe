"""The onset of a signal inside a short window, by the Akaike information criterion.

References
----------
Maeda (1985), https://doi.org/10.4294/zisin1948.38.3_365
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError

__all__ = ["Onset", "aic_curve", "find_onset"]

_FEWEST = 20
FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Onset:
    """Sample of the onset and its standard deviation in samples."""

    sample: float
    sigma_samples: float


def aic_curve(samples: ArrayLike) -> FloatArray:
    """Return the criterion for an onset before each sample; lower is better.

    Parameters
    ----------
    samples
        Shape ``(n,)``, any unit.

    Notes
    -----
    ``AIC(k) = k log var(x[:k]) + (n - k) log var(x[k:])``; infinite within five samples of the
    ends, where a variance means little.
    """
    x = np.asarray(samples, dtype=np.float64)
    n = x.size
    count = np.arange(1, n)
    head, square = np.cumsum(x)[:-1], np.cumsum(x**2)[:-1]
    tail, tail_square = x.sum() - head, (x**2).sum() - square
    before = np.maximum(square / count - (head / count) ** 2, 1e-300)
    after = np.maximum(tail_square / (n - count) - (tail / (n - count)) ** 2, 1e-300)
    curve = np.full(n, np.inf)
    curve[1:] = count * np.log(before) + (n - count) * np.log(after)
    curve[:5], curve[-4:] = np.inf, np.inf
    return curve


def find_onset(samples: ArrayLike) -> Onset:
    """Return the most probable onset in a window and how well it is defined.

    The criterion is read as minus twice a log-likelihood, so that ``exp(-AIC / 2)`` weighs every
    possible onset; the standard deviation is that of these weights, at least half a sample.

    Raises
    ------
    DataError
        If the window has fewer than 20 samples or is constant.
    """
    x = np.asarray(samples, dtype=np.float64)
    if x.size < _FEWEST or np.ptp(x) == 0.0:
        raise DataError(
            f"an onset needs at least {_FEWEST} samples that differ; this window has {x.size} "
            f"within {np.ptp(x) if x.size else 0.0:g}"
        )
    curve = aic_curve(x)
    weight = np.exp(-0.5 * (curve - curve.min()))
    weight /= weight.sum()
    place = np.arange(x.size)
    best = float(np.argmin(curve))
    spread = float(np.sqrt(np.sum(weight * (place - best) ** 2)))
    return Onset(best, max(spread, 0.5))
