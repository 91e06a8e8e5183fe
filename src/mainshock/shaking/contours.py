"""Lines of equal shaking as GeoJSON."""

import math
from typing import Any

import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray

from mainshock.core.shaking_field import ShakingField
from mainshock.shaking.measures import unit_of

__all__ = ["contour_levels", "contours_to_geojson"]

FloatArray = NDArray[np.float64]
_FEW, _MOST = 3, 9
_DIGITS = 5


def contour_levels(lowest: float, highest: float) -> list[float]:
    """Return round values between two, with which a map can be drawn.

    Parameters
    ----------
    lowest, highest
        Of the measure itself, above 0.

    Examples
    --------
    >>> contour_levels(0.013, 0.3)
    [0.02, 0.05, 0.1, 0.2]
    """
    if not 0.0 < lowest < highest:
        return []
    decades = range(math.floor(math.log10(lowest)), math.ceil(math.log10(highest)) + 1)
    for steps in ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)):
        levels = [float(f"{step}e{decade}") for decade in decades for step in steps]
        levels = [one for one in levels if lowest < one < highest]
        if len(levels) >= _FEW:
            return levels[:: math.ceil(len(levels) / _MOST)]
    return [float(one) for one in np.geomspace(lowest, highest, _FEW + 2)[1:-1]]


def contours_to_geojson(field: ShakingField) -> dict[str, Any]:  # a GeoJSON document
    """Return lines of equal median for each measure, and the edge of extrapolation.

    Each feature is a MultiLineString with ``kind`` (``"contour"`` or ``"extrapolation_edge"``);
    contours have ``measure``, ``value``, ``unit`` and ``ln_value``. Longitudes may run on above
    180 where the map spans the 180th meridian.

    Raises
    ------
    DataError
        If the sites are no grid.
    """
    longitude, latitude = field.axes()
    features = []
    for i, measure in enumerate(field.measures):
        values = field.mean[:, i].reshape(latitude.size, longitude.size)
        for level in contour_levels(math.exp(values.min()), math.exp(values.max())):
            told = {
                "kind": "contour",
                "measure": measure,
                "value": level,
                "unit": unit_of(measure),
                "ln_value": round(math.log(level), 4),
            }
            features += _feature(_lines(longitude, latitude, values, math.log(level)), told)
    mask = field.is_extrapolated.reshape(latitude.size, longitude.size).astype(np.float64)
    features += _feature(_lines(longitude, latitude, mask, 0.5), {"kind": "extrapolation_edge"})
    return {
        "type": "FeatureCollection",
        "event_id": field.event_id,
        "model": field.model,
        "is_synthetic": field.is_synthetic,
        "extrapolated_share": round(field.extrapolated_share, 4),
        "cautions": field.cautions(),
        "features": features,
    }


def _lines(
    longitude: FloatArray, latitude: FloatArray, values: FloatArray, level: float
) -> list[Any]:
    found = contour_generator(longitude, latitude, values).lines(level)
    return [np.round(np.asarray(line), _DIGITS).tolist() for line in found if len(line) > 1]


def _feature(lines: list[Any], told: dict[str, Any]) -> list[dict[str, Any]]:
    if not lines:
        return []
    geometry = {"type": "MultiLineString", "coordinates": lines}
    return [{"type": "Feature", "properties": told, "geometry": geometry}]
