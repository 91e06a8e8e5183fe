"""Flat layers of uniform velocity: exact first arrivals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.locate.velocity.checks import broadcast_paths, require_velocities
from mainshock.locate.velocity.layered_kernel import layered_times_s

__all__ = ["LayeredVelocity"]


@dataclass(frozen=True, slots=True)
class LayeredVelocity:
    """Flat layers, each of one speed; first arrivals are exact.

    Parameters
    ----------
    top_depth_km
        Depth of each layer's top, increasing, km below sea level. The first layer also holds
        everything above its top, the last one everything below.
    vp_km_s, vs_km_s
        Speeds of each layer, km/s. A layer may be slower than the one above it.
    name
        How results name this model.

    Raises
    ------
    DataError
        If lengths differ, tops do not increase, or speeds make no sense.

    Notes
    -----
    The first arrival is the earliest of the direct ray and all head waves. The direct ray is
    found by Newton's method in the tangent of its angle in the fastest layer it crosses: in it
    the distance is increasing and concave, so the steps converge from one side, also near
    grazing. The time ``T = p x + sum h sqrt(u^2 - p^2)`` is stationary in ``p``: its error is of
    second order. Head waves run along every interface, below both ends or above both, whose far
    side is faster than all layers on the way to it.

    Examples
    --------
    >>> model = LayeredVelocity((0.0, 20.0), (5.8, 8.0), (3.4, 4.6))
    >>> model.travel_time_s("P", [10.0, 200.0], 5.0, 0.0).round(3)
    array([ 1.928, 29.156])
    """

    top_depth_km: tuple[float, ...]
    vp_km_s: tuple[float, ...]
    vs_km_s: tuple[float, ...]
    name: str = "layered"

    def __post_init__(self) -> None:
        for field in ("top_depth_km", "vp_km_s", "vs_km_s"):
            values: Sequence[float] = getattr(self, field)
            object.__setattr__(self, field, tuple(float(value) for value in values))
        tops, vp, vs = (np.array(v) for v in (self.top_depth_km, self.vp_km_s, self.vs_km_s))
        if not (tops.size == vp.size == vs.size > 0):
            raise DataError(
                f"model {self.name} has {tops.size} depths, {vp.size} P and {vs.size} S "
                "velocities; give one of each for every layer, and at least one layer"
            )
        if not np.isfinite(tops).all() or np.any(np.diff(tops) <= 0.0):
            raise DataError(
                f"layer tops of model {self.name} are {tops.tolist()} km; they must increase"
            )
        require_velocities(vp, vs, f"model {self.name}")

    def travel_time_s(
        self,
        phase: str,
        distance_km: ArrayLike,
        source_depth_km: ArrayLike,
        receiver_depth_km: ArrayLike,
    ) -> NDArray[np.float64]:
        """Return the travel time of the first arrival in seconds.

        Raises
        ------
        DataError
            If the phase is unknown, a distance negative or a value not finite.
        """
        paths = broadcast_paths(phase, distance_km, source_depth_km, receiver_depth_km)
        speeds = np.array(self.vp_km_s if phase == "P" else self.vs_km_s)
        tops = np.array(self.top_depth_km)
        flat = [np.array(values, order="C").ravel() for values in paths]
        return layered_times_s(tops, 1.0 / speeds, *flat).reshape(paths[0].shape)
