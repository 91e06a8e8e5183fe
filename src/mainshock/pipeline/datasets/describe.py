"""Describes a dataset: counts, spans, ranges, licence and where it came from."""

from typing import Any

import numpy as np
import pandas as pd

from mainshock.core.errors import NothingFoundError, SourceError
from mainshock.core.times import format_utc
from mainshock.pipeline.datasets.labelled_quality import event_names, station_names
from mainshock.pipeline.datasets.manifest import Manifest
from mainshock.pipeline.datasets.opening import OpenedDataset
from mainshock.sources.fragments import FragmentHeader, datetime_from_ns
from mainshock.sources.trace_files import scan_fragments

__all__ = ["describe_dataset"]

_RANGES = {
    "magnitude": "source_magnitude",
    "depth_km": "source_depth_km",
    "distance_km": "path_ep_distance_km",
    "longitude": "source_longitude_deg",
    "latitude": "source_latitude_deg",
}


def describe_dataset(opened: OpenedDataset) -> dict[str, Any]:
    """Return what is in a dataset, ready for JSON; samples are not read.

    Parameters
    ----------
    opened
        As ``open_any`` returns it.

    Returns
    -------
    dict
        ``path``, ``licence``, ``citation``, ``provenance`` and, where there are such,
        ``records``, ``catalogue`` and ``labelled``.

    Raises
    ------
    SourceError, DataError
        If it cannot be read.
    NothingFoundError
        If there is nothing to describe.
    """
    manifest = opened.manifest
    told: dict[str, Any] = {
        "path": str(opened.path),
        "licence": manifest.licence if manifest else "",
        "citation": manifest.citation if manifest else "",
        "provenance": _provenance(manifest) if manifest else None,
    }
    found = {
        "records": _records(opened),
        "catalogue": _catalogue(opened),
        "labelled": None if opened.labelled is None else _labelled(opened.labelled.metadata),
    }
    if not any(found.values()):
        raise NothingFoundError(f"{opened.path} holds neither records nor events nor labels")
    return told | {name: one for name, one in found.items() if one}


def _provenance(manifest: Manifest) -> dict[str, Any]:
    fetched = [part.fetched for part in manifest.parts]
    return {
        "n_parts": len(manifest.parts),
        "n_bytes": sum(part.n_bytes for part in manifest.parts),
        "sources": sorted({source for part in manifest.parts for source in part.sources}),
        "first_fetched": format_utc(min(fetched)) if fetched else None,
        "last_fetched": format_utc(max(fetched)) if fetched else None,
    }


def _records(opened: OpenedDataset) -> dict[str, Any] | None:
    headers: list[FragmentHeader] = []
    n_bad = 0
    for path in opened.records:
        try:
            headers += scan_fragments(path)
        except SourceError:
            n_bad += 1
    if not headers:
        return None
    channels: dict[str, dict[str, Any]] = {}
    for trace_id in sorted({one.trace_id for one in headers}):
        own = [one for one in headers if one.trace_id == trace_id]
        channels[trace_id] = {
            "start": format_utc(datetime_from_ns(min(one.start_ns for one in own))),
            "end": format_utc(datetime_from_ns(max(one.end_ns for one in own))),
            "rates_hz": sorted({one.sampling_rate_hz for one in own}),
            "n_samples": sum(one.n_samples for one in own),
        }
    return {
        "n_files": len(opened.records) - n_bad,
        "n_unreadable_files": n_bad,
        "networks": sorted({one.network for one in headers}),
        "stations": sorted({f"{one.network}.{one.station}" for one in headers}),
        "start": min(one["start"] for one in channels.values()),
        "end": max(one["end"] for one in channels.values()),
        "rates_hz": sorted({one.sampling_rate_hz for one in headers}),
        "channels": channels,
    }


def _catalogue(opened: OpenedDataset) -> dict[str, Any] | None:
    raw = opened.read_catalogue()
    if raw is None or raw.table.empty:
        return None
    table = raw.table
    types = table["magnitude_type"][table["magnitude_type"] != ""].value_counts()
    return {
        "n_events": len(table),
        **_span(table["time"]),
        **{
            name: _range(table[name]) for name in ("magnitude", "depth_km", "longitude", "latitude")
        },
        "magnitude_types": {str(name): int(n) for name, n in types.items()},
    }


def _labelled(table: pd.DataFrame) -> dict[str, Any]:
    events, stations = event_names(table), station_names(table)
    times = pd.Series(pd.NaT, index=table.index)
    for column in ("source_origin_time", "trace_start_time"):
        if column in table:
            known = pd.to_datetime(table[column], format="ISO8601", utc=True, errors="coerce")
            times = known.where(times.isna(), times)
    phases = {
        phase: int(table[f"trace_{phase.lower()}_arrival_sample"].notna().sum())
        for phase in ("P", "S")
    }
    rates = table.get("trace_sampling_rate_hz", pd.Series(dtype=np.float64)).dropna()
    return {
        "n_traces": len(table),
        "n_events": int(events[events != ""].nunique()),
        "n_stations": int(stations[stations != ""].nunique()),
        "networks": sorted({name.partition(".")[0] for name in stations if name}),
        **_span(times),
        "rates_hz": sorted({float(rate) for rate in rates}),
        "phases": phases,
        **{
            name: _range(pd.to_numeric(table[column], errors="coerce"))
            for name, column in _RANGES.items()
            if column in table
        },
        "categories": _counts(table, "trace_category"),
        "splits": _counts(table, "split"),
        "origins": _counts(table, "trace_dataset"),
    }


def _counts(table: pd.DataFrame, column: str) -> dict[str, int]:
    if column not in table:
        return {}
    return {str(name): int(n) for name, n in table[column].value_counts().items()}


def _span(times: "pd.Series[pd.Timestamp]") -> dict[str, str | None]:
    known = times.dropna()
    if known.empty:
        return {"start": None, "end": None}
    return {
        "start": format_utc(known.min().floor("us").to_pydatetime()),
        "end": format_utc(known.max().floor("us").to_pydatetime()),
    }


def _range(values: "pd.Series[float]") -> dict[str, float | int] | None:
    known = values.dropna()
    if known.empty:
        return None
    return {"min": float(known.min()), "max": float(known.max()), "n": len(known)}
