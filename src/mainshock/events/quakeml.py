"""Events as QuakeML 1.2: picks, arrivals, origin with ellipse and ellipsoid, magnitude."""

import math
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
from obspy import UTCDateTime
from obspy.core import event as quakeml

from mainshock import __version__
from mainshock.core.files import replacing
from mainshock.core.records import Arrival, Event, Origin, Pick
from mainshock.core.units import EARTH_MEAN_RADIUS_KM
from mainshock.events.geometry import azimuthal_gap_deg, station_codes

__all__ = ["to_catalogue", "write_quakeml"]

_PREFIX = "smi:mainshock"
_CHI2_2_68 = -2.0 * math.log(1.0 - 0.68)  # two degrees of freedom, 68 %
_CHI2_3_68 = 3.5059  # three degrees of freedom, 68 %


def write_quakeml(path: Path, events: Sequence[Event]) -> None:
    """Write events as QuakeML; depths and lengths become metres, as the format asks.

    Raises
    ------
    SourceError
        If the file cannot be written.
    """
    with replacing(path) as temporary:
        to_catalogue(events).write(str(temporary), format="QUAKEML")


def to_catalogue(events: Sequence[Event]) -> quakeml.Catalog:
    """Return an ObsPy catalogue with deterministic resource ids."""
    return quakeml.Catalog(
        events=[_event(event) for event in events],
        resource_id=_id("catalogue", *(event.event_id for event in events[:1])),
        creation_info=_creation_info(),
    )


def _id(*parts: object) -> quakeml.ResourceIdentifier:
    words = (re.sub(r"[^\w\-.*()]", "_", str(part)) or "_" for part in parts)
    return quakeml.ResourceIdentifier(id="/".join((_PREFIX, *words)))


def _creation_info() -> quakeml.CreationInfo:
    return quakeml.CreationInfo(author=f"mainshock {__version__}", version=__version__)


def _utc(time: datetime) -> UTCDateTime:
    return UTCDateTime(time.replace(tzinfo=None))


def _event(event: Event) -> quakeml.Event:
    name = event.event_id
    origin = _origin(event)
    magnitudes = _magnitudes(event, origin.resource_id)
    comments = [
        quakeml.Comment(text=f"quality {event.quality}; flags: {', '.join(event.flags) or 'none'}")
    ]
    result = quakeml.Event(
        resource_id=_id("event", name),
        event_type="earthquake",
        event_type_certainty="suspected",
        picks=[_pick(name, arrival.pick) for arrival in event.arrivals],
        origins=[origin],
        magnitudes=magnitudes,
        station_magnitudes=_station_magnitudes(event, origin.resource_id),
        comments=comments,
        creation_info=_creation_info(),
    )
    result.preferred_origin_id = origin.resource_id
    if magnitudes:
        result.preferred_magnitude_id = magnitudes[0].resource_id
    return result


def _pick_id(name: str, pick: Pick) -> quakeml.ResourceIdentifier:
    return _id("pick", name, pick.station_code, pick.location or "--", pick.phase)


def _pick(name: str, pick: Pick) -> quakeml.Pick:
    result = quakeml.Pick(
        resource_id=_pick_id(name, pick),
        time=_utc(pick.time),
        time_errors=quakeml.QuantityError(uncertainty=pick.sigma_s, confidence_level=68.0),
        waveform_id=quakeml.WaveformStreamID(
            network_code=pick.network, station_code=pick.station, location_code=pick.location
        ),
        phase_hint=pick.phase,
        evaluation_mode="automatic",
        method_id=_id("picker", pick.model),
        comments=[quakeml.Comment(text=f"probability {pick.probability:.4f}")],
    )
    if pick.back_azimuth_deg is not None:
        result.backazimuth = pick.back_azimuth_deg
        result.backazimuth_errors = quakeml.QuantityError(uncertainty=pick.back_azimuth_sigma_deg)
    return result


def _arrival(name: str, arrival: Arrival) -> quakeml.Arrival:
    degrees = math.degrees(arrival.distance_km / EARTH_MEAN_RADIUS_KM)
    return quakeml.Arrival(
        resource_id=_id("arrival", name, arrival.pick.station_code, arrival.pick.phase),
        pick_id=_pick_id(name, arrival.pick),
        phase=arrival.pick.phase,
        azimuth=arrival.azimuth_deg,
        distance=degrees,
        time_residual=arrival.residual_s,
        time_weight=arrival.inlier_probability,
    )


