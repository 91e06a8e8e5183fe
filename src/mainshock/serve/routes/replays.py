"""``/api/v1/replays``: past hours once more through all stages, apart from the live state."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator

from mainshock.core.sentences import Told
from mainshock.serve import sentences
from mainshock.serve.context import ServiceContext
from mainshock.serve.envelope import Answer, Listing, Meta, PageMeta, listing
from mainshock.serve.frames import bin_length_ns, min_max_bins
from mainshock.serve.parameters import INFER_ERROR_ANSWERS, STRICT, in_order, require_json
from mainshock.serve.replay_comparison import compared
from mainshock.serve.replay_runs import Replay, Replays, ReplayWish
from mainshock.serve.schemas import EventSummary, PicksAnswer, UtcTime
from mainshock.serve.summaries import nullable_list, pick_summary
from mainshock.sources.fragments import NANOSECONDS, datetime_from_ns
from mainshock.stream.store.queries import EventQuery

__all__ = [
    "ReplayAnswer",
    "ReplayData",
    "ReplayDetail",
    "ReplayDetailAnswer",
    "ReplayPace",
    "ReplayPair",
    "ReplayRequest",
    "ReplayTrace",
    "ReplayTracesAnswer",
    "ReplayTracesMeta",
    "ReplaysAnswer",
    "ReplaysMeta",
    "router",
]

_LONGEST_S = 3600.0
_FASTEST = 1000.0
_MOST_EVENTS = 500
_MOST_PICKS = 2000
_MOST_TRACES = 60
_Id = Annotated[str, Path(pattern=r"^[0-9a-f]{12}$", description="Id of a replay")]
_Speed = Annotated[
    float, Field(ge=0.0, le=_FASTEST, description="Times as fast as recorded; 0: no pauses")
]


class ReplayRequest(BaseModel):
    """What is to be replayed."""

    model_config = ConfigDict(extra="forbid")

    start: UtcTime
    end: UtcTime = Field(description="At most an hour after start")
    speed: _Speed = 10.0
    stations: Annotated[
        list[Annotated[str, Field(pattern=r"^[A-Za-z0-9*?.-]{1,20}$")]],
        Field(min_length=1, max_length=50, description="Patterns of NET.STA"),
    ] = ["*"]

    @model_validator(mode="after")
    def _an_hour_at_most(self) -> Self:
        in_order("start", self.start, "end", self.end)
        length_s = (self.end - self.start).total_seconds()
        if not 0.0 < length_s <= _LONGEST_S:
            raise ValueError(
                f"start to end is {length_s:g} s; it must be more than 0 and at most {_LONGEST_S:g}"
            )
        return self


class ReplayPace(BaseModel):
    """How a replay goes on; what is not given stays."""

    model_config = ConfigDict(extra="forbid")

    speed: _Speed | None = None
    is_paused: bool | None = None
    stop: bool = Field(False, description="End it; what was found stays")


class ReplayData(BaseModel):
    """A replay and how far it is. Nothing of it is in the live catalogue."""

    replay_id: str
    state: str = Field(description="running, paused, ended, stopped or failed")
    problem: str = Field(description="Why it failed; empty where it did not")
    problem_told: list[Told] = Field(description="Its sentences, each by its code and values")
    start: UtcTime
    end: UtcTime
    speed: float
    stations: list[str]
    reached: UtcTime | None = Field(description="Time of the newest record; null before the first")
    share: float = Field(description="Share of the time that is done, 0 to 1")
    event_count: int
    pick_count: int


class ReplayPair(BaseModel):
    """An event of the replay beside the stored one; null where one of them is missing."""

    replayed: str | None
    stored: str | None
    time_s: float | None = Field(description="Replay minus stored")
    distance_km: float | None
    depth_km: float | None
    magnitude: float | None


class ReplayDetail(ReplayData):
    """A replay with its events, and those that were stored before for the same time."""

    events: list[EventSummary]
    stored: list[EventSummary]
    pairs: list[ReplayPair]


class ReplayTrace(BaseModel):
    """The newest seconds of a trace or of a probability curve, as extremes in bins."""

    trace: str = Field(description="NET.STA.LOC.CHA; of curves NET.STA.LOC.CH_P or _S")
    start: UtcTime
    bin_s: float
    minimum: list[float | None]
    maximum: list[float | None]


class ReplaysMeta(PageMeta):
    """How many there may be, and whether one can be started."""

    most: int
    problem: str = Field(description="Why none can be started; empty where one can")
    problem_told: list[Told] = Field(description="Its sentences, each by its code and values")


class ReplayAnswer(Answer[ReplayData]):
    """A replay."""


class ReplayDetailAnswer(Answer[ReplayDetail]):
    """A replay with what it found."""


class ReplaysAnswer(Listing[ReplayData]):
    """Replays."""

    meta: ReplaysMeta


class ReplayTracesMeta(Meta):
    """What part of the time traces show."""

    start: UtcTime | None
    end: UtcTime | None


class ReplayTracesAnswer(Answer[list[ReplayTrace]]):
    """The newest seconds of all traces."""

    meta: ReplayTracesMeta


def router(context: ServiceContext, replays: Replays) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(
        prefix="/api/v1/replays",
        tags=["replays"],
        dependencies=STRICT,
        responses=INFER_ERROR_ANSWERS,
    )

    @routes.get("")
    def list_replays() -> ReplaysAnswer:
        """List the replays that run, or that ended within the hour."""
        found = [_data(one) for one in replays.all()]
        most = replays.limits.most
        why = sentences.KNOWN.told_parts(replays.problem)
        part = {"count": len(found), "limit": most, "most": most}
        meta = ReplaysMeta(**part, problem=replays.problem, problem_told=why)
        return ReplaysAnswer(data=found, meta=meta)

    @routes.post("", dependencies=[Depends(require_json)])
    def start_replay(wanted: ReplayRequest) -> ReplayAnswer:
        """Start a replay of the archive, apart from the live state."""
        wish = ReplayWish(wanted.start, wanted.end, wanted.speed, tuple(wanted.stations))
        return ReplayAnswer(data=_data(replays.start(wish)))

    @routes.get("/{replay_id}")
    def get_replay(replay_id: _Id) -> ReplayDetailAnswer:
        """Tell how far a replay is and what it found, beside the events stored before."""
        return ReplayDetailAnswer(data=_detail(context, replays.get(replay_id)))

    @routes.post("/{replay_id}", dependencies=[Depends(require_json)])
    def steer_replay(replay_id: _Id, wanted: ReplayPace) -> ReplayAnswer:
        """Pause a replay, let it go on, make it faster or slower, or end it."""
        found = replays.get(replay_id)
        if wanted.stop:
            found.stop()
        else:
            found.source.steer(wanted.speed, wanted.is_paused)
        return ReplayAnswer(data=_data(found))

    @routes.delete("/{replay_id}")
    def remove_replay(replay_id: _Id) -> ReplayAnswer:
        """End a replay and remove all that it found."""
        data = _data(replays.get(replay_id))
        replays.remove(replay_id)
        return ReplayAnswer(data=data)

    _add_findings(routes, replays)
    return routes


def _add_findings(routes: APIRouter, replays: Replays) -> None:
    """Add the routes to what a replay found."""

    @routes.get("/{replay_id}/picks")
    def list_replay_picks(replay_id: _Id) -> PicksAnswer:
        """List the newest picks of a replay, in order of time."""
        store = replays.get(replay_id).run.store
        found = [pick_summary(one) for one in store.picks(limit=_MOST_PICKS)]
        return listing(PicksAnswer, found, limit=_MOST_PICKS, count=store.count_picks())

    @routes.get("/{replay_id}/traces")
    def list_replay_traces(
        replay_id: _Id,
        seconds: Annotated[float, Query(ge=5.0, le=120.0)] = 60.0,
        pixels: Annotated[int, Query(ge=50, le=2000, description="Bins for the seconds")] = 600,
    ) -> ReplayTracesAnswer:
        """Give the newest seconds of the records, and of the P and S curves, of a replay."""
        return _traces(replays.get(replay_id), seconds, pixels)


def _data(one: Replay) -> ReplayData:
    return ReplayData.model_validate(_fields(one))


def _fields(one: Replay) -> dict[str, object]:
    reached = one.source.reached_ns
    store = one.run.store
    return {
        "replay_id": one.replay_id,
        "state": one.state,
        "problem": one.problem,
        "problem_told": sentences.KNOWN.told_parts(one.problem),
        "start": one.wish.start,
        "end": one.wish.end,
        "speed": one.source.speed,
        "stations": list(one.wish.stations),
        "reached": datetime_from_ns(reached) if reached else None,
        "share": one.share,
        "event_count": store.count_events(EventQuery(limit=None)),
        "pick_count": store.count_picks(),
    }


def _detail(context: ServiceContext, one: Replay) -> ReplayDetail:
    found = one.run.store.event_summaries(EventQuery(order="time", limit=_MOST_EVENTS))
    reached = _until(one)
    stored = context.store.event_summaries(
        EventQuery(start=one.wish.start, end=reached, order="time", limit=_MOST_EVENTS)
    )
    pairs = [ReplayPair.model_validate(asdict(pair)) for pair in compared(found, stored)]
    return ReplayDetail.model_validate(
        {**_fields(one), "events": found, "stored": stored, "pairs": pairs}
    )


def _until(one: Replay) -> datetime:
    """Return up to when stored events can be in the replay."""
    if one.state == "ended":
        return one.wish.end
    reached = one.source.reached_ns
    begun = one.wish.start if reached == 0 else datetime_from_ns(reached)
    return max(one.wish.start, min(one.wish.end, begun.astimezone(UTC)))


def _traces(one: Replay, seconds: float, pixels: int) -> ReplayTracesAnswer:
    board = one.run.board
    names = board.traces()
    ends = [end for name in names if (end := board.end_ns(name)) is not None and "_" not in name]
    if not ends:
        return ReplayTracesAnswer(data=[], meta=ReplayTracesMeta(start=None, end=None))
    end_ns = max(ends)
    start_ns = end_ns - round(seconds * NANOSECONDS)
    records = [name for name in names if "_" not in name][:_MOST_TRACES]
    instruments = {name[:-1] for name in records}
    curves = [name for name in names if "_" in name and name.rpartition("_")[0] in instruments]
    found = []
    for name in [*records, *curves]:
        held = board.since(name, start_ns)
        if held is None:
            continue
        length_ns = bin_length_ns(seconds, pixels, held.sampling_rate_hz)
        bins = min_max_bins(held.samples, held.start_ns, held.sampling_rate_hz, length_ns)
        found.append(
            ReplayTrace.model_construct(
                trace=name,
                start=datetime_from_ns(bins.start_ns),
                bin_s=length_ns / NANOSECONDS,
                minimum=nullable_list(bins.minimum),
                maximum=nullable_list(bins.maximum),
            )
        )
    meta = ReplayTracesMeta(start=datetime_from_ns(start_ns), end=datetime_from_ns(end_ns))
    return ReplayTracesAnswer(data=found, meta=meta)
