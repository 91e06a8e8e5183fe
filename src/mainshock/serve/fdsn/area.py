"""The part of the world that a request asks for: a box, a circle or ring, or both."""

import math
from dataclasses import dataclass

from mainshock.serve.fdsn.parameters import FdsnError, Parameter, Query

__all__ = ["AREA_PARAMETERS", "Area", "distance_deg"]

AREA_PARAMETERS = (
    Parameter("minlatitude", "number", "", "minlat", low=-90.0, high=90.0),
    Parameter("maxlatitude", "number", "", "maxlat", low=-90.0, high=90.0),
    Parameter("minlongitude", "number", "", "minlon", low=-180.0, high=180.0),
    Parameter("maxlongitude", "number", "", "maxlon", low=-180.0, high=180.0),
    Parameter("latitude", "number", "", "lat", low=-90.0, high=90.0),
    Parameter("longitude", "number", "", "lon", low=-180.0, high=180.0),
    Parameter("minradius", "number", low=0.0, high=180.0),
    Parameter("maxradius", "number", low=0.0, high=180.0),
)


def distance_deg(longitude: float, latitude: float, longitude_2: float, latitude_2: float) -> float:
    """Return the angle between two places on a sphere, in degrees.

    Examples
    --------
    >>> round(distance_deg(179.0, 0.0, -179.0, 0.0), 6)
    2.0
    """
    one, two = math.radians(latitude), math.radians(latitude_2)
    across = math.radians(longitude_2 - longitude)
    haversine = (
        math.sin((two - one) / 2.0) ** 2
        + math.cos(one) * math.cos(two) * math.sin(across / 2.0) ** 2
    )
    return math.degrees(2.0 * math.asin(min(1.0, math.sqrt(haversine))))


@dataclass(frozen=True, slots=True)
class Area:
    """A box and a ring that both must hold a place; all angles in degrees.

    Parameters
    ----------
    min_longitude, max_longitude
        A minimum above the maximum is a box across the antimeridian.
    min_radius, max_radius
        Distances from ``longitude, latitude``; None for no limit.
    """

    min_latitude: float | None = None
    max_latitude: float | None = None
    min_longitude: float | None = None
    max_longitude: float | None = None
    latitude: float = 0.0
    longitude: float = 0.0
    min_radius: float | None = None
    max_radius: float | None = None

    @classmethod
    def of(cls, query: Query) -> "Area":
        """Return the area that a request names.

        Raises
        ------
        FdsnError
            With status 400 if a minimum lies above its maximum.
        """
        for low, high in (("minlatitude", "maxlatitude"), ("minradius", "maxradius")):
            below, above = query.number(low), query.number(high)
            if below is not None and above is not None and below > above:
                raise FdsnError(400, f"{low} is {below:g}, above {high}, {above:g}; swap them")
        return cls(
            query.number("minlatitude"),
            query.number("maxlatitude"),
            query.number("minlongitude"),
            query.number("maxlongitude"),
            query.number("latitude") or 0.0,
            query.number("longitude") or 0.0,
            query.number("minradius"),
            query.number("maxradius"),
        )

    @property
    def has_ring(self) -> bool:
        """Whether a distance is limited."""
        return self.min_radius is not None or self.max_radius is not None

    @property
    def is_everywhere(self) -> bool:
        """Whether nothing is left out."""
        edges = (self.min_latitude, self.max_latitude, self.min_longitude, self.max_longitude)
        return not self.has_ring and all(edge is None for edge in edges)

    def contains(self, longitude: float, latitude: float) -> bool:
        """Return whether a place lies inside, on the edge included."""
        return (
            _is_between(latitude, self.min_latitude, self.max_latitude)
            and self._has_longitude(longitude)
            and self.ring_contains(longitude, latitude)
        )

    def ring_contains(self, longitude: float, latitude: float) -> bool:
        """Return whether a place lies at a distance that was asked for."""
        if not self.has_ring:
            return True
        distance = distance_deg(self.longitude, self.latitude, longitude, latitude)
        return _is_between(distance, self.min_radius, self.max_radius)

    def _has_longitude(self, longitude: float) -> bool:
        low, high = self.min_longitude, self.max_longitude
        if low is not None and high is not None and low > high:
            return longitude >= low or longitude <= high
        return _is_between(longitude, low, high)


def _is_between(value: float, low: float | None, high: float | None) -> bool:
    return (low is None or value >= low) and (high is None or value <= high)
