"""Velocity that grows evenly with depth: rays are circles, times are closed."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, SettingsError
from mainshock.locate.velocity.checks import broadcast_paths, require_velocities

__all__ = ["GradientVelocity", "gradient_from_text"]

_SLOWEST_KM_S, _FASTEST_KM_S = 0.05, 15.0
_ROUNDING_KM = 1e-6


@dataclass(frozen=True, slots=True)
class GradientVelocity:
    """Velocity ``v = v0 + g z`` in a flat Earth, ``z`` below sea level.

    Parameters
    ----------
    vp_km_s, vs_km_s
        Speeds of P and S at sea level, km/s.
    vp_gradient_s, vs_gradient_s
        Growth of the speeds with depth, (km/s)/km; not negative. Zero is a uniform medium.

    Raises
    ------
    DataError
        If a speed is outside 0.05 to 15 km/s, S is not slower than P, or a gradient is negative.

    Notes
    -----
    ``T = acosh(1 + g^2 (x^2 + (z1 - z2)^2) / (2 v(z1) v(z2))) / g``, the only arrival. The law
    holds above sea level and at all depths; places where it gives no possible speed are refused,
    and locations end at ``deepest_source_km``.

    References
    ----------
    Slotnick (1959), Lessons in Seismic Computing, SEG.

    Examples
    --------
    >>> model = GradientVelocity(5.0, 0.05, 2.9, 0.03)
    >>> model.travel_time_s("P", [10.0, 100.0], 8.0, 0.0).round(3)
    array([ 2.463, 18.626])
    """

    vp_km_s: float
    vp_gradient_s: float
    vs_km_s: float
    vs_gradient_s: float
    name: str = field(default="", init=False)

    def __post_init__(self) -> None:
        require_velocities(np.asarray(self.vp_km_s), np.asarray(self.vs_km_s), "the gradient model")
        numbers = (self.vp_km_s, self.vp_gradient_s, self.vs_km_s, self.vs_gradient_s)
        for gradient in (self.vp_gradient_s, self.vs_gradient_s):
            if not 0.0 <= gradient < 10.0:
                raise DataError(
                    f"velocity gradient {gradient:g} (km/s)/km must lie between 0 and 10; "
                    "use layers for speeds that fall with depth"
                )
        object.__setattr__(self, "name", "gradient:" + ",".join(f"{x:g}" for x in numbers))

    @property
    def deepest_source_km(self) -> float:
        """Depth at which P or S grows faster than 15 km/s; infinite where neither does."""
        depths = [
            (_FASTEST_KM_S - speed) / gradient - _ROUNDING_KM
            for speed, gradient in (
                (self.vp_km_s, self.vp_gradient_s),
                (self.vs_km_s, self.vs_gradient_s),
            )
            if gradient > 0.0
        ]
        return min(depths, default=math.inf)

    def travel_time_s(
        self,
        phase: str,
        distance_km: ArrayLike,
        source_depth_km: ArrayLike,
        receiver_depth_km: ArrayLike,
    ) -> NDArray[np.float64]:
        """Return the travel time in seconds.

        Raises
        ------
        DataError
            If the phase is unknown, a distance negative, a value not finite, or a place so high
            or deep that the law gives no possible speed there.
        """
        distance, source, receiver = broadcast_paths(
            phase, distance_km, source_depth_km, receiver_depth_km
        )
        is_p = phase == "P"
        surface = self.vp_km_s if is_p else self.vs_km_s
        gradient = self.vp_gradient_s if is_p else self.vs_gradient_s
        at_source, at_receiver = surface + gradient * source, surface + gradient * receiver
        for speed in (at_source, at_receiver):
            if speed.size and not (speed.min() >= _SLOWEST_KM_S and speed.max() <= _FASTEST_KM_S):
                raise DataError(
                    f"model {self.name} gives {phase} speeds {speed.min():g} to {speed.max():g} "
                    f"km/s at these depths; {_SLOWEST_KM_S:g} to {_FASTEST_KM_S:g} are possible, "
                    f"down to {self.deepest_source_km:.1f} km; use another model for other depths"
                )
        length = np.hypot(distance, source - receiver)
        # asinh form: no loss of digits for short paths and small gradients
        half = 0.5 * length / np.sqrt(at_source * at_receiver)
        if gradient == 0.0:
            return np.asarray(2.0 * half)
        return np.asarray(2.0 * np.arcsinh(gradient * half) / gradient)


def gradient_from_text(text: str) -> GradientVelocity:
    """Return the model that ``"VP0,VP_GRADIENT,VS0,VS_GRADIENT"`` states.

    Raises
    ------
    SettingsError
        If the text is not four numbers.
    """
    try:
        vp, vp_gradient, vs, vs_gradient = (float(part) for part in text.split(","))
    except ValueError as error:
        raise SettingsError(
            f"velocity model 'gradient:{text}' is not four numbers; write it as "
            "gradient:VP0,VP_GRADIENT,VS0,VS_GRADIENT in km/s and (km/s)/km, for example "
            "gradient:5.0,0.05,2.9,0.03"
        ) from error
    return GradientVelocity(vp, vp_gradient, vs, vs_gradient)
