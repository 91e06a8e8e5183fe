"""Files of earthquake clusters: means and covariances in a metric frame, as JSON."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError, GeometryError, SourceError
from mainshock.core.files import make_folder, replacing
from mainshock.core.geo import LocalFrame

__all__ = [
    "ClusterShapes",
    "MetricGrid",
    "cluster_document",
    "clusters_of",
    "read_clusters",
    "write_clusters",
]

FloatArray = NDArray[np.float64]
_EPSG = re.compile(r"EPSG\s*:\s*(\d+)", re.IGNORECASE)
_OFFSET = re.compile(r"\(\s*([\d.]+)\s*([NS])\s*,\s*([\d.]+)\s*([EW])\s*\)")
_NUMBER_IN_NAME = re.compile(r"_(\d+)$")
_WEB_MERCATOR = frozenset((3857, 3785, 3587, 900913, 102100, 102113))
_GEOGRAPHIC = frozenset((4326, 4269, 4267, 4258))
_UTM_SCALE, _UTM_EAST_KM, _UTM_SOUTH_KM = 0.9996, 500.0, 10_000.0
_REFERENCE_GRID = "EPSG:32611 minus projection of (35.2N,118.2W)"
_STEP_KM = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class ClusterShapes:
    """Gaussian clusters of hypocentres.

    Parameters
    ----------
    frame
        Local frame of the means.
    means_km
        Shape ``(K, 3)``: east, north, depth (positive down).
    covariances_km2
        Shape ``(K, 3, 3)``, the same axes.
    shares
        Share of events in each, shape ``(K,)``, sum 1; None where the file does not tell.

    Raises
    ------
    DataError
        If shapes differ, a number is not finite, or a covariance is not positive definite.
    """

    frame: LocalFrame
    means_km: FloatArray
    covariances_km2: FloatArray
    shares: FloatArray | None = None

    def __post_init__(self) -> None:
        n = self.means_km.shape[0]
        if n == 0 or self.means_km.shape != (n, 3) or self.covariances_km2.shape != (n, 3, 3):
            raise DataError(
                f"clusters have means {self.means_km.shape} and covariances "
                f"{self.covariances_km2.shape}; they must be (K, 3) and (K, 3, 3)"
            )
        if not (np.isfinite(self.means_km).all() and np.isfinite(self.covariances_km2).all()):
            raise DataError("a cluster has no depth or no spread; fit clusters to hypocentres")
        if np.any(np.linalg.eigvalsh(self.covariances_km2) <= 0.0):
            raise DataError("a cluster's covariance is not positive definite: too few events")

    @property
    def n_clusters(self) -> int:
        """Number of clusters."""
        return len(self.means_km)


@dataclass(frozen=True, slots=True)
class MetricGrid:
    """A UTM grid of WGS84, less the coordinates of an origin.

    Parameters
    ----------
    epsg
        32601 to 32660 (north) or 32701 to 32760 (south).
    longitude0, latitude0
        The origin, degrees; None: that of the zone.

    Raises
    ------
    GeometryError
        If the number is of no such grid. Web Mercator (EPSG:3857) stretches lengths by
        ``1 / cos(latitude)``, degrees are no lengths, and other datums lie up to 200 m apart.

    Examples
    --------
    >>> grid = MetricGrid(32611, -118.2, 35.2)
    >>> east_km, north_km = grid.to_grid(-117.59751, 35.81574)
    >>> float(east_km.round(2)), float(north_km.round(2))
    (55.26, 67.79)
    """

    epsg: int
    longitude0: float | None = None
    latitude0: float | None = None

    def __post_init__(self) -> None:
        hemisphere, zone = divmod(self.epsg, 100)
        if hemisphere in (326, 327) and 1 <= zone <= 60:
            return
        reason = "is not a UTM grid of WGS84"
        if self.epsg in _WEB_MERCATOR:
            reason = "is Web Mercator, whose metres are 17 to 23 % too long at 31 to 36 degrees"
        elif self.epsg in _GEOGRAPHIC:
            reason = "is in degrees, which are no lengths"
        raise GeometryError(
            f"EPSG:{self.epsg} {reason}; give clusters in metres of EPSG:326ZZ (north) or "
            "EPSG:327ZZ (south), ZZ the UTM zone"
        )

    @classmethod
    def from_text(cls, text: str) -> "MetricGrid":
        """Return the grid in text such as ``EPSG:32611 minus projection of (35.2N,118.2W)``.

        Raises
        ------
        GeometryError
            If it names no grid that can be used.
        """
        code, offset = _EPSG.search(text), _OFFSET.search(text)
        if code is None:
            raise GeometryError(f"the frame {text!r} names no EPSG number, such as EPSG:32611")
        if offset is None:
            return cls(int(code[1]))
        latitude = float(offset[1]) * (1.0 if offset[2] == "N" else -1.0)
        longitude = float(offset[3]) * (1.0 if offset[4] == "E" else -1.0)
        return cls(int(code[1]), longitude, latitude)

    def to_grid(self, longitude: ArrayLike, latitude: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return km east and north of the origin along the grid."""
        east, north = self._frame().to_local(longitude, latitude)
        east0, north0 = self._origin_km()
        return east * _UTM_SCALE - east0, north * _UTM_SCALE - north0

    def to_geographic(
        self, east_km: ArrayLike, north_km: ArrayLike
    ) -> tuple[FloatArray, FloatArray]:
        """Return longitude and latitude in degrees, the inverse of ``to_grid``."""
        east0, north0 = self._origin_km()
        east, north = np.asarray(east_km) + east0, np.asarray(north_km) + north0
        return self._frame().to_geographic(east / _UTM_SCALE, north / _UTM_SCALE)

    def _frame(self) -> LocalFrame:
        return LocalFrame(6.0 * (self.epsg % 100) - 183.0, 0.0)

    def _origin_km(self) -> tuple[float, float]:
        """Return the origin, in km east of the central meridian and north of the equator."""
        if self.longitude0 is None or self.latitude0 is None:
            return -_UTM_EAST_KM, -_UTM_SOUTH_KM if self.epsg // 100 == 327 else 0.0
        east, north = self._frame().to_local(self.longitude0, self.latitude0)
        return float(east) * _UTM_SCALE, float(north) * _UTM_SCALE


