"""A uniform half-space: straight rays."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import SettingsError
from mainshock.locate.velocity.checks import broadcast_paths, require_velocities

__all__ = ["ConstantVelocity", "constant_from_text"]


@dataclass(frozen=True, slots=True)
class ConstantVelocity:
    """Straight rays at one speed for P and one for S, in a flat Earth.

    Parameters
    ----------
    vp_km_s, vs_km_s
        Speeds of P and S, km/s.

    Raises
    ------
    DataError
        If a speed is outside 0.05 to 15 km/s, or S is not slower than P.

    Examples
    --------
    >>> model = ConstantVelocity(6.0, 3.5)
    >>> float(model.travel_time_s("P", 30.0, 40.0, 0.0).round(3))
    8.333
    """

    vp_km_s: float
    vs_km_s: float
    name: str = field(default="", init=False)

    def __post_init__(self) -> None:
        vp, vs = np.asarray(self.vp_km_s), np.asarray(self.vs_km_s)
        require_velocities(vp, vs, "the constant model")
        object.__setattr__(self, "name", f"constant:{self.vp_km_s:g},{self.vs_km_s:g}")

    def travel_time_s(
        self,
        phase: str,
        distance_km: ArrayLike,
        source_depth_km: ArrayLike,
        receiver_depth_km: ArrayLike,
    ) -> NDArray[np.float64]:
        """Return the travel time in seconds: hypocentral distance divided by the speed.

        Raises
        ------
        DataError
            If the phase is unknown, a distance negative or a value not finite.
        """
        distance, source, receiver = broadcast_paths(
            phase, distance_km, source_depth_km, receiver_depth_km
        )
        speed = self.vp_km_s if phase == "P" else self.vs_km_s
        return np.asarray(np.hypot(distance, source - receiver) / speed)


def constant_from_text(text: str) -> ConstantVelocity:
    """Return the model that ``"VP,VS"`` states.

    Raises
    ------
    SettingsError
        If the text is not two numbers.
    """
    try:
        vp, vs = (float(part) for part in text.split(","))
    except ValueError as error:
        raise SettingsError(
            f"velocity model 'constant:{text}' is not two numbers; write it as "
            "constant:VP,VS in km/s, for example constant:6.0,3.5"
        ) from error
    return ConstantVelocity(vp, vs)
