"""From EQTransformer's or EQNeMix's files to located events, in one call."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mainshock.core.errors import SettingsError
from mainshock.locate.base import LocationMethod
from mainshock.pipeline.double_confirmation import LocatedDetection, confirm, locate_confirmed
from mainshock.pipeline.locating import EventBuilder
from mainshock.pipeline.results import NotUsed
from mainshock.sources.base import SkippedInput
from mainshock.sources.cluster_files import read_clusters
from mainshock.sources.eqnemix_files import is_detection_table, read_detections
from mainshock.sources.region_files import read_region_probabilities
from mainshock.sources.stations import StationList, read_stations
from mainshock.sources.table_files import TABLE_SUFFIXES

__all__ = ["DetectionFiles", "DetectionRun", "holds_detections", "locate_detections", "stations_of"]


@dataclass(frozen=True, slots=True)
class DetectionFiles:
    """The files of a run.

    Parameters
    ----------
    picks
        Detections; see ``read_detections``.
    regions
        Region probabilities: a file, or a folder of day files.
    clusters
        Clusters as JSON, or a folder of EQNeMix's.
    stations
        Coordinates; None: those that the detections state.

    Raises
    ------
    SettingsError
        If regions are given without the clusters that they are.
    """

    picks: Path
    regions: Path | None = None
    clusters: Path | None = None
    stations: Path | None = None

    def __post_init__(self) -> None:
        if self.regions is not None and self.clusters is None:
            raise SettingsError(
                "region probabilities weigh clusters: give those clusters, a JSON file, with them"
            )


@dataclass(frozen=True, slots=True, eq=False)
class DetectionRun:
    """Every detection of the table, what is to be said of the whole, and rows without sense."""

    located: tuple[LocatedDetection, ...]
    warnings: tuple[str, ...]
    flags: tuple[str, ...]
    not_used: tuple[NotUsed, ...]


def holds_detections(path: Path) -> bool:
    """Return whether a file of picks is a table of EQTransformer or EQNeMix.

    Raises
    ------
    SourceError, DataError
        If it is a table by its name and cannot be read as one.
    """
    return path.suffix.lower() in TABLE_SUFFIXES and is_detection_table(path)


def stations_of(files: DetectionFiles) -> StationList:
    """Return the stations of a run: those of their own file, or those that the detections state.

    Raises
    ------
    SettingsError
        If no file states coordinates.
    SourceError, DataError
        If a file cannot be used.
    """
    if files.stations is not None:
        return read_stations(files.stations)
    stated = StationList(read_detections(files.picks, []).stations)
    if not list(stated):
        raise SettingsError(f"{files.picks} states no station coordinates; give --stations FILE")
    return stated


def locate_detections(
    files: DetectionFiles,
    method: LocationMethod,
    rng: np.random.Generator,
    *,
    is_legacy: bool = False,
    progress: Callable[[str], None] | None = None,
) -> DetectionRun:
    """Return every detection of the files located, or with the reason why it could not be.

    Parameters
    ----------
    method
        The location method; ``LegacyLocation`` for EQNeMix's own model, with ``is_legacy``.

    Raises
    ------
    SettingsError
        If no file states coordinates.
    SourceError, DataError, GeometryError
        If a file cannot be used.
    """
    skipped: list[SkippedInput] = []
    table = read_detections(files.picks, skipped)
    given = stations_of(files)
    windows = None
    if files.regions is not None:
        windows = read_region_probabilities(files.regions, skipped)
    confirmation = confirm(table, windows)
    located = locate_confirmed(
        confirmation,
        None if files.clusters is None else read_clusters(files.clusters),
        EventBuilder(method, given),
        rng,
        is_legacy=is_legacy,
        progress=progress,
    )
    not_used = tuple(NotUsed(item.name, item.reason) for item in skipped)
    return DetectionRun(tuple(located), confirmation.warnings, confirmation.flags, not_used)
