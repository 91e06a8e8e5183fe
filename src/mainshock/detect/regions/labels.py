"""What the regions are, and to which one each event belongs."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from mainshock.core.errors import DataError
from mainshock.detect.regions.cluster import NO_CLUSTER, RegionClusters
from mainshock.detect.regions.cluster_fit import ClusterSettings, fit_clusters
from mainshock.detect.regions.windows import RegionWindows

__all__ = ["RegionScheme", "choose_scheme", "numbered_as"]

IntArray = NDArray[np.int64]
_log = logging.getLogger(__name__)
_FEWEST_REGIONS = 2


@dataclass(frozen=True, eq=False)
class RegionScheme:
    """The names of the regions and how an event gets its own.

    Parameters
    ----------
    names
        One a region, in order of number.
    clusters
        Regions by place; then ``column`` is not looked at.
    column
        Column with region numbers or names.
    """

    names: tuple[str, ...]
    clusters: RegionClusters | None = None
    column: str | None = None

    def __len__(self) -> int:
        return len(self.names)

    def truth(self, table: pd.DataFrame) -> IntArray:
        """Return the region of each row, 0 to K - 1, or -1 where it has none.

        Raises
        ------
        DataError
            If the column that the regions come from is missing.
        """
        if self.clusters is not None:
            places = [table[name].to_numpy(float) for name in ("longitude", "latitude")]
            known = np.isfinite(places[0]) & np.isfinite(places[1])
            ids = np.full(len(table), NO_CLUSTER, dtype=np.int64)
            depth = table["depth_km"].to_numpy(float)
            if known.any():
                ids[known] = self.clusters.assign(places[0][known], places[1][known], depth[known])
            return ids
        column = str(self.column)
        if column not in table:
            raise DataError(
                f"the metadata has no column {column!r}, which states the regions of this model; "
                "give a folder that has it"
            )
        return np.array([self._number(value) for value in table[column]], dtype=np.int64)

    def _number(self, value: object) -> int:
        if isinstance(value, float | np.floating):
            value = int(value) if np.isfinite(value) else NO_CLUSTER
        return self.names.index(str(value)) if str(value) in self.names else NO_CLUSTER


def choose_scheme(
    windows: RegionWindows,
    *,
    n_clusters: int | None,
    label_column: str | None,
    clusters_path: Path | None,
    seed: int,
) -> RegionScheme:
    """Return the regions: of a file, of a column, or K-means of the hypocentres of these windows.

    Parameters
    ----------
    windows
        Events of the training alone: nothing else may decide the regions.
    n_clusters
        Number of regions. Without ``label_column`` and ``clusters_path`` the column
        ``trace_cluster_id`` or ``cluster_id`` decides where it holds two regions or more.

    Raises
    ------
    DataError
        If there are no places to cluster, the column does not fit ``n_clusters``, or there are
        fewer than two regions.
    """
    if clusters_path is not None:
        return _by_place(RegionClusters.from_json(clusters_path), n_clusters)
    if label_column is not None:
        return _named(windows, label_column)
    column = windows.cluster_column
    if column is not None:
        if _n_regions_in(windows, column) >= _FEWEST_REGIONS:
            return _numbered(windows, column, n_clusters)
        _log.info("column %s holds fewer than two regions: K-means finds them by place", column)
    return _kmeans_scheme(windows, n_clusters or 6, seed)


def numbered_as(scheme: RegionScheme, wanted: RegionScheme) -> RegionScheme:
    """Return K-means regions under the numbers of those of another fit that lie nearest.

    Parameters
    ----------
    scheme
        Regions of some of the events. Their numbers go by how many events they hold, so that
        "region 1" of two fits may be different places.
    wanted
        Regions of all events, as many.

    Raises
    ------
    DataError
        If the regions are not as many.

    Notes
    -----
    One-to-one, with the least sum of distances between centres (in depth too if that counted).
    """
    mine, others = scheme.clusters, wanted.clusters
    if mine is None or others is None:
        return scheme
    if mine.n_clusters != others.n_clusters:
        raise DataError(
            f"{mine.n_clusters} regions cannot take the numbers of {others.n_clusters}; fit as many"
        )
    longitude, latitude = mine.frame.to_geographic(
        mine.means_m[:, 0] / 1e3, mine.means_m[:, 1] / 1e3
    )
    centres = others.to_metres(longitude, latitude, mine.means_m[:, 2] / 1e3)
    n_axes = 3 if mine.use_depth and others.use_depth else 2
    offsets = others.means_m[:, None, :n_axes] - centres[None, :, :n_axes]
    order = linear_sum_assignment(np.sqrt((offsets**2).sum(axis=2)))[1]
    renumbered = replace(
        mine,
        means_m=mine.means_m[order],
        covariances_m2=mine.covariances_m2[order],
        counts=mine.counts[order],
        weights=None if mine.weights is None else mine.weights[order],
    )
    return replace(scheme, clusters=renumbered)


def _kmeans_scheme(windows: RegionWindows, n_clusters: int, seed: int) -> RegionScheme:
    """Return K-means regions of the hypocentres, in metres, depth included where it is known."""
    places = [windows.column(name) for name in ("longitude", "latitude", "depth_km")]
    known = np.isfinite(places[0]) & np.isfinite(places[1]) & ~windows.is_noise
    if not known.any():
        raise DataError(
            "the metadata has neither two regions nor the place of any event; give --label-column, "
            "or columns source_longitude_deg, source_latitude_deg, source_depth_km"
        )
    use_depth = bool(np.isfinite(places[2][known]).all())
    settings = ClusterSettings("KMeans", n_clusters, use_depth=use_depth, seed=seed)
    return _by_place(
        fit_clusters(places[0][known], places[1][known], places[2][known], settings), None
    )


def _by_place(clusters: RegionClusters, n_clusters: int | None) -> RegionScheme:
    if n_clusters not in (None, clusters.n_clusters):
        raise DataError(
            f"--n-clusters is {n_clusters}, the file of clusters has {clusters.n_clusters}; "
            "leave the option out or give the same number"
        )
    if clusters.n_clusters < _FEWEST_REGIONS:
        raise DataError(
            f"there is {clusters.n_clusters} region, and nothing to tell apart; {_FEWEST_REGIONS} "
            "or more are needed: give a higher --n-clusters, or clusters of another fit"
        )
    return RegionScheme(tuple(str(index) for index in range(clusters.n_clusters)), clusters)


def _named(windows: RegionWindows, column: str) -> RegionScheme:
    name = column if column in windows.table else f"event_{column}"
    if name not in windows.table:
        raise DataError(
            f"the metadata has no column {column!r}; its columns are "
            f"{', '.join(map(str, windows.table.columns[:12]))} ..."
        )
    values = windows.table.loc[~windows.is_noise, name].dropna().astype(str)
    counts = values.value_counts()
    if len(counts) < 2:
        raise DataError(f"column {name!r} has {len(counts)} different values; 2 or more are needed")
    return RegionScheme(tuple(sorted(str(value) for value in counts.index)), column=name)


def _n_regions_in(windows: RegionWindows, column: str) -> int:
    """Return how many different regions the events of a column with numbers have."""
    values = windows.column(column)[~windows.is_noise]
    return len(np.unique(values[values >= 0]))


def _numbered(windows: RegionWindows, column: str, n_clusters: int | None) -> RegionScheme:
    largest = int(np.nanmax(windows.column(column)[~windows.is_noise]))
    number = largest + 1 if n_clusters is None else n_clusters
    if largest >= number:
        raise DataError(
            f"column {column} goes up to {largest}, so that there are {largest + 1} regions or "
            f"more; --n-clusters is {n_clusters}"
        )
    return RegionScheme(tuple(str(index) for index in range(number)), column=column)
