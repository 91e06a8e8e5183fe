"""Finds the regions of a catalogue: K-means, Gaussian mixture or DBSCAN, always in metres."""

import math
import warnings
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.cluster import DBSCAN, KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits

from mainshock.core.errors import DataError, NothingFoundError, SettingsError
from mainshock.core.geo import LocalFrame
from mainshock.detect.regions.cluster import CLUSTER_MODELS, RegionClusters, metres_in_frame

__all__ = ["ClusterSettings", "fit_clusters", "kmeans_bic"]

FloatArray = NDArray[np.float64]
_STARTS = {"KMeans": 20, "GMM": 10}
_FLOOR_M = 100.0
_MOST_STEPS = 1000


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """What a catalogue is divided by.

    Parameters
    ----------
    model
        ``"KMeans"``, ``"GMM"`` or ``"DBSCAN"``.
    n_components
        Number of clusters; DBSCAN finds its own.
    use_depth
        Cluster hypocentres in space instead of epicentres in the plane.
    eps_km, min_samples
        DBSCAN alone: an event with this many events (itself included) within this many km is a
        core point.
    seed
        Of the starts of K-means and the mixture.

    Raises
    ------
    SettingsError
        If a value makes no sense.
    """

    model: str = "KMeans"
    n_components: int = 6
    use_depth: bool = False
    eps_km: float = 2.3
    min_samples: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if self.model not in CLUSTER_MODELS:
            raise SettingsError(
                f"cluster model {self.model!r} is unknown; give {', '.join(CLUSTER_MODELS)}"
            )
        if self.n_components < 1 or self.min_samples < 1:
            raise SettingsError(
                f"n_components is {self.n_components} and min_samples {self.min_samples}; "
                "both must be 1 or more"
            )
        if not (math.isfinite(self.eps_km) and self.eps_km > 0.0):
            raise SettingsError(f"eps_km is {self.eps_km:g}; it must be a positive number of km")


def fit_clusters(
    longitude: ArrayLike, latitude: ArrayLike, depth_km: ArrayLike, settings: ClusterSettings
) -> RegionClusters:
    """Return the regions of these events, the most populous first.

    Parameters
    ----------
    longitude, latitude
        Degrees, shape ``(n,)``.
    depth_km
        Shape ``(n,)``, positive down, NaN where unknown. With ``use_depth`` such events are left
        out of the fit.
    settings
        Model and its numbers.

    Raises
    ------
    DataError
        If there are fewer events than clusters, or fewer different places.
    NothingFoundError
        If DBSCAN finds no cluster.
    GeometryError
        If the events span more than 120 degrees of longitude.

    Notes
    -----
    Coordinates are metres in a local frame around the mean of the events, so a degree of
    longitude counts as long as it is. K-means starts 20 times from k-means++ seeds and keeps the
    least inertia; the mixture (full covariances, floor (100 m)^2) starts 10 times. Clusters are
    numbered by falling count, then from west to east. Depth means and covariances are given even
    where depth was no coordinate of the fit.

    References
    ----------
    Perol, Gharbi & Denolle (2018), https://doi.org/10.1126/sciadv.1700578
    Arthur & Vassilvitskii (2007), k-means++, https://doi.org/10.5555/1283383.1283494
    Ester, Kriegel, Sander & Xu (1996), DBSCAN, https://doi.org/10.5555/3001460.3001507
    """
    lon, lat, depth = (
        np.atleast_1d(np.asarray(values, dtype=np.float64))
        for values in (longitude, latitude, depth_km)
    )
    if settings.use_depth:
        known = np.isfinite(depth)
        lon, lat, depth = lon[known], lat[known], depth[known]
    if lon.size == 0:
        remedy = "has a depth; leave --use-depth out" if settings.use_depth else "is left"
        raise NothingFoundError(f"there is nothing to cluster: no event {remedy}")
    frame = _frame_around(lon, lat)
    points = metres_in_frame(frame, lon, lat, depth)
    features = points if settings.use_depth else points[:, :2]
    _require_enough(features, settings)
    fit = {"KMeans": _fit_kmeans, "GMM": _fit_mixture, "DBSCAN": _fit_dbscan}[settings.model]
    with threadpool_limits(1):  # so little work that threads would only wait for each other
        clusters = fit(frame, points, features, settings)
    ids = clusters.assign(lon, lat, depth)
    counts = np.bincount(ids[ids >= 0], minlength=clusters.n_clusters)
    return _ordered(replace(clusters, counts=counts.astype(np.int64), settings=asdict(settings)))


