"""Events for maps of shaking, read from files: what ``locate`` wrote, QuakeML, scenario tables."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mainshock.core.errors import DataError, RecordError, SourceError
from mainshock.core.records import PosteriorSamples
from mainshock.core.times import parse_utc
from mainshock.core.units import EARTH_MEAN_RADIUS_KM
from mainshock.shaking.shaking_map import ShakingSource

if TYPE_CHECKING:
    from obspy.core import event as quakeml

__all__ = ["read_source"]

FloatArray = NDArray[np.float64]
_TABLES, _QUAKEML = (".csv", ".parquet"), (".xml", ".qml", ".quakeml")
_NAMES = {
    "event_id": ("event_id", "event", "eqid"),
    "magnitude": ("magnitude", "mag", "m"),
    "longitude": ("longitude", "source_longitude", "event_longitude", "ev_lon"),
    "latitude": ("latitude", "source_latitude", "event_latitude", "ev_lat"),
    "depth_km": ("depth_km", "source_depth_km", "depth"),
    "magnitude_sd": ("magnitude_sd",),
    "magnitude_type": ("magnitude_type",),
    "time": ("time", "origin_time"),
}
_SDS = ("east_sd_km", "north_sd_km", "depth_sd_km")
_DRAWS = ("longitude", "latitude", "depth_km", "time_s")
_LEVEL = 0.68


def read_source(
    path: Path, event_id: str | None = None, magnitude: tuple[float, float] | None = None
) -> ShakingSource:
    """Return an event in a file.

    Parameters
    ----------
    path
        A folder of ``mainshock locate``, its ``events.csv`` (draws are read from ``samples.npz``
        beside it), a table of scenarios, the JSON of ``locate --json``, or QuakeML.
    event_id
        Which event; None where the file holds one.
    magnitude
        Value and standard deviation to take instead of the file's.

    Raises
    ------
    SourceError
        If the file cannot be read.
    DataError
        If it does not hold that event, or several and none is named, or the event has no place
        or magnitude.
    """
    path = path / "events.csv" if path.is_dir() else path
    if not path.is_file():
        raise SourceError(f"{path} does not exist; name a file of events")
    suffix = path.suffix.lower()
    if suffix in _QUAKEML:
        return _from_quakeml(path, event_id, magnitude)
    if suffix not in (*_TABLES, ".json"):
        raise DataError(f"{path} is no file of events; use {', '.join((*_TABLES, *_QUAKEML))}")
    row = _chosen(path, _table_rows(path) if suffix in _TABLES else _json_rows(path), event_id)
    samples = _samples(path.with_name("samples.npz"), str(row.get("event_id", "")))
    return _from_row(path, row, samples, magnitude)


def _table_rows(path: Path) -> list[dict[str, Any]]:
    from mainshock.sources.table_files import read_table  # noqa: PLC0415 - brings pandas

    return [_known(row) for row in read_table(path, ()).to_dict("records")]


def _json_rows(path: Path) -> list[dict[str, Any]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} cannot be read as JSON: {error}") from error
    found = document.get("events", document) if isinstance(document, dict) else document
    rows = found if isinstance(found, list) else [found]
    return [_known(row) for row in rows if isinstance(row, dict)]


def _known(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the cells that matter under one name each; empty ones are left out."""
    cells = {str(name).lower(): value for name, value in row.items()}
    known = {
        field: next((cells[name] for name in names if name in cells), None)
        for field, names in _NAMES.items()
    }
    known |= {name: cells.get(name) for name in (*_SDS, "covariance_km2")}
    return {name: value for name, value in known.items() if value not in (None, "", "nan")}


def _chosen(path: Path, rows: list[dict[str, Any]], event_id: str | None) -> dict[str, Any]:
    ids = list(dict.fromkeys(str(row.get("event_id", path.stem)) for row in rows))
    wanted = event_id if event_id is not None else ids[0] if len(ids) == 1 else None
    for row in rows:
        if wanted is not None and str(row.get("event_id", path.stem)) == wanted:
            return {"event_id": wanted, **row}
    listed = ", ".join(ids[:5]) + (" and others" if len(ids) > 5 else "")
    asked = "name one with --event-id" if event_id is None else f"none is {event_id!r}"
    raise DataError(f"{path} holds {len(ids)} events ({listed or 'none'}); {asked}")