def read_clusters(path: str | Path) -> ClusterShapes:
    """Return the clusters in a JSON file or a folder of them.

    Parameters
    ----------
    path
        A file with ``crs`` (or ``longitude0`` and ``latitude0``, the origin of a local frame) and
        ``clusters``, each with ``mean_m``, ``covariance_m2`` and perhaps ``weight``: that of
        ``cluster_document`` or of ``mainshock detect dataset cluster``. Or EQNeMix's folder of
        ``ellipse_parameters_3D_TT_0.json`` and so on, with ``Mean`` and ``Covariance``.

    Raises
    ------
    SourceError
        If it cannot be read.
    DataError
        If it describes no clusters.
    GeometryError
        If its frame is not metric; EPSG:3857 is not.
    """
    path = Path(path)
    document = _reference_document(path) if path.is_dir() else _read_json(path)
    try:
        return clusters_of(document)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} does not describe clusters ({type(error).__name__}: {error}); it needs crs "
            "and clusters with mean_m and covariance_m2"
        ) from error


def clusters_of(document: Mapping[str, Any]) -> ClusterShapes:
    """Return the clusters in a JSON document; see ``read_clusters``.

    Raises
    ------
    KeyError, TypeError
        If something is missing.
    DataError, GeometryError
        If a number makes no sense, or the frame is not metric.
    """
    clusters = document["clusters"]
    means_km = np.array([one["mean_m"] for one in clusters], dtype=np.float64) / 1e3
    covariances = np.array([one["covariance_m2"] for one in clusters], dtype=np.float64) / 1e6
    weights = [one.get("weight") for one in clusters]
    shares = None
    if weights and None not in weights:
        shares = np.array(weights, dtype=np.float64) / float(np.sum(weights))
    if "crs" not in document:
        frame = LocalFrame(float(document["longitude0"]), float(document["latitude0"]))
        return ClusterShapes(frame, means_km, covariances, shares)
    return _from_grid(MetricGrid.from_text(document["crs"]), means_km, covariances, shares)


def cluster_document(shapes: ClusterShapes) -> dict[str, Any]:
    """Return the clusters as a JSON document that ``read_clusters`` reads."""
    clusters = []
    for index in range(shapes.n_clusters):
        one = {
            "cluster_id": index,
            "mean_m": (shapes.means_km[index] * 1e3).tolist(),
            "covariance_m2": (shapes.covariances_km2[index] * 1e6).tolist(),
        }
        if shapes.shares is not None:
            one["weight"] = float(shapes.shares[index])
        clusters.append(one)
    return {
        "longitude0": shapes.frame.longitude,
        "latitude0": shapes.frame.latitude,
        "axes": "metres east, metres north, metres of depth (positive down)",
        "clusters": clusters,
    }


def _from_grid(
    grid: MetricGrid, means_km: FloatArray, covariances_km2: FloatArray, shares: FloatArray | None
) -> ClusterShapes:
    """Return clusters of a grid in a local frame amid them, turned by the angle between both."""
    if means_km.ndim != 2 or means_km.shape[1] != 3:
        raise DataError(f"means have shape {means_km.shape}; each needs east, north and depth")
    middle = grid.to_geographic(*means_km[:, :2].mean(axis=0))
    frame = LocalFrame(round(float(middle[0]), 4), round(float(middle[1]), 4))
    means, covariances = means_km.copy(), covariances_km2.copy()
    for index, (east, north) in enumerate(means_km[:, :2]):
        places = np.array([[0.0, _STEP_KM, 0.0], [0.0, 0.0, _STEP_KM]])
        local = frame.to_local(*grid.to_geographic(east + places[0], north + places[1]))
        here, turn = np.array(local)[:, 0], np.eye(3)
        turn[:2, :2] = (np.array(local)[:, 1:] - here[:, None]) / _STEP_KM
        means[index, :2] = here
        covariances[index] = turn @ covariances_km2[index] @ turn.T
    return ClusterShapes(frame, means, covariances, shares)


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as JSON: {error}") from error


def _reference_document(folder: Path) -> dict[str, Any]:
    """Return EQNeMix's one file a cluster as one document, in the order of their numbers."""
    numbered = [(_NUMBER_IN_NAME.search(file.stem), file) for file in folder.glob("*_TT_*.json")]
    files = [file for _, file in sorted((int(match[1]), file) for match, file in numbered if match)]
    if not files:
        raise SourceError(
            f"{folder} holds no ellipse_parameters_3D_TT_N.json; files of the frame STA, whose "
            "origin is a station, are not read"
        )
    clusters = [
        {"mean_m": one.get("Mean"), "covariance_m2": one.get("Covariance")}
        for one in map(_read_json, files)
    ]
    return {"crs": _REFERENCE_GRID, "clusters": clusters}


def write_clusters(path: str | Path, shapes: ClusterShapes) -> None:
    """Write the clusters as JSON.

    Raises
    ------
    SourceError
        If the file cannot be written.
    """
    path = Path(path)
    make_folder(path.parent)
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(cluster_document(shapes), indent=1, allow_nan=False) + "\n")
