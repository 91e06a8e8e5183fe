"""A prior from clusters of past earthquakes, weighted anew for each event."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mainshock.core.errors import DataError
from mainshock.locate.priors import GaussianMixturePrior
from mainshock.sources.cluster_files import ClusterShapes

__all__ = ["cluster_prior", "cluster_volume_km3"]

FloatArray = NDArray[np.float64]
_REACH_SD = 4.0


def cluster_volume_km3(shapes: ClusterShapes) -> float:
    """Return the volume of the box that holds each cluster to four standard deviations."""
    sd = np.sqrt(np.diagonal(shapes.covariances_km2, axis1=1, axis2=2))
    low = (shapes.means_km - _REACH_SD * sd).min(axis=0)
    high = (shapes.means_km + _REACH_SD * sd).max(axis=0)
    return float(np.prod(high - low))


def cluster_prior(
    shapes: ClusterShapes,
    weights: ArrayLike | None = None,
    *,
    noise: float = 0.0,
    background: float = 0.03,
) -> GaussianMixturePrior:
    """Return a mixture of the clusters over a uniform floor.

    Parameters
    ----------
    shapes
        The clusters.
    weights
        Probability of each for this event, shape ``(K,)``; they are scaled to sum to 1. None:
        the clusters' shares, or all alike where those are unknown.
    noise
        Probability that a classifier saw noise instead, 0 to 1: it says nothing of the place, and
        so raises the floor to ``background + (1 - background) noise``.
    background
        Share of events that belong to no cluster.

    Raises
    ------
    DataError
        If the number of weights is not that of the clusters, or a value makes no sense.
    """
    if not 0.0 <= noise <= 1.0:
        raise DataError(f"probability of noise is {noise:g}; it must lie between 0 and 1")
    n = shapes.n_clusters
    if weights is None:
        shares = np.full(n, 1.0 / n) if shapes.shares is None else shapes.shares
    else:
        shares = np.asarray(weights, dtype=np.float64)
    if shares.shape != (n,):
        raise DataError(
            f"{shares.size} weights for {n} clusters; the classifier's regions must be the "
            "clusters, in their order"
        )
    return GaussianMixturePrior(
        frame=shapes.frame,
        weights=shares,
        means_km=shapes.means_km,
        covariances_km2=shapes.covariances_km2,
        background=background + (1.0 - background) * noise,
        background_volume_km3=cluster_volume_km3(shapes),
    )
