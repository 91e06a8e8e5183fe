"""What the service answers with: every field documented, so that clients can be generated."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from mainshock.core.errors import RecordError
from mainshock.core.sentences import Told
from mainshock.core.times import format_utc, parse_utc
from mainshock.serve.envelope import Answer, Listing, Meta
from mainshock.serve.text_form import TextForm

__all__ = [
    "AlertSummary",
    "AlertsAnswer",
    "ArrivalSummary",
    "CurvesData",
    "DriftData",
    "EventAnswer",
    "EventDetail",
    "EventSummary",
    "EventsAnswer",
    "HealthAnswer",
    "HealthData",
    "InferAnswer",
    "InferData",
    "InferMeta",
    "InferRequest",
    "InferredPick",
    "MeanData",
    "ModeData",
    "ModelEntry",
    "ModelsAnswer",
    "PickSummary",
    "PicksAnswer",
    "PosteriorAnswer",
    "PosteriorData",
    "RegionCollection",
    "RegionFeature",
    "RegionGeometry",
    "RegionProperties",
    "SamplesData",
    "StationHealthData",
    "StationMagnitudeData",
    "StationSummary",
    "StationsAnswer",
    "UtcTime",
    "VersionSummary",
    "WaveformAnswer",
    "WaveformBins",
    "WaveformSamples",
]

_FIRST = datetime(1900, 1, 1, tzinfo=UTC)
_LAST = datetime(2200, 1, 1, tzinfo=UTC)


def _utc(value: object) -> datetime:
    """Return a time that text states; numbers are no times here."""
    if isinstance(value, str):
        try:
            value = parse_utc(value)
        except OverflowError as error:
            raise RecordError(f"time {value!r} is out of range") from error
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise RecordError(f"time is {value!r}; write it as 2010-05-27T16:24:33.5Z")
    if not _FIRST <= value <= _LAST:
        raise RecordError(f"time is {value}; it must lie between the years 1900 and 2200")
    return value


UtcTime = Annotated[
    datetime,
    BeforeValidator(_utc),
    PlainSerializer(format_utc, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""ISO 8601, UTC, with Z."""

Kind = Literal["new", "update", "cancel"]
Status = Literal["preliminary", "settled", "reviewed", "rejected"]
Phase = Annotated[str, TextForm("^[PS]$", "write P or S")]
Quality = Annotated[str, TextForm("^[ABCD]$", "write A, B, C or D")]


class StationHealthData(BaseModel):
    """How one instrument's data arrive."""

    trace_id: str = Field(description="NET.STA.LOC.CH with the two letters of the instrument")
    channels: list[str]
    sampling_rate_hz: float
    last_sample: UtcTime
    updated: UtcTime
    latency_s: float | None
    counts: dict[str, int] = Field(description="Packets by what became of them")
    gaps: int
    gap_s: float | None


class StationSummary(BaseModel):
    """A station, its live traces and its health."""

    network: str
    station: str
    code: str = Field(description="NET.STA")
    longitude: float
    latitude: float
    elevation_m: float
    traces: list[str] = Field(description="Ids of its traces on the board")
    health: list[StationHealthData]


class PickSummary(BaseModel):
    """The latest version of a pick."""

    pick_id: str
    version: int
    kind: Kind
    status: Status
    instrument: str
    issued: UtcTime
    is_synthetic: bool
    network: str
    station: str
    location: str
    phase: Phase
    time: UtcTime
    probability: float
    sigma_s: float
    model: str
    event_id: str
    back_azimuth_deg: float | None
    back_azimuth_sigma_deg: float | None


class EventSummary(BaseModel):
    """A version of an event as lists show it."""

    event_id: str
    version: int
    kind: Kind
    status: Status
    issued: UtcTime
    reason: str
    models: dict[str, str]
    is_synthetic: bool
    author: str = Field("", description="Who reviewed it; empty: automatic processing")
    time: UtcTime
    longitude: float
    latitude: float
    depth_km: float = Field(description="Positive down from sea level")
    magnitude: float | None
    magnitude_type: str
    magnitude_sd: float | None
    time_sd_s: float
    east_sd_km: float
    north_sd_km: float
    depth_sd_km: float
    region68_km2: float | None = Field(description="Area of the 68 % region of the epicentre")
    region95_km2: float | None
    n_picks: int
    n_stations: int
    quality: Quality
    flags: list[str]


