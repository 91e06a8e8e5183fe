"""``/api/v1/events/{event_id}/records``: an event's records by distance, with arrival times."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from mainshock.core.errors import DataError
from mainshock.core.geo import geodesic_azimuth_deg, geodesic_distance_km
from mainshock.core.records import Origin, Station
from mainshock.serve.archive_traces import read_trace
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, ApiError
from mainshock.serve.frames import bin_length_ns, min_max_bins
from mainshock.serve.parameters import ERROR_ANSWERS, STRICT, EventId, StrictQuery
from mainshock.serve.relocation import travel_times_of
from mainshock.serve.schemas import UtcTime, WaveformBins
from mainshock.serve.summaries import finite, waveform_bins
from mainshock.sources.fragments import (
    NANOSECONDS,
    TimeWindow,
    datetime_from_ns,
    ns_from_datetime,
)
from mainshock.stream.records import EventVersion

__all__ = ["EventRecordsAnswer", "EventRecordsData", "RecordsParameters", "StationRecord", "router"]

_MOST_SAMPLES = 400_000
_LETTERS = {"Z": "Z3", "N": "N1", "E": "E2"}
_Finite = {"allow_inf_nan": False}


class RecordsParameters(StrictQuery):
    """Which records are wanted, and how finely."""

    version: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    component: Literal["Z", "N", "E"] = "Z"
    from_s: Annotated[
        float, Field(ge=-600.0, le=3000.0, description="From the origin time", **_Finite)
    ] = -5.0
    length_s: Annotated[float, Field(ge=0.5, le=900.0, **_Finite)] = 60.0
    pixels: Annotated[int, Field(ge=10, le=4000)] = 600
    limit: Annotated[
        int, Field(ge=1, le=200, description="Stations: those with picks, then the nearest")
    ] = 30


class StationRecord(BaseModel):
    """One station: where it is, when P and S should come, and its record where there is one."""

    network: str
    station: str
    distance_km: float
    azimuth_deg: float
    p_s: float | None = Field(description="Travel time of P; null where no model is at hand")
    s_s: float | None
    record: WaveformBins | None = Field(description="Null where the archive holds nothing")


class EventRecordsData(BaseModel):
    """The records of an event, the nearest station first."""

    event_id: str
    version: int
    origin_time: UtcTime
    start: UtcTime
    length_s: float
    stations: list[StationRecord]


class EventRecordsAnswer(Answer[EventRecordsData]):
    """The records of an event."""


def router(context: ServiceContext) -> APIRouter:
    """Return the route."""
    routes = APIRouter(
        prefix="/api/v1", tags=["waveforms"], dependencies=STRICT, responses=ERROR_ANSWERS
    )

    @routes.get("/events/{event_id}/records")
    def get_event_records(
        event_id: EventId, wanted: Annotated[RecordsParameters, Query()]
    ) -> EventRecordsAnswer:
        """Give the records of an event by distance, with the times that its location expects."""
        told = context.store.event(event_id, wanted.version)
        if told is None:
            raise ApiError(404, f"there is no such version of {event_id!r}; /api/v1/events lists")
        return EventRecordsAnswer(data=_records(context, told, wanted))

    return routes


def _records(
    context: ServiceContext, told: EventVersion, wanted: RecordsParameters
) -> EventRecordsData:
    origin = told.event.origin
    start = origin.time + timedelta(seconds=wanted.from_s)
    start_ns = ns_from_datetime(start)
    window = TimeWindow(start_ns, start_ns + round(wanted.length_s * NANOSECONDS))
    rows = sorted(_chosen(context, told, wanted.limit), key=lambda row: row[0])
    sites = [site for _, site in rows]
    distance_km = np.array([away for away, _ in rows], dtype=np.float64)
    expected = {phase: _times(context, told, phase, distance_km, sites) for phase in ("P", "S")}
    stations = [
        StationRecord(
            network=site.network,
            station=site.station,
            distance_km=round(away, 3),
            azimuth_deg=round(_azimuth(origin, site), 1),
            p_s=expected["P"][number],
            s_s=expected["S"][number],
            record=_record(context, told, site, window, wanted),
        )
        for number, (away, site) in enumerate(rows)
    ]
    return EventRecordsData(
        event_id=told.event_id,
        version=told.version,
        origin_time=origin.time,
        start=start,
        length_s=wanted.length_s,
        stations=stations,
    )


def _chosen(context: ServiceContext, told: EventVersion, limit: int) -> list[tuple[float, Station]]:
    """Return distance and station of those that picked, then of the nearest others."""
    origin, sites = told.event.origin, list(context.stations)
    if not sites:
        return []
    away = geodesic_distance_km(
        origin.longitude,
        origin.latitude,
        np.array([site.longitude for site in sites]),
        np.array([site.latitude for site in sites]),
    )
    picked = {pick.station_code for pick in told.event.picks}
    order = sorted(range(len(sites)), key=lambda i: (sites[i].code not in picked, away[i]))
    return [(float(away[i]), sites[i]) for i in order[:limit]]


def _azimuth(origin: Origin, site: Station) -> float:
    return float(
        geodesic_azimuth_deg(origin.longitude, origin.latitude, site.longitude, site.latitude)
    )


def _times(
    context: ServiceContext,
    told: EventVersion,
    phase: str,
    distance_km: np.ndarray,
    sites: list[Station],
) -> list[float | None]:
    """Return travel times; None where the velocity model is not at hand, or has none."""
    model = travel_times_of(context, told)
    if model is None or not sites:
        return [None] * len(sites)
    depth_km = np.array([site.depth_km for site in sites])
    try:
        times = model.travel_time_s(phase, distance_km, told.event.origin.depth_km, depth_km)
    except DataError:
        return [None] * len(sites)
    return [finite(round(float(one), 4)) for one in np.broadcast_to(times, distance_km.shape)]


def _record(
    context: ServiceContext,
    told: EventVersion,
    site: Station,
    window: TimeWindow,
    wanted: RecordsParameters,
) -> WaveformBins | None:
    """Return the record of a component, of the instrument that picked where there are several."""
    located = [pick.location for pick in told.event.picks if pick.station_code == site.code]
    for trace in _traces(context, site, window, wanted.component, located):
        try:
            found = read_trace(context.archive, trace, window, _MOST_SAMPLES)
        except DataError:
            continue
        if found is None:
            continue
        length_ns = bin_length_ns(wanted.length_s, wanted.pixels, found.sampling_rate_hz)
        bins = min_max_bins(found.samples, found.start_ns, found.sampling_rate_hz, length_ns)
        return waveform_bins(trace, bins, found.sampling_rate_hz)
    return None


def _traces(
    context: ServiceContext, site: Station, window: TimeWindow, component: str, located: list[str]
) -> Iterator[str]:
    """Yield ids of the traces of a component, velocity before acceleration."""
    year = f"{datetime_from_ns(window.start_ns):%Y}"
    folder = context.archive / year / site.network / site.station
    letters = _LETTERS[component]
    found = {
        ".".join(path.name.split(".")[:4])
        for path in folder.glob(f"*[{letters}].D/{site.network}.{site.station}.*")
    }
    ranked = sorted(found, key=lambda one: (one.split(".")[2] not in located, one[-2] == "N", one))
    yield from ranked
