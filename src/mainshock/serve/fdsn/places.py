"""Names of places by the stations around them, where no gazetteer is at hand."""

import numpy as np

from mainshock.core.geo import geodesic_azimuth_deg, geodesic_distance_km
from mainshock.sources.stations import StationList

__all__ = ["PlaceNames"]

_WINDS = (
    *("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE"),
    *("S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW"),
)


class PlaceNames:
    """Says where a place is: distance and direction from the nearest station.

    Examples
    --------
    >>> from mainshock.core.records import Station
    >>> PlaceNames(StationList([Station("BW", "UH1", 11.6, 48.0)])).name(11.6, 48.1)
    '11 km N of BW.UH1'
    """

    def __init__(self, stations: StationList) -> None:
        self._codes = [station.code for station in stations]
        self._longitude = np.array([station.longitude for station in stations])
        self._latitude = np.array([station.latitude for station in stations])

    def name(self, longitude: float, latitude: float) -> str:
        """Return the place's name; its coordinates where there is no station."""
        if not self._codes:
            east, north = "E" if longitude >= 0.0 else "W", "N" if latitude >= 0.0 else "S"
            return f"{abs(latitude):.2f}{north} {abs(longitude):.2f}{east}"
        distances_km = geodesic_distance_km(self._longitude, self._latitude, longitude, latitude)
        nearest = int(np.argmin(distances_km))
        azimuth_deg = geodesic_azimuth_deg(
            self._longitude[nearest], self._latitude[nearest], longitude, latitude
        )
        wind = _WINDS[round(float(azimuth_deg) / 22.5) % len(_WINDS)]
        return f"{distances_km[nearest]:.0f} km {wind} of {self._codes[nearest]}"
