"""Where stations stand, seen from an event: look-up of stations, azimuthal gap, distances."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mainshock.core.records import Arrival, Station

__all__ = ["StationLookup", "azimuthal_gap_deg", "rms_residual_s", "station_codes"]


class StationLookup:
    """Stations by code: ``NET.STA``, or ``STA`` alone where only one network has that station.

    Parameters
    ----------
    stations
        Known stations. The first of two with the same code counts.

    Examples
    --------
    >>> lookup = StationLookup([Station("BW", "UH1", 11.6, 48.1)])
    >>> lookup.index("", "UH1"), lookup.index("BW", "UH2")
    (0, None)
    """

    def __init__(self, stations: Sequence[Station]) -> None:
        self._by_code: dict[tuple[str, str], int] = {}
        self._by_station: dict[str, list[int]] = {}
        for number, station in enumerate(stations):
            if (station.network, station.station) not in self._by_code:
                self._by_code[station.network, station.station] = number
                self._by_station.setdefault(station.station, []).append(number)

    def index(self, network: str, station: str) -> int | None:
        """Return the station's position in the sequence, or None where it is not known."""
        exact = self._by_code.get((network, station))
        if exact is not None:
            return exact
        alike = self._by_station.get(station, [])
        if network:  # a table without networks may still serve picks that state theirs
            return self._by_code.get(("", station))
        return alike[0] if len(alike) == 1 else None


def azimuthal_gap_deg(azimuth_deg: ArrayLike) -> float:
    """Return the largest angle without a station, seen from the epicentre, in degrees.

    Parameters
    ----------
    azimuth_deg
        Directions from the epicentre to the stations, shape ``(n,)``, degrees.

    Returns
    -------
    float
        0 to 360; 360 for no station or a single direction.

    Examples
    --------
    >>> azimuthal_gap_deg([0.0, 90.0, 180.0])
    180.0
    """
    azimuths = np.unique(np.asarray(azimuth_deg, dtype=np.float64) % 360.0)
    if azimuths.size < 2:
        return 360.0
    return float(np.diff(azimuths, append=azimuths[0] + 360.0).max())


def station_codes(arrivals: Sequence[Arrival]) -> set[str]:
    """Return the codes of the stations that recorded the arrivals."""
    return {arrival.pick.station_code for arrival in arrivals}


def rms_residual_s(arrivals: Sequence[Arrival]) -> float:
    """Return the root mean square of the residuals in seconds, weighted by inlier probability.

    NaN where no arrival has any weight.
    """
    weight = np.array([arrival.inlier_probability for arrival in arrivals])
    residual_s = np.array([arrival.residual_s for arrival in arrivals])
    if weight.size == 0 or weight.sum() <= 0.0:
        return float("nan")
    return float(np.sqrt(np.average(residual_s**2, weights=weight)))
