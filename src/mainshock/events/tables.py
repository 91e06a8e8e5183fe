"""Located events as a table: one row an event, uncertainties beside every number."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mainshock.core.records import Event, Origin
from mainshock.core.times import format_utc
from mainshock.events.geometry import azimuthal_gap_deg, rms_residual_s, station_codes
from mainshock.sources.table_files import write_table

__all__ = ["event_record", "events_to_frame", "write_events"]

COLUMNS = (
    *("event_id", "time", "longitude", "latitude", "depth_km", "magnitude"),
    *("time_sd_s", "east_sd_km", "north_sd_km", "depth_sd_km", "region68_km2", "region95_km2"),
    *("n_picks", "magnitude_type", "quality", "flags"),
    *("magnitude_sd", "n_stations", "azimuthal_gap_deg", "rms_residual_s", "velocity_model"),
    *("map_longitude", "map_latitude", "map_depth_km", "n_modes", "effective_draws"),
)


def _area_km2(event: Event, level: float) -> float:
    levels = [region.level for region in event.origin.regions]
    return event.origin.region(level).area_km2 if level in levels else math.nan


def _row(event: Event) -> dict[str, Any]:
    origin, magnitude = event.origin, event.magnitude
    return {
        "event_id": event.event_id,
        "time": format_utc(origin.time),
        "longitude": round(origin.longitude, 6),
        "latitude": round(origin.latitude, 6),
        "depth_km": round(origin.depth_km, 4),
        "magnitude": math.nan if magnitude is None else round(magnitude.value, 3),
        "time_sd_s": round(origin.time_sd_s, 4),
        "east_sd_km": round(origin.east_sd_km, 4),
        "north_sd_km": round(origin.north_sd_km, 4),
        "depth_sd_km": round(origin.depth_sd_km, 4),
        "region68_km2": round(_area_km2(event, 0.68), 4),
        "region95_km2": round(_area_km2(event, 0.95), 4),
        "n_picks": len(event.arrivals),
        "magnitude_type": "" if magnitude is None else magnitude.magnitude_type,
        "quality": event.quality,
        "flags": ";".join(event.flags),
        "magnitude_sd": math.nan if magnitude is None else round(magnitude.sd, 3),
        "n_stations": len(station_codes(event.arrivals)),
        "azimuthal_gap_deg": round(azimuthal_gap_deg([a.azimuth_deg for a in event.arrivals]), 1),
        "rms_residual_s": round(rms_residual_s(event.arrivals), 4),
        "velocity_model": origin.velocity_model,
        **_most_probable(origin),
        "n_modes": len(origin.modes),
        "effective_draws": math.nan
        if origin.effective_size is None
        else round(origin.effective_size, 1),
    }


def _most_probable(origin: Origin) -> dict[str, float]:
    place = origin.most_probable or (math.nan, math.nan, math.nan)
    names = ("map_longitude", "map_latitude", "map_depth_km")
    return {name: round(value, 6) for name, value in zip(names, place, strict=True)}


def _posterior_record(origin: Origin) -> dict[str, Any]:
    """Return the mean, the covariance and the modes."""
    mean = None
    if origin.samples is not None:
        angle = np.radians(origin.samples.longitude)
        longitude = math.atan2(float(np.sin(angle).mean()), float(np.cos(angle).mean()))
        mean = {
            "longitude": round(math.degrees(longitude), 6),
            "latitude": round(float(origin.samples.latitude.mean()), 6),
            "depth_km": round(float(origin.samples.depth_km.mean()), 4),
        }
    return {
        "mean": mean,
        "covariance_km2": np.round(origin.covariance_km2, 6).tolist(),
        "modes": [asdict(mode) for mode in origin.modes],
    }


def events_to_frame(events: Sequence[Event]) -> pd.DataFrame:
    """Return the table of located events; its columns stand in ``docs/reference/output-files.md``.

    A magnitude that could not be given is NaN, flags are joined by ``;``.
    """
    return pd.DataFrame([_row(event) for event in events], columns=list(COLUMNS))


def event_record(event: Event) -> dict[str, Any]:
    """Return one event as a dictionary that JSON can hold: NaN is None, flags are a list."""
    row = {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in _row(event).items()
    }
    stations = [asdict(station) for station in event.station_magnitudes]
    return {
        **row,
        "flags": list(event.flags),
        "notes": dict(event.notes),
        "station_magnitudes": stations,
        "magnitude_mad": _deviation([station["value"] for station in stations]),
        **_posterior_record(event.origin),
    }


def _deviation(values: Sequence[float]) -> float | None:
    """Return the median absolute deviation from the median; None where there are no values."""
    if not values:
        return None
    return round(float(np.median(np.abs(np.array(values) - np.median(values)))), 3)


def write_events(path: Path, events: Sequence[Event]) -> None:
    """Write the table of located events as CSV or Parquet, by suffix.

    Raises
    ------
    DataError
        If the suffix is neither.
    SourceError
        If the file cannot be written.
    """
    write_table(path, events_to_frame(events))
