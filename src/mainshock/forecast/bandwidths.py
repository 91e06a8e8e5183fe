"""How far each place reaches when it is smoothed: the distance to its neighbours."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from mainshock.core.errors import DataError
from mainshock.forecast.sphere import cartesian_km

__all__ = ["MIN_BANDWIDTH_KM", "adaptive_bandwidths", "neighbour_distances"]

FloatArray = NDArray[np.float64]
MIN_BANDWIDTH_KM = 0.5
"""About the precision of an epicentre in a regional catalogue."""


def neighbour_distances(longitude: ArrayLike, latitude: ArrayLike, n: int) -> FloatArray:
    """Return the distances in km of each place to its 1st to ``n``-th neighbour.

    Parameters
    ----------
    longitude, latitude
        Degrees, shape ``(n_places,)``.
    n
        Number of neighbours. With fewer other places, the farthest stands for those missing.

    Returns
    -------
    Chords in km, shape ``(n_places, n)``, ascending along each row.

    Raises
    ------
    DataError
        If there are fewer than two places, or ``n`` is below 1.
    """
    places = cartesian_km(longitude, latitude)
    if n < 1:
        raise DataError(f"bandwidths need a neighbour of order 1 or more, not {n}")
    if len(places) < 2:
        raise DataError(
            f"{len(places)} place has no neighbour; give a longer history or a wider region"
        )
    reached = min(n, len(places) - 1)
    # the nearest place found is the place itself, or one on the very same spot
    distance, _ = cKDTree(places).query(places, k=reached + 1)
    return np.asarray(np.pad(distance[:, 1:], ((0, 0), (0, n - reached)), mode="edge"))


def adaptive_bandwidths(
    longitude: ArrayLike, latitude: ArrayLike, n: int, min_km: float = MIN_BANDWIDTH_KM
) -> FloatArray:
    """Return the distance of each place to its ``n``-th neighbour, at least ``min_km``.

    Parameters
    ----------
    longitude, latitude
        Degrees, shape ``(n_places,)``.
    n
        Order of the neighbour; places on one spot count one by one.
    min_km
        Smallest bandwidth.

    Returns
    -------
    Bandwidths in km, shape ``(n_places,)``.

    Raises
    ------
    DataError
        If there are fewer than two places, ``n`` is below 1, or ``min_km`` is not positive.

    References
    ----------
    Helmstetter, Kagan and Jackson (2007), https://doi.org/10.1785/gssrl.78.1.78

    Examples
    --------
    >>> adaptive_bandwidths([0.0, 0.0, 0.0], [0.0, 0.09, 0.3], 1).round(1)
    array([10. , 10. , 23.2])
    """
    if not min_km > 0:
        raise DataError(f"the smallest bandwidth must be positive, not {min_km:g} km")
    return np.maximum(neighbour_distances(longitude, latitude, n)[:, -1], min_km)
