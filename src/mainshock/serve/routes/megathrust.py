"""``/api/v1/megathrust``: assessed trench segments, why, and which of them an event is near to."""

from collections.abc import Sequence
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, model_validator

from mainshock.core.sentences import Told
from mainshock.megathrust.assessment import (
    NEAREST_LIMIT_KM,
    SegmentAssessment,
    packaged_assessments,
    packaged_caveats,
)
from mainshock.megathrust.segment_relevance import packaged_relevance
from mainshock.megathrust.shapes import segments_to_geojson
from mainshock.serve import sentences
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, ApiError, Meta, PageMeta
from mainshock.serve.parameters import (
    ERROR_ANSWERS,
    STRICT,
    EventId,
    Latitude,
    Longitude,
    StrictQuery,
    in_order,
)
from mainshock.serve.segment_explanation import SegmentExplanationAnswer, segment_explanation
from mainshock.stream.context import event_context

__all__ = [
    "CaveatsMeta",
    "ContextAnswer",
    "ContextData",
    "SegmentAnswer",
    "SegmentData",
    "SegmentParameters",
    "SegmentsAnswer",
    "SegmentsMeta",
    "router",
]

_GEOJSON = "application/geo+json"
_Region = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,40}$", description="Such as sam")]
_Index = Annotated[int, Path(ge=0, le=1_000_000, description="Number along the trench")]


class SegmentData(BaseModel):
    """What a model says of one trench segment: a potential classification, not a forecast."""

    region: str
    index: int
    probability: float = Field(description="That its largest earthquake reaches M 8.0")
    predicted_class: int | None = Field(
        alias="class",
        description="The likeliest class, from 0; see also the set",
    )
    conformal_set: list[int] = Field(description="Classes that cannot be ruled out")
    applicability: float = Field(
        description="Likeness to what the model learned from, 0 to 1; at 0 it does not apply"
    )
    is_applicable: bool
    longitude: float | None = Field(description="Its middle on the trench")
    latitude: float | None
    azimuth: float | None = Field(description="Of the trench towards growing index")
    m_max: float | None = Field(description="Largest magnitude seen; 1.0: none was seen")


class SegmentsMeta(PageMeta):
    """Which segments an answer holds, and what limits them."""

    caveats: list[str]
    caveats_told: list[Told] = Field(description="The caveats, each by its code and values")


class SegmentsAnswer(BaseModel):
    """Segments in order of region and number."""

    data: list[SegmentData]
    meta: SegmentsMeta


class CaveatsMeta(Meta):
    """What limits an assessment."""

    caveats: list[str]
    caveats_told: list[Told] = Field(description="The caveats, each by its code and values")


class SegmentAnswer(Answer[SegmentData]):
    """One segment."""

    meta: CaveatsMeta


class ContextData(BaseModel):
    """What is known of the place of an event."""

    event_id: str
    version: int
    is_synthetic: bool
    segment: SegmentData | None = Field(
        description=f"The nearest one that was assessed; null beyond {NEAREST_LIMIT_KM:.0f} km"
    )
    distance_km: float | None = Field(description="From the epicentre to the segment's middle")
    limit_km: float = Field(description="Beyond this a segment is not near")
    caveats: list[str]
    caveats_told: list[Told] = Field(description="The caveats, each by its code and values")


class ContextAnswer(Answer[ContextData]):
    """The context of one event."""


