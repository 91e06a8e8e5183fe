"""Divides a catalogue file into regions and writes table, JSON and map."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mainshock.core.errors import NothingFoundError
from mainshock.core.files import make_folder, replacing
from mainshock.core.times import format_utc
from mainshock.detect.regions.catalogue import TimeSplit, read_region_catalogue, select_events
from mainshock.detect.regions.cluster import NO_CLUSTER, RegionClusters
from mainshock.detect.regions.cluster_fit import ClusterSettings, fit_clusters
from mainshock.detect.regions.cluster_plot import map_figure, plot_clusters
from mainshock.sources.base import SkippedInput
from mainshock.sources.table_files import write_table

__all__ = ["cluster_catalogue"]

Box = tuple[float, float, float, float]


def cluster_catalogue(
    source: Path,
    folder: Path,
    settings: ClusterSettings,
    *,
    bbox: Box | None = None,
    after: datetime | None = None,
    before: datetime | None = None,
    split: TimeSplit | None = None,
) -> dict[str, Any]:
    """Write ``catalogue_with_clusters.csv``, ``clusters.json`` and ``clusters.png``.

    Parameters
    ----------
    source
        Catalogue file; see ``read_region_catalogue``.
    folder
        Made if it is not there.
    settings
        Model and its numbers.
    bbox, after, before
        Which events; see ``select_events``.
    split
        Events of its part ``test`` are assigned to the regions; none is fitted.

    Returns
    -------
    dict
        The document of ``clusters.json`` without DBSCAN's core points, and ``not_used``.

    Raises
    ------
    NothingFoundError
        If no event is left to fit, or DBSCAN finds no region.
    DataError, SourceError, SettingsError
        If the catalogue cannot be used.
    """
    skipped: list[SkippedInput] = []
    read = read_region_catalogue(source, skipped)
    catalogue = select_events(read, bbox=bbox, after=after, before=before).drop(
        columns="cluster_id", errors="ignore"
    )
    divide = split or TimeSplit()
    catalogue["split"] = [divide.part_of(time.to_pydatetime()) for time in catalogue["time"]]
    train = catalogue[catalogue["split"] == "train"]
    if train.empty:
        limits: dict[str, object] = {"--bbox": bbox, "--after": after, "--before": before}
        limits |= {"--dev-after": divide.dev_after, "--test-after": divide.test_after}
        raise NothingFoundError(f"{source}: {_why_nothing(read, limits, skipped)}")
    clusters = fit_clusters(train["longitude"], train["latitude"], train["depth_km"], settings)
    ids = clusters.assign(catalogue["longitude"], catalogue["latitude"], catalogue["depth_km"])
    catalogue.insert(len(catalogue.columns) - 1, "cluster_id", ids)
    document = clusters.as_document() | _counts(catalogue, clusters)
    document |= {"catalogue": source.name, "bbox": None if bbox is None else list(bbox)}
    _write(folder, catalogue, clusters, document)
    told = {k: v for k, v in document.items() if k not in {"core_points_m", "core_ids"}}
    not_used = [{"what": item.name, "reason": item.reason} for item in skipped]
    return told | {"not_used": not_used}


def _why_nothing(
    read: pd.DataFrame, limits: Mapping[str, object], skipped: Sequence[SkippedInput]
) -> str:
    """Return why no event is left to fit: what is wrong with the rows, else with the options."""
    given = [name for name, limit in limits.items() if limit is not None]
    reasons = Counter(item.reason for item in skipped)
    told = "; ".join(f"{count} left out: {reason}" for reason, count in reasons.items())
    if read.empty:
        return f"no event can be used; {told or 'the catalogue holds none'}"
    text = f"none of its {len(read)} usable events is left to fit; widen {' or '.join(given)}"
    return f"{text} ({told})" if told else text


def _counts(catalogue: pd.DataFrame, clusters: RegionClusters) -> dict[str, Any]:
    """Return counts of all events, and the clusters with those of the test part."""
    is_test = (catalogue["split"] == "test").to_numpy()
    ids = catalogue["cluster_id"].to_numpy()
    described = clusters.as_document()["clusters"]
    for index, one in enumerate(described):
        one["count_test"] = int(np.sum((ids == index) & is_test))
    return {
        "clusters": described,
        "n_events": len(catalogue),
        "n_train": int((~is_test).sum()),
        "n_test": int(is_test.sum()),
        "n_without_cluster": int((ids == NO_CLUSTER).sum()),
    }


def _write(
    folder: Path, catalogue: pd.DataFrame, clusters: RegionClusters, document: dict[str, Any]
) -> None:
    make_folder(folder)
    table = catalogue.copy()
    table["time"] = [format_utc(time.to_pydatetime()) for time in catalogue["time"]]
    write_table(folder / "catalogue_with_clusters.csv", table)
    clusters.write_json(folder / "clusters.json", document)
    figure = map_figure(catalogue)
    plot_clusters(catalogue, clusters, figure.subplots())
    with replacing(folder / "clusters.png") as temporary:
        figure.savefig(temporary, dpi=130, bbox_inches="tight", pad_inches=0.15)
