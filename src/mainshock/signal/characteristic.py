"""Short-term over long-term average: how much a record stands out from what came before.

References
----------
Allen (1978), https://doi.org/10.1785/BSSA0680051521; Withers et al. (1998),
https://doi.org/10.1785/BSSA0880010095
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import lfilter

from mainshock.core.errors import DataError

__all__ = ["recursive_sta_lta"]


def recursive_sta_lta(
    samples: ArrayLike, sampling_rate_hz: float, sta_s: float, lta_s: float
) -> NDArray[np.float64]:
    """Return the ratio of two exponential averages of the squared record.

    Parameters
    ----------
    samples
        Shape ``(n,)`` or ``(n_channels, n)``; channels add up their energy.
    sta_s, lta_s
        Time constants of the short and the long average, in seconds.

    Returns
    -------
    numpy.ndarray
        Shape ``(n,)``; 0 during the first quarter of ``lta_s``, while the averages settle. Both
        start at the mean energy of that quarter.

    Raises
    ------
    DataError
        If the averages are not ``0 < sta_s < lta_s``.
    """
    if not 0.0 < sta_s < lta_s:
        raise DataError(f"sta_s is {sta_s} and lta_s {lta_s}; 0 < sta_s < lta_s is needed")
    energy = np.atleast_2d(np.asarray(samples, dtype=np.float64) ** 2).sum(axis=0)
    short, long = (1.0 / max(1.0, span * sampling_rate_hz) for span in (sta_s, lta_s))
    settling = max(1, round(0.25 * lta_s * sampling_rate_hz))
    start = float(energy[:settling].mean())
    sta, _ = lfilter([short], [1.0, short - 1.0], energy, zi=[(1.0 - short) * start])
    lta, _ = lfilter([long], [1.0, long - 1.0], energy, zi=[(1.0 - long) * start])
    ratio = np.divide(sta, lta, out=np.zeros_like(sta), where=lta > 0.0)
    ratio[:settling] = 0.0
    return np.asarray(ratio)
