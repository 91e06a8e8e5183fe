"""Checks that all velocity models share."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.core.records import PHASES

__all__ = ["broadcast_paths", "require_velocities"]

FloatArray = NDArray[np.float64]
SLOWEST_KM_S, FASTEST_KM_S = 0.05, 15.0


def require_velocities(vp_km_s: FloatArray, vs_km_s: FloatArray, where: str) -> None:
    """Refuse velocities that no rock has.

    Raises
    ------
    DataError
        If a velocity is outside 0.05 to 15 km/s, or S is not slower than P.
    """
    both = np.concatenate([np.atleast_1d(vp_km_s), np.atleast_1d(vs_km_s)])
    if not (np.isfinite(both).all() and both.min() >= SLOWEST_KM_S and both.max() <= FASTEST_KM_S):
        raise DataError(
            f"{where} holds velocities {both.min():g} to {both.max():g} km/s; they must lie "
            f"between {SLOWEST_KM_S} and {FASTEST_KM_S} km/s (are they in m/s?)"
        )
    if np.any(np.asarray(vs_km_s) >= np.asarray(vp_km_s)):
        raise DataError(f"{where} has S as fast as P; give P first, then S, with vs < vp")


def broadcast_paths(
    phase: str, distance_km: ArrayLike, source_depth_km: ArrayLike, receiver_depth_km: ArrayLike
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return distance, source depth and receiver depth in km as arrays of one shape.

    Raises
    ------
    DataError
        If the phase is unknown, a distance is negative or a value is not finite.
    """
    if phase not in PHASES:
        raise DataError(f"phase is {phase!r}; travel times are known for P and S")
    distance, source, receiver = (
        np.asarray(values, dtype=np.float64)
        for values in (distance_km, source_depth_km, receiver_depth_km)
    )
    for name, values in (("distance_km", distance), ("depth_km", source), ("depth_km", receiver)):
        if not np.isfinite(values).all():
            raise DataError(f"{name} holds NaN or infinity; travel times need finite places")
    if np.any(distance < 0.0):
        raise DataError(f"distance_km is {distance.min():g}; it must not be negative")
    distance, source, receiver = np.broadcast_arrays(distance, source, receiver)
    return distance, source, receiver
