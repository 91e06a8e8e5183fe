"""Records of the live path as rows of the store, and back."""

import json
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from mainshock.core.documents import from_document, to_document
from mainshock.core.records import Origin, PosteriorSamples
from mainshock.core.times import require_utc
from mainshock.stream.records import (
    Alert,
    EventVersion,
    ForecastVersion,
    LivePick,
    ShakingVersion,
    StationHealth,
)
from mainshock.stream.store.summary import event_summary

__all__ = [
    "alert_row",
    "event_from_row",
    "event_row",
    "event_version_row",
    "forecast_from_row",
    "forecast_row",
    "health_row",
    "microseconds",
    "pick_row",
    "record_text",
    "shaking_from_row",
    "shaking_row",
    "utc_from_microseconds",
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Row = dict[str, Any]  # values of any column type


def microseconds(time: datetime) -> int:
    """Return microseconds since 1970.

    Raises
    ------
    RecordError
        If the time carries no time zone.
    """
    return (require_utc(time, "time") - _EPOCH) // timedelta(microseconds=1)


def utc_from_microseconds(time_us: int) -> datetime:
    """Return the UTC time that many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=time_us)


def record_text(record: LivePick | EventVersion | Alert | StationHealth) -> str:
    """Return a record as a JSON document without blanks."""
    return _text(to_document(record))


def _text(document: Any) -> str:  # any document
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def pick_row(live: LivePick) -> Row:
    """Return the row of ``picks``."""
    return {
        "pick_id": live.pick_id,
        "version": live.version,
        "kind": live.kind,
        "station_code": live.pick.station_code,
        "phase": live.pick.phase,
        "time_us": microseconds(live.pick.time),
        "updated_us": microseconds(live.issued),
        "document": record_text(live),
    }


def event_row(version: EventVersion) -> Row:
    """Return the row of ``events``."""
    origin, magnitude = version.event.origin, version.event.magnitude
    return {
        "event_id": version.event_id,
        "version": version.version,
        "kind": version.kind,
        "time_us": microseconds(origin.time),
        "longitude": origin.longitude,
        "latitude": origin.latitude,
        "depth_km": origin.depth_km,
        "magnitude": None if magnitude is None else magnitude.value,
        "quality": version.event.quality,
        "updated_us": microseconds(version.issued),
        "summary": _text(event_summary(version)),
    }


def event_version_row(version: EventVersion) -> Row:
    """Return the row of ``event_versions``: the draws as bytes, the rest as a document."""
    samples = version.event.origin.samples
    bare = version if samples is None else _with_samples(version, None)
    return {
        "event_id": version.event_id,
        "version": version.version,
        "updated_us": microseconds(version.issued),
        "document": record_text(bare),
        "samples": None if samples is None else _packed(samples),
    }


def event_from_row(document: str, samples: bytes | None = None) -> EventVersion:
    """Return the version that a row of ``event_versions`` holds."""
    version = from_document(EventVersion, json.loads(document))
    return version if samples is None else _with_samples(version, _unpacked(samples))


def _with_samples(version: EventVersion, samples: PosteriorSamples | None) -> EventVersion:
    origin: Origin = replace(version.event.origin, samples=samples)
    return replace(version, event=replace(version.event, origin=origin))


def _packed(samples: PosteriorSamples) -> bytes:
    columns = (samples.longitude, samples.latitude, samples.depth_km, samples.time_s)
    return np.stack(columns).astype("<f8").tobytes()


def _unpacked(data: bytes) -> PosteriorSamples:
    return PosteriorSamples(*np.frombuffer(data, dtype="<f8").astype(np.float64).reshape(4, -1))


def alert_row(alert: Alert) -> Row:
    """Return the row of ``alerts``."""
    return {
        "alert_id": alert.alert_id,
        "version": alert.version,
        "event_id": alert.event_id,
        "updated_us": microseconds(alert.issued),
        "document": record_text(alert),
    }


def shaking_row(version: ShakingVersion) -> Row:
    """Return the row of ``shaking_maps``."""
    return {
        "event_id": version.event_id,
        "version": version.version,
        "updated_us": microseconds(version.issued),
        "document": zlib.compress(_text(version.document).encode()),
    }


def shaking_from_row(
    event_id: str, version: int, updated_us: int, document: bytes
) -> ShakingVersion:
    """Return the map that a row of ``shaking_maps`` holds."""
    told = json.loads(zlib.decompress(document))
    return ShakingVersion(event_id, version, utc_from_microseconds(updated_us), told)


def forecast_row(version: ForecastVersion) -> Row:
    """Return the row of ``forecasts``."""
    return {
        "forecast_id": version.forecast_id,
        "event_id": version.event_id,
        "updated_us": microseconds(version.issued),
        "log_number": version.log_number,
        "log_digest": version.log_digest,
        "document": zlib.compress(_text(dict(version.document)).encode()),
    }


def forecast_from_row(row: Row) -> ForecastVersion:
    """Return the forecast that a row of ``forecasts`` holds."""
    told = json.loads(zlib.decompress(row["document"]))
    return ForecastVersion(
        row["forecast_id"],
        row["event_id"],
        utc_from_microseconds(row["updated_us"]),
        told,
        row["log_number"],
        row["log_digest"],
    )


def health_row(health: StationHealth) -> Row:
    """Return the row of ``health``."""
    return {
        "trace_id": health.trace_id,
        "updated_us": microseconds(health.updated),
        "document": record_text(health),
    }