def _origin(event: Event) -> quakeml.Origin:
    origin, name = event.origin, event.event_id
    km_per_degree = math.radians(EARTH_MEAN_RADIUS_KM)
    cosine = max(math.cos(math.radians(origin.latitude)), 1e-6)
    longitude_sd = origin.east_sd_km / (km_per_degree * cosine)
    azimuths = [arrival.azimuth_deg for arrival in event.arrivals]
    return quakeml.Origin(
        resource_id=_id("origin", name),
        time=_utc(origin.time),
        time_errors=quakeml.QuantityError(uncertainty=origin.time_sd_s, confidence_level=68.0),
        longitude=origin.longitude,
        longitude_errors=quakeml.QuantityError(uncertainty=longitude_sd),
        latitude=origin.latitude,
        latitude_errors=quakeml.QuantityError(uncertainty=origin.north_sd_km / km_per_degree),
        depth=origin.depth_km * 1e3,
        depth_errors=quakeml.QuantityError(uncertainty=origin.depth_sd_km * 1e3),
        depth_type="from location",
        earth_model_id=_id("velocity", origin.velocity_model),
        method_id=_id("method", "posterior"),
        evaluation_mode="automatic",
        arrivals=[_arrival(name, arrival) for arrival in event.arrivals],
        origin_uncertainty=_uncertainty(origin),
        quality=quakeml.OriginQuality(
            used_phase_count=len(event.arrivals),
            used_station_count=len(station_codes(event.arrivals)),
            azimuthal_gap=azimuthal_gap_deg(azimuths),
        ),
        creation_info=_creation_info(),
    )


def _uncertainty(origin: Origin) -> quakeml.OriginUncertainty:
    """Return the 68 % ellipse and ellipsoid of a Gaussian with the posterior's covariance."""
    values, vectors = np.linalg.eigh(origin.covariance_km2[:2, :2])
    semi_m = np.sqrt(np.maximum(values, 0.0) * _CHI2_2_68) * 1e3
    azimuth = math.degrees(math.atan2(vectors[0, 1], vectors[1, 1])) % 180.0
    return quakeml.OriginUncertainty(
        min_horizontal_uncertainty=float(semi_m[0]),
        max_horizontal_uncertainty=float(semi_m[1]),
        azimuth_max_horizontal_uncertainty=azimuth,
        confidence_ellipsoid=_ellipsoid(origin.covariance_km2),
        preferred_description="confidence ellipsoid",
        confidence_level=68.0,
    )


def _ellipsoid(covariance_km2: np.ndarray) -> quakeml.ConfidenceEllipsoid:
    """Return axes in metres; plunge is positive down, azimuth clockwise from north.

    The rotation about the major axis is the angle from the vertical plane through it to the
    intermediate axis, 90 degrees where that axis is horizontal.
    """
    values, vectors = np.linalg.eigh(covariance_km2)  # east, north, down
    semi_m = np.sqrt(np.maximum(values, 0.0) * _CHI2_3_68) * 1e3
    major, middle = vectors[:, 2], vectors[:, 1]
    major = major if major[2] >= 0.0 else -major
    azimuth, plunge = math.atan2(major[0], major[1]), math.asin(min(1.0, major[2]))
    upward = np.array(
        [
            -math.sin(plunge) * math.sin(azimuth),
            -math.sin(plunge) * math.cos(azimuth),
            math.cos(plunge),
        ]
    )
    sideward = np.cross(major, upward)
    rotation = math.degrees(math.atan2(middle @ sideward, middle @ upward)) % 180.0
    return quakeml.ConfidenceEllipsoid(
        semi_major_axis_length=float(semi_m[2]),
        semi_intermediate_axis_length=float(semi_m[1]),
        semi_minor_axis_length=float(semi_m[0]),
        major_axis_plunge=math.degrees(plunge),
        major_axis_azimuth=math.degrees(azimuth) % 360.0,
        major_axis_rotation=rotation,
    )


def _magnitudes(event: Event, origin_id: quakeml.ResourceIdentifier) -> list[quakeml.Magnitude]:
    magnitude = event.magnitude
    if magnitude is None:
        return []
    return [
        quakeml.Magnitude(
            resource_id=_id("magnitude", event.event_id, magnitude.magnitude_type),
            mag=magnitude.value,
            mag_errors=quakeml.QuantityError(uncertainty=magnitude.sd),
            magnitude_type=magnitude.magnitude_type,
            station_count=magnitude.n_stations,
            origin_id=origin_id,
            evaluation_mode="automatic",
            creation_info=_creation_info(),
        )
    ]


def _station_magnitudes(
    event: Event, origin_id: quakeml.ResourceIdentifier
) -> list[quakeml.StationMagnitude]:
    return [
        quakeml.StationMagnitude(
            resource_id=_id(
                "station-magnitude",
                event.event_id,
                f"{station.station_code}-{station.magnitude_type}",
            ),
            origin_id=origin_id,
            mag=station.value,
            station_magnitude_type=station.magnitude_type,
            waveform_id=quakeml.WaveformStreamID(*station.station_code.split(".")[:2]),
        )
        for station in event.station_magnitudes
    ]
