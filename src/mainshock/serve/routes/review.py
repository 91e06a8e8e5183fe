"""``/api/v1/events/{event_id}/review``: what people say of an event, and its location anew."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, model_validator

from mainshock.core.errors import MainshockError
from mainshock.core.records import Event, Pick
from mainshock.serve import sentences
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, ApiError, ErrorAnswer, Listing, listing
from mainshock.serve.parameters import INFER_ERROR_ANSWERS, STRICT, EventId, require_json
from mainshock.serve.relocation import relocated
from mainshock.serve.schemas import EventAnswer, EventDetail, Phase, UtcTime
from mainshock.serve.security.audit import current_identity, record
from mainshock.serve.summaries import event_detail
from mainshock.stream.records import (
    MANUAL,
    EventVersion,
    Review,
    ReviewAction,
    VersionKind,
    VersionStatus,
)
from mainshock.stream.store.reviews import ReviewStore, VersionConflictError

__all__ = [
    "RelocationAnswer",
    "RelocationData",
    "RelocationRequest",
    "ReviewData",
    "ReviewPick",
    "ReviewRequest",
    "ReviewsAnswer",
    "router",
]

_ANSWERS = {
    **INFER_ERROR_ANSWERS,
    409: {"model": ErrorAnswer, "description": "There is a newer version"},
}
_SAME_S = 1e-4
_Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{0,8}$")]
_Version = Annotated[int, Field(ge=1, le=1_000_000)]


class ReviewPick(BaseModel):
    """A pick as a person wants it."""

    model_config = ConfigDict(extra="forbid")

    network: _Code
    station: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,8}$")]
    location: _Code = ""
    phase: Phase
    time: UtcTime
    sigma_s: Annotated[float, Field(ge=0.001, le=60.0, allow_inf_nan=False)]


_Picks = Annotated[list[ReviewPick], Field(min_length=2, max_length=1000)]


class RelocationRequest(BaseModel):
    """Picks to locate an event by, of which nothing is saved."""

    model_config = ConfigDict(extra="forbid")

    base_version: Annotated[_Version, Field(description="The version that was looked at")]
    picks: _Picks


class ReviewRequest(BaseModel):
    """What a person says of an event."""

    model_config = ConfigDict(extra="forbid")

    action: ReviewAction
    base_version: Annotated[_Version, Field(description="The version that was looked at")]
    comment: Annotated[str, Field(max_length=1000, description="Required to reject")] = ""
    author: Annotated[
        str, Field(max_length=100, description="Who says so; an account's own name goes before")
    ] = ""
    picks: _Picks | None = Field(None, description="To relocate")
    restored_version: Annotated[_Version | None, Field(description="To restore")] = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.action == "relocate") != (self.picks is not None):
            raise ValueError("picks belong to the action relocate, and to no other one")
        if (self.action == "restore") != (self.restored_version is not None):
            raise ValueError("restored_version belongs to the action restore, and to no other one")
        if self.action == "reject" and not self.comment.strip():
            raise ValueError("comment is empty; say why the event is rejected")
        return self


class RelocationData(BaseModel):
    """The location of before beside the one that some picks give."""

    before: EventDetail
    after: EventDetail


class RelocationAnswer(Answer[RelocationData]):
    """Two locations of an event."""


class ReviewData(BaseModel):
    """What a person did with an event."""

    version: int = Field(description="The version that it made")
    action: ReviewAction
    author: str
    time: UtcTime
    comment: str
    base_version: int
    restored_version: int | None
    status: str


class ReviewsAnswer(Listing[ReviewData]):
    """Reviews of an event, the newest first."""


def router(context: ServiceContext) -> APIRouter:
    """Return the routes."""
    reviews = ReviewStore(context.store.database)
    routes = APIRouter(prefix="/api/v1", tags=["review"], dependencies=STRICT, responses=_ANSWERS)
    changing = [Depends(require_json)]

    @routes.post("/events/{event_id}/relocation", dependencies=changing)
    def relocate_event(event_id: EventId, wanted: RelocationRequest) -> RelocationAnswer:
        """Locate an event anew from edited picks, without saving anything."""
        told = _reviewable(context, event_id, wanted.base_version)
        after = relocated(context, told, _picks(context, told, wanted.picks))
        data = RelocationData(
            before=event_detail(told, []), after=event_detail(replace(told, event=after), [])
        )
        return RelocationAnswer(data=data)

    @routes.post("/events/{event_id}/review", dependencies=changing)
    def review_event(event_id: EventId, wanted: ReviewRequest) -> EventAnswer:
        """Accept, reject, relocate or restore an event: a new version by a named person."""
        told = _reviewable(context, event_id, wanted.base_version)
        author = _author(wanted.author)
        made = _reviewed(context, told, wanted, author)
        try:
            reviews.save(made)
        except VersionConflictError as error:
            raise _conflict(error) from error
        detail = f"by {author}, version {made.version}: {made.reason}"
        record(f"event.{wanted.action}", event_id, detail)
        if context.pass_reviews_on is not None:
            context.pass_reviews_on()
        return EventAnswer(data=event_detail(made, context.store.event_versions(event_id)))

    @routes.get("/events/{event_id}/reviews")
    def list_reviews(event_id: EventId) -> ReviewsAnswer:
        """List who did what with an event, the newest first."""
        versions = context.store.event_versions(event_id)
        if not versions:
            raise _unknown(event_id)
        found = [_review_data(one) for one in reversed(versions) if one.review is not None]
        return listing(ReviewsAnswer, found, limit=max(len(found), 1))

    return routes


def _reviewable(context: ServiceContext, event_id: str, base_version: int) -> EventVersion:
    """Return the latest version of an event, which must be the one that was looked at."""
    told = context.store.event(event_id, None)
    if told is None:
        raise _unknown(event_id)
    if told.version != base_version:
        raise _conflict(VersionConflictError(base_version, told.version))
    return told


def _unknown(event_id: str) -> ApiError:
    return ApiError(404, sentences.NO_EVENT.tell(event_id=event_id))


def _conflict(error: VersionConflictError) -> ApiError:
    return ApiError(409, str(error), {"latest_version": error.latest_version})


def _reviewed(
    context: ServiceContext, told: EventVersion, wanted: ReviewRequest, author: str
) -> EventVersion:
    """Return the version that a review makes."""
    event = told.event
    kind: VersionKind = "cancel" if wanted.action == "reject" else "update"
    status: VersionStatus = "rejected" if wanted.action == "reject" else "reviewed"
    if wanted.picks is not None:
        event = relocated(context, told, _picks(context, told, wanted.picks))
    elif wanted.restored_version is not None:
        restored = _restored(context, told, wanted.restored_version)
        event, kind = restored.event, "cancel" if restored.kind == "cancel" else "update"
        status = "rejected" if kind == "cancel" else "reviewed"
    comment = " ".join(wanted.comment.split())
    now = datetime.now(UTC)
    review = Review(
        author, wanted.action, told.version, now, comment, restored_version=wanted.restored_version
    )
    return replace(
        told,
        version=told.version + 1,
        kind=kind,
        status=status,
        event=event,
        issued=now,
        reason=_reason(review),
        review=review,
    )


def _restored(context: ServiceContext, told: EventVersion, version: int) -> EventVersion:
    found = context.store.event(told.event_id, version)
    if found is None or version >= told.version:
        raise ApiError(
            404, f"{told.event_id!r} has no earlier version {version}; its versions are listed"
        )
    return found


def _reason(review: Review) -> str:
    done, with_comment = {
        "accept": (sentences.ACCEPTED, sentences.ACCEPTED_FOR),
        "reject": (sentences.REJECTED, sentences.REJECTED_FOR),
        "relocate": (sentences.RELOCATED, sentences.RELOCATED_FOR),
        "restore": (sentences.RESTORED, sentences.RESTORED_FOR),
    }[review.action]
    said = with_comment if review.comment else done
    return said.tell(version=review.restored_version, comment=review.comment)


def _picks(context: ServiceContext, told: EventVersion, wanted: Sequence[ReviewPick]) -> list[Pick]:
    """Return the picks of a request; those that are as they were keep all that is known of them."""
    known = {(one.station_code, one.location, one.phase): one for one in told.event.picks}
    picks: list[Pick] = []
    for one in wanted:
        try:
            site = context.stations.find(one.network, one.station)
        except MainshockError as error:
            raise ApiError(400, str(error)) from error
        own = known.get((site.code, one.location, one.phase))
        sigma_s = _sigma_s(told.event, site.code, one, wanted)
        if own is None or abs((own.time - one.time).total_seconds()) > _SAME_S:
            fields = (site.network, site.station, one.location, one.phase, one.time)
            picks.append(Pick(*fields, 1.0, sigma_s, MANUAL, told.event_id))
        else:
            picks.append(replace(own, sigma_s=sigma_s))
    names = [f"{one.phase} at {one.station_code}" for one in picks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ApiError(400, f"there are two picks of {twice[0]}; keep one of them")
    return picks


def _sigma_s(
    event: Event, station_code: str, stated: ReviewPick, wanted: Sequence[ReviewPick]
) -> float:
    """Return the error of a pick: as stated, but its own where the location's was left as shown."""
    here = [
        one
        for one in event.arrivals
        if (one.pick.station_code, one.pick.location) == (station_code, stated.location)
    ]
    arrivals = [one for one in here if one.pick.phase == stated.phase]
    if not arrivals:  # it may have been one of the other phase, which is then no longer there
        instrument = (stated.network, stated.station, stated.location)
        kept = {
            one.phase for one in wanted if (one.network, one.station, one.location) == instrument
        }
        arrivals = [one for one in here if one.pick.phase not in kept]
    for one in arrivals:
        shown_s = one.pick.sigma_s if one.sigma_s is None else one.sigma_s
        if abs(shown_s - stated.sigma_s) < _SAME_S:
            return one.pick.sigma_s
    return stated.sigma_s


def _review_data(version: EventVersion) -> ReviewData:
    review = version.review
    if review is None:
        raise ApiError(500, f"version {version.version} is no review")
    return ReviewData(
        version=version.version,
        action=review.action,
        author=review.author,
        time=review.time,
        comment=review.comment,
        base_version=review.base_version,
        restored_version=review.restored_version,
        status=version.status,
    )


def _author(stated: str) -> str:
    """Return who reviews: the account that asks, else the name that is stated.

    Raises
    ------
    ApiError
        400 where neither says who.
    """
    identity = current_identity()
    if identity.kind in ("session", "key"):
        return identity.name
    name = " ".join(stated.split())
    if not name or not name.isprintable():
        raise ApiError(400, f"author is {stated[:100]!r}; state the name of who reviews")
    return name