class ArrivalSummary(BaseModel):
    """A pick as the location used it."""

    network: str
    station: str
    location: str
    phase: Phase
    time: UtcTime
    probability: float
    sigma_s: float
    distance_km: float
    azimuth_deg: float
    residual_s: float
    inlier_probability: float


class VersionSummary(BaseModel):
    """One step of what was told about an event."""

    version: int
    kind: Kind
    status: Status
    issued: UtcTime
    reason: str
    reason_told: list[Told] = Field(description="Its sentences, each by its code and values")
    magnitude: float | None
    longitude: float
    latitude: float
    depth_km: float
    n_picks: int
    author: str = Field("", description="Who made it; empty: automatic processing")


class ModeData(BaseModel):
    """One of the separate places that a posterior allows."""

    longitude: float
    latitude: float
    depth_km: float
    share: float
    east_sd_km: float
    north_sd_km: float
    depth_sd_km: float


class StationMagnitudeData(BaseModel):
    """The magnitude that one station gives."""

    station_code: str
    magnitude_type: str
    value: float
    sd: float | None
    phase: str
    hypocentral_distance_km: float | None
    measured: dict[str, float | None]
    is_outlier: bool


class MeanData(BaseModel):
    """Mean of the posterior's samples."""

    longitude: float
    latitude: float
    depth_km: float


class EventDetail(EventSummary):
    """A version of an event with all that is known of it."""

    azimuthal_gap_deg: float | None
    rms_residual_s: float | None
    velocity_model: str
    map_longitude: float | None = Field(description="Most probable place")
    map_latitude: float | None
    map_depth_km: float | None
    n_modes: int
    effective_draws: float | None
    notes: dict[str, str]
    notes_told: dict[str, list[Told]] = Field(
        description="The sentences of each note, by their codes and values"
    )
    station_magnitudes: list[StationMagnitudeData]
    magnitude_mad: float | None
    mean: MeanData | None
    covariance_km2: list[list[float]] = Field(description="3 x 3: east, north, down")
    modes: list[ModeData]
    arrivals: list[ArrivalSummary]
    versions: list[VersionSummary]


class SamplesData(BaseModel):
    """Equally weighted draws from the posterior."""

    longitude: list[float]
    latitude: list[float]
    depth_km: list[float]
    time_s: list[float] = Field(description="Relative to the origin time")


class RegionProperties(BaseModel):
    """Which region a feature is."""

    event_id: str
    level: float = Field(description="Share of the posterior: 0.5, 0.68 or 0.95")
    area_km2: float
    time: str


class RegionGeometry(BaseModel):
    """A Polygon or MultiPolygon of RFC 7946."""

    type: Literal["Polygon", "MultiPolygon"]
    coordinates: list[Any]  # three or four levels deep, as its type says


class RegionFeature(BaseModel):
    """A credible region of the epicentre."""

    type: Literal["Feature"] = "Feature"
    properties: RegionProperties
    geometry: RegionGeometry


