"""Turns the records of the live path into what the service answers with."""

import math
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from mainshock.core.records import Arrival, Origin, Pick
from mainshock.serve import sentences
from mainshock.serve.frames import Bins
from mainshock.serve.schemas import (
    AlertSummary,
    ArrivalSummary,
    EventDetail,
    EventSummary,
    InferredPick,
    ModeData,
    PickSummary,
    PosteriorData,
    RegionCollection,
    SamplesData,
    StationHealthData,
    VersionSummary,
    WaveformBins,
)
from mainshock.sources.fragments import NANOSECONDS, datetime_from_ns
from mainshock.stream.records import Alert, EventVersion, LivePick, StationHealth
from mainshock.stream.store.summary import event_summary as stored_summary

__all__ = [
    "alert_summary",
    "event_detail",
    "event_summary",
    "finite",
    "health_data",
    "inferred_pick",
    "nullable_list",
    "pick_summary",
    "posterior_data",
    "waveform_bins",
]


def finite(value: float | None) -> float | None:
    """Return a number that JSON can hold: None for NaN and infinity."""
    return value if value is not None and math.isfinite(value) else None


def nullable_list(values: NDArray[np.floating]) -> list[float | None]:
    """Return numbers as a list, with None for NaN and infinity.

    Examples
    --------
    >>> nullable_list(np.array([1.0, np.nan]))
    [1.0, None]
    """
    listed: list[float | None] = values.tolist()
    for index in np.flatnonzero(~np.isfinite(values)):
        listed[index] = None
    return listed


def waveform_bins(trace: str, bins: Bins, sampling_rate_hz: float) -> WaveformBins:
    """Return a trace in bins as the service tells it."""
    return WaveformBins.model_construct(
        trace=trace,
        start=datetime_from_ns(bins.start_ns),
        sampling_rate_hz=sampling_rate_hz,
        bin_s=bins.length_ns / NANOSECONDS,
        minimum=nullable_list(bins.minimum),
        maximum=nullable_list(bins.maximum),
    )


def health_data(health: StationHealth) -> StationHealthData:
    """Return how one instrument's data arrive."""
    return StationHealthData(
        trace_id=health.trace_id,
        channels=list(health.channels),
        sampling_rate_hz=health.sampling_rate_hz,
        last_sample=health.last_sample,
        updated=health.updated,
        latency_s=finite(health.latency_s),
        counts=dict(health.counts),
        gaps=health.gaps,
        gap_s=finite(health.gap_s),
    )


def pick_summary(live: LivePick) -> PickSummary:
    """Return a version of a pick."""
    pick = live.pick
    return PickSummary(
        pick_id=live.pick_id,
        version=live.version,
        kind=live.kind,
        status=live.status,
        instrument=live.instrument,
        issued=live.issued,
        is_synthetic=live.is_synthetic,
        network=pick.network,
        station=pick.station,
        location=pick.location,
        phase=pick.phase,
        time=pick.time,
        probability=pick.probability,
        sigma_s=pick.sigma_s,
        model=pick.model,
        event_id=pick.event_id,
        back_azimuth_deg=pick.back_azimuth_deg,
        back_azimuth_sigma_deg=pick.back_azimuth_sigma_deg,
    )


def inferred_pick(pick: Pick) -> InferredPick:
    """Return a pick in a record that was sent."""
    return InferredPick(
        phase=pick.phase,
        time=pick.time,
        probability=pick.probability,
        sigma_s=pick.sigma_s,
        model=pick.model,
        back_azimuth_deg=pick.back_azimuth_deg,
        back_azimuth_sigma_deg=pick.back_azimuth_sigma_deg,
        incidence_deg=pick.incidence_deg,
    )


def event_summary(told: EventVersion) -> EventSummary:
    """Return a version of an event as lists show it."""
    return EventSummary(**stored_summary(told))


def event_detail(told: EventVersion, versions: Sequence[EventVersion]) -> EventDetail:
    """Return a version of an event with all that is known of it."""
    from mainshock.events.tables import event_record  # noqa: PLC0415 - loads pandas

    record = event_record(told.event)
    summary = event_summary(told).model_dump()
    return EventDetail.model_validate(
        {
            **record,
            **summary,
            "notes_told": {
                name: sentences.KNOWN.told_parts(note) for name, note in told.event.notes.items()
            },
            "arrivals": [_arrival_summary(one) for one in told.event.arrivals],
            "versions": [_version_summary(one) for one in versions],
        }
    )


def posterior_data(told: EventVersion) -> PosteriorData:
    """Return where an event may have been."""
    from mainshock.events.geojson import regions_to_geojson  # noqa: PLC0415 - loads shapely

    origin = told.event.origin
    drawn = origin.samples
    return PosteriorData(
        event_id=told.event_id,
        version=told.version,
        longitude=origin.longitude,
        latitude=origin.latitude,
        depth_km=origin.depth_km,
        regions=RegionCollection.model_validate(regions_to_geojson([told.event])),
        samples=None
        if drawn is None
        else SamplesData(
            longitude=drawn.longitude.tolist(),
            latitude=drawn.latitude.tolist(),
            depth_km=drawn.depth_km.tolist(),
            time_s=drawn.time_s.tolist(),
        ),
        modes=[ModeData(**asdict(mode)) for mode in origin.modes],
    )


def alert_summary(alert: Alert) -> AlertSummary:
    """Return an alert."""
    return AlertSummary.model_validate(asdict(alert))


def _area_km2(origin: Origin, level: float) -> float | None:
    areas = {round(region.level, 6): region.area_km2 for region in origin.regions}
    return areas.get(level)


def _arrival_summary(arrival: Arrival) -> ArrivalSummary:
    pick = arrival.pick
    return ArrivalSummary(
        network=pick.network,
        station=pick.station,
        location=pick.location,
        phase=pick.phase,
        time=pick.time,
        probability=pick.probability,
        sigma_s=pick.sigma_s if arrival.sigma_s is None else arrival.sigma_s,
        distance_km=arrival.distance_km,
        azimuth_deg=arrival.azimuth_deg,
        residual_s=arrival.residual_s,
        inlier_probability=arrival.inlier_probability,
    )


def _version_summary(told: EventVersion) -> VersionSummary:
    origin, magnitude = told.event.origin, told.event.magnitude
    return VersionSummary(
        version=told.version,
        kind=told.kind,
        status=told.status,
        issued=told.issued,
        reason=told.reason,
        reason_told=sentences.KNOWN.told_parts(told.reason),
        magnitude=None if magnitude is None else magnitude.value,
        longitude=origin.longitude,
        latitude=origin.latitude,
        depth_km=origin.depth_km,
        n_picks=len(told.event.arrivals),
        author="" if told.review is None else told.review.author,
    )