class SegmentParameters(StrictQuery):
    """Which segments are wanted; all limits are inclusive."""

    region: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$")] = None
    min_latitude: Latitude = None
    max_latitude: Latitude = None
    min_longitude: Longitude = Field(None, description="Above max_longitude: across 180 degrees")
    max_longitude: Longitude = None

    @model_validator(mode="after")
    def _limits_in_order(self) -> Self:
        in_order("min_latitude", self.min_latitude, "max_latitude", self.max_latitude)
        return self

    def includes(self, one: SegmentAssessment) -> bool:
        """Return whether a segment is wanted; one without a place lies in no box."""
        if self.region not in (None, one.region):
            return False
        south, north = self.min_latitude, self.max_latitude
        west, east = self.min_longitude, self.max_longitude
        if (south, north, west, east) == (None, None, None, None):
            return True
        if one.longitude is None or one.latitude is None:
            return False
        south, north = (-90.0 if south is None else south), (90.0 if north is None else north)
        west, east = (-180.0 if west is None else west), (180.0 if east is None else east)
        if not south <= one.latitude <= north:
            return False
        if west <= east:
            return west <= one.longitude <= east
        return one.longitude >= west or one.longitude <= east


def router(context: ServiceContext) -> APIRouter:
    """Return the routes over the assessments that ship with the package."""
    known, told = packaged_assessments(), list(packaged_caveats())
    caveats = CaveatsMeta(caveats=told, caveats_told=sentences.KNOWN.all_told(told))
    routes = APIRouter(
        prefix="/api/v1", tags=["megathrust"], dependencies=STRICT, responses=ERROR_ANSWERS
    )

    @routes.get("/megathrust/segments")
    def list_segments(wanted: Annotated[SegmentParameters, Query()]) -> SegmentsAnswer:
        """List assessed trench segments; empty where the package ships none."""
        found = [_data(one) for one in known if wanted.includes(one)]
        part = {"count": len(found), "limit": len(known), "offset": 0}
        meta = SegmentsMeta.model_validate({**part, **dict(caveats)})
        return SegmentsAnswer(data=found, meta=meta)

    @routes.get("/megathrust/segments.geojson", include_in_schema=False)  # without the envelope
    def list_segments_geojson(wanted: Annotated[SegmentParameters, Query()]) -> JSONResponse:
        """List the same as GeoJSON lines, for maps."""
        found = [one for one in known if wanted.includes(one)]
        lines = {**segments_to_geojson(found, "line", told), **caveats.model_dump()}
        return JSONResponse(lines, media_type=_GEOJSON)

    @routes.get("/megathrust/segments/{region}/{index}")
    def get_segment(region: _Region, index: _Index) -> SegmentAnswer:
        """Tell what is known of one segment."""
        found = _segment(known, region, index)
        return SegmentAnswer(data=_data(found), meta=caveats)

    @routes.get("/megathrust/segments/{region}/{index}/explanation")
    def explain_segment(region: _Region, index: _Index) -> SegmentExplanationAnswer:
        """Tell what speaks for and against M 8.0 at one segment, and how stable that is."""
        return segment_explanation(_segment(known, region, index), packaged_relevance(), told)

    @routes.get("/events/{event_id}/context")
    def get_event_context(event_id: EventId) -> ContextAnswer:
        """Tell which assessed megathrust segment an event lies near to."""
        event = context.store.event(event_id, None)
        if event is None:
            raise ApiError(404, sentences.NO_EVENT.tell(event_id=event_id))
        found = event_context(event, known, told) or {
            "event_id": event.event_id,
            "version": event.version,
            "is_synthetic": event.is_synthetic,
            "segment": None,
            "distance_km": None,
            "caveats": told,
        }
        said = sentences.KNOWN.all_told(found["caveats"])
        more = {"limit_km": NEAREST_LIMIT_KM, "caveats_told": said}
        return ContextAnswer(data=ContextData.model_validate({**found, **more}))

    return routes


def _segment(known: Sequence[SegmentAssessment], region: str, index: int) -> SegmentAssessment:
    """Return an assessed segment, or refuse with 404."""
    for one in known:
        if (one.region, one.index) == (region, index):
            return one
    raise ApiError(404, sentences.NO_SEGMENT.tell(index=index, region=region))


def _data(one: SegmentAssessment) -> SegmentData:
    return SegmentData.model_validate(one.as_dict())
