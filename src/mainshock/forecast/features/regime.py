"""Tectonic regime of places, from the polygons that the package usgs-strec carries."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import MissingDependencyError

__all__ = ["REGIME_NAMES", "tectonic_regime"]

FloatArray = NDArray[np.float64]
REGIME_NAMES: tuple[str, ...] = ("active", "stable", "subduction", "volcanic", "ocean", "backarc")
"""Names of the regimes; a place may lie in several."""


def tectonic_regime(longitude: ArrayLike, latitude: ArrayLike) -> FloatArray:
    """Return 1 where places lie in each regime, else 0, shape ``(n_places, n_regimes)``.

    Raises
    ------
    MissingDependencyError
        If usgs-strec is not installed.

    References
    ----------
    Garcia, Wald & Hearne (2012), https://doi.org/10.1785/0120110125
    """
    folder = _folder()
    there = shapely.points(np.asarray(longitude), np.asarray(latitude))
    found = np.zeros((len(there), len(REGIME_NAMES)))
    for i, name in enumerate(REGIME_NAMES):
        document = json.loads((folder / f"{name}.geojson").read_text(encoding="utf-8"))
        outlines = [
            shapely.from_geojson(json.dumps(one["geometry"])) for one in document["features"]
        ]
        inside, _ = shapely.STRtree(outlines).query(there, predicate="intersects")
        found[inside, i] = 1.0
    return found


def _folder() -> Path:
    spec = find_spec("strec")  # read, not imported: it would load its rasters' libraries
    if spec is not None and spec.submodule_search_locations:
        folder = Path(spec.submodule_search_locations[0]) / "data"
        if all((folder / f"{name}.geojson").is_file() for name in REGIME_NAMES):
            return folder
    raise MissingDependencyError(
        "tectonic regimes need the polygons of usgs-strec; install it with "
        "`pip install usgs-strec`, or leave the regime out"
    )