def _frame_around(longitude: FloatArray, latitude: FloatArray) -> LocalFrame:
    angle = np.radians(longitude)
    mean = math.degrees(math.atan2(float(np.sin(angle).mean()), float(np.cos(angle).mean())))
    return LocalFrame(round(mean, 4), round(float(latitude.mean()), 4))


def _require_enough(features: FloatArray, settings: ClusterSettings) -> None:
    needed = settings.min_samples if settings.model == "DBSCAN" else settings.n_components
    n_places = len(np.unique(features, axis=0))
    if len(features) < needed or (settings.model != "DBSCAN" and n_places < needed):
        raise DataError(
            f"{len(features)} events at {n_places} places are too few for {needed} "
            f"{'neighbours' if settings.model == 'DBSCAN' else 'clusters'}; ask for fewer or give "
            "more events"
        )


def _moments(points: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return means and covariances of clusters; shares of events ``(n, K)`` weigh them.

    An unknown depth is left out of what depth enters; without any, those entries are NaN.
    """
    n_clusters = weights.shape[1]
    means, covariances = np.full((n_clusters, 3), np.nan), np.full((n_clusters, 3, 3), np.nan)
    known = np.isfinite(points[:, 2])
    for index in range(n_clusters):
        share = weights[:, index]
        means[index, :2], covariances[index, :2, :2] = _moment(points[:, :2], share)
        if float(share[known].sum()) > 0.0:
            mean, covariance = _moment(points[known], share[known])
            means[index, 2] = mean[2]
            covariances[index, 2, :], covariances[index, :, 2] = covariance[2], covariance[:, 2]
    return means, covariances


def _moment(points: FloatArray, share: FloatArray) -> tuple[FloatArray, FloatArray]:
    mean: FloatArray = share @ points / share.sum()
    offsets = points - mean
    covariance: FloatArray = (offsets * share[:, None]).T @ offsets / share.sum()
    return mean, covariance


def _shares_of_labels(labels: NDArray[np.int64], n_clusters: int) -> FloatArray:
    shares: FloatArray = (labels[:, None] == np.arange(n_clusters)[None, :]).astype(np.float64)
    return shares


def _fit_kmeans(
    frame: LocalFrame, points: FloatArray, features: FloatArray, settings: ClusterSettings
) -> RegionClusters:
    fitted = KMeans(
        settings.n_components,
        init="k-means++",
        n_init=_STARTS["KMeans"],
        random_state=settings.seed,
        max_iter=_MOST_STEPS,
        tol=0.0,
    ).fit(features)
    labels = np.asarray(fitted.labels_, dtype=np.int64)
    means, covariances = _moments(points, _shares_of_labels(labels, settings.n_components))
    inertia = float(fitted.inertia_)
    scores = {"inertia_m2": inertia, "bic": kmeans_bic(features, labels)}
    return _make("KMeans", frame, means, covariances, np.bincount(labels), settings, scores)


def kmeans_bic(features: FloatArray, labels: NDArray[np.int64]) -> float:
    """Return the Bayesian information criterion of a K-means result; lower is better.

    Parameters
    ----------
    features
        Shape ``(n, d)``.
    labels
        Shape ``(n,)``, clusters counted from 0.

    Notes
    -----
    K-means is read as a mixture of round Gaussians of one variance with hard membership:
    ``sigma^2 = inertia / (d (n - K))``, K - 1 shares, K d means and one variance are free.
    It is +infinity where each event has its own cluster.

    References
    ----------
    Pelleg & Moore (2000), X-means, ICML 17, 727-734.
    """
    n, n_axes = features.shape
    counts = np.bincount(labels)
    n_clusters = len(counts)
    inertia = 0.0
    for index in range(n_clusters):
        members = features[labels == index]
        inertia += float(((members - members.mean(axis=0)) ** 2).sum())
    if n <= n_clusters or inertia <= 0.0:
        return math.inf
    variance = inertia / (n_axes * (n - n_clusters))
    log_likelihood = (
        float((counts * np.log(counts / n)).sum())
        - 0.5 * n * n_axes * math.log(2.0 * math.pi * variance)
        - 0.5 * n_axes * (n - n_clusters)
    )
    n_free = (n_clusters - 1) + n_clusters * n_axes + 1
    return float(n_free * math.log(n) - 2.0 * log_likelihood)


def _fit_mixture(
    frame: LocalFrame, points: FloatArray, features: FloatArray, settings: ClusterSettings
) -> RegionClusters:
    mixture = GaussianMixture(
        settings.n_components,
        covariance_type="full",
        n_init=_STARTS["GMM"],
        reg_covar=_FLOOR_M**2,
        random_state=settings.seed,
        max_iter=_MOST_STEPS,
        tol=1e-5,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # told by the score `converged`
        mixture.fit(features)
    shares = np.asarray(mixture.predict_proba(features), dtype=np.float64)
    means, covariances = _moments(points, shares)
    n_axes = features.shape[1]
    # what the mixture itself learned, where it did: assignment follows its densities
    means[:, :n_axes] = mixture.means_
    covariances[:, :n_axes, :n_axes] = mixture.covariances_
    scores = {
        "bic": float(mixture.bic(features)),
        "log_likelihood": float(mixture.score(features)) * len(features),
        "converged": float(mixture.converged_),
    }
    weights = np.asarray(mixture.weights_, dtype=np.float64)
    counts = shares.sum(axis=0).round()
    made = _make("GMM", frame, means, covariances, counts, settings, scores)
    return replace(made, weights=weights)


def _fit_dbscan(
    frame: LocalFrame, points: FloatArray, features: FloatArray, settings: ClusterSettings
) -> RegionClusters:
    eps_m = settings.eps_km * 1e3
    fitted = DBSCAN(eps=eps_m, min_samples=settings.min_samples).fit(features)
    labels = np.asarray(fitted.labels_, dtype=np.int64)
    n_clusters = int(labels.max()) + 1
    if n_clusters == 0:
        raise NothingFoundError(
            f"DBSCAN finds no cluster: no event has {settings.min_samples} events within "
            f"{settings.eps_km:g} km; raise --eps-km or lower --min-samples"
        )
    means, covariances = _moments(points, _shares_of_labels(labels, n_clusters))
    scores = {"n_without_cluster": float((labels < 0).sum())}
    counts = np.bincount(labels[labels >= 0], minlength=n_clusters)
    made = _make("DBSCAN", frame, means, covariances, counts, settings, scores)
    core = np.asarray(fitted.core_sample_indices_)
    return replace(made, core_points_m=points[core], core_ids=labels[core], eps_m=eps_m)


def _make(
    model: str,
    frame: LocalFrame,
    means: FloatArray,
    covariances: FloatArray,
    counts: Any,  # whole numbers, of any type
    settings: ClusterSettings,
    scores: dict[str, float],
) -> RegionClusters:
    return RegionClusters(
        model=model,
        longitude0=frame.longitude,
        latitude0=frame.latitude,
        means_m=means,
        covariances_m2=covariances,
        counts=np.asarray(counts, dtype=np.int64),
        use_depth=settings.use_depth,
        scores=scores,
    )


def _ordered(clusters: RegionClusters) -> RegionClusters:
    """Return the clusters by falling count, then from west to east."""
    order = np.lexsort((clusters.means_m[:, 0], -clusters.counts))
    new_id = np.empty_like(order)
    new_id[order] = np.arange(len(order))
    return replace(
        clusters,
        means_m=clusters.means_m[order],
        covariances_m2=clusters.covariances_m2[order],
        counts=clusters.counts[order],
        weights=None if clusters.weights is None else clusters.weights[order],
        core_ids=new_id[clusters.core_ids].astype(np.int64),
    )