def _from_row(
    path: Path,
    row: Mapping[str, Any],
    samples: PosteriorSamples | None,
    magnitude: tuple[float, float] | None,
) -> ShakingSource:
    try:
        if magnitude is None:
            magnitude = (float(row["magnitude"]), float(row.get("magnitude_sd", 0.0)))
        covariance = row.get("covariance_km2")
        if covariance is None:
            covariance = np.diag([float(row.get(name, 0.0)) ** 2 for name in _SDS])
        return ShakingSource(
            event_id=str(row["event_id"]),
            magnitude=magnitude[0],
            longitude=float(row["longitude"]),
            latitude=float(row["latitude"]),
            depth_km=float(row["depth_km"]),
            magnitude_sd=magnitude[1],
            magnitude_type=str(row.get("magnitude_type", "")),
            time=parse_utc(row["time"]) if "time" in row else None,
            covariance_km2=np.array(covariance, dtype=np.float64).reshape(3, 3),
            samples=samples,
        )
    except KeyError as error:
        raise DataError(
            f"event {row['event_id']} in {path} has no {error.args[0]}; add it"
            + (", or give --magnitude" if error.args[0] == "magnitude" else "")
        ) from error
    except (TypeError, ValueError) as error:
        raise DataError(f"event {row['event_id']} in {path} cannot be used: {error}") from error


def _samples(path: Path, event_id: str) -> PosteriorSamples | None:
    """Return the draws of an event in ``samples.npz``; None where there are none."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            ids = [str(one) for one in archive["event_id"]]
            if event_id not in ids:
                return None
            i = ids.index(event_id)
            return PosteriorSamples(*(np.asarray(archive[one][i], np.float64) for one in _DRAWS))
    except (OSError, ValueError, KeyError, RecordError) as error:
        raise SourceError(f"cannot read the draws in {path}: {error}; locate anew") from error


def _from_quakeml(
    path: Path, event_id: str | None, magnitude: tuple[float, float] | None
) -> ShakingSource:
    from obspy import read_events  # noqa: PLC0415 - takes a second to load

    try:
        catalogue = read_events(str(path))
    except Exception as error:  # ObsPy raises whatever its parsers do
        raise SourceError(f"{path} cannot be read as QuakeML: {error}") from error
    named = {str(one.resource_id.id).rsplit("/", 1)[-1]: one for one in catalogue}
    row = _chosen(path, [{"event_id": one} for one in named], event_id)
    event = named[row["event_id"]]
    origin = event.preferred_origin() or next(iter(event.origins), None)
    size = event.preferred_magnitude() or next(iter(event.magnitudes), None)
    if origin is None or origin.depth is None:
        raise DataError(f"event {row['event_id']} in {path} has no origin with a depth")
    row |= {
        "longitude": origin.longitude,
        "latitude": origin.latitude,
        "depth_km": origin.depth * 1e-3,
        "time": origin.time.isoformat() + "Z",
        "covariance_km2": _covariance_km2(origin),
    }
    if size is not None:
        row |= {
            "magnitude": size.mag,
            "magnitude_sd": size.mag_errors.uncertainty or 0.0,
            "magnitude_type": size.magnitude_type or "",
        }
    return _from_row(path, row, None, magnitude)


def _covariance_km2(origin: "quakeml.Origin") -> FloatArray:
    """Return the covariance behind an ellipse of the epicentre, or behind its two errors."""
    covariance = np.zeros((3, 3))
    covariance[2, 2] = ((origin.depth_errors.uncertainty or 0.0) * 1e-3) ** 2
    ellipse = origin.origin_uncertainty
    if ellipse is not None and ellipse.max_horizontal_uncertainty is not None:
        level = (ellipse.confidence_level or 100.0 * _LEVEL) / 100.0
        scale = -2.0 * math.log(1.0 - min(level, 0.999))  # chi-squared of two degrees of freedom
        longest = ellipse.max_horizontal_uncertainty
        shortest = ellipse.min_horizontal_uncertainty or longest
        azimuth = math.radians(ellipse.azimuth_max_horizontal_uncertainty or 0.0)
        along = np.array([math.sin(azimuth), math.cos(azimuth)])
        across = np.array([along[1], -along[0]])
        covariance[:2, :2] = (
            longest**2 * np.outer(along, along) + shortest**2 * np.outer(across, across)
        ) * (1e-6 / scale)
        return covariance
    km_per_degree = math.radians(EARTH_MEAN_RADIUS_KM)
    cosine = math.cos(math.radians(origin.latitude))
    covariance[0, 0] = ((origin.longitude_errors.uncertainty or 0.0) * km_per_degree * cosine) ** 2
    covariance[1, 1] = ((origin.latitude_errors.uncertainty or 0.0) * km_per_degree) ** 2
    return covariance
