"""Polygons that cross the 180th meridian, cut there as RFC 7946 asks."""

import numpy as np
from numpy.typing import NDArray
from shapely import Polygon, box
from shapely.affinity import translate

__all__ = ["split_at_antimeridian"]

FloatArray = NDArray[np.float64]
Rings = tuple[FloatArray, ...]


def split_at_antimeridian(rings: Rings) -> list[Rings]:
    """Return the parts of a polygon on either side of the 180th meridian.

    Parameters
    ----------
    rings
        Outer ring, then holes; each of shape ``(n, 2)``, longitude and latitude in degrees.

    Returns
    -------
    list of polygons
        The polygon itself where it does not cross.
    """
    first = rings[0][0, 0]
    whole = [
        np.column_stack([(ring[:, 0] - first + 180.0) % 360.0 - 180.0 + first, ring[:, 1]])
        for ring in rings
    ]
    if all(np.abs(ring[:, 0]).max() <= 180.0 for ring in whole):
        return [rings]
    polygon = Polygon(whole[0], whole[1:])
    parts: list[Rings] = []
    for shift in (-360.0, 0.0, 360.0):
        cut = translate(polygon, xoff=shift).intersection(box(-180.0, -90.0, 180.0, 90.0))
        for part in getattr(cut, "geoms", [cut]):
            if part.geom_type == "Polygon" and part.area > 0.0:
                parts.append(
                    tuple(np.asarray(ring.coords) for ring in (part.exterior, *part.interiors))
                )
    return parts
