"""Distance corrections of local magnitude, by name.

All follow Richter's definition, ``ML = log10 A + (-log10 A0)`` with A the largest amplitude in mm
on a Wood-Anderson seismogram. A new one adds one entry to ``DISTANCE_CORRECTIONS``.

References
----------
IASPEI (2013), Summary of Magnitude Working Group recommendations. Hutton and Boore (1987),
https://doi.org/10.1785/BSSA0770062074. Richter (1958), Elementary Seismology, as tabulated by
Bormann (2012), https://doi.org/10.2312/GFZ.NMSOP-2_DS_3.1. Bakun and Joyner (1984),
https://doi.org/10.1785/BSSA0740051827. Alsaker et al. (1991),
https://doi.org/10.1785/BSSA0810020379. Luckett et al. (2019),
https://doi.org/10.1093/gji/ggy484. Greenfield et al. (2018),
https://doi.org/10.1016/j.jvolgeores.2018.08.010. Uhrhammer and Collins (1990),
https://doi.org/10.1785/BSSA0800030702.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from mainshock.core.errors import DataError, SettingsError

__all__ = ["DISTANCE_CORRECTIONS", "DistanceCorrection", "find_distance_correction"]

_TRUE_MAGNIFICATION = 2080.0  # Uhrhammer and Collins (1990)
_NOMINAL_MAGNIFICATION = 2800.0
_RICHTER_KM = (*range(0, 100, 10), *range(100, 601, 20))
_RICHTER = (
    *(1.4, 1.5, 1.7, 2.1, 2.4, 2.6, 2.8, 2.8, 2.9, 3.0),
    *(3.0, 3.1, 3.2, 3.3, 3.4, 3.5, 3.65, 3.7, 3.8, 3.9, 4.0, 4.1, 4.2),
    *(4.3, 4.4, 4.5, 4.5, 4.6, 4.6, 4.7, 4.7, 4.8, 4.8, 4.9, 4.9, 4.9),
)


@dataclass(frozen=True, slots=True)
class DistanceCorrection:
    """One calibration of local magnitude.

    Parameters
    ----------
    region
        Where its earthquakes lie, and who made it.
    minus_log_a0
        Maps a distance in km to ``-log10 A0``, A0 in mm.
    is_hypocentral
        Whether the distance is from the hypocentre; else from the epicentre.
    up_to_km
        The largest distance for which it was made.
    magnification
        Of the Wood-Anderson seismometer that it assumes.
    """

    region: str
    minus_log_a0: Callable[[float], float]
    is_hypocentral: bool
    up_to_km: float
    magnification: float = _TRUE_MAGNIFICATION

    def magnitude(self, amplitude_nm: float, epicentral_km: float, hypocentral_km: float) -> float:
        """Return ML.

        Parameters
        ----------
        amplitude_nm
            Largest horizontal Wood-Anderson displacement (gain 1), zero to peak, in nm.
        epicentral_km, hypocentral_km
            Distances to the station; the correction takes the one it was made for, and not less
            than 1 km.

        Raises
        ------
        DataError
            If the distance is larger than the correction was made for.
        """
        distance_km = max(hypocentral_km if self.is_hypocentral else epicentral_km, 1.0)
        if distance_km > self.up_to_km:
            raise DataError(
                f"its distance, {distance_km:.0f} km, is beyond the {self.up_to_km:g} km of the "
                f"distance correction for {self.region}"
            )
        amplitude_mm = amplitude_nm * 1e-6 * self.magnification
        return math.log10(amplitude_mm) + self.minus_log_a0(distance_km)


def _hutton_boore(distance_km: float) -> float:
    return 1.11 * math.log10(distance_km / 100.0) + 0.00189 * (distance_km - 100.0) + 3.0


def _iaspei(distance_km: float) -> float:
    """Hutton and Boore (1987) with the constant that IASPEI rounds for amplitudes in nm."""
    constant = -2.09 - math.log10(1e-6 * _TRUE_MAGNIFICATION)
    return 1.11 * math.log10(distance_km) + 0.00189 * distance_km + constant


def _british_isles(distance_km: float) -> float:
    return _iaspei(distance_km) - 1.16 * math.exp(-0.2 * distance_km)


def _central_california(distance_km: float) -> float:
    return math.log10(distance_km) + 0.00301 * distance_km + 0.70


def _norway(distance_km: float) -> float:
    return 0.91 * math.log10(distance_km) + 0.00087 * distance_km + 1.01


def _iceland(distance_km: float) -> float:
    return 1.1999 * math.log10(distance_km / 17.0) + 0.0016 * (distance_km - 17.0) + 2.0


def _richter(distance_km: float) -> float:
    return float(np.interp(distance_km, _RICHTER_KM, _RICHTER))


DISTANCE_CORRECTIONS: Mapping[str, DistanceCorrection] = MappingProxyType(
    {
        "iaspei": DistanceCorrection("crust like California's (IASPEI)", _iaspei, True, 1000.0),
        "hutton-boore": DistanceCorrection(
            "southern California (Hutton and Boore, nominal magnification 2800)",
            _hutton_boore, True, 700.0, _NOMINAL_MAGNIFICATION,
        ),
        "richter": DistanceCorrection("southern California (Richter)", _richter, False, 600.0),
        "bakun-joyner": DistanceCorrection(
            "central California (Bakun and Joyner)", _central_california, True, 400.0
        ),
        "norway": DistanceCorrection("Norway (Alsaker et al.)", _norway, True, 1500.0),
        "uk": DistanceCorrection("the British Isles (Luckett et al.)", _british_isles, True, 600.0),
        "iceland": DistanceCorrection(
            "the volcanic zone of Iceland (Greenfield et al.)", _iceland, True, 150.0
        ),
    }
)  # fmt: skip


def find_distance_correction(name: str) -> DistanceCorrection:
    """Return a distance correction by its name.

    Raises
    ------
    SettingsError
        If no correction has that name.

    Examples
    --------
    >>> find_distance_correction("richter").minus_log_a0(100.0)
    3.0
    """
    try:
        return DISTANCE_CORRECTIONS[name]
    except KeyError:
        known = ", ".join(DISTANCE_CORRECTIONS)
        raise SettingsError(f"no distance correction is named {name!r}; known: {known}") from None
