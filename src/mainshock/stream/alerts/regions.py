"""Where on Earth a rule looks: a box, a polygon, or a distance from a place."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mainshock.core.geo import geodesic_distance_km

__all__ = ["Box", "Circle", "Region"]

Longitude = Annotated[float, Field(ge=-180.0, le=180.0)]
Latitude = Annotated[float, Field(ge=-90.0, le=90.0)]
_STRICT = ConfigDict(extra="forbid", frozen=True)


class Box(BaseModel):
    """Between two meridians and two parallels; ``west > east`` spans the 180th meridian."""

    model_config = _STRICT

    west: Longitude
    east: Longitude
    south: Latitude
    north: Latitude

    @model_validator(mode="after")
    def _south_below_north(self) -> "Box":
        if self.south >= self.north:
            raise ValueError(f"south {self.south:g} must be less than north {self.north:g}")
        return self

    def contains(self, longitude: float, latitude: float) -> bool:
        """Return whether a place in degrees lies inside or on the edge."""
        if not self.south <= latitude <= self.north:
            return False
        if self.west <= self.east:
            return self.west <= longitude <= self.east
        return longitude >= self.west or longitude <= self.east


class Circle(BaseModel):
    """Up to a distance from a place."""

    model_config = _STRICT

    longitude: Longitude
    latitude: Latitude
    radius_km: Annotated[float, Field(gt=0.0, le=20_100.0)]

    def contains(self, longitude: float, latitude: float) -> bool:
        """Return whether a place in degrees is within ``radius_km``."""
        distance_km = geodesic_distance_km(self.longitude, self.latitude, longitude, latitude)
        return float(distance_km) <= self.radius_km


class Region(BaseModel):
    """Exactly one of three shapes.

    Parameters
    ----------
    box, circle
        As they are.
    polygon
        Corners as longitude, latitude, in order, the last joined to the first. An edge takes the
        shorter way around the Earth and is straight in longitude and latitude; a polygon around
        a pole is not possible.
    """

    model_config = _STRICT

    box: Box | None = None
    polygon: tuple[tuple[Longitude, Latitude], ...] | None = None
    circle: Circle | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> "Region":
        given = [self.box, self.polygon, self.circle]
        if sum(shape is not None for shape in given) != 1:
            raise ValueError("a region needs exactly one of box, polygon and circle")
        if self.polygon is not None and len(set(self.polygon)) < 3:
            raise ValueError(f"polygon has {len(set(self.polygon))} corners; give 3 or more")
        return self

    def contains(self, longitude: float, latitude: float) -> bool:
        """Return whether a place in degrees lies inside."""
        if self.polygon is not None:
            return _is_inside(self.polygon, longitude, latitude)
        shape = self.box or self.circle
        return shape is not None and shape.contains(longitude, latitude)


def _is_inside(corners: tuple[tuple[float, float], ...], longitude: float, latitude: float) -> bool:
    """Count the edges north of a place; each is taken near the place's own meridian."""
    is_inside = False
    for (lon1, lat1), (lon2, lat2) in zip(corners, (*corners[1:], corners[0]), strict=True):
        west = (lon1 - longitude + 180.0) % 360.0 - 180.0
        # the far side of the Earth: an edge there crosses no meridian of the place
        east = west + (lon2 - lon1 + 180.0) % 360.0 - 180.0
        if (west > 0.0) != (east > 0.0):
            crossing = lat1 + (lat2 - lat1) * west / (west - east)
            is_inside ^= crossing > latitude
    return is_inside
