"""The regions of a catalogue: what they are, how they are kept, and where a new event belongs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from mainshock.core.errors import DataError, SourceError
from mainshock.core.files import make_folder, replacing
from mainshock.core.geo import LocalFrame
from mainshock.detect.regions.ellipse import ellipse, ellipsoid

__all__ = [
    "CLUSTER_MODELS",
    "ELLIPSE_PROBABILITIES",
    "NO_CLUSTER",
    "RegionClusters",
    "metres_in_frame",
]

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

CLUSTER_MODELS = ("KMeans", "GMM", "DBSCAN")
NO_CLUSTER = -1
"""The cluster of what belongs to none: noise windows, and what DBSCAN leaves over."""
ELLIPSE_PROBABILITIES = (0.68, 0.95)
_FORMAT = 1


def _no_points() -> FloatArray:
    return np.empty((0, 3))


def _no_ids() -> IntArray:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class RegionClusters:
    """The regions that a catalogue's epicentres fall into.

    Parameters
    ----------
    model
        ``"KMeans"``, ``"GMM"`` or ``"DBSCAN"``: it decides how ``assign`` chooses.
    longitude0, latitude0
        Origin of the local metric frame, degrees.
    means_m
        Shape ``(K, 3)``: metres east and north of the origin, and depth in metres, positive
        down. The depth is NaN where no event of the cluster has one.
    covariances_m2
        Shape ``(K, 3, 3)``, square metres, the same axes.
    counts
        Shape ``(K,)``: events of the fit in each cluster.
    use_depth
        Whether depth was a coordinate of the fit. Otherwise only epicentres count.
    weights
        Shape ``(K,)``: share of each cluster; the counts' shares where it is not given.
    core_points_m, core_ids, eps_m
        DBSCAN alone: its core points, shape ``(n, 3)``, the cluster of each, and the radius that
        an event must come within to belong.
    scores
        Measures of the fit, such as ``bic`` and ``inertia_m2``.
    settings
        What the fit was asked for, for the record.

    Raises
    ------
    DataError
        If the model is unknown or the shapes do not agree.

    References
    ----------
    Perol, Gharbi & Denolle (2018), https://doi.org/10.1126/sciadv.1700578
    """

    model: str
    longitude0: float
    latitude0: float
    means_m: FloatArray
    covariances_m2: FloatArray
    counts: IntArray
    use_depth: bool = False
    weights: FloatArray | None = None
    core_points_m: FloatArray = field(default_factory=_no_points)
    core_ids: IntArray = field(default_factory=_no_ids)
    eps_m: float = 0.0
    scores: Mapping[str, float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)  # JSON values of several types

    def __post_init__(self) -> None:
        n = len(self.counts)
        if self.model not in CLUSTER_MODELS:
            raise DataError(f"cluster model {self.model!r} is none of {', '.join(CLUSTER_MODELS)}")
        if n == 0 or self.means_m.shape != (n, 3) or self.covariances_m2.shape != (n, 3, 3):
            raise DataError(
                f"{n} clusters with means {self.means_m.shape} and covariances "
                f"{self.covariances_m2.shape} do not agree; they must be (K, 3) and (K, 3, 3)"
            )

    @property
    def n_clusters(self) -> int:
        """Number of regions."""
        return len(self.counts)

    @property
    def shares(self) -> FloatArray:
        """Share of each cluster, shape ``(K,)``, sum 1."""
        shares = self.counts if self.weights is None else self.weights
        return np.asarray(shares, dtype=np.float64) / float(np.sum(shares))

    @property
    def frame(self) -> LocalFrame:
        """The metric frame of the means."""
        return LocalFrame(self.longitude0, self.latitude0)

    def to_metres(
        self, longitude: ArrayLike, latitude: ArrayLike, depth_km: ArrayLike | None = None
    ) -> FloatArray:
        """Return metres east, north and down, shape ``(n, 3)``; an unknown depth is NaN.

        Raises
        ------
        GeometryError
            If a place is more than 60 degrees of longitude from the frame's origin.
        """
        return metres_in_frame(self.frame, longitude, latitude, depth_km)

    def assign(
        self, longitude: ArrayLike, latitude: ArrayLike, depth_km: ArrayLike | None = None
    ) -> IntArray:
        """Return the cluster of each event, 0 to K - 1, or -1 where it belongs to none.

        Parameters
        ----------
        longitude, latitude
            Degrees, shape ``(n,)``.
        depth_km
            Shape ``(n,)``, positive down; looked at only where the fit used depth. Events
            without one (NaN) are assigned by their epicentre.

        Notes
        -----
        K-means: the nearest mean. Gaussian mixture: the most probable component. DBSCAN: the
        cluster of the nearest core point within ``eps_m``, else -1 (its rule for border points).
        """
        points = self.to_metres(longitude, latitude, depth_km)
        ids = np.full(len(points), NO_CLUSTER, dtype=np.int64)
        has_depth = np.isfinite(points[:, 2]) & self.use_depth
        for chosen, n_axes in ((has_depth, 3), (~has_depth, 2)):
            if chosen.any():
                ids[chosen] = self._assign(points[chosen, :n_axes])
        return ids

    def _assign(self, points: FloatArray) -> IntArray:
        n_axes = points.shape[1]
        if self.model == "DBSCAN":
            tree = cKDTree(self.core_points_m[:, :n_axes])
            distance, nearest = tree.query(points)
            return np.where(distance <= self.eps_m, self.core_ids[nearest], NO_CLUSTER)
        offsets = points[:, None, :] - self.means_m[None, :, :n_axes]
        if self.model == "KMeans":
            return np.asarray(np.sum(offsets**2, axis=2).argmin(axis=1), dtype=np.int64)
        covariances = self.covariances_m2[:, :n_axes, :n_axes]
        inverse = np.linalg.inv(covariances)
        square = np.einsum("nki,kij,nkj->nk", offsets, inverse, offsets)
        log_density = np.log(self.shares) - 0.5 * np.linalg.slogdet(covariances)[1] - 0.5 * square
        return np.asarray(log_density.argmax(axis=1), dtype=np.int64)

    def as_document(self) -> dict[str, Any]:
        """Return the clusters as a JSON document; numbers that are not known are None."""
        document: dict[str, Any] = {
            "format": _FORMAT,
            "model": self.model,
            "n_clusters": self.n_clusters,
            "use_depth": self.use_depth,
            "longitude0": self.longitude0,
            "latitude0": self.latitude0,
            "axes": "metres east, metres north, metres of depth (positive down)",
            "scores": {name: _number(value) for name, value in self.scores.items()},
            "settings": dict(self.settings),
            "clusters": [self._cluster(index) for index in range(self.n_clusters)],
        }
        if self.model == "DBSCAN":
            points = np.round(self.core_points_m, 1)
            document["eps_m"] = self.eps_m
            document["core_points_m"] = [[_number(x) for x in point] for point in points.tolist()]
            document["core_ids"] = self.core_ids.tolist()
        return document

    def _cluster(self, index: int) -> dict[str, Any]:
        mean, covariance = self.means_m[index], self.covariances_m2[index]
        longitude, latitude = self.frame.to_geographic(mean[0] / 1e3, mean[1] / 1e3)
        described: dict[str, Any] = {
            "cluster_id": index,
            "count": int(self.counts[index]),
            "weight": float(self.shares[index]),
            "longitude": float(longitude),
            "latitude": float(latitude),
            "depth_km": _number(mean[2] / 1e3),
            "mean_m": [_number(value) for value in mean.tolist()],
            "covariance_m2": [[_number(value) for value in row] for row in covariance.tolist()],
            "ellipses": [
                ellipse(self.frame, mean, covariance, level).as_dict()
                for level in ELLIPSE_PROBABILITIES
            ],
        }
        if np.isfinite(covariance).all():
            described["ellipsoids"] = [
                ellipsoid(self.frame, mean, covariance, level).as_dict()
                for level in ELLIPSE_PROBABILITIES
            ]
        return described

    def write_json(self, path: Path, extra: Mapping[str, Any] | None = None) -> None:
        """Write the clusters, and further keys beside them, as JSON.

        Raises
        ------
        SourceError
            If the file cannot be written.
        """
        make_folder(path.parent)
        document = self.as_document() | dict(extra or {})
        with replacing(path) as temporary:
            temporary.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n")

    @classmethod
    def from_json(cls, path: Path) -> "RegionClusters":
        """Return the clusters in a file that ``detect dataset cluster`` wrote.

        Raises
        ------
        SourceError
            If the file cannot be read.
        DataError
            If it is not such a file.
        """
        try:
            document = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SourceError(
                f"{path} cannot be read as JSON ({error}); give the clusters.json that "
                "`mainshock detect dataset cluster` wrote"
            ) from error
        try:
            return _from_document(document)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(
                f"{path} does not describe clusters ({type(error).__name__}: {error}); give the "
                "clusters.json that `mainshock detect dataset cluster` wrote"
            ) from error


def metres_in_frame(
    frame: LocalFrame,
    longitude: ArrayLike,
    latitude: ArrayLike,
    depth_km: ArrayLike | None = None,
) -> FloatArray:
    """Return metres east, north and down in a frame, shape ``(n, 3)``; no depth is NaN."""
    east_km, north_km = frame.to_local(np.atleast_1d(longitude), np.atleast_1d(latitude))
    if depth_km is None:
        depth = np.full(east_km.shape, np.nan)
    else:
        depth = np.atleast_1d(np.asarray(depth_km, dtype=np.float64))
    return np.stack([east_km, north_km, np.broadcast_to(depth, east_km.shape)], axis=-1) * 1e3


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _floats(values: Any) -> FloatArray:  # JSON, where None stands for NaN
    return np.array(values, dtype=np.float64)


def _from_document(document: Mapping[str, Any]) -> RegionClusters:
    if document["format"] != _FORMAT:
        raise ValueError(f"format is {document['format']!r}, this version reads {_FORMAT}")
    clusters = document["clusters"]
    return RegionClusters(
        model=document["model"],
        longitude0=float(document["longitude0"]),
        latitude0=float(document["latitude0"]),
        means_m=_floats([one["mean_m"] for one in clusters]),
        covariances_m2=_floats([one["covariance_m2"] for one in clusters]),
        counts=np.array([one["count"] for one in clusters], dtype=np.int64),
        use_depth=bool(document["use_depth"]),
        weights=_floats([one["weight"] for one in clusters]),
        core_points_m=_floats(document.get("core_points_m", [])).reshape(-1, 3),
        core_ids=np.array(document.get("core_ids", []), dtype=np.int64),
        eps_m=float(document.get("eps_m", 0.0)),
        scores={k: float("nan") if v is None else v for k, v in document["scores"].items()},
        settings=document["settings"],
    )
