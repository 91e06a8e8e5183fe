"""Clusters of a catalogue for a prior: how many, by the Bayesian information criterion."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from mainshock.core.errors import SettingsError
from mainshock.detect.regions.cluster import RegionClusters
from mainshock.detect.regions.cluster_fit import ClusterSettings, fit_clusters
from mainshock.detect.regions.ellipse import Ellipse, Ellipsoid, ellipse, ellipsoid
from mainshock.sources.cluster_files import ClusterShapes, clusters_of

__all__ = ["choose_clusters", "cluster_ellipses", "shapes_of"]


def choose_clusters(
    longitude: ArrayLike,
    latitude: ArrayLike,
    depth_km: ArrayLike,
    *,
    model: str = "GMM",
    counts: Sequence[int] = tuple(range(1, 13)),
    seed: int = 0,
) -> RegionClusters:
    """Return the clusters of hypocentres whose number has the lowest BIC.

    Parameters
    ----------
    longitude, latitude, depth_km
        Degrees and km positive down, shape ``(n,)``; events without a depth are left out.
    model
        ``"GMM"`` or ``"KMeans"``.
    counts
        Numbers of clusters to try.
    seed
        Of the starts.

    Raises
    ------
    SettingsError
        If the model has no BIC, or there is no number to try.
    DataError, NothingFoundError
        If there are fewer events than clusters, or none.

    Notes
    -----
    Coordinates are metres in a local frame; see ``fit_clusters``.
    """
    if model not in ("GMM", "KMeans") or not counts:
        raise SettingsError(
            f"clusters of {model!r} with {len(counts)} numbers to try: give GMM or KMeans, and at "
            "least one number"
        )
    settings = ClusterSettings(model=model, use_depth=True, seed=seed)
    depth = np.asarray(depth_km, dtype=np.float64)
    found = [
        fit_clusters(longitude, latitude, depth, replace(settings, n_components=count))
        for count in counts
    ]
    return min(found, key=lambda clusters: clusters.scores["bic"])


def shapes_of(clusters: RegionClusters) -> ClusterShapes:
    """Return the same clusters as a prior takes them.

    Raises
    ------
    DataError
        If a cluster has no depth.
    """
    return clusters_of(clusters.as_document())


def cluster_ellipses(
    shapes: ClusterShapes, probability: float = 0.95
) -> list[tuple[Ellipse, Ellipsoid]]:
    """Return for each cluster what holds a share of it: in the plane, and in space.

    The quantiles are those of chi-square with two and with three degrees of freedom.

    Raises
    ------
    DataError
        If the probability is not between 0 and 1.
    """
    return [
        (
            ellipse(shapes.frame, mean * 1e3, covariance * 1e6, probability),
            ellipsoid(shapes.frame, mean * 1e3, covariance * 1e6, probability),
        )
        for mean, covariance in zip(shapes.means_km, shapes.covariances_km2, strict=True)
    ]