class RegionCollection(BaseModel):
    """The credible regions of an epicentre as GeoJSON."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[RegionFeature]


class PosteriorData(BaseModel):
    """Where an event may have been."""

    event_id: str
    version: int
    longitude: float
    latitude: float
    depth_km: float
    regions: RegionCollection
    samples: SamplesData | None = Field(
        description="Kept for the latest version alone; null for older ones"
    )
    modes: list[ModeData]


class AlertSummary(BaseModel):
    """One message about an event, as it was sent over one channel."""

    alert_id: str
    event_id: str
    version: int
    kind: Kind
    rule: str
    channel: str
    issued: UtcTime
    status: Literal["sent", "failed", "held"]
    detail: str


class WaveformBins(BaseModel):
    """The extremes of a trace in bins of equal length; null where nothing is known."""

    trace: str
    start: UtcTime
    sampling_rate_hz: float
    bin_s: float
    minimum: list[float | None]
    maximum: list[float | None]


class WaveformSamples(BaseModel):
    """The samples of a trace; null in gaps."""

    trace: str
    start: UtcTime
    sampling_rate_hz: float
    samples: list[float | None]


class ModelEntry(BaseModel):
    """Something that can be chosen by name."""

    name: str
    kind: str = Field(description="picker, location, associator, velocity or weights")
    description: str
    is_loaded: bool


class DriftData(BaseModel):
    """A figure of a channel or a picker that left its control limits."""

    subject: str = Field(description="NET.STA.LOC.CHA of a channel, or the name of a model")
    kind: str = Field(description="Which figure, such as gain, noise, flat or pick_rate")
    since: UtcTime
    updated: UtcTime = Field(description="Data time up to which that is known")
    value: float | None
    usual: float | None = Field(description="Its median over the reference")
    limit: float | None = Field(description="How far from that it may be")
    reason: str = Field(description="For a reader")


class HealthData(BaseModel):
    """How the service is."""

    status: Literal["ready", "degraded", "starting", "stopping"] = Field(
        description="degraded: it runs, and the reason says what does not work as it should"
    )
    reason: str = Field(description="Why it is not ready; empty when it is")
    reason_told: list[Told] = Field(description="Its sentences, each by its code and values")
    source: str
    is_synthetic: bool
    is_live: bool = Field(description="Whether records come as they are recorded")
    version: str
    uptime_s: float
    stations: list[StationHealthData]
    memory_mb: float | None = Field(description="Resident memory of the process")
    drift: list[DriftData] = Field(description="What is not as it used to be; empty where all is")


_Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,8}$")]
_Sample = Annotated[float, Field(allow_inf_nan=False)]


class InferRequest(BaseModel):
    """A three-component record to pick."""

    model_config = ConfigDict(extra="forbid")

    model: Annotated[str, Field(max_length=64)] = "default"
    network: _Code
    station: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,8}$")]
    location: _Code = ""
    instrument: Annotated[str, Field(pattern=r"^[A-Za-z0-9]{2}$")] = "HH"
    start: UtcTime
    sampling_rate_hz: Annotated[float, Field(ge=1.0, le=1000.0, allow_inf_nan=False)]
    samples: Annotated[
        list[list[_Sample]],
        Field(min_length=3, max_length=3, description="Z, N, E; as long as each other"),
    ]


class InferredPick(BaseModel):
    """A pick in a record that was sent."""

    phase: Phase
    time: UtcTime
    probability: float
    sigma_s: float
    model: str
    back_azimuth_deg: float | None
    back_azimuth_sigma_deg: float | None
    incidence_deg: float | None


class CurvesData(BaseModel):
    """Probability of each phase over time; null where nothing is known."""

    start: UtcTime
    sampling_rate_hz: float
    probability: dict[str, list[float | None]]


class InferData(BaseModel):
    """What a picker finds in a record."""

    model: str
    picks: list[InferredPick]
    curves: CurvesData | None = None


class StationsAnswer(Listing[StationSummary]):
    """Stations."""


class PicksAnswer(Listing[PickSummary]):
    """Picks in order of time."""


class EventsAnswer(Listing[EventSummary]):
    """Events in the order asked for."""


class EventAnswer(Answer[EventDetail]):
    """One event."""


class PosteriorAnswer(Answer[PosteriorData]):
    """The posterior of one event."""


class AlertsAnswer(Listing[AlertSummary]):
    """Alerts, newest first."""


class WaveformAnswer(Answer[WaveformBins | WaveformSamples]):
    """A stretch of a trace: bins where ``pixels`` was given, else samples."""


class ModelsAnswer(Listing[ModelEntry]):
    """What can be chosen by name."""


class HealthAnswer(Answer[HealthData]):
    """How the service is."""


class InferMeta(Meta):
    """What a caller should know about the picks."""

    notes: list[str] = Field(default_factory=list, description="Why picks may be missing.")


class InferAnswer(Answer[InferData]):
    """Picks in a record that was sent."""

    meta: InferMeta = InferMeta()
