"""What a magnitude is measured with, and what one station gives."""

import math
from dataclasses import dataclass, replace
from typing import Literal, Self, get_args

from mainshock.core.errors import SettingsError
from mainshock.events.base import TravelTimes
from mainshock.events.distance_corrections import find_distance_correction

__all__ = ["AmplitudeMeasure", "MagnitudeKind", "MagnitudeSettings"]

MagnitudeKind = Literal["ML", "Mw"]
AmplitudeMeasure = Literal["zero-to-peak", "half-peak-to-peak"]
_REFERENCE_SPAN_KM = 2.0


@dataclass(frozen=True, slots=True)
class MagnitudeSettings:
    """How magnitudes are measured.

    Parameters
    ----------
    kind
        ``"ML"``, local magnitude, or ``"Mw"``, moment magnitude from displacement spectra.
    distance_correction
        Name of the correction for ML, see ``mainshock.events.distance_corrections``.
    amplitude
        ML: ``"zero-to-peak"``, or ``"half-peak-to-peak"`` of neighbouring extremes.
    signal_to_noise
        Least ratio of amplitudes, ML: of the largest in signal and noise, Mw: at each frequency.
    p_speed_km_s, s_speed_km_s, density_kg_m3
        Mw: of the rock at the source. The defaults are of the middle crust.
    s_quality
        Mw: expected quality factor Q of S along the path; that of P is taken as 2.25 times it.
        The fit may depart from it by a factor of some two to four.
    site_kappa_s
        Mw: expected attenuation time beneath the station, for S.
    stress_drop_mpa
        Mw: expected stress drop, from which the fit may depart by some orders of magnitude.

    Raises
    ------
    SettingsError
        If a name is not known or a number not positive.
    """

    kind: MagnitudeKind = "ML"
    distance_correction: str = "iaspei"
    amplitude: AmplitudeMeasure = "zero-to-peak"
    signal_to_noise: float = 3.0
    p_speed_km_s: float = 6.0
    s_speed_km_s: float = 3.46
    density_kg_m3: float = 2700.0
    s_quality: float = 300.0
    site_kappa_s: float = 0.02
    stress_drop_mpa: float = 3.0

    def __post_init__(self) -> None:
        for name, known in (("kind", MagnitudeKind), ("amplitude", AmplitudeMeasure)):
            if getattr(self, name) not in get_args(known):
                raise SettingsError(
                    f"{name} is {getattr(self, name)!r}; it must be one of {get_args(known)}"
                )
        find_distance_correction(self.distance_correction)
        for name in (
            *("signal_to_noise", "p_speed_km_s", "s_speed_km_s", "density_kg_m3", "s_quality"),
            *("site_kappa_s", "stress_drop_mpa"),
        ):
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0.0):
                raise SettingsError(f"{name} is {getattr(self, name)!r}; it must be above 0")

    def at_source(self, travel_times: TravelTimes, depth_km: float) -> Self:
        """Return these settings with the speeds of a velocity model at the depth of a source.

        Parameters
        ----------
        travel_times
            The velocity model.
        depth_km
            Depth of the source, positive down from sea level.
        """
        span_km = _REFERENCE_SPAN_KM
        seconds = {
            phase: float(travel_times.travel_time_s(phase, span_km, depth_km, depth_km))
            for phase in ("P", "S")
        }
        return replace(
            self, p_speed_km_s=span_km / seconds["P"], s_speed_km_s=span_km / seconds["S"]
        )
